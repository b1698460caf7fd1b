"""Rewards that are earned once, in the month of their trigger: a fee, or a multiple of MRR."""

from datetime import date
from typing import Any

from commissions.engine.contracted import WAITING, mrr_on
from commissions.engine.deal import Deal, Line, nothing
from commissions.engine.exchange import at_rate, in_billed_currency, ratio
from commissions.engine.periods import calendar_month, month_of, owed_from, say_day, trigger_date
from commissions.terms import ALL, Flat, MrrMultiple
from elinkages.kernel.money import format_money, format_multiple, round_half_away

_FOR = {
    "won": "for the deal won on",
    "service_start": "for the service that started on",
    "first_payment": "for the first invoice, paid on",
}


def once(terms: Flat | MrrMultiple, deal: Deal, month: date) -> Line:
    """The one-time reward in its month, zero with a reason in every other."""
    name = calendar_month(month).name
    day = trigger_date(terms.trigger, deal)
    if day is None:
        return nothing(f"Nothing yet: {WAITING[terms.trigger]}", month)
    if month_of(day) != month:
        earned = calendar_month(month_of(day)).name
        return nothing(f"Nothing for {name}: this is paid once, for {earned}", month)
    owed = owed_from(deal)
    if owed is not None and day < owed:
        return nothing(f"Nothing for {name}: commission for this client is owed from {say_day(owed)}", month)
    inputs: dict[str, Any] = {
        "month": month.isoformat()[:7],
        "trigger": terms.trigger,
        "on": day.isoformat(),
    }
    what = f"once, {_FOR[terms.trigger]} {say_day(day)}"
    if isinstance(terms, Flat):
        fee = format_money(terms.amount_minor, deal.currency)
        return Line(terms.amount_minor, f"{fee} {what}", (f"Fee {fee}",), inputs)
    return _multiple(terms, deal, day, what, inputs)


def _multiple(terms: MrrMultiple, deal: Deal, day: date, what: str, inputs: dict[str, Any]) -> Line:
    mrr_minor = mrr_on(deal, day)
    multiplier, divisor = ratio(deal)
    amount = round_half_away(mrr_minor * terms.basis_points * multiplier, ALL * divisor)
    multiple = format_multiple(terms.basis_points)
    mrr = format_money(mrr_minor, in_billed_currency(deal).currency)
    inputs |= {"mrr_minor": mrr_minor, "basis_points": terms.basis_points}
    if deal.exchange is not None:
        inputs["exchange"] = list(deal.exchange)
    step = f"{multiple} × {mrr}{at_rate(deal)} = {format_money(amount, deal.currency)}"
    return Line(amount, f"{multiple} × {mrr} MRR {what}{at_rate(deal)}", (step,), inputs)
