"""What partners do by themselves."""

from datetime import datetime

from celery import shared_task
from django.utils import timezone

from elinkages.kernel.tasks import for_every_msp, tenant_task
from partners import agreement_letters
from partners.joining import applications


@shared_task
def tidy(**_: str) -> None:
    """Delete applications whose mailbox was never confirmed."""
    at = timezone.now()
    for_every_msp(lambda: _forget(at))


def _forget(at: datetime) -> None:
    applications.forget_unconfirmed(at)


@tenant_task
def ask_to_sign(**_: str) -> None:
    """Write to everyone of one MSP who has an agreement to sign."""
    agreement_letters.write_to_unsigned(at=timezone.now())


@shared_task
def ask_everyone_to_sign(**_: str) -> None:
    """The same for every MSP: what a lost message missed, and the reminders."""
    at = timezone.now()
    for_every_msp(lambda: agreement_letters.write_to_unsigned(at=at))
