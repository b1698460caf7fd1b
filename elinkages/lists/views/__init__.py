"""The pages around lists: saved views, files and changes of many rows."""
