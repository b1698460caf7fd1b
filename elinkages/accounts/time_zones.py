"""The time zones a person can choose, found by what they would type."""

from functools import cache
from zoneinfo import available_timezones

CONTINENTS = ("Africa", "America", "Antarctica", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific")
"""Names that begin otherwise are old aliases and offsets, which do not follow daylight saving time."""


@cache
def names() -> tuple[str, ...]:
    """Every zone named for a place, sorted; UTC last."""
    places = (name for name in available_timezones() if name.partition("/")[0] in CONTINENTS and "/" in name)
    return (*sorted(places), "UTC")


@cache
def _by_words() -> dict[str, str]:
    """Zones by their full name and, where one place alone has it, by the place: "new york"."""
    found: dict[str, str] = {}
    for name in reversed(names()):
        found[_words(name.rpartition("/")[2])] = name
    return found | {_words(name): name for name in names()}


def find(text: str) -> str:
    """The zone that a text names: "America/New_York", "new york"; "" when none does."""
    return _by_words().get(_words(text), "")


def _words(text: str) -> str:
    return " ".join(text.replace("_", " ").lower().split())
