"""Short letters about an introduction's credit: a subject, a few sentences, one button.

The team's letter is written before the partners'. What came with a spreadsheet is not written about to partners.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from elinkages.accounts import doors
from elinkages.accounts.models import Membership
from elinkages.accounts.rights import Role
from elinkages.mail import outbox
from partners.models import Contact, Partner, PartnerLogin, PartnerState
from referrals.models import Referral

TEMPLATE = "emails/referral_notice"


def tell_team(
    referral: Referral, *, key: str, subject: str, lines: Sequence[str], at: datetime, unless: Any = None
) -> None:
    """Write to the one who looks after an introduction, else to owners and managers; not to who did it (`unless`)."""
    url = doors.absolute("dashboard", referral.msp, "dashboard:referral", referral.pk)
    for member in _responsible(referral):
        if member.pk != unless:
            _write(member.user.email, str(member), f"{key}:{member.pk}", subject, lines, at, url, "Open the referral")


def tell_partner(
    partner: Partner,
    *,
    key: str,
    subject: str,
    lines: Sequence[str],
    at: datetime,
    place: str = "portal:home",
    argument: Any = None,
) -> None:
    """Write to who speaks for a partner, with a button for those who have a login; to nobody who has left."""
    if partner.state == PartnerState.PARTED:
        return
    reader = Contact.objects.current().filter(partner=partner).by_voice().first()
    email, name = (reader.email, reader.name) if reader else (partner.email, partner.name)
    if not email:
        return
    has_login = reader and PartnerLogin.objects.open().filter(msp=partner.msp_id, contact=reader.pk).exists()
    arguments = () if argument is None else (argument,)
    url = doors.absolute("portal", partner.msp, place, *arguments) if has_login else ""
    _write(email, name, f"{key}:{partner.pk}", subject, lines, at, url, "Open it in the portal")


def _responsible(referral: Referral) -> list[Membership]:
    if referral.owner and referral.owner.deactivated_at is None:
        return [referral.owner]
    team = Membership.objects.active().filter(msp=referral.msp_id, role__in=[Role.OWNER, Role.MANAGER])
    return list(team.select_related("user").order_by("created_at"))


def _write(
    to: str, name: str, key: str, subject: str, lines: Sequence[str], at: datetime, url: str, label: str
) -> None:
    context = {"name": name, "subject": subject, "lines": list(lines), "url": url, "label": label}
    outbox.send(to=to, template=TEMPLATE, context=context, key=key, at=at)
