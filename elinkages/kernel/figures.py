"""Numbers, dates and rates as the reader sees them."""

from datetime import date, datetime, timedelta, tzinfo
from functools import lru_cache

from django.utils.safestring import SafeString

from elinkages.kernel.money import bare_money, format_basis_points, format_money
from elinkages.kernel.words import MONTHS, say_count, say_day

DASH = "\N{EN DASH}"
NONE = SafeString(f'<span class="none">{DASH}</span>')
NO_MONEY = SafeString(f'<span class="money none">{DASH}</span>')
"""What stands in a cell for nothing; the cards of a phone leave the line out (tables.css)."""

_STEPS = (
    (timedelta(hours=1), timedelta(minutes=1), "minute"),
    (timedelta(days=1), timedelta(hours=1), "hour"),
)


def amount(minor: int, currency: str, *, bare: bool = False) -> str:
    """An amount of minor units as text: `$1,200.00`, `−$8.50`; bare leaves the currency sign out."""
    return bare_money(minor, currency) if bare else format_money(minor, currency)


def rate(basis_points: int) -> str:
    """A rate in basis points as a percentage: 1250 is `12.5%`, 1000 is `10%`."""
    return format_basis_points(basis_points)


def short_day(value: date, today: date) -> str:
    """`Nov 3`, with the year when it is not this year."""
    return f"{MONTHS[value.month]} {value.day}" if value.year == today.year else say_day(value)


def full_month(value: date) -> str:
    """`November 2026`."""
    return f"{value:%B %Y}"


def distance(value: datetime, now: datetime, zone: tzinfo) -> str:
    """How long ago, or how long until: `3 hours ago`, `yesterday`, `in 12 days`; days begin in the zone."""
    span = abs(now - value)
    if span < timedelta(minutes=1):
        return "just now"
    for limit, unit, name in _STEPS:
        if span < limit:
            return _directed(int(span / unit), name, past=value <= now)
    return days_away((_day(now, zone) - value.astimezone(zone).date()).days)


@lru_cache(maxsize=8)
def _day(now: datetime, zone: tzinfo) -> date:
    """A page asks this of the same moment for every row."""
    return now.astimezone(zone).date()


def days_away(days: int) -> str:
    """A number of whole days, positive in the past: `yesterday`, `3 weeks ago`, `in 2 months`."""
    named = {0: "today", 1: "yesterday", -1: "tomorrow"}
    if days in named:
        return named[days]
    count, name = _coarse(abs(days))
    return _directed(count, name, past=days > 0)


def _coarse(days: int) -> tuple[int, str]:
    if days < 14:
        return days, "day"
    if days < 60:
        return days // 7, "week"
    if days < 730:
        return days // 30, "month"
    return days // 365, "year"


def _directed(count: int, name: str, *, past: bool) -> str:
    return f"{say_count(count, name)} ago" if past else f"in {say_count(count, name)}"


# A page shows hundreds of these, made of numbers and the names of months and zones alone: nothing to escape.


def instant_html(value: datetime, now: datetime, zone: tzinfo) -> SafeString:
    """A time element: the day and how long ago; the exact minute and its zone on hover."""
    local = value.astimezone(zone)
    clock = f"{local.hour % 12 or 12}:{local.minute:02} {'AM' if local.hour < 12 else 'PM'}"
    return SafeString(
        f'<time class="when" datetime="{local.isoformat(timespec="minutes")}"'
        f' title="{say_day(local)}, {clock} {local.tzname()}">'
        f"{short_day(local, _day(now, zone))}<span>, </span><span>{distance(value, now, zone)}</span></time>"
    )


@lru_cache(maxsize=4096)
def day_html(value: date, *, months: bool = False) -> SafeString:
    """A time element for a calendar day, or for the month it is in."""
    machine, person = (f"{value:%Y-%m}", full_month(value)) if months else (value.isoformat(), say_day(value))
    return SafeString(f'<time class="day" datetime="{machine}">{person}</time>')


def amount_html(minor: int, currency: str, *, bare: bool = False) -> SafeString:
    """An amount that a style sheet can tell from other text; negative ones also say so by their class."""
    return SafeString(
        f'<span class="money{" negative" if minor < 0 else ""}">{amount(minor, currency, bare=bare)}</span>'
    )
