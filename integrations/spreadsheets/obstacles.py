"""Why rows of an import cannot be taken back: what money, people or other rows have built on them since.

Every question is asked once for many rows.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import F, Max

from commissions import opening_balances
from commissions.models import BillingFact, Entry, FactKind, PayoutItem, Stage
from elinkages.accounts.models import Membership, Msp
from elinkages.audit.models import AuditEvent
from elinkages.audit.sentences import describe
from elinkages.kernel.tenancy import current_msp_id
from elinkages.kernel.words import say_day
from integrations.models import Import, ImportKind, ImportRow
from integrations.spreadsheets.rules import importer
from partners.models import Partner
from referrals import retraction
from referrals.models import OPEN_STAGES, Client, Contract, MrrMovement, Referral, ServiceLine

PARTNER, REFERRAL, CLIENT = (model._meta.label_lower for model in (Partner, Referral, Client))
CONTRACT, LINE, ENTRY, FACT = (model._meta.label_lower for model in (Contract, ServiceLine, Entry, BillingFact))

type Reasons = dict[UUID, str]


@dataclass(frozen=True, slots=True)
class Undoing:
    """An import that is to be taken back by somebody. `leaving`: the ids of what goes together with these rows."""

    batch: Import
    by: Membership
    leaving: set[UUID]


def obstacles(undoing: Undoing, rows: Sequence[ImportRow]) -> Reasons:
    """Row → why it stays: money first, then what people did since, then what else stands on it.

    What a staying row made stays too, and with it what that stands on: asked again until nothing more stays.
    """
    found: Reasons = {}
    while more := _first_obstacles(undoing, [row for row in rows if row.pk not in found]):
        found |= more
        undoing.leaving.difference_update(pk for row in rows if row.pk in more for pk in made(row))
    return found


def _first_obstacles(undoing: Undoing, rows: Sequence[ImportRow]) -> Reasons:
    found: Reasons = {}
    checks: tuple[Callable[[Undoing, Sequence[ImportRow]], Reasons], ...] = (
        _paid,
        _not_restorable,
        _worked_on,
        _moved_since,
        _stood_on,
    )
    for check in checks:
        found |= check(undoing, [row for row in rows if row.pk not in found])
    return found


def made(row: ImportRow, *labels: str) -> list[UUID]:
    """The ids of what came of a row, of some models or of all."""
    return [UUID(pk) for label in labels or row.made for pk in row.made.get(label, ())]


def _ids(rows: Iterable[ImportRow], label: str) -> set[UUID]:
    return {pk for row in rows for pk in made(row, label)}


def _contracts_of(row: ImportRow) -> set[UUID]:
    """The contracts that a row made, or changed."""
    return {*made(row, CONTRACT), *map(UUID, row.changed.get("mrr", ())[:1])}


def _paid(undoing: Undoing, rows: Sequence[ImportRow]) -> Reasons:
    """Rows of which something is in a payout, or was paid."""
    billed = _billed_by(_ids(rows, FACT))
    wanted = {one for row in rows for one in _contracts_of(row)}.union(*billed.values())
    payouts = _payouts_of(wanted)
    opening = opening_balances.in_payout(list(_ids(rows, ENTRY)))
    found = {}
    for row in rows:
        numbers = {number for one in _contracts_of(row) for _, number in payouts.get(one, ())}
        contracts = {one for pk in made(row, FACT) for one in billed.get(pk, ())}
        numbers |= {number for one in contracts for at, number in payouts.get(one, ()) if at >= _written(row)}
        numbers |= {opening[pk] for pk in made(row, ENTRY) if pk in opening}
        if numbers:
            found[row.pk] = f"What was earned with it is in payout {max(numbers)}."
    return found


def _written(row: ImportRow) -> datetime:
    if row.written_at is None:
        raise ValueError("A row that was not written has nothing to take back.")
    return row.written_at


def _payouts_of(contract_ids: set[UUID]) -> dict[UUID, list[tuple[datetime, int]]]:
    """Contract → when its amounts that are in live payouts were posted, and the payouts' numbers."""
    found: dict[UUID, list[tuple[datetime, int]]] = defaultdict(list)
    items = PayoutItem.objects.filter(released_at__isnull=True, entry__pool__contract__in=contract_ids)
    names = ("entry__pool__contract_id", "entry__created_at", "payout__number")
    for contract_id, created_at, number in items.values_list(*names) if contract_ids else ():
        found[contract_id].append((created_at, number))
    return found


def _billed_by(fact_ids: set[UUID]) -> dict[UUID, set[UUID]]:
    """Document → the contracts that it bills, or that the invoices bill which it is for."""
    found: dict[UUID, set[UUID]] = defaultdict(set)
    if not fact_ids:
        return found
    own = BillingFact.objects.filter(pk__in=fact_ids)
    for pk, contract_id in own.filter(lines__contract__isnull=False).values_list("pk", "lines__contract_id"):
        found[pk].add(contract_id)
    paying: dict[tuple[str, str], list[UUID]] = defaultdict(list)
    names = ("pk", "source", "applications__invoice_external_id")
    for pk, source, invoice in own.filter(applications__isnull=False).values_list(*names):
        paying[source, invoice].append(pk)
    invoices = BillingFact.objects.filter(
        kind=FactKind.INVOICE, external_id__in={one for _, one in paying}, lines__contract__isnull=False
    )
    for source, invoice, contract_id in invoices.values_list("source", "external_id", "lines__contract_id"):
        for payment in paying.get((source, invoice), ()):
            found[payment].add(contract_id)
    return found


def _not_restorable(undoing: Undoing, rows: Sequence[ImportRow]) -> Reasons:
    """Rows that changed something whose way back is a person's to choose."""
    told = (
        ("status", "It changed the partner’s status. Change it back on their page."),
        ("document", "It changed a document that was here. Bring the document as it was before."),
        ("first_paid", "It noted the first payment of a contract that was here. Correct that on the client’s page."),
    )
    found = {row.pk: reason for row in rows for name, reason in told if name in row.changed}
    for row in rows:
        closed = "stage" in row.changed and row.changed["stage"][1] not in OPEN_STAGES
        if closed and REFERRAL not in row.made:
            found[row.pk] = "It closed an introduction that was here. Look at that one on its page."
    return found


def _worked_on(undoing: Undoing, rows: Sequence[ImportRow]) -> Reasons:
    """Rows on whose results somebody worked since, by the histories of what they made or changed."""
    if not rows:
        return {}
    targets: dict[str, set[UUID]] = defaultdict(set)
    for label, pk in (one for row in rows for one in _targets(row)):
        targets[label].add(pk)
    first = min(_written(row) for row in rows)
    latest: dict[tuple[str, UUID], AuditEvent] = {}
    for label, ids in targets.items():
        events = AuditEvent.objects.filter(target_type=label, target_id__in=ids, at__gt=first)
        for event in events.order_by("at", "pk"):
            if not _is_own(undoing, event):
                latest[label, event.target_id] = event
    msp = Msp.objects.get(pk=current_msp_id())
    found = {}
    for row in rows:
        events_of_row = [latest[one] for one in _targets(row) if one in latest and latest[one].at > _written(row)]
        if events_of_row:
            event = events_of_row[-1]
            found[row.pk] = f"{describe(event, currency=msp.currency)}, {say_day(msp.today(event.at))}."
    return found


def _is_own(undoing: Undoing, event: AuditEvent) -> bool:
    """Whether the import itself, or its taking back, wrote an event."""
    batch = undoing.batch
    if batch.started_by and batch.finished_at and event.actor_name == importer(batch.started_by).actor_name:
        return event.at <= batch.finished_at
    is_undoer = event.actor_name == importer(undoing.by).actor_name
    return batch.undone_at is not None and is_undoer and event.at >= batch.undone_at


def _targets(row: ImportRow) -> list[tuple[str, UUID]]:
    """What people may have worked on: all that a row made, and what it changed."""
    kind = row.batch.kind
    labels = (PARTNER,) if kind == ImportKind.PARTNERS else (REFERRAL, CLIENT)
    found = [(label, pk) for label in labels for pk in made(row, label)]
    if row.changed and row.target_id and kind in (ImportKind.PARTNERS, ImportKind.REFERRALS):
        found.append((labels[0], row.target_id))
    return found


def _moved_since(undoing: Undoing, rows: Sequence[ImportRow]) -> Reasons:
    """Rows whose contract's MRR was changed since, or ended."""
    wanted = {one for row in rows for one in _contracts_of(row)}
    moved = MrrMovement.objects.filter(contract__in=wanted).values("contract").annotate(last=Max("at"))
    last = {one["contract"]: one["last"] for one in moved}
    return {
        row.pk: "The MRR of its contract was changed since."
        for row in rows
        if any(last[one] > _written(row) for one in _contracts_of(row) if one in last)
    }


def _stood_on(undoing: Undoing, rows: Sequence[ImportRow]) -> Reasons:
    """Rows on whose results something else stands that does not go with them."""
    reasons = _of_clients(rows, undoing.leaving)
    if undoing.batch.kind == ImportKind.PARTNERS:
        reasons |= _of_partners(_ids(rows, PARTNER), undoing.leaving)
    found = {}
    for row in rows:
        if reason := next((reasons[pk] for pk in made(row) if pk in reasons), ""):
            found[row.pk] = reason
    return found


def _of_clients(rows: Sequence[ImportRow], leaving: set[UUID]) -> dict[UUID, str]:
    """Client or contract → what else they have: another contract, a document that bills it."""
    found = {}
    running = Contract.objects.filter(client__in=_ids(rows, CLIENT)).exclude(ends_on=F("starts_on"))
    for pk, client_id, name in running.values_list("pk", "client_id", "service_line__name"):
        if pk not in leaving:
            found[client_id] = f"It has another contract, for {name}."
    billing = BillingFact.objects.filter(is_current=True, is_void=False, lines__contract__in=_ids(rows, CONTRACT))
    for pk, contract_id, number in billing.values_list("pk", "lines__contract_id", "number"):
        if pk not in leaving:
            found[contract_id] = f"Document {number} bills it. Take that back first."
    return found


def _of_partners(partner_ids: set[UUID], leaving: set[UUID]) -> dict[UUID, str]:
    """Partners who sent something, or are owed something."""
    sent = retraction.standing().filter(partner__in=partner_ids).order_by("pk")
    found = {
        partner_id: f"They introduced {company}."
        for pk, partner_id, company in sent.values_list("pk", "partner_id", "company")
        if pk not in leaving
    }
    owed = Entry.objects.filter(partner__in=partner_ids).exclude(stage=Stage.VOID).order_by("pk")
    found |= {pk: "They are owed commission, or were paid it." for pk in owed.values_list("partner_id", flat=True)}
    return found
