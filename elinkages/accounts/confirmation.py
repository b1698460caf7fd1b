"""Ask once more who it is before money or secrets, and go on afterwards with what was typed.

A login is a confirmation. After a quarter of an hour (ACCOUNT_REAUTHENTICATION_TIMEOUT) a password, a code or a passkey
confirms again. What was sent meanwhile waits in the session; the page `go-on` sends it once more, as the ordinary form
that it was, with the token and the receipt of any form.
"""

from typing import Any, TypedDict
from uuid import UUID, uuid4

from allauth.account.signals import authentication_step_completed
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.auth.signals import user_logged_in
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.utils.http import urlencode
from django_htmx.http import HttpResponseClientRedirect

from elinkages.accounts import doors, sessions

CONFIRMED = "confirmed_at"
DETOURS = "detours"
AT_ONCE = 3
"""How many tabs can wait for a confirmation."""
LARGEST = 200_000
"""Characters of a form that are kept; a longer one is sent again by hand."""
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class Detour(TypedDict):
    """A request that waits: where to, what was sent (None for a page that is read), whose, and since when."""

    id: str
    path: str
    fields: list[tuple[str, str]] | None
    user: str
    at: float


def is_recent(request: HttpRequest) -> bool:
    """Whether this session's person has shown lately who they are."""
    confirmed = request.session.get(CONFIRMED, 0.0)
    return bool(timezone.now().timestamp() - confirmed < settings.ACCOUNT_REAUTHENTICATION_TIMEOUT)


def note(request: HttpRequest) -> None:
    """Remember that the person has just shown who they are."""
    request.session[CONFIRMED] = timezone.now().timestamp()


@receiver(user_logged_in, dispatch_uid="confirmation")
def _logged_in(request: HttpRequest, **_: Any) -> None:
    note(request)


@receiver(authentication_step_completed, dispatch_uid="confirmation")
def _confirmed(request: HttpRequest, *, reauthenticated: bool = False, **_: Any) -> None:
    """A session that may do more gets another key."""
    if reauthenticated:
        note(request)
        before = request.session.session_key
        request.session.cycle_key()
        sessions.follow(request, before)


def ask(request: Any) -> HttpResponse:
    """To the page that asks who it is, and back to this request afterwards."""
    if request.user.has_usable_password():
        return leave(request, "account_reauthenticate")
    types = set(Authenticator.objects.filter(user=request.user).values_list("type", flat=True))
    if Authenticator.Type.TOTP in types:
        return leave(request, "mfa_reauthenticate")
    return leave(request, "mfa_reauthenticate_webauthn" if types else "account_set_password")


def leave(request: Any, name: str) -> HttpResponse:
    """Go to a named page of the public door with `next` leading back to this request."""
    back = doors.url("public", None, "go-on", keep(request))
    url = f"{doors.url('public', None, name)}?{urlencode({'next': back})}"
    return HttpResponseClientRedirect(url) if request.htmx else HttpResponseRedirect(url)


def keep(request: Any) -> UUID:
    """Put this request aside in the session; returns the id to find it by."""
    pk = uuid4()
    detour = Detour(
        id=str(pk), path=request.get_full_path(), fields=_fields(request), user=str(request.user.pk),
        at=timezone.now().timestamp(),
    )  # fmt: skip
    if request.htmx and detour["fields"] is None:
        detour["path"] = request.htmx.current_url_abs_path or doors.root("public", None)
    request.session[DETOURS] = [*request.session.get(DETOURS, []), detour][-AT_ONCE:]
    return pk


def find(request: HttpRequest, pk: UUID) -> Detour | None:
    """What this person's session put aside under an id, while it is fresh."""
    oldest = timezone.now().timestamp() - settings.ACCOUNT_REAUTHENTICATION_TIMEOUT
    kept: list[Detour] = request.session.get(DETOURS, [])
    for detour in kept:
        if (detour["id"], detour["user"]) == (str(pk), str(request.user.pk)) and detour["at"] > oldest:
            return detour
    return None


def _fields(request: HttpRequest) -> list[tuple[str, str]] | None:
    """What was sent, field by field. A page that is read, a file and a very long form are None: go and look again."""
    if request.method in SAFE or request.FILES:
        return None
    sent = [(name, str(value)) for name, values in request.POST.lists() for value in values]
    kept = [(name, value) for name, value in sent if name != "csrfmiddlewaretoken"]
    return kept if sum(len(name) + len(value) for name, value in kept) <= LARGEST else None
