"""Write what was done; read an object's history."""

import json
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import Model, QuerySet

from elinkages.audit.models import AuditEvent
from elinkages.kernel.actors import Actor
from elinkages.kernel.copy import insert_many

HISTORY_SIZE = 100
"""How many of the newest events an object's page shows."""


class Event(NamedTuple):
    """What was done to one object, not yet written; `facts` are JSON."""

    action: str
    target_type: str
    target_id: UUID
    target_name: str
    actor_id: UUID | None
    actor_name: str
    at: datetime
    facts: str


def record(action: str, target: Model, *, by: Actor, at: datetime, **facts: Any) -> None:
    """Append one event: `record("referral.won", referral, by=member, at=at, mrr_minor=120_000)`.

    `action` is "<noun>.<what happened>"; facts are JSON-able (dates, ids and money in minor units are fine).
    """
    record_all([event(action, target, by=by, at=at, **facts)])


def event(action: str, target: Model, *, by: Actor, at: datetime, **facts: Any) -> Event:
    """The same, not yet written: for those who write many at once with `record_all`."""
    return Event(
        action,
        target._meta.label_lower,
        target.pk,
        str(target)[:200],
        by.actor_id,
        by.actor_name[:200],
        at,
        json.dumps(facts, default=_plain),
    )


def record_all(events: Sequence[Event]) -> None:
    """Append many events in their order."""
    insert_many(AuditEvent, Event._fields, events)


def history(target: Model) -> QuerySet[AuditEvent]:
    """What happened to an object, newest first."""
    events = AuditEvent.objects.filter(target_type=target._meta.label_lower, target_id=target.pk)
    return events.order_by("-at", "-pk")[:HISTORY_SIZE]


def _plain(value: Any) -> str:
    """How a fact that JSON does not know is written."""
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, UUID | Model):
        return str(value)
    raise TypeError(f"{value!r} is no fact that history can keep.")
