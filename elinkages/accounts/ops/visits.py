"""A visit of our staff to one MSP: with a reason that the MSP can read, and for a limited time."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.utils import timezone

from elinkages.accounts.models import Msp, User
from elinkages.audit import trail

LONGEST = timedelta(hours=4)
KEY = "ops_visit"


@dataclass(frozen=True)
class Visit:
    """Which MSP, why, and until when."""

    msp: Msp
    reason: str
    until: datetime


def enter(msp: Msp, *, reason: str, minutes: int, by: User, at: datetime) -> Visit:
    """Begin a visit of at most four hours; the MSP's history says who and why. Call it inside its unit of work."""
    until = at + min(timedelta(minutes=minutes), LONGEST)
    trail.record("support.entered", msp, by=by, at=at, reason=reason, until_at=until)
    return Visit(msp, reason, until)


def leave(visit: Visit, *, by: User, at: datetime) -> None:
    """End a visit before its time. Call it inside the MSP's unit of work."""
    trail.record("support.left", visit.msp, by=by, at=at)


def remember(request: HttpRequest, visit: Visit | None) -> None:
    """Keep the visit in the person's session, or forget it."""
    request.session.pop(KEY, None)
    if visit is not None:
        request.session[KEY] = {
            "msp": str(visit.msp.pk),
            "reason": visit.reason,
            "until": visit.until.isoformat(),
        }


def current(request: Any) -> Visit | None:
    """The visit that this person's session is on, unless its time is over or the person is no longer staff."""
    kept = request.session.get(KEY)
    if kept is None or not (request.user.is_active and request.user.is_staff):
        return None
    until = datetime.fromisoformat(kept["until"])
    msp = Msp.objects.filter(pk=UUID(kept["msp"])).first()
    if msp is None or until <= timezone.now():
        remember(request, None)
        return None
    return Visit(msp, kept["reason"], until)
