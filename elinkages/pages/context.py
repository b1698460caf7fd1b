"""What the frame around a page knows beyond its door."""

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from partners.doorways import doorways, open_logins


def msp_menu(request: HttpRequest) -> dict[str, Any]:
    """`msp_choices`: the doors that this person can enter; looked up only where a menu shows them.

    Inside a portal its decorator has looked them up: the portal's database role may not.
    """
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {"msp_choices": []}
    if (choices := getattr(request, "portals", None)) is not None:
        return {"msp_choices": choices}
    door, msp = getattr(request, "door", "public"), getattr(request, "msp", None)
    return {"msp_choices": SimpleLazyObject(lambda: doorways(user, open_logins(user), door=door, msp=msp))}
