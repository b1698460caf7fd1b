"""The MSPs and portals that a person can enter."""

from dataclasses import dataclass

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


def doorways(user: User, *, door: str = "public", msp: Msp | None = None) -> list[Doorway]:
    """Where a person belongs: dashboards of MSPs they work at, then portals of MSPs they are a partner of."""
    here = (door, msp.pk if msp else None)
    members = Membership.objects.active().filter(user=user).select_related("msp").order_by("msp__name", "msp_id")
    logins = PartnerLogin.objects.open().filter(user=user).select_related("msp")
    found = [("dashboard", member.msp, member.get_role_display()) for member in members]
    found += [("portal", login.msp, "Partner portal") for login in logins.order_by("msp__name", "msp_id")]
    return [Doorway(doors.root(name, place), place.name, note, here == (name, place.pk)) for name, place, note in found]
