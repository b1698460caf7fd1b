"""What the worker does with an import, in steps that may end at any moment.

Each step is a unit of work of its own and holds the import's lock, so that of two workers one steps aside. Rows are
written whole, many in one savepoint, and marked in the same transaction: a worker that is killed leaves no half row
and nothing to do twice. Before rows are written the import notes how far (`begun_until`); what is found begun and not
done has brought down its worker once, and is written alone, each attempt counted, and parked after MOST_ATTEMPTS.
"""

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import F, QuerySet

from commissions.tasks import accrue
from elinkages.accounts.models import Msp
from elinkages.audit import trail
from elinkages.kernel import locks
from elinkages.kernel.actors import System
from elinkages.kernel.copy import copy_to_temporary, insert_many
from elinkages.kernel.refusal import Refused
from elinkages.kernel.rounds import in_rounds
from elinkages.kernel.tasks import nudge
from elinkages.kernel.tenancy import current_msp_id
from integrations.models import Fate, Import, ImportKind, ImportRow, ImportState
from integrations.spreadsheets import imports, rows
from integrations.spreadsheets.rows import KINDS, Draft, Kind
from integrations.spreadsheets.rules import REASON_LENGTH, Importer, Rules, Values, Verdict, importer, problem, rules_of
from referrals import screening

logger = logging.getLogger(__name__)
MOST_ATTEMPTS = 5
STANDSTILL = timedelta(seconds=60)
WRITTEN_AT_ONCE = {
    **dict.fromkeys(ImportKind, 250),
    ImportKind.REFERRALS: 1_000,
    ImportKind.PARTNERS: 100,
    ImportKind.OPENING: 100,
    ImportKind.CLIENTS: 100,
}
"""Rows in one unit of work: about half a second, for which other introductions of this MSP wait."""
CHECKED_AT_ONCE = 2_000
SYSTEM = System("Import")
NOT_SEEN = "It was added here after the rows were checked. Upload the row again to see what would change."
GAVE_UP = "This row could not be imported: five attempts ended without an answer. Nothing of it was written."


@dataclass(frozen=True, slots=True)
class Work:
    """An import that this worker may check, and its rules."""

    batch: Import
    rules: Rules


def standing_still(at: datetime) -> QuerySet[Import]:
    """Imports of the active MSP that a worker should be busy with, and that have not moved for a while."""
    moving = (ImportState.CHECKING, ImportState.IMPORTING, ImportState.UNDOING)
    return Import.objects.filter(state__in=moving, moved_at__lt=at - STANDSTILL).order_by("moved_at")


def take_check(import_id: UUID, *, at: datetime) -> Work | None:
    """The import to check, its attempt counted; None when another worker has it, it is done, or it is given up."""
    if not is_ours(import_id):
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
    if not is_ours(before.pk):
        return False
    checking = Import.objects.filter(pk=before.pk, state=ImportState.CHECKING, done=done)
    batch = checking.defer("content").first()
    if batch is None or (batch.columns, batch.options) != (before.columns, before.options):
        return False
    verdicts = rows.judge(many, batch.kind, work.rules)
    kept = [_kept(batch.pk, draft, verdict) for draft, verdict in zip(many, verdicts, strict=True)]
    insert_many(ImportRow, _KEPT, kept)
    _progress(batch, len(many), at)
    return True


def _kept(batch_id: UUID, draft: Draft, verdict: Verdict) -> tuple[Any, ...]:
    """A row of the file as it is kept, in the order of _KEPT."""
    told = (verdict.fate, verdict.reason[:REASON_LENGTH], verdict.target_id)
    return (batch_id, draft.number, json.dumps(draft.cells), json.dumps(draft.values), *told, *_UNTOUCHED)


def end_check(work: Work, *, at: datetime) -> None:
    """All rows have their fate."""
    batch = work.batch
    if is_ours(batch.pk):
        _follow_leads(batch)
        Import.objects.filter(pk=batch.pk, state=ImportState.CHECKING, done=F("total")).update(
            state=ImportState.CHECKED, moved_at=at, summary=imports.counts(batch)
        )


def take_rows(import_id: UUID, *, at: datetime) -> list[UUID]:
    """The rows to write next, noted as begun; none when another worker has the import, or it is done."""
    if not is_ours(import_id):
        return []
    batch = Import.objects.defer("content").filter(pk=import_id, state=ImportState.IMPORTING).first()
    if batch is None:
        return []
    waiting = batch.rows.filter(fate__in=imports.IMPORTED, is_done=False)
    if batch.begun_until:
        waiting.filter(attempts=0, number__lte=batch.begun_until).update(attempts=1)
    parked = waiting.filter(attempts__gte=MOST_ATTEMPTS).update(fate=Fate.ERROR, reason=GAVE_UP, is_done=True)
    _progress(batch, parked, at)
    size = WRITTEN_AT_ONCE[ImportKind(batch.kind)]
    found = list(waiting.order_by("attempts", "number").values_list("pk", "number", "attempts")[:size])
    if not found:
        _finish(batch, at)
        return []
    together = [(pk, number) for pk, number, attempts in found if not attempts]
    if not together:
        ImportRow.objects.filter(pk=found[0][0]).update(attempts=F("attempts") + 1)
    Import.objects.filter(pk=import_id).update(begun_until=together[-1][1] if together else 0)
    return [pk for pk, _ in together] or [found[0][0]]


class Waiting(NamedTuple):
    """A row of an import that is to be written, as the check left it."""

    pk: UUID
    number: int
    values: Values
    fate: str
    reason: str


def write_rows(import_id: UUID, row_ids: Sequence[UUID], *, at: datetime) -> None:
    """Write rows that were taken, each whole or not at all, with what came of it."""
    if not is_ours(import_id):
        return
    batch = Import.objects.defer("content").select_related("started_by__user").get(pk=import_id)
    if batch.state != ImportState.IMPORTING or batch.started_by is None:
        return
    screening.one_at_a_time()
    rules, by = rules_of(batch, Msp.objects.get(pk=current_msp_id()), at=at), importer(batch.started_by)
    rules = replace(rules, looks_around=False)
    rows = ImportRow.objects.filter(pk__any_of=row_ids, is_done=False).order_by("number").values_list(*Waiting._fields)
    waiting = [Waiting(*row) for row in rows]
    outcomes = _written(waiting, KINDS[batch.kind], rules, by, at)
    done = [outcome.noted(row, at) for row, outcome in zip(waiting, outcomes, strict=True) if outcome is not None]
    left = [row.pk for row, outcome in zip(waiting, outcomes, strict=True) if outcome is None]
    ImportRow.objects.filter(pk__in=left, attempts=0).update(attempts=1)
    _note(done)
    _progress(batch, len(done), at, begun_until=0)


def _note(done: Sequence[tuple[Any, ...]]) -> None:
    """Keep what became of rows, in one statement."""
    if not done:
        return
    copy_to_temporary("import_outcome", _OUTCOME, _OUTCOME_NAMES, done)
    with connection.cursor() as cursor:
        cursor.execute(_NOTE, [current_msp_id()])


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a row, and what came of it."""

    verdict: Verdict
    by: Importer | None = None

    def noted(self, row: Waiting, at: datetime) -> tuple[Any, ...]:
        """What is kept of it, in the order of _OUTCOME_NAMES."""
        verdict = self.verdict
        told = (row.pk, verdict.fate, verdict.reason[:REASON_LENGTH], verdict.target_id)
        if self.by is None:
            return *told, None, "{}", "{}"
        made: dict[str, list[str]] = {}
        for one in self.by.made:
            made.setdefault(one._meta.label_lower, []).append(str(one.pk))
        return *told, at, json.dumps(made), json.dumps(self.by.changed)


def _written(waiting: Sequence[Waiting], kind: Kind, rules: Rules, by: Importer, at: datetime) -> list[Outcome | None]:
    """All in one savepoint, because most files have no row that is refused only now; else in halves, down to one row.

    A fault of ours leaves its row for later.
    """
    try:
        with transaction.atomic():
            return _together(waiting, kind, rules, by, at)
    except (OperationalError, InterfaceError):
        raise
    except Refused as refusal:
        if len(waiting) == 1:
            return [Outcome(_why_not(waiting[0], kind, rules, refusal))]
    except Exception:
        if len(waiting) == 1:
            logger.exception("Row %s of an import was not written", waiting[0].number)
            return [None]
    middle = len(waiting) // 2
    return [
        *_written(waiting[:middle], kind, rules, by, at),
        *_written(waiting[middle:], kind, rules, by, at),
    ]


def _why_not(row: Waiting, kind: Kind, rules: Rules, refusal: Refused) -> Verdict:
    """What the check would say now, with the rows before it written; else what the verb said."""
    (verdict,) = kind.judge([row.values], replace(rules, looks_around=True))
    return verdict if verdict.fate == Fate.ERROR else problem(refusal.message)


def _together(waiting: Sequence[Waiting], kind: Kind, rules: Rules, by: Importer, at: datetime) -> list[Outcome | None]:
    """What rows say now is done in few statements; what is here by now is a duplicate. Raises what any row raises."""
    found: dict[UUID, Outcome | None] = {}
    for many in in_rounds(waiting, lambda row: kind.subject(row.values)):
        chosen: list[tuple[Waiting, Verdict]] = []
        for row, verdict in zip(many, kind.judge([row.values for row in many], rules), strict=True):
            if (row.fate, verdict.fate) == (Fate.CREATE, Fate.UPDATE):
                found[row.pk] = Outcome(problem(NOT_SEEN))
            elif verdict.fate in imports.IMPORTED:
                chosen.append((row, verdict))
            else:
                found[row.pk] = Outcome(verdict)
        each = [by.for_one_row() for _ in chosen]
        written = kind.write_many([row.values for row, _ in chosen], rules, by=each, at=at) if chosen else []
        for (row, verdict), one, target in zip(chosen, each, written, strict=True):
            reason = verdict.reason or row.reason
            found[row.pk] = Outcome(Verdict(verdict.fate, reason, target.pk), one)
    return [found[row.pk] for row in waiting]


def is_ours(import_id: UUID) -> bool:
    """Whether this unit of work has the import to itself; held until it ends."""
    return locks.try_to_hold(f"import:{import_id}")


def _progress(batch: Import, count: int, at: datetime, **fields: int) -> None:
    if count or fields:
        Import.objects.filter(pk=batch.pk).update(done=F("done") + count, moved_at=at, attempts=0, **fields)


def _finish(batch: Import, at: datetime) -> None:
    """Every row is done: the file is no longer needed, and commissions follow."""
    _follow_leads(batch)
    summary = imports.counts(batch)
    Import.objects.filter(pk=batch.pk, state=ImportState.IMPORTING).update(
        state=ImportState.DONE, finished_at=at, moved_at=at, summary=summary, content=b"", done=F("total")
    )
    told = {"new": summary[Fate.CREATE], "updated": summary[Fate.UPDATE], "not_imported": summary[Fate.ERROR]}
    trail.record("import.finished", batch, by=SYSTEM, at=at, **told)
    if batch.kind not in (ImportKind.PARTNERS, ImportKind.REFERRALS):
        nudge(accrue, msp_id=str(current_msp_id()))


def _follow_leads(batch: Import) -> None:
    """Rows that belong to one that is not imported are not imported either, so that they can be brought again whole."""
    with connection.cursor() as cursor:
        cursor.execute(_FOLLOW, {"msp": current_msp_id(), "batch": batch.pk})


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


_KEPT = (
    *("batch_id", "number", "cells", "values", "fate", "reason", "target_id"),
    *("is_done", "attempts", "made", "changed", "undo", "undo_reason"),
)
_UNTOUCHED = (False, 0, "{}", "{}", "", "")
_OUTCOME = """
id uuid, fate text, reason text, target_id uuid, written_at timestamptz, made jsonb, changed jsonb
"""
_OUTCOME_NAMES = ("id", "fate", "reason", "target_id", "written_at", "made", "changed")
_NOTE = """
UPDATE integrations_importrow row SET is_done = true, fate = done.fate, reason = done.reason,
    target_id = done.target_id, written_at = done.written_at, made = done.made, changed = done.changed
FROM import_outcome done WHERE row.msp_id = %s AND row.id = done.id
"""
_FOLLOW = """
UPDATE integrations_importrow part SET fate = 'error', reason = left('Row ' || lead.number || ': ' || lead.reason, 300)
FROM integrations_importrow lead
WHERE part.msp_id = %(msp)s AND part.batch_id = %(batch)s AND part.fate = 'part'
    AND lead.msp_id = %(msp)s AND lead.batch_id = %(batch)s AND lead.fate = 'error'
    AND lead.number = (part.values ->> 'lead')::int
"""
