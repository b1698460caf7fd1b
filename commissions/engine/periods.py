"""Months and days: anchored periods, terms moved by pauses, and how dates are said."""

from calendar import monthrange
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from commissions.engine.deal import Deal, Pause
from commissions.terms import Recurring, Trigger

_MONTHS = (
    *("", "January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


class Term(NamedTuple):
    """The days that can earn: from the anchor to `until` (None: no end known).

    Months are counted from `counted_from`: the anchor, or the first of its month.
    """

    anchor: date
    counted_from: date
    until: date | None
    months: int | None


class Calendar(NamedTuple):
    """A calendar month: the first day after it, its days, and its name."""

    following: date
    days: int
    name: str


@lru_cache(maxsize=4096)
def add_months(day: date, months: int) -> date:
    """The same day of a later month, clamped to its end: 31 January + 1 is 28 February."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


@lru_cache(maxsize=4096)
def calendar_month(month: date) -> Calendar:
    """Facts about the calendar month that begins on `month`; ValueError for any other day."""
    if month.day != 1:
        raise ValueError(f"{month} is not the first day of a month.")
    days = monthrange(month.year, month.month)[1]
    return Calendar(add_months(month, 1), days, f"{_MONTHS[month.month]} {month.year}")


@lru_cache(maxsize=4096)
def say_day(day: date) -> str:
    """A day as the partner reads it: “February 9, 2027”."""
    return f"{_MONTHS[day.month]} {day.day}, {day.year}"


def say_last_day(until: date) -> str:
    """The last day before a first day outside."""
    return say_day(until - timedelta(days=1))


def month_of(day: date) -> date:
    """The first day of the month of a day."""
    return day.replace(day=1)


def months_from(first: date, through: date) -> Iterator[date]:
    """The first day of every month from `first` through `through`."""
    while first <= through:
        yield first
        first = add_months(first, 1)


@lru_cache(maxsize=4096)
def whole_months(start: date, until: date) -> int:
    """How many whole months, counted from `start` and clamped, have passed by `until`."""
    months = (until.year - start.year) * 12 + until.month - start.month
    return months if add_months(start, months) <= until else months - 1


def trigger_date(trigger: Trigger, deal: Deal) -> date | None:
    """The day the trigger happened, or None while it has not."""
    if trigger == "service_start":
        return deal.starts_on
    return deal.won_on if trigger == "won" else deal.first_paid_on


def owed_from(deal: Deal) -> date | None:
    """The day before which nothing is owed, for contracts that began before it; None for others.

    A contract owed from the start of its service is owed in full: what is earned on the day it
    was won, or paid before service starts, counts.
    """
    if deal.owed_from is None or (deal.starts_on is not None and deal.owed_from <= deal.starts_on):
        return None
    return deal.owed_from


def term_of(terms: Recurring, deal: Deal, anchor: date) -> Term:
    """The days that can earn, counted from the anchor.

    With `clock_stops` every period that lies wholly inside a pause is made up for at the end.
    """
    first = anchor
    if terms.counting == "calendar" or (terms.proration == "none" and terms.base == "contracted"):
        # A part month that is paid in full is one of the months, so they are calendar months.
        first = month_of(anchor)
    if terms.months is None:
        return Term(anchor, first, None, None)
    if not deal.pauses or terms.pause == "clock_runs":
        return Term(anchor, first, add_months(first, terms.months), terms.months)
    return Term(anchor, first, _moved_end(first, terms.months, merged(deal.pauses)), terms.months)


def merged(pauses: Sequence[Pause]) -> list[Pause]:
    """Pauses in order, with those that touch or overlap made into one."""
    joined: list[Pause] = []
    for pause in sorted(pauses, key=lambda one: one.starts_on):
        last = joined[-1] if joined else None
        if last is None or (last.ends_on is not None and last.ends_on < pause.starts_on):
            joined.append(pause)
        elif last.ends_on is not None:
            end = None if pause.ends_on is None else max(last.ends_on, pause.ends_on)
            joined[-1] = Pause(last.starts_on, end)
    return joined


def _moved_end(anchor: date, months: int, pauses: list[Pause]) -> date | None:
    served = index = 0
    while served < months:
        start, until = add_months(anchor, index), add_months(anchor, index + 1)
        covering = _covering(start, until, pauses)
        if covering is not None and covering.ends_on is None:
            return None
        served += covering is None
        index += 1
    return add_months(anchor, index)


def _covering(start: date, until: date, pauses: list[Pause]) -> Pause | None:
    for pause in pauses:
        if pause.starts_on <= start and (pause.ends_on is None or pause.ends_on >= until):
            return pause
    return None


def position_of(terms: Recurring, deal: Deal, term: Term, last_day: date) -> int:
    """Which of the term's months the day is in, from 1, leaving out those made up for."""
    index = whole_months(term.counted_from, last_day) + 1
    if not deal.pauses or terms.pause == "clock_runs":
        return index
    pauses = merged(deal.pauses)
    starts = [add_months(term.counted_from, number) for number in range(index + 1)]
    return index - sum(_covering(start, until, pauses) is not None for start, until in pairwise(starts))
