"""Write what was done; read an object's history."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db.models import Model, QuerySet

from elinkages.audit.models import AuditEvent
from elinkages.kernel.actors import Actor

HISTORY_SIZE = 100
"""How many of the newest events an object's page shows."""


def record(action: str, target: Model, *, by: Actor, at: datetime, **facts: Any) -> AuditEvent:
    """Append one event: `record("referral.won", referral, by=member, at=at, mrr_minor=120_000)`.

    `action` is "<noun>.<what happened>"; facts are JSON-able (dates, ids and money in minor units are fine).
    """
    found = event(action, target, by=by, at=at, **facts)
    found.save(force_insert=True)
    return found


def event(action: str, target: Model, *, by: Actor, at: datetime, **facts: Any) -> AuditEvent:
    """The same, not yet written: for those who write many at once with `record_all`."""
    return AuditEvent(
        action=action,
        target_type=target._meta.label_lower,
        target_id=target.pk,
        target_name=str(target)[:200],
        actor_id=by.actor_id,
        actor_name=by.actor_name[:200],
        at=at,
        facts={name: _plain(value) for name, value in facts.items()},
    )


def record_all(events: Sequence[AuditEvent]) -> None:
    """Append many events in their order."""
    AuditEvent.objects.bulk_create(events)


def history(target: Model) -> QuerySet[AuditEvent]:
    """What happened to an object, newest first."""
    events = AuditEvent.objects.filter(target_type=target._meta.label_lower, target_id=target.pk)
    return events.order_by("-at", "-pk")[:HISTORY_SIZE]


def _plain(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, UUID | Model):
        return str(value)
    return value
