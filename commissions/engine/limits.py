"""What bends a target after its rate: monthly bounds, the lifetime cap, the clawback."""

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

from commissions.engine.deal import Deal, Line
from commissions.engine.periods import whole_months
from commissions.terms import (
    ALL,
    Clawback,
    Common,
    FullClawback,
    LinearClawback,
)
from elinkages.kernel.money import Sortable, format_money, round_half_away


def bounded(terms: Common, deal: Deal, line: Line) -> Line:
    """The line raised to the minimum or lowered to the cap of a month."""
    cap, minimum = terms.cap_per_month_minor, terms.minimum_minor
    if cap is not None and line.amount_minor > cap:
        return _changed(line, cap, f"capped at {format_money(cap, deal.currency)} a month", "cap")
    if minimum is not None and 0 < line.amount_minor < minimum:
        words = f"raised to the minimum of {format_money(minimum, deal.currency)}"
        return _changed(line, minimum, words, "minimum")
    return line


def within_lifetime(cap: int, deal: Deal, line: Line, earned_before_minor: int) -> Line:
    """The line lowered to what earlier months left of the lifetime cap, in minor units."""
    room = max(0, cap - earned_before_minor)
    if line.amount_minor <= room:
        return line
    whole = format_money(cap, deal.currency)
    words = f"lowered to the {format_money(room, deal.currency)} left of the {whole} cap"
    if room == 0:
        words = f"but the cap of {whole} in all is used up"
    return _changed(line, room, words, "lifetime_cap")


class Earned[K: Sortable](NamedTuple):
    """What one partner would get for one amount, in minor units, and the cap of the year that its plan has (or None).

    Amounts of a year are in the order of their keys.
    """

    key: K
    minor: int
    cap_minor: int | None


def within_year[K: Sortable](amounts: Iterable[Earned[K]]) -> dict[K, int]:
    """What is left of each amount under the cap of a calendar year: what is earned first counts first.

    What is taken back makes room again for what is earned later. In whatever order the amounts are given, the result is
    the same, and their sum never passes a cap that they all have.
    """
    found: dict[K, int] = {}
    earned = 0
    for one in sorted(amounts, key=lambda one: one.key):
        room = one.minor if one.cap_minor is None else max(0, one.cap_minor - earned)
        found[one.key] = min(one.minor, room)
        earned += found[one.key]
    return found


def year_words(minor: int, cap_minor: int, currency: str) -> str:
    """What a partner reads of an amount that the cap of the year lowered to `minor` units."""
    whole = format_money(cap_minor, currency)
    if minor == 0:
        return f"but the cap of {whole} a calendar year is used up"
    return f"lowered to the {format_money(minor, currency)} left of the {whole} cap of the calendar year"


def clawed_back(terms: Common, deal: Deal, line: Line) -> Line:
    """The line less what the client's leaving takes back; negative amounts shrink alike."""
    anchor = clawback_anchor(terms, deal)
    if terms.clawback is None or deal.ends_on is None or anchor is None or not line.amount_minor:
        return line
    taken, words = _taken(terms.clawback, line.amount_minor, anchor, deal.ends_on)
    if not taken:
        return line
    part = "this commission"
    if taken != line.amount_minor:
        whole = format_money(line.amount_minor, deal.currency)
        part = f"{format_money(taken, deal.currency)} of {whole}"
    kept = line.amount_minor - taken
    step = f"{format_money(taken, deal.currency)} taken back: {words}"
    inputs = line.inputs | {
        "before_clawback_minor": line.amount_minor,
        "clawback_anchor": anchor.isoformat(),
        "ends_on": deal.ends_on.isoformat(),
    }
    reason = f"The client left {words}, so {part} is taken back: {line.reason}"
    return Line(kept, reason, (*line.steps, step), inputs)


def clawback_anchor(terms: Common, deal: Deal) -> date | None:
    """The day from which a clawback window runs: the first payment, or the start of service."""
    if terms.trigger == "first_payment" and deal.first_paid_on is not None:
        return deal.first_paid_on
    if terms.trigger == "first_payment" and deal.receipts:
        return min(receipt.paid_on for receipt in deal.receipts)
    return deal.starts_on or deal.won_on


def _taken(clawback: Clawback, minor: int, anchor: date, ends_on: date) -> tuple[int, str]:
    """How much of the amount is taken back, and why: nothing once the window has passed."""
    days = max(0, (ends_on - anchor).days)
    if isinstance(clawback, FullClawback):
        window = clawback.window_days
        taken = minor if days < window else 0
        return taken, f"on day {days}, inside the {window}-day window"
    if isinstance(clawback, LinearClawback):
        served = max(0, whole_months(anchor, ends_on))
        missing = max(0, clawback.months - served)
        words = f"after {served} full months of {clawback.months}"
        return round_half_away(minor * missing, clawback.months), words
    for within, share in clawback.steps:
        if days < within:
            return round_half_away(minor * share, ALL), f"on day {days}, inside {within} days"
    return 0, ""


def _changed(line: Line, amount_minor: int, words: str, name: str) -> Line:
    inputs = line.inputs | {f"before_{name}_minor": line.amount_minor}
    sentence = words[0].upper() + words[1:]
    return Line(amount_minor, f"{line.reason}, {words}", (*line.steps, sentence), inputs)
