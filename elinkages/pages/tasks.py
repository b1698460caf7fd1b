"""What pages have done in the background."""

from celery import shared_task
from django.utils import timezone

from elinkages.pages.operations import health


@shared_task
def measure(**_: object) -> None:
    """Every minute: what waits where, for our staff and for /metrics."""
    health.measure(timezone.now())
