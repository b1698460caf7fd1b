"""What the worker does with an import, in steps that may end at any moment.

Each step is a unit of work of its own and holds the import's lock, so that of two workers one steps aside. A row is
written whole, in its own savepoint, and marked in the same transaction: a worker that is killed leaves no half row
and nothing to do twice. Before rows are written their attempt is counted; those that were begun before are written
alone, so that one that brings down its worker is found, and parked after MOST_ATTEMPTS.
"""

import json
import logging
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import F, Model, QuerySet

from commissions.tasks import accrue
from elinkages.accounts.models import Msp
from elinkages.audit import trail
from elinkages.kernel.actors import System
from elinkages.kernel.refusal import Refused
from elinkages.kernel.tasks import nudge
from elinkages.kernel.tenancy import current_msp_id
from integrations.models import Fate, Import, ImportKind, ImportRow, ImportState
from integrations.spreadsheets import billing_rows, imports, referral_rows, rows
from integrations.spreadsheets.rows import KINDS, Draft, Kind
from integrations.spreadsheets.rules import REASON_LENGTH, Importer, Rules, Verdict, importer, problem, rules_of
from referrals import screening

logger = logging.getLogger(__name__)
MOST_ATTEMPTS = 5
STANDSTILL = timedelta(seconds=60)
WRITTEN_AT_ONCE = dict.fromkeys(
    (ImportKind.REFERRALS, ImportKind.INVOICES, ImportKind.PAYMENTS, ImportKind.CREDITS), 250
)
"""Rows in one unit of work: about a second, for which other introductions of this MSP wait."""
ONE_BY_ONE = 50
"""The same for kinds that are written row by row."""
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
    if is_ours(batch.pk):
        _follow_leads(batch)
        Import.objects.filter(pk=batch.pk, state=ImportState.CHECKING, done=F("total")).update(
            state=ImportState.CHECKED, moved_at=at, summary=imports.counts(batch)
        )


def take_rows(import_id: UUID, *, at: datetime) -> list[UUID]:
    """The rows to write next, their attempt counted; none when another worker has the import, or it is done."""
    batch = Import.objects.filter(pk=import_id, state=ImportState.IMPORTING).first()
    if batch is None or not is_ours(import_id):
        return []
    waiting = batch.rows.filter(fate__in=imports.IMPORTED, is_done=False)
    parked = waiting.filter(attempts__gte=MOST_ATTEMPTS).update(fate=Fate.ERROR, reason=GAVE_UP, is_done=True)
    _progress(batch, parked, at)
    size = WRITTEN_AT_ONCE.get(ImportKind(batch.kind), ONE_BY_ONE)
    found = list(waiting.order_by("attempts", "number").values_list("pk", "attempts")[:size])
    if not found:
        _finish(batch, at)
        return []
    first_attempts = found[0][1]
    chosen = [found[0][0]] if first_attempts else [row_id for row_id, attempts in found if not attempts]
    ImportRow.objects.filter(pk__in=chosen).update(attempts=F("attempts") + 1)
    return chosen


def write_rows(import_id: UUID, row_ids: Sequence[UUID], *, at: datetime) -> None:
    """Write rows that were taken, each whole or not at all, with what came of it."""
    if not is_ours(import_id):
        return
    batch = Import.objects.defer("content").select_related("started_by__user").get(pk=import_id)
    if batch.state != ImportState.IMPORTING or batch.started_by is None:
        return
    screening.one_at_a_time()
    rules, by = rules_of(batch, Msp.objects.get(pk=current_msp_id()), at=at), importer(batch.started_by)
    waiting = list(ImportRow.objects.filter(pk__in=row_ids, is_done=False).order_by("number"))
    kind = KINDS[batch.kind]
    try:
        # All in one savepoint, because most files have no row that is refused only now.
        with transaction.atomic():
            outcomes = _together(waiting, kind, rules, by, at)
    except (OperationalError, InterfaceError):
        raise
    except Exception as fault:
        if not isinstance(fault, Refused):
            logger.warning("%d rows of import %s are written one by one: %r", len(waiting), import_id, fault)
        outcomes = _outcomes(waiting, kind, rules, by, at, _do_alone)
    done = [outcome.noted(row, at) for row, outcome in zip(waiting, outcomes, strict=True) if outcome is not None]
    _save(done)
    _progress(batch, len(done), at)


def _save(rows: Sequence[ImportRow]) -> None:
    """Note what became of rows in one statement; the ORM's own would be a third of the work."""
    columns = (
        [row.pk for row in rows],
        [row.fate for row in rows],
        [row.reason for row in rows],
        [row.target_id for row in rows],
        [row.written_at for row in rows],
        [json.dumps(row.made) for row in rows],
        [json.dumps(row.changed) for row in rows],
    )
    with connection.cursor() as cursor:
        cursor.execute(_SAVE, [*columns, current_msp_id()])


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a row, and what came of it."""

    verdict: Verdict
    by: Importer | None = None

    def noted(self, row: ImportRow, at: datetime) -> ImportRow:
        """The row with its outcome, to be saved."""
        row.fate, row.target_id = self.verdict.fate, self.verdict.target_id
        row.reason, row.is_done = self.verdict.reason[:REASON_LENGTH], True
        if self.by is not None:
            row.written_at, row.changed = at, self.by.changed
            row.made = {}
            for one in self.by.made:
                row.made.setdefault(one._meta.label_lower, []).append(str(one.pk))
        return row


type Doing = Callable[[ImportRow, Verdict, Kind, Rules, Importer, datetime], Outcome | None]


def _outcomes(
    waiting: Sequence[ImportRow], kind: Kind, rules: Rules, by: Importer, at: datetime, doing: Doing
) -> list[Outcome | None]:
    """Judged together, because that takes few queries, unless a row before may have changed the answer."""
    seen = set[str]()
    found = []
    for row, verdict in zip(waiting, kind.judge([row.values for row in waiting], rules), strict=True):
        subject = kind.subject(row.values)
        now = kind.judge([row.values], rules)[0] if subject in seen else verdict
        found.append(doing(row, now, kind, rules, by.for_one_row(), at))
        seen.add(subject)
    return found


def _together(
    waiting: Sequence[ImportRow], kind: Kind, rules: Rules, by: Importer, at: datetime
) -> list[Outcome | None]:
    """The same, with those that can be written in few statements. Raises what any row raises."""
    at_once = _writes_at_once(kind)
    verdicts = kind.judge([row.values for row in waiting], rules) if at_once else []
    subjects = Counter(kind.subject(row.values) for row in waiting)
    found: dict[UUID, Outcome | None] = {}
    chosen = [
        (row, verdict, by.for_one_row())
        for row, verdict in zip(waiting, verdicts, strict=bool(at_once))
        if row.fate == verdict.fate == Fate.CREATE and subjects[kind.subject(row.values)] == 1
    ]
    if at_once and chosen:
        written = at_once([row.values for row, _, _ in chosen], rules, by=[one for _, _, one in chosen], at=at)
        for (row, verdict, one), target in zip(chosen, written, strict=True):
            found[row.pk] = Outcome(Verdict(Fate.CREATE, verdict.reason, target.pk), one)
    rest = [row for row in waiting if row.pk not in found]
    found |= dict(zip([row.pk for row in rest], _outcomes(rest, kind, rules, by, at, _do), strict=True))
    return [found[row.pk] for row in waiting]


def _writes_at_once(kind: Kind) -> Callable[..., Sequence[Model]] | None:
    """How new rows of a kind are written together, if they can be."""
    if kind is referral_rows:
        return referral_rows.write_new
    return kind.write_many if isinstance(kind, billing_rows.Documents) else None


def _do(row: ImportRow, verdict: Verdict, kind: Kind, rules: Rules, by: Importer, at: datetime) -> Outcome:
    """What the row says now is done; what is here by now is a duplicate."""
    if (row.fate, verdict.fate) == (Fate.CREATE, Fate.UPDATE):
        raise NotSeen("It came here since the rows were checked. Upload the row again to see what would change.")
    if verdict.fate not in imports.IMPORTED:
        return Outcome(verdict)
    target = kind.write(row.values, rules, by=by, at=at)
    return Outcome(Verdict(verdict.fate, verdict.reason, target.pk), by)


def _do_alone(row: ImportRow, verdict: Verdict, kind: Kind, rules: Rules, by: Importer, at: datetime) -> Outcome | None:
    """The same in a savepoint of its own; a fault of ours leaves the row for later."""
    try:
        with transaction.atomic():
            return _do(row, verdict, kind, rules, by, at)
    except Refused as refusal:
        return Outcome(problem(refusal.message))
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        logger.exception("Row %s of import %s was not written", row.number, row.batch_id)
        return None


def is_ours(import_id: UUID) -> bool:
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


_SAVE = """
UPDATE integrations_importrow row SET is_done = true, fate = done.fate, reason = done.reason,
    target_id = done.target_id, written_at = done.written_at, made = done.made, changed = done.changed
FROM unnest(%s::uuid[], %s::text[], %s::text[], %s::uuid[], %s::timestamptz[], %s::jsonb[], %s::jsonb[])
    AS done (id, fate, reason, target_id, written_at, made, changed)
WHERE row.msp_id = %s AND row.id = done.id
"""
_FOLLOW = """
UPDATE integrations_importrow part SET fate = 'error', reason = left('Row ' || lead.number || ': ' || lead.reason, 300)
FROM integrations_importrow lead
WHERE part.msp_id = %(msp)s AND part.batch_id = %(batch)s AND part.fate = 'part'
    AND lead.msp_id = %(msp)s AND lead.batch_id = %(batch)s AND lead.fate = 'error'
    AND lead.number = (part.values ->> 'lead')::int
"""
