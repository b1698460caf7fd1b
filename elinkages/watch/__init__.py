"""How we see what the product does: logs, errors, metrics. Nothing here decides, and nothing fails because of it."""
