"""Terms in one plain sentence: what an owner chooses and a partner signs."""

from collections.abc import Sequence

from commissions.terms.kinds import (
    Clawback,
    Combined,
    Common,
    Flat,
    FullClawback,
    LinearClawback,
    MrrMultiple,
    NoReward,
    Percent,
    Recurring,
    Terms,
    Tiered,
)
from elinkages.kernel.money import format_basis_points, format_money, format_multiple
from elinkages.kernel.words import say_count

_WHEN = {
    "won": "when the deal is won",
    "service_start": "when service starts",
    "first_payment": "when the first invoice is paid",
}
_FROM = {
    "won": "counted from the day the deal is won",
    "service_start": "counted from the start of service",
    "first_payment": "counted from the first paid invoice",
}
_BASES = {"contracted": "monthly recurring revenue", "collected": "revenue collected"}
_LINES = {
    "service": "recurring services",
    "one_time": "one-time work",
    "pass_through": "pass-through licenses",
    "hardware": "hardware",
    "late_fee": "late fees",
}
_MODES = {"marginal": "each part at its own rate", "whole": "everything at the rate reached"}
_COUNTED = {
    "wins": "clients won",
    "new_mrr": "new monthly revenue brought",
    "active_mrr": "monthly revenue brought and still active",
    "collected": "revenue collected",
}
_PERIODS = {
    "month": "this month",
    "quarter": "this quarter",
    "year": "this calendar year",
    "anniversary": "this partner year",
    "never": "so far",
}


def describe(terms: Terms, currency: str) -> str:
    """Terms as one sentence without its full stop, for owner and partner alike.

    For example “10% of monthly recurring revenue for 12 months, held 30 days”.
    """
    if isinstance(terms, NoReward):
        return "No commission"
    if isinstance(terms, Combined):
        return "; and ".join(describe(part, currency) for part in terms.parts)
    return ", ".join([_reward(terms, currency), *_options(terms, currency)])


def _reward(terms: Flat | MrrMultiple | Percent | Tiered, currency: str) -> str:
    if isinstance(terms, Flat):
        return f"{format_money(terms.amount_minor, currency)} once, {_WHEN[terms.trigger]}"
    if isinstance(terms, MrrMultiple):
        multiple = format_multiple(terms.basis_points)
        return f"{multiple} × monthly recurring revenue once, {_WHEN[terms.trigger]}"
    rate = _tiers(terms, currency) if isinstance(terms, Tiered) else _percent(terms)
    if terms.months is None:
        return f"{rate} for as long as the client stays"
    return f"{rate} for {say_count(terms.months, 'month')}"


def _percent(terms: Percent) -> str:
    return f"{format_basis_points(terms.basis_points)} of {_BASES[terms.base]}"


def _tiers(terms: Tiered, currency: str) -> str:
    rates = [format_basis_points(rate) for _, rate in terms.tiers]
    if len(rates) > 1:
        rates[0] += f" {_below(terms.tiers[1][0], terms, currency)}"
    for index, (bound, _) in enumerate(terms.tiers[1:], start=1):
        rates[index] += f" {_from(bound, terms, currency)}"
    counted = f"{_COUNTED[terms.tier_base]} {_PERIODS[terms.reset]}"
    return f"{', '.join(rates)} of {_BASES[terms.base]}, by {counted}, {_MODES[terms.mode]},"


def _below(bound: int, terms: Tiered, currency: str) -> str:
    if terms.tier_base == "wins":
        return f"for the first {say_count(bound, 'client')}"
    return f"below {format_money(bound, currency)}"


def _from(bound: int, terms: Tiered, currency: str) -> str:
    if terms.tier_base == "wins":
        return f"from client {bound + 1}"
    return f"from {format_money(bound, currency)}"


def _options(terms: Common, currency: str) -> list[str]:
    words = _recurring_options(terms) if isinstance(terms, Recurring) else []
    if terms.minimum_minor:
        words.append(f"at least {format_money(terms.minimum_minor, currency)} when anything is due")
    if terms.cap_per_month_minor:
        words.append(f"at most {format_money(terms.cap_per_month_minor, currency)} a month")
    if terms.cap_lifetime_minor:
        words.append(f"at most {format_money(terms.cap_lifetime_minor, currency)} in all")
    if terms.cap_year_minor:
        words.append(f"at most {format_money(terms.cap_year_minor, currency)} a calendar year for a partner")
    if terms.paid_in == "credit":
        words.append("paid as service credit")
    if terms.hold_days:
        words.append(f"held {say_count(terms.hold_days, 'day')}")
    if terms.clawback:
        words.append(_clawback(terms.clawback))
    return words


def _recurring_options(terms: Recurring) -> list[str]:
    words = []
    usual = "service_start" if terms.base == "contracted" else "first_payment"
    if terms.trigger != usual and terms.months is not None:
        words.append(_FROM[terms.trigger])
    words += _lines(terms)
    if terms.counting == "calendar" and terms.months is not None:
        words.append("in calendar months")
    if terms.pause == "clock_runs" and terms.months is not None:
        words.append("pauses not made up for")
    if isinstance(terms, Tiered) and terms.rate == "locked":
        words.append("a client keeps the rate it was won at")
    if terms.expansion == "excluded" and terms.base == "contracted":
        words.append("growth of the client not counted")
    if terms.proration == "none" and terms.base == "contracted":
        words.append("part months paid in full")
    return words


def _lines(terms: Recurring) -> list[str]:
    """Which lines of an invoice count; only collected revenue tells them apart."""
    words = []
    if terms.counts != ("service",):
        words.append(f"counting {_listed([_LINES[kind] for kind in terms.counts])}")
    if terms.only_lines:
        words.append(f"for {_listed([name for _, name in terms.only_lines])} only")
    if terms.except_lines:
        words.append(f"without {_listed([name for _, name in terms.except_lines])}")
    return words


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _clawback(clawback: Clawback) -> str:
    if isinstance(clawback, FullClawback):
        return f"taken back if the client leaves within {say_count(clawback.window_days, 'day')}"
    if isinstance(clawback, LinearClawback):
        months = say_count(clawback.months, "month")
        return f"taken back in part if the client leaves within {months}"
    steps = [
        f"{format_basis_points(share)} if the client leaves within {say_count(days, 'day')}"
        for days, share in clawback.steps
    ]
    return f"taken back: {', '.join(steps)}"
