"""The base of collected revenue: receipts by the month their invoice belongs to."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import NamedTuple

from commissions.engine.contracted import WAITING, outside_term
from commissions.engine.deal import Basis, Deal, Exchange, Line, Receipt, nothing
from commissions.engine.exchange import say_rate
from commissions.engine.periods import (
    Term,
    add_months,
    calendar_month,
    month_of,
    owed_from,
    position_of,
    say_day,
    term_of,
    trigger_date,
    whole_months,
)
from commissions.terms import Recurring
from elinkages.kernel.money import allocate, format_money


class Part(NamedTuple):
    """What a receipt brings to one month of service."""

    service_on: date
    paid_on: date
    minor: int
    exchange: tuple[()] | Exchange = ()


def collected_term(terms: Recurring, deal: Deal) -> Term | None:
    """The days whose invoices can earn, or None while the trigger has not happened.

    The first payment counts from the day its invoice belongs to, not from the day of the money:
    otherwise the invoice that starts the term would lie before it.
    """
    anchor = trigger_date(terms.trigger, deal)
    if terms.trigger == "first_payment":
        invoices = [receipt.service_on for receipt in deal.receipts if receipt.eligible_minor > 0]
        anchor = deal.first_invoice_on or min(invoices, default=None)
    return None if anchor is None else term_of(terms, deal, anchor)


def parts_of(receipt: Receipt) -> Iterator[Part]:
    """A receipt spread evenly over the months that begin inside its service period."""
    months = 1
    if receipt.service_until is not None:
        # The last day begins no month of its own, so a year billed ahead is twelve parts.
        whole = whole_months(receipt.service_on, receipt.service_until)
        months = max(1, whole + (add_months(receipt.service_on, whole) < receipt.service_until))
    shares = allocate(receipt.eligible_minor, [(index, 1) for index in range(months)])
    for index, minor in shares.items():
        yield Part(add_months(receipt.service_on, index), receipt.paid_on, minor, receipt.exchange or ())


def counted_parts(terms: Recurring, deal: Deal) -> list[Part]:
    """Every part that earns, in whatever month: inside the term and owed."""
    term = collected_term(terms, deal)
    if term is None:
        return []
    return [part for receipt in deal.receipts for part in parts_of(receipt) if _counts(part.service_on, term, deal)]


def _counts(day: date, term: Term, deal: Deal) -> bool:
    first = max(term.anchor, owed_from(deal) or term.anchor)
    return first <= day and (term.until is None or day < term.until)


def collected_in(deal: Deal, first: date, last: date) -> dict[date, int]:
    """What was collected for each month from that of `first` to that of `last`, whether or not it earns."""
    found: dict[date, int] = {}
    for receipt in deal.receipts:
        for part in parts_of(receipt):
            month = month_of(part.service_on)
            if first <= month <= last:
                found[month] = found.get(month, 0) + part.minor
    return found


def collected_basis(terms: Recurring, deal: Deal, month: date) -> Basis | Line:
    """What was collected for the month gives a rate to work on, or a Line of zero."""
    calendar = calendar_month(month)
    term = collected_term(terms, deal)
    if term is None:
        return nothing(f"Nothing yet: {WAITING[terms.trigger]}", month)
    parts = [part for part in counted_parts(terms, deal) if month_of(part.service_on) == month]
    if not parts:
        return nothing(_why_nothing(terms, deal, month, calendar.name, term), month)
    collected = minor = sum(part.minor for part in parts)
    note = ""
    if terms.expansion == "excluded" and minor > deal.mrr_minor:
        minor = deal.mrr_minor
        note = f" (growth above {format_money(minor, deal.currency)} not counted)"
    when = _when(parts, deal.currency)
    position = ""
    if term.months is not None:
        number = position_of(terms, deal, term, max(part.service_on for part in parts))
        position = f", month {number} of {term.months}"
    steps = tuple(
        f"{format_money(part.minor, deal.currency)} for {say_day(part.service_on)},"
        f" {'paid' if part.minor > 0 else 'credited or paid back'} {say_day(part.paid_on)}{_at_rate(part, deal)}"
        for part in sorted(parts)
    )
    inputs = {
        "month": month.isoformat()[:7],
        "base": "collected",
        "receipts": [[part.service_on.isoformat(), part.paid_on.isoformat(), part.minor] for part in sorted(parts)],
        "collected_minor": minor,
    }
    rates = {part.exchange for part in parts if part.exchange}
    if rates:
        inputs["exchanges"] = sorted(list(rate) for rate in rates)
        note += _at_rate(parts[0], deal) if len(rates) == 1 else ", at the rates of the invoices"
    words = f"{format_money(collected, deal.currency)} collected for {calendar.name}{when}{note}"
    return Basis(minor, 1, words, position, format_money(minor, deal.currency), steps, inputs)


def _at_rate(part: Part, deal: Deal) -> str:
    return f", at {say_rate(Exchange(*part.exchange), deal.currency)}" if part.exchange else ""


def _when(parts: Sequence[Part], currency: str) -> str:
    """When the money came, and what of it went back: “, paid May 20, 2026”."""
    came, back = [part for part in parts if part.minor > 0], -sum(part.minor for part in parts if part.minor < 0)
    days = sorted({part.paid_on for part in came})
    when = f"paid {say_day(days[0])}" if len(days) == 1 else f"in {len(came)} payments"
    if not back:
        return f", {when}"
    whole = format_money(sum(part.minor for part in came), currency)
    return f": {whole}, {when}, less {format_money(back, currency)} credited or paid back"


def _why_nothing(terms: Recurring, deal: Deal, month: date, name: str, term: Term) -> str:
    days = sorted(
        part.service_on for receipt in deal.receipts for part in parts_of(receipt) if month_of(part.service_on) == month
    )
    if not days:
        return f"Nothing for {name}: no payment for it has arrived"
    if term.until is not None and days[0] >= term.until:
        what = f"The invoice of {say_day(days[0])}"
        return outside_term(terms, deal, term, term.until, days[0], what)
    owed = owed_from(deal)
    if owed is not None and days[-1] < owed:
        return f"Nothing for {name}: commission for this client is owed from {say_day(owed)}"
    return f"Nothing for {name}: the term starts on {say_day(term.anchor)}"


def eligible_collected(lines: Mapping[str, int], eligible: frozenset[str], paid_before: int, paid_minor: int) -> int:
    """How much of one payment falls on the eligible lines of its invoice, tax included.

    `lines` are the invoice's amounts by line, `paid_before` what was paid on it earlier, all in
    minor units. A payment is the difference of two totals to date, so that parts of an invoice
    bring exactly what one payment would. What exceeds the invoice earns nothing.
    """
    total = sum(lines.values())
    if total <= 0:
        return 0

    def to_date(paid: int) -> int:
        shares = allocate(min(max(paid, 0), total), sorted(lines.items()))
        return sum(minor for key, minor in shares.items() if key in eligible)

    return to_date(paid_before + paid_minor) - to_date(paid_before)
