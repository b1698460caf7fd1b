"""From invoices and what was paid, credited and paid back on them to the receipts of one contract. Pure.

Everything is a difference of two totals to date: after each event, what was paid (never more than the invoice is
still worth) is shared out over its lines, and the share of the lines that count is compared with the one before. So
parts bring exactly what one payment would, an overpayment brings nothing, and the order of arrival changes nothing.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator, Sequence
from datetime import date
from typing import Literal, NamedTuple

from commissions.engine.deal import Exchange, Receipt
from commissions.engine.exchange import paid_in
from elinkages.kernel.money import allocate

EventKind = Literal["credit_note", "payment", "refund"]


class Billed(NamedTuple):
    """A line of an invoice or credit note, in minor units. `kind` and `service_line` are what terms choose by."""

    contract: Hashable
    kind: str
    service_line: str
    minor: int
    service_on: date
    service_until: date | None = None


class Event(NamedTuple):
    """What happened to an invoice on a day: how much was paid, credited or paid back, in positive minor units.

    A credit note may say which `lines` it takes; what it does not say is taken from every line alike.
    """

    on: date
    kind: EventKind
    key: str
    minor: int
    lines: tuple[Billed, ...] = ()


class Invoice(NamedTuple):
    """An invoice with everything that happened to it, in the currency it was billed in.

    `exchange` is that currency, and the rate frozen on the invoice, when it is not the one that is paid in.
    """

    lines: tuple[Billed, ...]
    events: tuple[Event, ...] = ()
    exchange: Exchange | None = None


class _Group(NamedTuple):
    """Lines that are alike: they are paid and credited together."""

    contract: str
    kind: str
    service_line: str
    service_on: date
    service_until: date


def receipts(
    invoices: Sequence[Invoice], contract: Hashable, counts: Callable[[Billed], bool], currency: str
) -> tuple[Receipt, ...]:
    """The money of one contract's lines that count, by service period and day, in order; negative when it went back.

    It is in `currency`: what was billed in another is exchanged at the rate of its invoice, as a total to date.
    """
    found: dict[tuple[date, date, date, tuple[()] | Exchange], int] = defaultdict(int)
    for invoice in invoices:
        wanted = {_group(line) for line in invoice.lines if line.contract == contract and counts(line)}
        for on, group, minor in _moves(invoice, wanted, currency):
            found[group.service_on, group.service_until, on, invoice.exchange or ()] += minor
    return tuple(
        Receipt(service_on, paid_on, minor, None if service_until == date.max else service_until, exchange or None)
        for (service_on, service_until, paid_on, exchange), minor in sorted(found.items())
        if minor
    )


def _group(line: Billed) -> _Group:
    return _Group(str(line.contract), line.kind, line.service_line, line.service_on, line.service_until or date.max)


def _moves(invoice: Invoice, wanted: set[_Group], currency: str) -> Iterator[tuple[date, _Group, int]]:
    """(day, group, how much more of it was collected), event by event."""
    if not wanted:
        return
    groups: dict[_Group, int] = defaultdict(int)
    for line in invoice.lines:
        groups[_group(line)] += line.minor
    billed = _without_discounts(groups)
    credited: dict[_Group, int] = defaultdict(int)
    paid = from_all = 0
    before: dict[_Group, int] = {}
    for event in sorted(invoice.events, key=lambda one: (one.on, one.kind, one.key)):
        if event.kind == "credit_note":
            rest = event.minor
            for line in event.lines:
                credited[_group(line)] += line.minor
                rest -= line.minor
            from_all += rest
        else:
            paid += event.minor if event.kind == "payment" else -event.minor
        now = _exchanged(_collected(_worth(billed, credited, from_all), paid), invoice.exchange, currency)
        for group in sorted(wanted):
            if more := now.get(group, 0) - before.get(group, 0):
                yield event.on, group, more
        before = now


def _exchanged(groups: dict[_Group, int], exchange: Exchange | None, currency: str) -> dict[_Group, int]:
    if exchange is None:
        return groups
    return {group: paid_in(minor, exchange, currency) for group, minor in groups.items()}


def _without_discounts(groups: dict[_Group, int]) -> dict[_Group, int]:
    """What every group is worth after discounts: those that have no group of their own are taken from all alike."""
    loose = -sum(minor for minor in groups.values() if minor < 0)
    kept = {group: minor for group, minor in groups.items() if minor > 0}
    return _less(kept, loose)


def _worth(billed: dict[_Group, int], credited: dict[_Group, int], from_all: int) -> dict[_Group, int]:
    """What the invoice is still worth: credit of a line that is not there, or is used up, comes from all alike."""
    kept = {group: max(0, minor - credited.get(group, 0)) for group, minor in billed.items()}
    used = sum(billed.values()) - sum(kept.values())
    return _less(kept, from_all + sum(credited.values()) - used)


def _less(groups: dict[_Group, int], minor: int) -> dict[_Group, int]:
    if minor <= 0 or not groups:
        return groups
    whole = sum(groups.values())
    if minor >= whole:
        return dict.fromkeys(groups, 0)
    shares = allocate(minor, sorted(groups.items()))
    return {group: size - shares[group] for group, size in groups.items()}


def _collected(worth: dict[_Group, int], paid: int) -> dict[_Group, int]:
    whole = sum(worth.values())
    if whole <= 0:
        return {}
    return allocate(min(max(paid, 0), whole), sorted(worth.items()))
