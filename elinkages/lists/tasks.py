"""Files and changes of many rows in the background: messages are nudges, the rows say what is left to do."""

import logging
import time
from datetime import datetime
from uuid import UUID

from celery import shared_task
from django.db import InterfaceError, OperationalError
from django.utils import timezone

from elinkages.kernel import tenancy
from elinkages.kernel.refusal import Refused
from elinkages.kernel.tasks import for_every_msp, nudge, stepped_task
from elinkages.lists import changes, exports
from elinkages.lists.models import Change, Export

logger = logging.getLogger(__name__)
SLICE_SECONDS = 60
"""How long one message keeps a worker; the rest goes behind what others wait for."""


@stepped_task
def write_export(*, msp_id: UUID, export_id: str, **_: object) -> None:
    """Write a file: take it, read one snapshot, keep the bytes."""
    pk = UUID(export_id)
    with tenancy.use(msp_id):
        if not exports.is_ours(pk):
            return
        export = exports.take(pk, at=timezone.now())
    if export is None:
        return
    content, rows, problem = None, 0, "Its owner may no longer see this, or it is gone."
    with tenancy.use(msp_id, snapshot=True):
        if not exports.is_ours(pk):
            return
        wanted = exports.wanted_of(export, at=timezone.now())
        try:
            if wanted is not None:
                with exports.written(export, wanted) as (content, rows):
                    pass
        except Refused as refusal:
            problem = refusal.message
    with tenancy.use(msp_id):
        if content is None:
            exports.fail(pk, problem, at=timezone.now())
        else:
            exports.finish(pk, content, rows, at=timezone.now())


@stepped_task
def work_change(*, msp_id: UUID, change_id: str, **_: object) -> None:
    """Change the rows that are left, in batches, for at most a slice of time."""
    ends = time.monotonic() + SLICE_SECONDS
    pk = UUID(change_id)
    while time.monotonic() < ends:
        with tenancy.use(msp_id):
            taken = changes.take(pk, at=timezone.now())
        if not taken:
            return
        try:
            with tenancy.use(msp_id):
                changes.work(pk, taken, at=timezone.now())
        except (OperationalError, InterfaceError):
            raise
        except Exception:
            # Their attempt is counted: from now on each of them is tried alone.
            logger.exception("%d rows of change %s were not changed together", len(taken), change_id)
    work_change.apply_async(kwargs={"msp_id": str(msp_id), "change_id": change_id}, retry=False)


@shared_task
def sweep(**_: object) -> None:
    """Nudge what stands still, because its message was lost or its worker died, and delete files that are too old."""
    at = timezone.now()
    for_every_msp(lambda: _sweep(at))


def _sweep(at: datetime) -> None:
    exports.expire(at)
    for export in exports.standing_still(at).only("pk"):
        nudge_export(export)
    for change in changes.standing_still(at).only("pk"):
        nudge_change(change)


def nudge_export(export: Export) -> None:
    """Tell a worker, after commit, that a file is wanted."""
    nudge(write_export, msp_id=str(tenancy.current_msp_id()), export_id=str(export.pk))


def nudge_change(change: Change) -> None:
    """Tell a worker, after commit, that rows are to be changed."""
    nudge(work_change, msp_id=str(tenancy.current_msp_id()), change_id=str(change.pk))
