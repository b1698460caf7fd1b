"""Introductions in the background: protections that end, keys that are set aside, links that are over."""

from celery import shared_task
from django.utils import timezone

from elinkages.kernel.tasks import for_every_msp, nudge, tenant_task
from elinkages.kernel.tenancy import current_msp_id
from referrals import common_keys, inquiries, protection


@shared_task
def sweep_protection(**_: str) -> None:
    """Remind of protections that end soon and record those that have ended, at every MSP."""
    at = timezone.now()

    def swept() -> None:
        protection.sweep(at=at)

    for_every_msp(swept)


@tenant_task
def follow_common_keys(**_: str) -> None:
    """Do the next step of what follows from keys that were set aside or taken back, and ask for the one after."""
    if common_keys.go_on_with_all(at=timezone.now()):
        nudge(follow_common_keys, msp_id=str(current_msp_id()))


@shared_task
def sweep_common_keys(**_: str) -> None:
    """The same for every MSP: what a lost message missed."""
    at = timezone.now()

    def gone_on() -> None:
        common_keys.go_on_with_all(at=at)

    for_every_msp(gone_on)


@shared_task
def tidy(**_: str) -> None:
    """Delete what strangers sent and never confirmed, at every MSP."""
    at = timezone.now()

    def forgotten() -> None:
        inquiries.forget(at=at)

    for_every_msp(forgotten)
