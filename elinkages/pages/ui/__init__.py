"""How values and controls look: what the tags of `templatetags/ui.py` are made of."""
