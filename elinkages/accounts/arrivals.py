"""From our login to a portal's own host name: people show who they are at our address and nowhere else.

A password or a passkey is never asked for at a name whose DNS somebody else holds. Who is known at ours takes along a
token that is good once, for a minute, at that name, and for the browser that asked for it.
"""

import re
import secrets
from dataclasses import dataclass
from urllib.parse import urlencode

from django.conf import settings
from django.core import signing
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme

from elinkages.accounts import hosts
from elinkages.accounts.models import Msp, User
from elinkages.kernel.refusal import Refused

SALT = "accounts.arrival"
SECONDS = 60
COOKIE = "__Host-arrival" if settings.SECURE_SITE else "arrival"
"""The word that only the browser knows; not a session, which every stranger and every robot would leave a row for."""
WAIT_SECONDS = 3600
"""How long somebody may take to log in at our address."""


class UsedUp(Refused):
    """A token that is too old, was used, or was made for another browser or name."""

    status = 403

    def __init__(self) -> None:
        super().__init__("This link works once, and only for a minute. Open the portal again to get a new one.")


@dataclass(frozen=True, slots=True)
class Arrival:
    """Who arrives, and where they wanted to go."""

    user_id: str
    path: str


def leave(request: HttpRequest, msp: Msp) -> HttpResponse:
    """From a portal's own name to our login, with a word that only this browser knows."""
    state = _word(request) or secrets.token_urlsafe(24)
    query = urlencode({"to": request.get_full_path(), "state": state})
    answer = HttpResponseRedirect(f"{settings.SITE_URL}/p/{msp.slug}/arrival/?{query}")
    answer.set_signed_cookie(
        COOKIE,
        state,
        salt=SALT,
        max_age=WAIT_SECONDS,
        secure=settings.SECURE_SITE,
        httponly=True,
        samesite="Lax",
    )
    return answer


def ticket(msp: Msp, user: User, *, path: str, state: str) -> str:
    """The address at the portal's own name that lets this person in; "" without such a name or a proper word."""
    if not msp.portal_host or not re.fullmatch(r"[\w-]{16,64}", state):
        return ""
    said = {"u": str(user.pk), "h": msp.portal_host, "s": state, "p": _safe(path), "n": secrets.token_urlsafe(12)}
    return f"{hosts.address(msp)}/arrival/{signing.dumps(said, salt=SALT, compress=True)}/"


def accept(request: HttpRequest, token: str, *, host: str) -> Arrival:
    """Who a token lets in. Raises UsedUp."""
    try:
        said = signing.loads(token, salt=SALT, max_age=SECONDS)
    except signing.BadSignature as problem:
        raise UsedUp from problem
    state = _word(request)
    is_ours = said["h"] == host and bool(state) and secrets.compare_digest(str(said["s"]), state)
    if not is_ours or not cache.add(f"arrival:{said['n']}", 1, timeout=2 * SECONDS):
        raise UsedUp
    return Arrival(str(said["u"]), _safe(str(said["p"])))


def _word(request: HttpRequest) -> str:
    return str(request.get_signed_cookie(COOKIE, "", salt=SALT, max_age=WAIT_SECONDS))


def _safe(path: str) -> str:
    is_path = path.startswith("/") and url_has_allowed_host_and_scheme(path, allowed_hosts=None)
    return path if is_path else "/"
