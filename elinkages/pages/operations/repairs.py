"""The two things that our staff may change in an MSP that they have entered: try again, and let payouts go on."""

from datetime import datetime

import structlog
from django.contrib.admin.models import CHANGE, LogEntry

from commissions import invariants
from elinkages.accounts.models import Msp, User
from elinkages.accounts.ops.visits import Visit
from elinkages.audit import trail
from elinkages.kernel import tenancy
from elinkages.kernel.refusal import Refused
from elinkages.watch import backlogs

logger = structlog.get_logger(__name__)


class NothingToRetry(Refused):
    """Nothing of this kind is parked."""


class NotEntered(Refused):
    """The MSP was not entered with a reason."""


def retry(name: str, *, visit: Visit | None, by: User, at: datetime) -> int:
    """Let the parked rows of a backlog be tried again; returns how many. Its MSP's history says who and why.

    Rows that belong to no MSP need no visit; then the admin's own log says who. Raises NothingToRetry, NotEntered.
    """
    backlog = backlogs.find(name)
    if backlog is None or backlog.retry is None or backlog.parked is None:
        raise NothingToRetry("Nothing of this kind can be retried.")
    if not backlog.is_walled:
        count = _counted(backlog.retry(backlog.parked(), at))
        message = f"Let {count} {backlog.title.lower()} be tried again"
        LogEntry.objects.create(user=by, action_flag=CHANGE, object_repr=backlog.title, change_message=message)
        logger.info("Retried", backlog=name, count=count, user_id=str(by.pk))
        return count
    if visit is None:
        raise NotEntered("Enter the MSP with a reason first: its history says who let its work be tried again.")
    with tenancy.use(visit.msp.pk):
        count = _counted(backlog.retry(backlog.parked(), at))
        trail.record("support.retried", visit.msp, by=by, at=at, rows=count, what=backlog.title, reason=visit.reason)
    return count


def _counted(count: int) -> int:
    if not count:
        raise NothingToRetry("Nothing of this kind is parked anymore.")
    return count


def unpark(msp: Msp, *, visit: Visit | None, reason: str, by: User, at: datetime) -> None:
    """Let an MSP's payouts go on, if its books are clean now. Raises NotEntered and invariants.NotClean."""
    if visit is None or visit.msp.pk != msp.pk:
        raise NotEntered("Enter the MSP with a reason first.")
    with tenancy.use(msp.pk):
        invariants.unpark(msp, reason=reason, by=by, at=at)
