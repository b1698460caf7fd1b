"""What the frame around a page knows beyond its door."""

from typing import Any

from django.core.cache import cache
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from elinkages.accounts.models import Msp, User
from partners.doorways import Doorway, doorways, open_logins

KEPT_SECONDS = 60
"""How long a menu may still offer a door that was closed, which then does not open."""


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
    key = f"doorways:{user.pk}:{door}:{msp.pk if msp else ''}"
    found: list[Doorway] | None = cache.get(key)
    if found is None:
        found = doorways(user, open_logins(user), door=door, msp=msp)
        cache.set(key, found, KEPT_SECONDS)
    return found
