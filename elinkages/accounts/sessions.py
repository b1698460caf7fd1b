"""Where a person is logged in: one row per session, to be looked at and to be ended, and how long it may last."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from allauth.account.adapter import get_adapter
from allauth.account.signals import password_changed, password_reset, password_set
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.contrib.sessions.models import Session
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from elinkages.accounts.models import Membership, User, UserSession

EVERY = timedelta(minutes=5)
"""How often "last seen" is written down."""
SEEN, IDLE, ENDS = "seen_at", "idle_seconds", "ends_at"
"""In the session: when it was used last, how long it may lie unused, and when it is over in any case."""
PROGRAMS = (
    ("Edg", "Edge"), ("OPR", "Opera"), ("Firefox", "Firefox"), ("Chrome", "Chrome"), ("Safari", "Safari"),
    ("curl", "curl"),
)  # fmt: skip
SYSTEMS = (
    ("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Windows", "Windows"), ("Macintosh", "Mac"),
    ("CrOS", "ChromeOS"), ("Linux", "Linux"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a session may lie unused, and how long it may last at all, by what its person can do."""

    idle: timedelta
    whole: timedelta
    words: str


STAFF = Limits(timedelta(minutes=30), timedelta(hours=8), "30 minutes without use, or 8 hours in all")
TEAM = Limits(timedelta(hours=12), timedelta(days=7), "12 hours without use, or 7 days in all")
PARTNER = Limits(timedelta(days=14), timedelta(days=90), "14 days without use, or 90 days in all")


class SessionsMiddleware:
    """Ends a session that is too old; else writes down, every few minutes, that it is in use and from where.

    No browser keeps a page that was made for somebody who is logged in, unless its view says otherwise.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Before the page, so that a page that fails counts too."""
        if request.session.get("_auth_user_id"):
            now = timezone.now()
            if _is_over(request, now):
                logout(request)
                messages.info(
                    request, "You were logged out because your session was too old. Log in again to continue."
                )
            elif now.timestamp() - request.session.get(SEEN, 0.0) >= EVERY.total_seconds() and request.user.pk:
                note(request, request.user, at=now)
        response = self.get_response(request)
        if request.session.get("_auth_user_id"):
            # The secret of an app, recovery codes, what our staff reads: nothing for the next one at this computer.
            response.headers.setdefault("Cache-Control", "private, no-store")
        return response


def limits_of(user: User) -> Limits:
    """The shortest that a person's powers ask for."""
    if user.is_staff:
        return STAFF
    return TEAM if Membership.objects.active().filter(user=user).exists() else PARTNER


def note(request: Any, user: Any, *, at: datetime) -> None:
    """Write down that a person uses this session now, and until when they may."""
    limits = limits_of(user)
    request.session[SEEN] = at.timestamp()
    request.session[IDLE] = limits.idle.total_seconds()
    request.session.setdefault(ENDS, (at + limits.whole).timestamp())
    if not request.session.session_key:
        request.session.save()  # a login in place of somebody else's starts with a session that has no key yet
    seen = {
        "user": user,
        "address": _address(request),
        "program": request.META.get("HTTP_USER_AGENT", "")[:300],
        "seen_at": at,
    }
    UserSession.objects.update_or_create(
        session_key=request.session.session_key, defaults=seen, create_defaults={**seen, "started_at": at}
    )


@receiver(user_logged_in, dispatch_uid="sessions")
def _logged_in(request: Any, user: User, **_: Any) -> None:
    request.session.pop(ENDS, None)  # a session that goes on under a new login begins anew
    note(request, user, at=timezone.now())


@receiver(user_logged_out, dispatch_uid="sessions")
def _logged_out(request: HttpRequest, **_: Any) -> None:
    UserSession.objects.filter(session_key=request.session.session_key).delete()


@receiver([password_changed, password_reset, password_set], dispatch_uid="sessions of an old password")
def _new_password(user: User, **_: Any) -> None:
    """What was opened with the old password ends with it."""
    end_all(user)


def of(user: User, *, at: datetime) -> QuerySet[UserSession]:
    """A person's sessions that can still be used, the latest first."""
    alive = Session.objects.filter(expire_date__gt=at).values("session_key")
    return UserSession.objects.filter(user=user, session_key__in=alive).order_by("-seen_at", "-pk")


def end(user: User, pk: UUID) -> UserSession | None:
    """End one session of a person; None when there is no such session anymore."""
    ended = UserSession.objects.filter(user=user, pk=pk).first()
    if ended is not None:
        _end(UserSession.objects.filter(pk=ended.pk))
    return ended


def end_all(user: User, *, but: str | None = None) -> int:
    """End every session of a person, but the one with this key; returns how many."""
    return _end(UserSession.objects.filter(user=user).exclude(session_key=but or ""))


def follow(request: HttpRequest, old: str | None) -> None:
    """A session that got another key stays the same line in the list."""
    UserSession.objects.filter(session_key=old).update(session_key=request.session.session_key)


def in_words(program: str) -> str:
    """A browser's description of itself, as people call it: "Firefox on Mac"."""
    name = next((name for mark, name in PROGRAMS if mark in program), "")
    system = next((name for mark, name in SYSTEMS if mark in program), "")
    if name and system:
        return f"{name} on {system}"
    return name or system or re.sub(r"\W.*", "", program) or "Unknown program"


def _is_over(request: HttpRequest, now: datetime) -> bool:
    """Whether the session was unused for too long, or has lasted too long; never before it was noted once."""
    moment, session = now.timestamp(), request.session
    if ENDS not in session:
        return False
    return bool(moment >= session[ENDS] or moment - session[SEEN] > session[IDLE])


def _address(request: HttpRequest) -> str | None:
    """Where a request comes from, as far as our own proxies can be believed."""
    try:
        return str(get_adapter().get_client_ip(request))
    except PermissionDenied:
        return None


def _end(found: QuerySet[UserSession]) -> int:
    keys = list(found.values_list("session_key", flat=True))
    Session.objects.filter(session_key__in=keys).delete()
    found.delete()
    return len(keys)
