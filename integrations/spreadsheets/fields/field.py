"""A column that a spreadsheet may have, and the ways in which cells are read."""

from dataclasses import dataclass

TEXT, NAME, EMAIL, WEBSITE, DAY, AMOUNT, CHOICE = "text", "name", "email", "website", "day", "amount", "choice"
SIGNED = "signed"
"""An amount that may be below zero."""
CURRENCY_CODE = "currency"
"""The currency of a row's amounts: checked, and not kept."""


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


CURRENCY = Field(
    "currency",
    "Currency",
    ("currency", "currency code", "ccy", "curr"),
    CURRENCY_CODE,
    help="A row in another currency than yours is not imported.",
)
