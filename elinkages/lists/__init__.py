"""Every list of the dashboard: shown, searched, saved as a view, exported and changed in bulk by one machinery."""
