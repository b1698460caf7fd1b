"""The forms of commissions, one module each for plans, rules, deals, contracts and payouts."""
