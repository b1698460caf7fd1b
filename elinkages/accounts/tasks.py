"""What accounts forget by themselves."""

from datetime import datetime, timedelta

from celery import shared_task
from django.contrib.sessions.models import Session
from django.utils import timezone

from elinkages.accounts.models import Submission
from elinkages.kernel.tasks import for_every_msp

RECEIPTS_KEPT = timedelta(days=2)
"""A copy of a form arrives within minutes; a receipt older than this protects nothing."""


@shared_task
def tidy(**_: str) -> None:
    """Delete receipts of submissions and sessions that nobody can use anymore."""
    now = timezone.now()
    for_every_msp(lambda: _forget_receipts(now - RECEIPTS_KEPT))
    Session.objects.filter(expire_date__lt=now).delete()


def _forget_receipts(before: datetime) -> None:
    Submission.objects.filter(at__lt=before).delete()
