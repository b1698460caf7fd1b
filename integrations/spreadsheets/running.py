"""What the worker does with an import, in steps that may end at any moment.

Each step is a unit of work of its own and holds the import's lock, so that of two workers one steps aside. A row is
written whole, in its own savepoint, and marked in the same transaction: a worker that is killed leaves no half row
and nothing to do twice. Before rows are written their attempt is counted; those that were begun before are written
alone, so that one that brings down its worker is found, and parked after MOST_ATTEMPTS.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import F, QuerySet

from commissions.tasks import accrue
from elinkages.accounts.models import Msp
from elinkages.audit import trail
from elinkages.kernel.actors import System
from elinkages.kernel.refusal import Refused
from elinkages.kernel.tasks import nudge
from elinkages.kernel.tenancy import current_msp_id
from integrations.models import Fate, Import, ImportKind, ImportRow, ImportState
from integrations.spreadsheets import imports, rows
from integrations.spreadsheets.rows import KINDS, Draft, Kind
from integrations.spreadsheets.rules import REASON_LENGTH, Importer, Rules, Verdict, importer, rules_of
from referrals import screening

logger = logging.getLogger(__name__)
MOST_ATTEMPTS = 5
STANDSTILL = timedelta(seconds=60)
WRITTEN_AT_ONCE = 50
"""Rows in one unit of work: about a second, for which other introductions of this MSP wait."""
CHECKED_AT_ONCE = 500
SYSTEM = System("Import")
GAVE_UP = "This row could not be imported: five attempts ended without an answer. Nothing of it was written."


class NotSeen(Refused):
    """The row would change something else than its person was shown."""


@dataclass(frozen=True, slots=True)
class Work:
    """An import that this worker may check, and its rules."""

    batch: Import
    rules: Rules


def standing_still(at: datetime) -> QuerySet[Import]:
    """Imports of the active MSP that a worker should be busy with, and that have not moved for a while."""
    moving = (ImportState.CHECKING, ImportState.IMPORTING)
    return Import.objects.filter(state__in=moving, moved_at__lt=at - STANDSTILL).order_by("moved_at")


def take_check(import_id: UUID, *, at: datetime) -> Work | None:
    """The import to check, its attempt counted; None when another worker has it, it is done, or it is given up."""
    if not _is_ours(import_id):
        return None
    checking = Import.objects.filter(pk=import_id, state=ImportState.CHECKING)
    if not checking.filter(attempts__lt=MOST_ATTEMPTS).update(attempts=F("attempts") + 1, moved_at=at):
        if batch := checking.first():
            _fail(batch, at)
        return None
    batch = checking.get()
    return Work(batch, rules_of(batch, Msp.objects.get(pk=current_msp_id()), at=at))


def check_some(work: Work, many: Sequence[Draft], *, done: int, at: datetime) -> bool:
    """Judge and keep the next rows after the first `done`; False when the import has moved on without us."""
    before = work.batch
    if not _is_ours(before.pk):
        return False
    batch = Import.objects.filter(pk=before.pk, state=ImportState.CHECKING, done=done).first()
    if batch is None or (batch.columns, batch.options) != (before.columns, before.options):
        return False
    verdicts = rows.judge(many, batch.kind, work.rules)
    ImportRow.objects.bulk_create(
        ImportRow(
            batch=batch,
            number=draft.number,
            cells=draft.cells,
            values=draft.values,
            fate=verdict.fate,
            reason=verdict.reason[:REASON_LENGTH],
            target_id=verdict.target_id,
        )
        for draft, verdict in zip(many, verdicts, strict=True)
    )
    _progress(batch, len(many), at)
    return True


def end_check(work: Work, *, at: datetime) -> None:
    """All rows have their fate."""
    batch = work.batch
    if _is_ours(batch.pk):
        Import.objects.filter(pk=batch.pk, state=ImportState.CHECKING, done=F("total")).update(
            state=ImportState.CHECKED, moved_at=at, summary=imports.counts(batch)
        )


def take_rows(import_id: UUID, *, at: datetime) -> list[UUID]:
    """The rows to write next, their attempt counted; none when another worker has the import, or it is done."""
    batch = Import.objects.filter(pk=import_id, state=ImportState.IMPORTING).first()
    if batch is None or not _is_ours(import_id):
        return []
    waiting = batch.rows.filter(fate__in=imports.IMPORTED, is_done=False)
    parked = waiting.filter(attempts__gte=MOST_ATTEMPTS).update(fate=Fate.ERROR, reason=GAVE_UP, is_done=True)
    _progress(batch, parked, at)
    found = list(waiting.order_by("attempts", "number").values_list("pk", "attempts")[:WRITTEN_AT_ONCE])
    if not found:
        _finish(batch, at)
        return []
    first_attempts = found[0][1]
    chosen = [found[0][0]] if first_attempts else [row_id for row_id, attempts in found if not attempts]
    ImportRow.objects.filter(pk__in=chosen).update(attempts=F("attempts") + 1)
    return chosen


def write_rows(import_id: UUID, row_ids: Sequence[UUID], *, at: datetime) -> None:
    """Write rows that were taken, each whole or not at all, with what came of it."""
    if not _is_ours(import_id):
        return
    batch = Import.objects.select_related("started_by__user").get(pk=import_id)
    if batch.state != ImportState.IMPORTING or batch.started_by is None:
        return
    screening.one_at_a_time()
    rules, by = rules_of(batch, Msp.objects.get(pk=current_msp_id()), at=at), importer(batch.started_by)
    waiting = list(ImportRow.objects.filter(pk__in=row_ids, is_done=False).order_by("number"))
    # Judged together, because that takes few queries, unless a row before may have changed the answer.
    kind, seen = KINDS[batch.kind], set[str]()
    verdicts = kind.judge([row.values for row in waiting], rules)
    for row, verdict in zip(waiting, verdicts, strict=True):
        subject = kind.subject(row.values)
        _write(row, kind.judge([row.values], rules)[0] if subject in seen else verdict, kind, rules, by, at)
        seen.add(subject)
    ImportRow.objects.bulk_update(waiting, ["fate", "reason", "target_id", "is_done"])
    _progress(batch, sum(row.is_done for row in waiting), at)


def _write(row: ImportRow, verdict: Verdict, kind: Kind, rules: Rules, by: Importer, at: datetime) -> None:
    """What the row says now is done; what is here by now is a duplicate; a fault of ours leaves it for later."""
    try:
        with transaction.atomic():
            if (row.fate, verdict.fate) == (Fate.CREATE, Fate.UPDATE):
                raise NotSeen(
                    "It came here since the rows were checked. Upload the row again to see what would change."
                )
            row.fate, row.target_id, row.reason = verdict.fate, verdict.target_id, verdict.reason[:REASON_LENGTH]
            if verdict.fate in imports.IMPORTED:
                row.target_id = kind.write(row.values, rules, by=by, at=at).pk
    except Refused as refusal:
        row.fate, row.reason = Fate.ERROR, refusal.message[:REASON_LENGTH]
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        logger.exception("Row %s of import %s was not written", row.number, row.batch_id)
        return
    row.is_done = True


def _is_ours(import_id: UUID) -> bool:
    """Whether this unit of work has the import to itself; held until it ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))", [f"import:{import_id}"])
        (is_ours,) = cursor.fetchone()
    return bool(is_ours)


def _progress(batch: Import, count: int, at: datetime) -> None:
    if count:
        Import.objects.filter(pk=batch.pk).update(done=F("done") + count, moved_at=at, attempts=0)


def _finish(batch: Import, at: datetime) -> None:
    """Every row is done: the file is no longer needed, and commissions follow."""
    summary = imports.counts(batch)
    Import.objects.filter(pk=batch.pk, state=ImportState.IMPORTING).update(
        state=ImportState.DONE, finished_at=at, moved_at=at, summary=summary, content=b"", done=F("total")
    )
    told = {"new": summary[Fate.CREATE], "updated": summary[Fate.UPDATE], "not_imported": summary[Fate.ERROR]}
    trail.record("import.finished", batch, by=SYSTEM, at=at, **told)
    if batch.kind == ImportKind.CLIENTS:
        nudge(accrue, msp_id=str(current_msp_id()))


def _fail(batch: Import, at: datetime) -> None:
    """The check never got through; nothing was imported."""
    sentence = (
        "The rows could not be checked: five attempts ended without an answer. Nothing was imported."
        " Upload the file again, perhaps in parts; if it stops again, write to us."
    )
    Import.objects.filter(pk=batch.pk, state=ImportState.CHECKING).update(
        state=ImportState.FAILED, error=sentence, finished_at=at, moved_at=at, content=b""
    )
    trail.record("import.failed", batch, by=SYSTEM, at=at)
