"""Bring the spreadsheet: a file becomes rows, rows get a fate, and what can be imported is imported whole."""
