"""Commissions in the background: beat nudges, the rows decide."""

import logging
from datetime import datetime, timedelta
from functools import partial
from typing import Final
from uuid import UUID

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from commissions import accruals, invariants
from commissions.invariants import heads
from elinkages.accounts.models import Msp
from elinkages.kernel import tenancy
from elinkages.kernel.tasks import msp_ids, stepped_task
from elinkages.watch import shared
from elinkages.watch.metrics import BOOKS

logger = logging.getLogger(__name__)


TURN: Final = timedelta(milliseconds=300)
"""How long an MSP may keep a worker while others wait, but for the page that it is at."""


@stepped_task
def accrue(*, msp_id: UUID, turn_id: str = "", **_: object) -> None:
    """Accrue and release what is due for one MSP; with much to do it goes to the end of the queue now and then."""
    at = timezone.now()
    following = accruals.take_turn(
        today=Msp.objects.get(pk=msp_id).today(at),
        at=at,
        unit=partial(tenancy.use, msp_id),
        goes_on=lambda: timezone.now() < at + TURN,
        turn_id=UUID(turn_id) if turn_id else None,
    )
    if following:
        accrue.delay(msp_id=str(msp_id), turn_id=str(following))


@shared_task
def accrue_everyone() -> None:
    """Nudge the accrual of every MSP; a message that is lost is sent again with the next beat."""
    for msp_id in msp_ids():
        accrue.delay(msp_id=str(msp_id))


@shared_task
def check_books() -> None:
    """Every night: prove the books of every MSP, park one whose books are wrong, publish the heads of the others."""
    at = timezone.now()
    for msp in Msp.objects.order_by("pk"):
        try:
            _check_one(msp, at)
        except Exception:
            logger.exception("The books of %s could not be checked", msp.slug)
    if settings.LEDGER_HEADS.exists():
        for difference in heads.differences(settings.LEDGER_HEADS):
            logger.error("The books are not what was published: %s", difference)


def _check_one(msp: Msp, at: datetime) -> None:
    with tenancy.use(msp.pk):
        broken = invariants.check(today=msp.today(at))
        if broken:
            invariants.park(msp, broken, at=at)
            logger.error("The books of %s are wrong: %s", msp.slug, "; ".join(str(one) for one in broken))
        head = None if broken else heads.current(at)
    shared.note(BOOKS, msp.pk)
    if head is not None:
        heads.publish(head, settings.LEDGER_HEADS)
        logger.info("Ledger head", extra={"msp": str(head.msp_id), "seq": head.seq, "head": head.hash})
