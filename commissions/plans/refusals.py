"""What publishing and applying a plan are both refused for."""

from datetime import date

from elinkages.kernel.refusal import Refused
from elinkages.kernel.words import say_day


class Archived(Refused):
    """A plan that is no longer offered."""


class EmptyPeriod(Refused):
    """A period that ends before it begins."""


def say_period(first: date, until: date | None) -> str:
    """When something applies, as a refusal says it."""
    return f"from {say_day(first)} on" if until is None else f"from {say_day(first)} until {say_day(until)}"
