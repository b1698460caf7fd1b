"""What accounts forget by themselves."""

import logging
from datetime import datetime, timedelta
from uuid import UUID

from celery import shared_task
from django.contrib.sessions.models import Session
from django.db.models import Q
from django.utils import timezone

from elinkages.accounts import domain_checks, domains
from elinkages.accounts.models import DomainState, PortalDomain, Submission, UserSession
from elinkages.kernel import tenancy
from elinkages.kernel.actors import System
from elinkages.kernel.addresses import OutboundError
from elinkages.kernel.tasks import for_every_msp, stepped_task

logger = logging.getLogger(__name__)
YOUNG = timedelta(days=7)
CHECK_YOUNG = timedelta(minutes=10)
CHECK_EVERY = timedelta(days=1)

RECEIPTS_KEPT = timedelta(days=2)
"""A copy of a form arrives within minutes; a receipt older than this protects nothing."""


@shared_task
def tidy(**_: str) -> None:
    """Delete receipts of submissions and sessions that nobody can use anymore."""
    now = timezone.now()
    for_every_msp(lambda: _forget_receipts(now - RECEIPTS_KEPT))
    Session.objects.filter(expire_date__lt=now).delete()
    UserSession.objects.exclude(session_key__in=Session.objects.values("session_key")).delete()


def _forget_receipts(before: datetime) -> None:
    Submission.objects.filter(at__lt=before).delete()


@stepped_task
def check_domain(*, msp_id: UUID, domain_id: str, **_: str) -> None:
    """Look at a portal's host name, in three steps: read, ask the network, record."""
    domain = PortalDomain.objects.filter(pk=domain_id, msp_id=msp_id).exclude(state=DomainState.REMOVED).first()
    if domain is None:
        return
    try:
        found = domain_checks.look(domain)
    except (OutboundError, ValueError) as problem:
        logger.warning("The host name %s could not be checked: %s", domain.host, problem)
        return
    with tenancy.use(msp_id):
        at = timezone.now()
        domains.record(
            domain,
            is_proved=found.is_proved,
            is_live=found.is_live,
            problem=found.problem,
            by=System("Host name check"),
            at=at,
        )


@shared_task
def sweep_domains(**_: str) -> None:
    """Look again: at a new name every ten minutes for a week, at others every day."""
    now = timezone.now()
    young = Q(added_at__gt=now - YOUNG, checked_at__lt=now - CHECK_YOUNG) & ~Q(state=DomainState.LIVE)
    due = Q(checked_at__isnull=True) | young | Q(checked_at__lt=now - CHECK_EVERY)
    for domain in PortalDomain.objects.exclude(state=DomainState.REMOVED).filter(due).order_by("checked_at")[:500]:
        domains.check_soon(domain)
