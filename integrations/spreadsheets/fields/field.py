"""A column that a spreadsheet may have, and the ways in which cells are read."""

from dataclasses import dataclass

TEXT, NAME, EMAIL, WEBSITE, DAY, AMOUNT, CHOICE = "text", "name", "email", "website", "day", "amount", "choice"
SIGNED = "signed"
"""An amount that may be below zero."""


@dataclass(frozen=True, slots=True)
class Field:
    """A column that is understood. `reads` says how its cells are read, `synonyms` are normal() headers."""

    name: str
    label: str
    synonyms: tuple[str, ...]
    reads: str = TEXT
    limit: int = 160
    required: bool = False
    help: str = ""
