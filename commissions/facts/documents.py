"""Documents as their source tells them: what they say, whether they can be right, and the hash of it all."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from commissions.models import BillingFact, FactKind
from elinkages.kernel.money import LARGEST_MINOR
from elinkages.kernel.refusal import Refused
from elinkages.kernel.words import say_day
from referrals.models import Client, Contract, ServiceLine

LARGEST_RATE: Final = 10**12
"""A million of one currency for one of another: beyond that somebody has mistyped."""


class InvalidDocument(Refused):
    """A document that contradicts itself."""


class NotYet(Refused):
    """Money on a day that has not come."""


class OtherCurrency(Refused):
    """A document in a currency that the client's contracts are not in."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of an invoice or credit note. A discount is negative on an invoice; a credit note's lines are positive.

    `contract` says which contract it bills. Left out, it is the client's contract of that service line, or the only
    one the client has. The period is the document's unless the line has its own; `service_until` is the first day
    after it.
    """

    kind: str
    minor: int
    service_line: ServiceLine | None = None
    contract: Contract | None = None
    description: str = ""
    service_from: date | None = None
    service_until: date | None = None


@dataclass(frozen=True, slots=True)
class Applied:
    """How much of a payment, credit note or refund is for one invoice, by the invoice's id in the same source."""

    invoice: str
    minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One document as its source has it now; all of it, not what changed. Amounts are minor units, never negative.

    An invoice has lines, tax included, and is worth their sum. A payment or refund has `applied` and may be larger
    than that: what is not applied to an invoice earns nothing. A credit note has `applied` too, and may have lines
    when it is for one invoice; without any it takes the same share of every line. `is_void`: voided or deleted there.
    An invoice in another currency than the client's contracts has the rate of its day, in millionths; what is paid,
    credited or paid back on it is in its currency and counts at its rate.
    """

    kind: str
    source: str
    external_id: str
    client: Client
    dated_on: date
    currency: str
    number: str = ""
    service_from: date | None = None
    service_until: date | None = None
    lines: Sequence[Line] = ()
    applied: Sequence[Applied] = ()
    minor: int | None = None
    note: str = ""
    is_void: bool = False
    rate_millionths: int | None = None


type Currencies = Mapping[tuple[str, str], str]
"""The currency of every invoice that is known, by source and id."""


def currencies_of_invoices(documents: Sequence[Document]) -> Currencies:
    """The currencies of the invoices that these documents are for, as far as they are known; one query."""
    named = {part.invoice for one in documents for part in one.applied}
    found = BillingFact.objects.filter(kind=FactKind.INVOICE, external_id__in=named, is_current=True)
    return {(source, key): currency for source, key, currency in found.values_list("source", "external_id", "currency")}


def check(one: Document, agreements: Sequence[Contract], invoices: Currencies, today: date) -> None:
    """Refuse a document that contradicts itself, or the contracts of its client.

    Raises InvalidDocument, NotYet, OtherCurrency; each names it.
    """
    name = f"{FactKind(one.kind).label} {one.number or one.external_id}"
    is_invoice = one.kind == FactKind.INVOICE
    if one.kind != FactKind.INVOICE and one.dated_on > today and not one.is_void:
        raise NotYet(f"{name}: {say_day(one.dated_on)} has not come yet. Record it once the money arrives.")
    whole = total(one)
    for is_wrong, sentence in (
        (not one.external_id or len(one.external_id) > 120, "it needs an id of at most 120 characters."),
        (not one.source or len(one.source) > 40, "it needs a source of at most 40 characters."),
        (is_invoice and not one.lines and not one.is_void, "an invoice has at least one line."),
        (is_invoice and bool(one.applied), "an invoice is paid by a payment, not applied to another."),
        (one.kind in (FactKind.PAYMENT, FactKind.REFUND) and bool(one.lines), "a payment has no lines."),
        (bool(one.lines) and not is_invoice and len(one.applied) > 1, "its lines are for one invoice only."),
        (
            not is_invoice and sum(line.minor for line in one.lines) > sum(part.minor for part in one.applied),
            "its lines come to more than is applied to the invoice.",
        ),
        (whole < 0, "it comes to less than zero. A negative invoice is a credit note."),
        (whole > LARGEST_MINOR, "it is larger than any amount kept here."),
        (any(part.minor <= 0 for part in one.applied), "every part for an invoice is above zero."),
        (len({part.invoice for part in one.applied}) < len(one.applied), "it names one invoice twice."),
        (sum(part.minor for part in one.applied) > whole, "its parts for invoices come to more than the whole."),
        (_is_backwards(one.service_from, one.service_until), "its period ends before it begins."),
        (any(_is_backwards(line.service_from, line.service_until) for line in one.lines), "a line's period is empty."),
    ):
        if is_wrong:
            raise InvalidDocument(f"{name}: {sentence}")
    if agreements:
        _check_currency(one, name, agreements[0].currency, invoices)


def _check_currency(one: Document, name: str, currency: str, invoices: Currencies) -> None:
    """Refuse an invoice in another currency without its rate, and what is for an invoice in another one."""
    rate = one.rate_millionths
    if one.kind == FactKind.INVOICE and one.currency != currency and not (rate and 0 < rate < LARGEST_RATE):
        raise OtherCurrency(
            f"{name} is in {one.currency}, and {one.client.name} has contracts in {currency}."
            f" Say what 1 {one.currency} was in {currency} that day."
        )
    if rate is not None and (one.kind != FactKind.INVOICE or one.currency == currency):
        raise OtherCurrency(f"{name} has an exchange rate. Only an invoice in another currency has one.")
    for part in one.applied:
        if invoices.get((one.source, part.invoice), one.currency) != one.currency:
            raise OtherCurrency(f"{name} is in {one.currency}, and invoice {part.invoice} is not.")


def _is_backwards(first: date | None, until: date | None) -> bool:
    return until is not None and (first is None or until <= first)


def total(one: Document) -> int:
    """What a document comes to, in minor units."""
    if one.kind == FactKind.INVOICE:
        return sum(line.minor for line in one.lines)
    if one.minor is not None:
        return one.minor
    return sum(part.minor for part in one.applied)


def content_of(one: Document, billed: Sequence[UUID | None]) -> bytes:
    """A hash over all that the document says; which contract a line bills is part of it."""
    said: list[Any] = [
        str(one.client.pk), one.dated_on, one.service_from, one.service_until, one.currency, total(one), one.is_void,
        one.number,
        [
            [line.kind, line.minor, line.service_line and line.service_line.pk, contract, line.description,
             line.service_from, line.service_until]
            for line, contract in zip(one.lines, billed, strict=True)
        ],
        sorted([part.invoice, part.minor] for part in one.applied),
        *([one.rate_millionths] if one.rate_millionths else []),
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(said, default=str, separators=(",", ":")).encode()).digest()


def again(fact: BillingFact, *, is_void: bool = False) -> Document:
    """A fact as its source would send it again; lines look for their contract anew unless they have one."""
    return Document(
        kind=fact.kind,
        source=fact.source,
        external_id=fact.external_id,
        client=fact.client,
        dated_on=fact.dated_on,
        currency=fact.currency,
        number=fact.number,
        service_from=fact.service_from,
        service_until=fact.service_until,
        lines=[
            Line(
                line.kind,
                line.minor,
                line.service_line,
                line.contract,
                line.description,
                line.service_from,
                line.service_until,
            )
            for line in fact.lines.select_related("service_line", "contract").order_by("position")
        ],
        applied=[Applied(part.invoice_external_id, part.minor) for part in fact.applications.order_by("pk")],
        minor=fact.minor,
        note=fact.note,
        is_void=is_void or fact.is_void,
        rate_millionths=fact.rate_millionths,
    )
