"""What the frame around a page knows beyond its door."""

import time
from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from elinkages.accounts.models import Msp, User
from partners.doorways import Doorway, doorways, open_logins

KEPT_SECONDS = 60
"""How long a menu may still offer a door that was closed, which then does not open."""

MOST_KEPT = 1_000
_kept: dict[tuple[Any, ...], tuple[float, list[Doorway]]] = {}
"""Until when, and what, in this process: asking Redis takes a tenth of a page."""


def msp_menu(request: HttpRequest) -> dict[str, Any]:
    """`msp_choices`: the doors that this person can enter; looked up only where a menu shows them.

    Inside a portal its decorator has looked them up: the portal's database role may not. Kept for a minute for each
    person and door, because every page of the dashboard shows the menu and two queries are a quarter of its time.
    """
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {"msp_choices": []}
    if (choices := getattr(request, "portals", None)) is not None:
        return {"msp_choices": choices}
    door, msp = getattr(request, "door", "public"), getattr(request, "msp", None)
    return {"msp_choices": SimpleLazyObject(lambda: _choices(user, door, msp))}


def _choices(user: User, door: str, msp: Msp | None) -> list[Doorway]:
    key, now = (user.pk, door, msp.pk if msp else None), time.monotonic()
    until, found = _kept.get(key, (now, []))
    if until <= now:
        if len(_kept) >= MOST_KEPT:
            _kept.clear()
        found = doorways(user, open_logins(user), door=door, msp=msp)
        _kept[key] = now + KEPT_SECONDS, found
    return found
