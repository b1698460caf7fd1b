"""Introductions in the background: protections that end, links that are over."""

from celery import shared_task
from django.utils import timezone

from elinkages.kernel.tasks import for_every_msp
from referrals import inquiries, protection


@shared_task
def sweep_protection(**_: str) -> None:
    """Remind of protections that end soon and record those that have ended, at every MSP."""
    at = timezone.now()

    def swept() -> None:
        protection.sweep(at=at)

    for_every_msp(swept)


@shared_task
def tidy(**_: str) -> None:
    """Delete what strangers sent and never confirmed, at every MSP."""
    at = timezone.now()

    def forgotten() -> None:
        inquiries.forget(at=at)

    for_every_msp(forgotten)
