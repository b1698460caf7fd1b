"""What partners do by themselves."""

from datetime import datetime

from celery import shared_task
from django.utils import timezone

from elinkages.kernel.tasks import for_every_msp
from partners.joining import applications


@shared_task
def tidy(**_: str) -> None:
    """Delete applications whose mailbox was never confirmed."""
    at = timezone.now()
    for_every_msp(lambda: _forget(at))


def _forget(at: datetime) -> None:
    applications.forget_unconfirmed(at)
