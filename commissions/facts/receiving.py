"""The one door of billing facts: documents in, versions and revisions out."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db import transaction

from commissions import first_payments
from commissions.facts.documents import (
    Document,
    InvalidDocument,
    Line,
    again,
    check,
    content_of,
    currencies_of_invoices,
    total,
)
from commissions.facts.standing import MANUAL, SPREADSHEET
from commissions.models import BillingApplication, BillingFact, BillingLine, FactKind, LineKind
from elinkages.accounts.models import Msp
from elinkages.audit import trail
from elinkages.kernel import locks
from elinkages.kernel.actors import Actor
from elinkages.kernel.money import format_money
from elinkages.kernel.refusal import Refused
from elinkages.kernel.tenancy import current_msp_id
from referrals.models import Client, Contract

NEW, CHANGED, SAME = "new", "changed", "same"

type _Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Received:
    """What became of the documents: facts that are new or changed, and how many said nothing new."""

    new: list[BillingFact]
    changed: list[BillingFact]
    unchanged: int


def receive(documents: Sequence[Document], *, by: Actor, at: datetime) -> Received:
    """Take documents in; all of them or, when one is refused, none. A few hundred a call is a good size.

    The first payment for a contract is noted on it when none, or a later one, was known; when the payment that was
    noted is taken back, the next one is. Raises InvalidDocument, NotYet for money of a day to come, OtherCurrency;
    each names the document.
    """
    today = Msp.objects.get(pk=current_msp_id()).today(at)
    newest = {(one.source, one.kind, one.external_id): one for one in documents}
    agreements, invoices = _agreements({one.client.pk for one in newest.values()}), currencies_of_invoices(documents)
    for one in newest.values():
        check(one, agreements.get(one.client.pk, []), invoices, today)
    with transaction.atomic():
        _one_at_a_time()
        said = _what_is_new(newest, agreements, by, at)
        replaced = [one.old.pk for one in said if one.old]
        noted = first_payments.noted_from(replaced)
        BillingFact.objects.filter(pk__in=replaced).update(is_current=False)
        new, changed = [one.fact for one in said if not one.old], [one.fact for one in said if one.old]
        written = [*new, *changed]
        BillingFact.objects.bulk_create(written)
        BillingLine.objects.bulk_create([line for one in said for line in _lines(one)])
        BillingApplication.objects.bulk_create([part for one in said for part in _applications(one)])
        first_payments.note([fact.pk for fact in written], by=by, at=at)
        first_payments.correct(noted, by=by, at=at)
    for fact in written:
        if fact.source == MANUAL:
            action = "billing.voided" if fact.is_void else "billing.recorded"
            trail.record(action, fact.client, by=by, at=at, **_told(fact))
    return Received(new, changed, unchanged=len(newest) - len(said))


class _Said(NamedTuple):
    """A document that says something new: the fact that it becomes, which contract each line bills, and what is
    replaced by it."""

    document: Document
    billed: Sequence[UUID | None]
    fact: BillingFact
    old: BillingFact | None


def _what_is_new(
    newest: Mapping[_Key, Document], agreements: Mapping[UUID, Sequence[Contract]], by: Actor, at: datetime
) -> list[_Said]:
    """Those of the documents that are not here yet as they are."""
    current = _current(newest)
    found: list[_Said] = []
    for key, one in newest.items():
        billed = _contracts_of(one, agreements)
        content, old = content_of(one, billed), current.get(key)
        if not _is_same(old, content):
            found.append(_Said(one, billed, _fact(one, content, old, by, at), old))
    return found


def receive_new(document: Document, *, by: Actor, at: datetime) -> BillingFact:
    """Take in one document that is not here yet; raises InvalidDocument for one that is, and as `receive`."""
    same = BillingFact.objects.filter(source=document.source, kind=document.kind, external_id=document.external_id)
    if same.filter(is_current=True, is_void=False).exists():
        name = f"{FactKind(document.kind).label} {document.number or document.external_id}"
        raise InvalidDocument(f"{name} is already recorded. Take it back first, or use another number.")
    received = receive([document], by=by, at=at)
    return [*received.new, *received.changed][0]


def compare(documents: Sequence[Document], *, today: date) -> list[str | Refused]:
    """What `receive` would make of each document, by itself: NEW, CHANGED, SAME, or why it would be refused."""
    agreements, invoices = _agreements({one.client.pk for one in documents}), currencies_of_invoices(documents)
    current = _current({(one.source, one.kind, one.external_id) for one in documents})
    found: list[str | Refused] = []
    for one in documents:
        try:
            check(one, agreements.get(one.client.pk, []), invoices, today)
        except Refused as refusal:
            found.append(refusal)
            continue
        old = current.get((one.source, one.kind, one.external_id))
        is_same = _is_same(old, content_of(one, _contracts_of(one, agreements)))
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
        raise InvalidDocument(f"{fact} comes from {fact.source}. Void it there, and the change follows here.")
    if fact.is_void or not fact.is_current:
        raise InvalidDocument(f"{fact} has already been taken back.")
    found = receive([again(fact, is_void=True)], by=by, at=at)
    return found.changed[0]


def rematch_all(clients: Sequence[Client], *, by: Actor, at: datetime) -> int:
    """Look again for the contracts of lines that had none, after contracts of these clients were added; returns how
    many documents changed."""
    facts = BillingFact.objects.filter(client__in=clients, is_current=True, is_void=False, lines__contract__isnull=True)
    documents = [again(fact) for fact in facts.distinct().select_related("client").order_by("pk")]
    return len(receive(documents, by=by, at=at).changed) if documents else 0


def _one_at_a_time() -> None:
    """Two deliveries of one document wait for each other."""
    locks.hold("facts")


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


def _is_same(old: BillingFact | None, content: bytes) -> bool:
    return old is not None and bytes(old.content_sha256) == content


def _contracts_of(one: Document, agreements: Mapping[UUID, Sequence[Contract]]) -> list[UUID | None]:
    """The contract that each line of a document bills."""
    return [_billed(line, agreements.get(one.client.pk, [])) for line in one.lines]


def _billed(line: Line, agreements: Sequence[Contract]) -> UUID | None:
    """The contract that a line bills: the named one, that of its service line, or the only one."""
    if line.contract is not None:
        return line.contract.pk
    same = [one for one in agreements if line.service_line and one.service_line_id == line.service_line.pk]
    if len(same) == 1:
        return same[0].pk
    return agreements[0].pk if not same and len(agreements) == 1 else None


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
        rate_millionths=one.rate_millionths,
        minor=total(one),
        note=one.note[:300],
        received_at=at,
        received_by_name=by.actor_name[:200],
    )


def _lines(said: _Said) -> list[BillingLine]:
    return [
        BillingLine(
            fact=said.fact,
            position=position,
            kind=LineKind(line.kind),
            service_line=line.service_line,
            contract_id=contract_id,
            description=line.description[:200],
            minor=line.minor,
            service_from=line.service_from,
            service_until=line.service_until,
        )
        for position, (line, contract_id) in enumerate(zip(said.document.lines, said.billed, strict=True), start=1)
    ]


def _applications(said: _Said) -> list[BillingApplication]:
    return [
        BillingApplication(
            fact=said.fact, source=said.document.source, invoice_external_id=part.invoice, minor=part.minor
        )
        for part in said.document.applied
    ]


def _told(fact: BillingFact) -> dict[str, Any]:
    return {
        "what": f"{fact.get_kind_display().lower()} {fact.called}",
        "amount": format_money(fact.minor, fact.currency),
        "dated_on": fact.dated_on,
    }
