"""The dashboards and portals that a person can enter."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from django.conf import settings
from django.db.models import QuerySet

from elinkages.accounts import doors
from elinkages.accounts.models import Membership, Msp, User
from partners.models import PartnerLogin


@dataclass(frozen=True)
class Doorway:
    """One door of one MSP, as a line of a menu; `current` when the reader stands behind it."""

    url: str
    name: str
    note: str
    current: bool = False


def open_logins(user: User) -> QuerySet[PartnerLogin]:
    """Every portal that a person may open, each with its MSP, by its name."""
    return PartnerLogin.objects.open().filter(user=user).select_related("msp").order_by("msp__name", "msp_id")


def doorways(
    user: User, logins: Iterable[PartnerLogin], *, door: str = "public", msp: Msp | None = None
) -> list[Doorway]:
    """Where a person belongs: dashboards of MSPs they work at, then the portals of their `open_logins`."""
    here = (door, msp.pk if msp else None)
    members = Membership.objects.active().filter(user=user).select_related("msp").order_by("msp__name", "msp_id")
    found = [("dashboard", member.msp, member.get_role_display()) for member in members]
    found += [("portal", login.msp, "Partner portal") for login in logins]
    return [Doorway(doors.root(name, place), place.name, note, here == (name, place.pk)) for name, place, note in found]


def at_our_site(doorway: Doorway) -> Doorway:
    """The same, for a page at a portal's own host name: other doors are at our address."""
    return doorway if doorway.current else replace(doorway, url=settings.SITE_URL + doorway.url)
