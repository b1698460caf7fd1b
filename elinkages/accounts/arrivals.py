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
STATE_KEY = "arrival"


class UsedUp(Refused):
    """A token that is too old, was used, or was made for another browser or name."""

    status = 403

    def __init__(self) -> None:
        super().__init__("This way in is good once and for a minute. Open the portal again to get a new one.")


@dataclass(frozen=True, slots=True)
class Arrival:
    """Who arrives, and where they wanted to go."""

    user_id: str
    path: str


def leave(request: HttpRequest) -> HttpResponse:
    """From a portal's own name to our login, with a word that only this browser knows."""
    state = request.session.get(STATE_KEY) or secrets.token_urlsafe(24)
    request.session[STATE_KEY] = state
    request.session[hosts.HOST_KEY] = request.portal_domain.host  # type: ignore[attr-defined]
    msp: Msp = request.msp  # type: ignore[attr-defined]
    query = urlencode({"to": request.get_full_path(), "state": state})
    return HttpResponseRedirect(f"{settings.SITE_URL}/p/{msp.slug}/arrival/?{query}")


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
    state = request.session.get(STATE_KEY, "")
    is_ours = said["h"] == host and bool(state) and secrets.compare_digest(str(said["s"]), str(state))
    if not is_ours or not cache.add(f"arrival:{said['n']}", 1, timeout=2 * SECONDS):
        raise UsedUp
    del request.session[STATE_KEY]
    return Arrival(str(said["u"]), _safe(str(said["p"])))


def _safe(path: str) -> str:
    is_path = path.startswith("/") and url_has_allowed_host_and_scheme(path, allowed_hosts=None)
    return path if is_path else "/"
