"""Imports in the background: messages are nudges, the import's row says what is left to do."""

import logging
import time
from collections.abc import Callable
from datetime import datetime
from itertools import batched, islice
from uuid import UUID

from celery import shared_task
from django.db import InterfaceError, OperationalError
from django.utils import timezone

from elinkages.kernel import tenancy
from elinkages.kernel.tasks import for_every_msp, nudge, stepped_task
from integrations.models import Import, ImportState
from integrations.spreadsheets import imports, rows, running, undoing

logger = logging.getLogger(__name__)
SLICE_SECONDS = 60
"""How long one message keeps a worker; the rest goes to the end of the queue, behind what others wait for."""


@stepped_task
def check(*, msp_id: UUID, import_id: str, **_: object) -> None:
    """Give every row of an import its fate, from where an earlier worker stopped."""
    with tenancy.use(msp_id):
        work = running.take_check(UUID(import_id), at=timezone.now())
    if work is None:
        return
    batch, done = work.batch, work.batch.done
    read = rows.drafts(imports.table_of(batch), batch.kind, batch.columns, work.rules)
    for many in batched(islice(read, done, None), running.CHECKED_AT_ONCE):
        with tenancy.use(msp_id):
            if not running.check_some(work, many, done=done, at=timezone.now()):
                return
        done += len(many)
    with tenancy.use(msp_id):
        running.end_check(work, at=timezone.now())


@stepped_task
def run(*, msp_id: UUID, import_id: str, **_: object) -> None:
    """Write the rows of an import that are left, in batches, for at most a slice of time."""
    if _slice(msp_id, UUID(import_id), running.take_rows, running.write_rows):
        run.apply_async(kwargs={"msp_id": str(msp_id), "import_id": import_id}, retry=False)


@stepped_task
def undo(*, msp_id: UUID, import_id: str, **_: object) -> None:
    """Take back the rows of an import that are left, in batches, for at most a slice of time."""
    if _slice(msp_id, UUID(import_id), undoing.take_rows, undoing.undo_rows):
        undo.apply_async(kwargs={"msp_id": str(msp_id), "import_id": import_id}, retry=False)


def _slice(msp_id: UUID, batch_id: UUID, take: Callable[..., list[UUID]], do: Callable[..., None]) -> bool:
    """Take rows and do them until none is left, or time is up; whether there is more to do."""
    ends = time.monotonic() + SLICE_SECONDS
    while time.monotonic() < ends:
        with tenancy.use(msp_id):
            taken = take(batch_id, at=timezone.now())
        if not taken:
            return False
        try:
            with tenancy.use(msp_id):
                do(batch_id, taken, at=timezone.now())
        except (OperationalError, InterfaceError):
            raise
        except Exception:
            # Their attempt is counted: from now on each of them is tried alone.
            logger.exception("%d rows of import %s were not done together", len(taken), batch_id)
    return True


@shared_task
def sweep(**_: object) -> None:
    """Nudge every import that stands still: its message was lost, or its worker died."""
    at = timezone.now()
    for_every_msp(lambda: _nudge_standing(at))


def _nudge_standing(at: datetime) -> None:
    for batch in running.standing_still(at).only("pk", "state"):
        nudge_import(batch)


def nudge_import(batch: Import) -> None:
    """Tell a worker, after commit, that an import has something to do."""
    tasks = {ImportState.CHECKING: check, ImportState.UNDOING: undo}
    task = tasks.get(ImportState(batch.state), run)
    nudge(task, msp_id=str(tenancy.current_msp_id()), import_id=str(batch.pk))
