"""Days and numbers as they stand in sentences, the same wherever a person reads one."""

from calendar import month_abbr
from datetime import date


def say_day(day: date) -> str:
    """“Nov 3, 2026”."""
    return f"{month_abbr[day.month]} {day.day}, {day.year}"


def say_count(count: int, noun: str) -> str:
    """A number and what it counts: “1 payout”, “1,400 payouts”."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
