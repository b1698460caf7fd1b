"""Billing facts: what was invoiced, paid, credited and paid back, from whichever system says so (ADR 23).

`receive` is the one door. It may be called with the same documents any number of times, in any order, a payment
before its invoice too: a document that says nothing new is left alone, a changed one becomes its next version, and
the contracts it bills get a new revision, so that the next accrual posts the difference.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from django.db import connection, transaction

from commissions import first_payments
from commissions.models import BillingApplication, BillingFact, BillingLine, FactKind, LineKind
from elinkages.accounts.models import Msp
from elinkages.audit import trail
from elinkages.kernel.actors import Actor
from elinkages.kernel.money import LARGEST_MINOR, format_money
from elinkages.kernel.refusal import Refused
from elinkages.kernel.tenancy import current_msp_id
from elinkages.kernel.words import say_day
from referrals.models import Client, Contract, ServiceLine

MANUAL: Final = "manual"
"""The source of documents that a person typed."""
SPREADSHEET: Final = "spreadsheet"
"""The source of documents that a person brought in a file."""
NEW, CHANGED, SAME = "new", "changed", "same"


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


@dataclass(frozen=True, slots=True)
class Received:
    """What became of the documents: facts that are new or changed, and how many said nothing new."""

    new: list[BillingFact] = field(default_factory=list)
    changed: list[BillingFact] = field(default_factory=list)
    unchanged: int = 0


type _Key = tuple[str, str, str]


def receive(documents: Sequence[Document], *, by: Actor, at: datetime) -> Received:
    """Take documents in; all of them or, when one is refused, none. A few hundred a call is a good size.

    The first payment for a contract is noted on it when none, or a later one, was known; when the payment that was
    noted is taken back, the next one is. Raises InvalidDocument, NotYet for money of a day to come, OtherCurrency;
    each names the document.
    """
    today = Msp.objects.get(pk=current_msp_id()).today(at)
    newest = {(one.source, one.kind, one.external_id): one for one in documents}
    agreements = _agreements({one.client.pk for one in newest.values()})
    for one in newest.values():
        _check(one, agreements.get(one.client.pk, []), today)
    with transaction.atomic():
        _one_at_a_time()
        current = _current(newest)
        received = Received()
        said: list[tuple[BillingFact, Document, list[UUID | None]]] = []
        replaced: list[UUID] = []
        for key, one in newest.items():
            billed = [_billed(line, agreements.get(one.client.pk, [])) for line in one.lines]
            content, old = _content(one, billed), current.get(key)
            if old is not None and bytes(old.content_sha256) == content:
                received = Received(received.new, received.changed, received.unchanged + 1)
                continue
            fact = _fact(one, content, old, by, at)
            (received.changed if old else received.new).append(fact)
            replaced += [old.pk] if old else []
            said.append((fact, one, billed))
        noted = first_payments.noted_from(replaced)
        BillingFact.objects.filter(pk__in=replaced).update(is_current=False)
        written = [*received.new, *received.changed]
        BillingFact.objects.bulk_create(written)
        BillingLine.objects.bulk_create([line for one in said for line in _lines(*one)])
        BillingApplication.objects.bulk_create([part for fact, one, _ in said for part in _applications(fact, one)])
        first_payments.note([fact.pk for fact in written], by=by, at=at)
        first_payments.correct(noted, by=by, at=at)
    for fact in written:
        if fact.source == MANUAL:
            trail.record("billing.recorded", fact.client, by=by, at=at, **_told(fact))
    return received


def receive_new(document: Document, *, by: Actor, at: datetime) -> BillingFact:
    """Take in one document that is not here yet; raises InvalidDocument for one that is, and as `receive`."""
    same = BillingFact.objects.filter(source=document.source, kind=document.kind, external_id=document.external_id)
    if same.filter(is_current=True, is_void=False).exists():
        name = f"{FactKind(document.kind).label} {document.number or document.external_id}"
        raise InvalidDocument(f"{name} is recorded already. Take it back first, or use another number.")
    received = receive([document], by=by, at=at)
    return [*received.new, *received.changed][0]


def compare(documents: Sequence[Document], *, today: date) -> list[str | Refused]:
    """What `receive` would make of each document, by itself: NEW, CHANGED, SAME, or why it would be refused."""
    agreements = _agreements({one.client.pk for one in documents})
    current = _current({(one.source, one.kind, one.external_id) for one in documents})
    found: list[str | Refused] = []
    for one in documents:
        try:
            _check(one, agreements.get(one.client.pk, []), today)
        except Refused as refusal:
            found.append(refusal)
            continue
        old = current.get((one.source, one.kind, one.external_id))
        content = _content(one, [_billed(line, agreements.get(one.client.pk, [])) for line in one.lines])
        is_same = old is not None and bytes(old.content_sha256) == content
        found.append(NEW if old is None else SAME if is_same else CHANGED)
    return found


def bills_nobody(document: Document) -> bool:
    """Whether some line of a document bills no contract that is here, so that it earns nobody anything.

    Of a client whose contracts were prefetched, without a query.
    """
    agreements = sorted(document.client.contracts.all(), key=lambda contract: contract.pk)
    return any(_billed(line, agreements) is None for line in document.lines)


def void(fact: BillingFact, *, by: Actor, at: datetime) -> BillingFact:
    """Take back a document that a person typed or brought by mistake; commissions follow.

    Raises InvalidDocument for others.
    """
    if fact.source not in (MANUAL, SPREADSHEET):
        raise InvalidDocument(f"{fact} comes from {fact.source}. Void it there, and it follows here.")
    if fact.is_void or not fact.is_current:
        raise InvalidDocument(f"{fact} was taken back already.")
    found = receive([_again(fact, is_void=True)], by=by, at=at)
    return found.changed[0]


def rematch_all(clients: Sequence[Client], *, by: Actor, at: datetime) -> int:
    """Look again for the contracts of lines that had none, after contracts of these clients were added; returns how
    many documents changed."""
    facts = BillingFact.objects.filter(client__in=clients, is_current=True, is_void=False, lines__contract__isnull=True)
    documents = [_again(fact) for fact in facts.distinct().select_related("client").order_by("pk")]
    return len(receive(documents, by=by, at=at).changed) if documents else 0


@dataclass(frozen=True, slots=True)
class Standing:
    """A document as it is now; of an invoice also what was paid (less refunds) and credited, in minor units."""

    fact: BillingFact
    lines: tuple[BillingLine, ...]
    paid_minor: int = 0
    credited_minor: int = 0
    invoices: tuple[str, ...] = ()

    @property
    def open_minor(self) -> int:
        """What is still to be paid of an invoice."""
        return max(0, self.fact.minor - self.credited_minor - self.paid_minor)

    @property
    def earns_nobody(self) -> bool:
        """Whether a line of it bills no contract that is known."""
        return any(line.contract_id is None and line.kind != LineKind.TAX for line in self.lines)


def of_client(client: Client) -> list[Standing]:
    """A client's documents as they are now, newest first; voided ones too. Three queries."""
    found = list(BillingFact.objects.filter(client=client, is_current=True).order_by("-dated_on", "-pk"))
    lines: dict[UUID, list[BillingLine]] = {}
    for line in BillingLine.objects.filter(fact__in=found).select_related("service_line").order_by("position"):
        lines.setdefault(line.fact_id, []).append(line)
    numbers = {
        (one.source, one.external_id): one.number or one.external_id for one in found if one.kind == FactKind.INVOICE
    }
    by_id = {one.pk: one for one in found}
    sums: dict[tuple[str, str], list[int]] = {}
    named: dict[UUID, list[str]] = {}
    for part in BillingApplication.objects.filter(fact__in=found).order_by("pk"):
        key, fact = (part.source, part.invoice_external_id), by_id[part.fact_id]
        named.setdefault(fact.pk, []).append(numbers.get(key, part.invoice_external_id))
        if not fact.is_void:
            paid, credited = sums.setdefault(key, [0, 0]), fact.kind == FactKind.CREDIT_NOTE
            paid[credited] += -part.minor if fact.kind == FactKind.REFUND else part.minor
    return [_standing(one, lines.get(one.pk, []), sums, named.get(one.pk, [])) for one in found]


def _standing(
    one: BillingFact, lines: Sequence[BillingLine], sums: dict[tuple[str, str], list[int]], invoices: Sequence[str]
) -> Standing:
    is_invoice = one.kind == FactKind.INVOICE
    paid, credited = sums.get((one.source, one.external_id), [0, 0]) if is_invoice else [0, 0]
    return Standing(one, tuple(lines), paid, credited, tuple(invoices))


def open_to(client: Client, kind: str) -> list[Standing]:
    """The invoices typed here that a payment, credit note or refund can be for, those to be paid first."""
    typed = [
        one
        for one in of_client(client)
        if one.fact.kind == FactKind.INVOICE and one.fact.source == MANUAL and not one.fact.is_void
    ]
    if kind == FactKind.REFUND:
        typed = [one for one in typed if one.paid_minor]
    return sorted(typed, key=lambda one: not one.open_minor)


def _check(one: Document, agreements: Sequence[Contract], today: date) -> None:
    name = f"{FactKind(one.kind).label} {one.number or one.external_id}"
    is_invoice = one.kind == FactKind.INVOICE
    if one.kind != FactKind.INVOICE and one.dated_on > today and not one.is_void:
        raise NotYet(f"{name}: {say_day(one.dated_on)} has not come yet. Record it when the money is there.")
    total = _total(one)
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
        (total < 0, "it comes to less than zero. A negative invoice is a credit note."),
        (total > LARGEST_MINOR, "it is larger than any amount kept here."),
        (any(part.minor <= 0 for part in one.applied), "every part for an invoice is above zero."),
        (len({part.invoice for part in one.applied}) < len(one.applied), "it names one invoice twice."),
        (sum(part.minor for part in one.applied) > total, "its parts for invoices come to more than the whole."),
        (_is_backwards(one.service_from, one.service_until), "its period ends before it begins."),
        (any(_is_backwards(line.service_from, line.service_until) for line in one.lines), "a line's period is empty."),
    ):
        if is_wrong:
            raise InvalidDocument(f"{name}: {sentence}")
    if agreements and agreements[0].currency != one.currency:
        raise OtherCurrency(
            f"{name} is in {one.currency}, and {one.client.name} has contracts in {agreements[0].currency}."
            " Amounts of one client stay in one currency."
        )


def _is_backwards(first: date | None, until: date | None) -> bool:
    return until is not None and (first is None or until <= first)


def _total(one: Document) -> int:
    if one.kind == FactKind.INVOICE:
        return sum(line.minor for line in one.lines)
    if one.minor is not None:
        return one.minor
    return sum(part.minor for part in one.applied)


def _one_at_a_time() -> None:
    """Two deliveries of one document wait for each other."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('facts:' || %s, 0))", [str(current_msp_id())])


def _current(newest: Iterable[_Key]) -> dict[_Key, BillingFact]:
    wanted = set(newest)
    ids = [external_id for _, _, external_id in wanted]
    found = BillingFact.objects.filter(
        source__in={source for source, _, _ in wanted}, external_id__in=ids, is_current=True
    )
    keys = {(one.source, one.kind, one.external_id): one for one in found}
    return {key: one for key, one in keys.items() if key in wanted}


def _agreements(client_ids: set[UUID]) -> dict[UUID, list[Contract]]:
    found: dict[UUID, list[Contract]] = {}
    for contract in Contract.objects.filter(client__in=client_ids).order_by("pk"):
        found.setdefault(contract.client_id, []).append(contract)
    return found


def _billed(line: Line, agreements: Sequence[Contract]) -> UUID | None:
    """The contract that a line bills: the named one, that of its service line, or the only one."""
    if line.contract is not None:
        return line.contract.pk
    same = [one for one in agreements if line.service_line and one.service_line_id == line.service_line.pk]
    if len(same) == 1:
        return same[0].pk
    return agreements[0].pk if not same and len(agreements) == 1 else None


def _content(one: Document, billed: Sequence[UUID | None]) -> bytes:
    """A hash over all that the document says; which contract a line bills is part of it."""
    said: list[Any] = [
        str(one.client.pk), one.dated_on, one.service_from, one.service_until, one.currency, _total(one), one.is_void,
        one.number,
        [
            [line.kind, line.minor, line.service_line and line.service_line.pk, contract, line.description,
             line.service_from, line.service_until]
            for line, contract in zip(one.lines, billed, strict=True)
        ],
        sorted([part.invoice, part.minor] for part in one.applied),
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(said, default=str, separators=(",", ":")).encode()).digest()


def _fact(one: Document, content: bytes, old: BillingFact | None, by: Actor, at: datetime) -> BillingFact:
    return BillingFact(
        kind=FactKind(one.kind),
        source=one.source,
        external_id=one.external_id,
        version=old.version + 1 if old else 1,
        is_void=one.is_void,
        content_sha256=content,
        client=one.client,
        number=one.number[:60],
        dated_on=one.dated_on,
        service_from=one.service_from,
        service_until=one.service_until,
        currency=one.currency,
        minor=_total(one),
        note=one.note[:300],
        received_at=at,
        received_by_name=by.actor_name[:200],
    )


def _lines(fact: BillingFact, one: Document, billed: Sequence[UUID | None]) -> list[BillingLine]:
    return [
        BillingLine(
            fact=fact,
            position=position,
            kind=LineKind(line.kind),
            service_line=line.service_line,
            contract_id=contract_id,
            description=line.description[:200],
            minor=line.minor,
            service_from=line.service_from,
            service_until=line.service_until,
        )
        for position, (line, contract_id) in enumerate(zip(one.lines, billed, strict=True), start=1)
    ]


def _applications(fact: BillingFact, one: Document) -> list[BillingApplication]:
    return [
        BillingApplication(fact=fact, source=one.source, invoice_external_id=part.invoice, minor=part.minor)
        for part in one.applied
    ]


def _again(fact: BillingFact, *, is_void: bool = False) -> Document:
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
    )


def _told(fact: BillingFact) -> dict[str, Any]:
    return {
        "what": str(fact) if not fact.is_void else f"{fact}, taken back,",
        "amount": format_money(fact.minor, fact.currency),
        "dated_on": fact.dated_on,
    }
