"""Forms of people, of MSPs and of teams."""
