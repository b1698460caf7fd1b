"""Days and numbers as they stand in sentences, the same wherever a person reads one."""

from datetime import date

MONTHS = ("", "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
"""Those of `calendar` ask the locale every time."""


def say_day(day: date) -> str:
    """“Nov 3, 2026”."""
    return f"{MONTHS[day.month]} {day.day}, {day.year}"


def say_count(count: int, noun: str) -> str:
    """A number and what it counts: “1 payout”, “1,400 payouts”."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
