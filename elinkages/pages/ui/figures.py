"""Numbers, dates and rates as the reader sees them."""

from datetime import date, datetime, timedelta, tzinfo
from decimal import Decimal

from babel.numbers import format_decimal
from django.utils.html import format_html
from django.utils.safestring import SafeString

from elinkages.kernel.money import exponent, format_basis_points, format_money

LOCALE = "en_US"
MINUS = "\N{MINUS SIGN}"
DASH = "\N{EN DASH}"

_STEPS = (
    (timedelta(hours=1), timedelta(minutes=1), "minute"),
    (timedelta(days=1), timedelta(hours=1), "hour"),
)


def amount(minor: int, currency: str, *, bare: bool = False) -> str:
    """An amount of minor units as text: `$1,200.00`, `−$8.50`; bare leaves the currency sign out."""
    if not bare:
        return format_money(minor, currency)
    places = exponent(currency)
    pattern = f"#,##0.{'0' * places}" if places else "#,##0"
    text = format_decimal(Decimal(abs(minor)).scaleb(-places), format=pattern, locale=LOCALE)
    return f"{MINUS}{text}" if minor < 0 else text


def rate(basis_points: int) -> str:
    """A rate in basis points as a percentage: 1250 is `12.5%`, 1000 is `10%`."""
    return format_basis_points(basis_points)


def full_day(value: date) -> str:
    """`Nov 3, 2026`."""
    return f"{value:%b} {value.day}, {value.year}"


def short_day(value: date, today: date) -> str:
    """`Nov 3`, with the year when it is not this year."""
    return f"{value:%b} {value.day}" if value.year == today.year else full_day(value)


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
    return days_away((now.astimezone(zone).date() - value.astimezone(zone).date()).days)


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
    words = f"{count} {name}" if count == 1 else f"{count} {name}s"
    return f"{words} ago" if past else f"in {words}"


def instant_html(value: datetime, now: datetime, zone: tzinfo) -> SafeString:
    """A time element: the day and how long ago; the exact minute and its zone on hover."""
    local = value.astimezone(zone)
    exact = f"{full_day(local)}, {local.hour % 12 or 12}:{local:%M} {'AM' if local.hour < 12 else 'PM'} {local:%Z}"
    return format_html(
        '<time class="when" datetime="{}" title="{}">{}, <span>{}</span></time>',
        local.isoformat(timespec="minutes"),
        exact,
        short_day(local, now.astimezone(zone).date()),
        distance(value, now, zone),
    )


def day_html(value: date, *, months: bool = False) -> SafeString:
    """A time element for a calendar day, or for the month it is in."""
    if months:
        return format_html(
            '<time class="day" datetime="{}">{}</time>',
            f"{value:%Y-%m}",
            full_month(value),
        )
    return format_html('<time class="day" datetime="{}">{}</time>', value.isoformat(), full_day(value))
