"""Asking to become a partner: the page, its questions, the rules, the applications."""
