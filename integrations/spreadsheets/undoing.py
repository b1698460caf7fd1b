"""Taking a whole import back (decisions 15).

Rows are judged one by one: what money or later work has moved on stays, each with its reason; everything else that the
import made is archived, removed where nothing stands on it, or answered by its opposite. Last written, first undone.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import InterfaceError, OperationalError, transaction
from django.db.models import F, ProtectedError

from commissions import accruals, facts, ledger, opening_balances
from commissions.models import BillingFact, Entry
from elinkages.accounts.models import Membership, Msp
from elinkages.audit import trail
from elinkages.kernel.actors import Actor
from elinkages.kernel.refusal import Refused
from elinkages.kernel.tenancy import current_msp_id
from integrations.models import Import, ImportRow, ImportState, Undo
from integrations.spreadsheets import imports
from integrations.spreadsheets.obstacles import (
    CLIENT,
    CONTRACT,
    ENTRY,
    FACT,
    LINE,
    PARTNER,
    REFERRAL,
    made,
    obstacles,
    reasons,
    waiting,
)
from integrations.spreadsheets.rules import REASON_LENGTH, Importer, importer
from integrations.spreadsheets.running import GAVE_UP, MOST_ATTEMPTS, SYSTEM, is_ours
from partners import onboarding
from partners.models import Partner, PartnerState
from referrals import contracts, pipeline, retraction, screening
from referrals.models import OPEN_STAGES, Client, Contract, Referral, ServiceLine

logger = logging.getLogger(__name__)
UNDONE_AT_ONCE = 50
SHOWN = 100
"""Rows that stay, named before an import is taken back; all of them are listed afterwards."""
REASON = "Came with a spreadsheet that was taken back"


class NothingToUndo(Refused):
    """Every row of the import stays."""


class OutlookChanged(Refused):
    """More or fewer rows than the person was shown."""


@dataclass(slots=True)
class Outlook:
    """What taking back would do, as things stand: how many rows, and which stay and why."""

    undone: int = 0
    kept: int = 0
    examples: list[ImportRow] = field(default_factory=list)


def outlook(batch: Import, by: Membership) -> Outlook:
    """Judge every written row of an import without changing anything, however many there are."""
    stays = obstacles(batch, by)
    rows = waiting(batch)
    examples = list(rows.filter(pk__any_of=list(stays)).order_by("number")[:SHOWN])
    told = reasons({row.pk: stays[row.pk] for row in examples})
    for row in examples:
        row.undo_reason = told[row.pk]
    return Outlook(rows.count() - len(stays), len(stays), examples)


def start(batch: Import, *, expected: int, by: Membership, at: datetime) -> Import:
    """Have an import taken back by the worker. `expected` is how many rows the person was told.

    Raises MovedOn, NothingToUndo or OutlookChanged.
    """
    if batch.state != ImportState.DONE:
        raise imports.MovedOn(imports.stands_at(batch, batch.get_state_display()))
    now = outlook(batch, by)
    if not now.undone:
        raise NothingToUndo("Nothing of this import can be taken back anymore: see why each row stays.")
    if now.undone != expected:
        raise OutlookChanged(f"It would be {now.undone:,} now, and {expected:,} were shown. Look at the list again.")
    waiting(batch).filter(attempts__gt=0).update(attempts=0)
    fields = {"total": now.undone + now.kept, "done": 0, "attempts": 0, "undone_by": by, "undone_at": at}
    imports.claim(batch, (ImportState.DONE,), ImportState.UNDOING, at, **fields)
    trail.record("import.undo_started", batch, by=by, at=at, rows=now.undone)
    return batch


def take_rows(import_id: UUID, *, at: datetime) -> list[UUID]:
    """The rows to take back next, their attempt counted; none when another worker has the import, or it is done."""
    if not is_ours(import_id):
        return []
    batch = Import.objects.defer("content").filter(pk=import_id, state=ImportState.UNDOING).first()
    if batch is None:
        return []
    left = waiting(batch)
    parked = left.filter(attempts__gte=MOST_ATTEMPTS).update(undo=Undo.KEPT, undo_reason=GAVE_UP)
    _progress(batch, parked, at)
    found = list(left.order_by("attempts", "-written_at", "-number").values_list("pk", "attempts")[:UNDONE_AT_ONCE])
    if not found:
        _finish(batch, at)
        return []
    first_attempts = found[0][1]
    chosen = [found[0][0]] if first_attempts else [row_id for row_id, attempts in found if not attempts]
    ImportRow.objects.filter(pk__in=chosen).update(attempts=F("attempts") + 1)
    return chosen


def undo_rows(import_id: UUID, row_ids: Sequence[UUID], *, at: datetime) -> None:
    """Take rows back that were taken, each whole or not at all, with what came of it."""
    if not is_ours(import_id):
        return
    batch = Import.objects.defer("content").select_related("undone_by__user", "started_by__user").get(pk=import_id)
    if batch.state != ImportState.UNDOING or batch.undone_by is None:
        return
    screening.one_at_a_time()
    ledger.lock_entries()
    by = importer(batch.undone_by)
    rows = list(waiting(batch).filter(pk__any_of=row_ids).defer("cells", "values").order_by("-written_at", "-number"))
    judged = reasons(obstacles(batch, batch.undone_by, [row.pk for row in rows]))
    touched: set[UUID] = set()
    done = []
    for row in rows:
        if reason := judged.get(row.pk):
            row.undo, row.undo_reason = Undo.KEPT, reason[:REASON_LENGTH]
        elif not _undo_alone(row, touched, by, at):
            continue
        done.append(row)
    _settle(touched, by, at)
    ImportRow.objects.bulk_update(done, ["undo", "undo_reason"])
    _progress(batch, len(done), at)


def _undo_alone(row: ImportRow, touched: set[UUID], by: Importer, at: datetime) -> bool:
    """One row in its own savepoint; False leaves it for later, because the fault is ours."""
    mine: set[UUID] = set()
    try:
        with transaction.atomic():
            stays = _take_back(row, mine, by, at)
        row.undo, row.undo_reason = Undo.UNDONE, stays[:REASON_LENGTH]
        touched |= mine
    except Refused as refusal:
        row.undo, row.undo_reason = Undo.KEPT, refusal.message[:REASON_LENGTH]
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        logger.exception("Row %s of import %s was not taken back", row.number, row.batch_id)
        return False
    return True


def _take_back(row: ImportRow, touched: set[UUID], by: Importer, at: datetime) -> str:
    """Undo what came of a row, the newest thing first; returns what had to stay beside it, in words."""
    _void_money(row, touched, by, at)
    for client in Client.objects.filter(pk__in=made(row, CLIENT)):
        retraction.retract_client(client, reason=REASON, by=by, at=at)
    for contract in Contract.objects.filter(pk__in=made(row, CONTRACT)):
        touched.add(contract.pk)
        if contract.ends_on is None or contract.ends_on > contract.starts_on:
            contracts.end(contract, on=contract.starts_on, reason=REASON, by=by, at=at)
    for referral in Referral.objects.filter(pk__in=made(row, REFERRAL)):
        retraction.retract(referral, reason=REASON, by=by, at=at)
    _restore(row, touched, by, at)
    stays = [_remove_partner(one, by, at) for one in Partner.objects.filter(pk__in=made(row, PARTNER))]
    stays += [_remove_line(one) for one in ServiceLine.objects.filter(pk__in=made(row, LINE))]
    return " ".join(filter(None, stays))


def _void_money(row: ImportRow, touched: set[UUID], by: Importer, at: datetime) -> None:
    """Billing documents and opening balances, each answered by what voids it."""
    for fact in BillingFact.objects.filter(pk__in=made(row, FACT)).select_related("client"):
        touched |= set(fact.lines.exclude(contract=None).values_list("contract_id", flat=True))
        if fact.is_current and not fact.is_void:
            facts.void(fact, by=by, at=at)
    for entry in Entry.objects.filter(pk__in=made(row, ENTRY)):
        opening_balances.take_back(entry, reason=REASON, by=by, at=at)


def _restore(row: ImportRow, touched: set[UUID], by: Importer, at: datetime) -> None:
    """Give rows that were here before what they had."""
    changed: dict[str, Any] = row.changed
    if row.target_id and (fields := changed.get("partner")):
        partner = Partner.objects.select_related("owner").get(pk=row.target_id)
        onboarding.edit(partner, owner=partner.owner, by=by, at=at, **{name: old for name, (old, _) in fields.items()})
    if row.target_id and changed.get("external_id"):
        Partner.objects.filter(pk=row.target_id).update(external_id="")
    if row.target_id and "stage" in changed and not made(row):
        referral = Referral.objects.select_related("partner").get(pk=row.target_id)
        pipeline.step_back(referral, to=OPEN_STAGES[_place(changed["stage"][0])], by=by, at=at)
    if "mrr" in changed:
        contract_id, day, before, _ = changed["mrr"]
        contract = Contract.objects.get(pk=contract_id)
        contracts.move(contract, effective_on=date.fromisoformat(day), mrr_minor=before, note=REASON, by=by, at=at)
        touched.add(contract.pk)


def _place(stage: str) -> int:
    return [one.value for one in OPEN_STAGES].index(stage)


def _remove_partner(partner: Partner, by: Actor, at: datetime) -> str:
    """Remove a partner whom nothing else names; otherwise part ways, and say so."""
    try:
        with transaction.atomic():
            trail.record("partner.removed", partner, by=by, at=at, reason=REASON)
            partner.contacts.all().delete()
            partner.delete()
    except ProtectedError:
        if partner.referrals.filter(pk__in=retraction.standing()).exists():
            return f"{partner.name} stays a partner: other introductions are theirs."
        if partner.state != PartnerState.PARTED:
            onboarding.part(partner, reason=REASON, by=by, at=at)
        return f"{partner.name} has left; what is taken back still names them."
    return ""


def _remove_line(line: ServiceLine) -> str:
    try:
        with transaction.atomic():
            line.delete()
    except ProtectedError:
        return f"The service line {line.name} stays, because contracts name it."
    return ""


def _settle(contract_ids: set[UUID], by: Actor, at: datetime) -> None:
    """Post what ended contracts no longer owe in the same unit of work, so that no payout run can come between."""
    today = Msp.objects.get(pk=current_msp_id()).today(at)
    late = Contract.objects.filter(pk__in=contract_ids).exclude(revision=F("accrued_revision"))
    while contract_ids and late.exists() and accruals.revise_page(today=today, by=by, at=at)[0]:
        pass


def _progress(batch: Import, count: int, at: datetime) -> None:
    if count:
        Import.objects.filter(pk=batch.pk).update(done=F("done") + count, moved_at=at, attempts=0)


def _finish(batch: Import, at: datetime) -> None:
    counted = {undo: batch.rows.filter(undo=undo).count() for undo in (Undo.UNDONE, Undo.KEPT)}
    summary = {**batch.summary, "undone": counted[Undo.UNDONE], "kept": counted[Undo.KEPT]}
    Import.objects.filter(pk=batch.pk, state=ImportState.UNDOING).update(
        state=ImportState.UNDONE, moved_at=at, summary=summary, done=F("total")
    )
    told = {"taken_back": counted[Undo.UNDONE], "staying": counted[Undo.KEPT]}
    trail.record("import.undone", batch, by=SYSTEM, at=at, **told)
