"""Every task says whose it is, is counted, and keeps the request that caused it (django-structlog carries it along)."""

import time
from typing import Any

import structlog
from celery import signals
from django.dispatch import receiver
from django_structlog.celery.signals import bind_extra_task_metadata

from elinkages.watch import shared


@receiver(bind_extra_task_metadata)
def task_begins(task: Any = None, **_: Any) -> None:
    """Bind the MSP to every line of the task, beside the request that django-structlog has bound."""
    task.request.elinkages_began = time.monotonic()
    if msp_id := (task.request.kwargs or {}).get("msp_id"):
        structlog.contextvars.bind_contextvars(msp=str(msp_id))


@signals.task_failure.connect
def task_fails(sender: Any = None, task_id: str = "", exception: Any = None, kwargs: Any = None, **_: Any) -> None:
    """Remember it for the page of our staff; the log has the rest."""
    bound = structlog.contextvars.get_contextvars()
    shared.task_failed(
        sender.name,
        error=type(exception).__name__,
        msp_id=str((kwargs or {}).get("msp_id", "")),
        request_id=str(bound.get("request_id", "")),
        task_id=task_id,
    )


@signals.task_postrun.connect
def task_ends(task: Any = None, state: str | None = None, kwargs: Any = None, **_: Any) -> None:
    """Count it."""
    began = getattr(task.request, "elinkages_began", None)
    shared.task_ended(
        task.name,
        outcome=(state or "UNKNOWN").lower().replace("success", "succeeded").replace("failure", "failed"),
        seconds=time.monotonic() - began if began else 0.0,
        msp_id=str((kwargs or {}).get("msp_id", "")),
    )
