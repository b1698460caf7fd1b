"""A partner's own link to the public referral page: who comes through it counts for the partner."""

import secrets
from datetime import date, datetime, timedelta

from django.core.cache import cache
from django.db.models import F, Sum
from django.utils.crypto import salted_hmac
from qrcode.main import QRCode
from redis import RedisError

from elinkages.accounts import doors
from elinkages.accounts.models import Msp
from elinkages.audit import trail
from elinkages.kernel.actors import Actor
from elinkages.kernel.refusal import Refused
from partners.models import Partner, PartnerState
from referrals.models import LinkDay, ReferralLink

ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"
"""Nothing that is read aloud or typed wrong: no 0 and o, no 1, i and l."""
CODE_LENGTH = 8
QUIET_ZONE = 4
"""Modules of white around a QR code, so that cameras find it."""
CANNOT_REFER = (PartnerState.SUSPENDED, PartnerState.PARTED)


class NoLink(Refused):
    """A partner who cannot refer has no link."""


class AlreadyClosed(Refused):
    """The link was closed before."""


def make(partner: Partner, *, by: Actor, at: datetime) -> ReferralLink:
    """The partner's link, made now if there is none. Raises NoLink."""
    if partner.state in CANNOT_REFER:
        raise NoLink(f"{partner.name} is {partner.get_state_display().lower()} and cannot refer anyone.")
    code = "".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH))
    facts = {"code": code, "made_at": at, "made_by_name": by.actor_name[:200]}
    link, is_new = ReferralLink.objects.open().get_or_create(partner=partner, closed_at=None, defaults=facts)
    if is_new:
        trail.record("link.made", partner, by=by, at=at, code=code)
    return link


def close(link: ReferralLink, *, by: Actor, at: datetime) -> ReferralLink:
    """Let a link lead to the general page from now on; what came through it keeps its credit. Raises AlreadyClosed."""
    if not ReferralLink.objects.open().filter(pk=link.pk).update(closed_at=at):
        raise AlreadyClosed("This link has already been closed.")
    link.closed_at = at
    trail.record("link.closed", link.partner, by=by, at=at, code=link.code)
    return link


def find(code: str) -> ReferralLink | None:
    """The open link of a code whose partner can refer."""
    found = ReferralLink.objects.open().select_related("partner").filter(code=code)
    return found.exclude(partner__state__in=CANNOT_REFER).first()


def count(link: ReferralLink, *, who: str, on: date) -> bool:
    """Count a visitor once a day; whether this one was new. Without Redis nobody is counted."""
    visitor = salted_hmac("elinkages.links", who, algorithm="sha256").hexdigest()
    try:
        if not cache.add(f"link:{link.pk}:{on}:{visitor}", 1, timeout=int(timedelta(days=1).total_seconds())):
            return False
    except RedisError:
        return False
    day, _ = LinkDay.objects.get_or_create(link=link, on=on)
    LinkDay.objects.filter(pk=day.pk).update(clicks=F("clicks") + 1)
    return True


def clicks(link: ReferralLink, *, since: date | None = None) -> int:
    """How many visitors a link had."""
    days = link.days.filter(on__gte=since) if since else link.days.all()
    return days.aggregate(all=Sum("clicks"))["all"] or 0


def address(link: ReferralLink, msp: Msp) -> str:
    """The link as it is shared, at the site's own address. The MSP is handed in: the portal's role cannot read it."""
    return doors.absolute("public", None, "refer-link", msp.slug, link.code)


def qr_svg(text: str) -> str:
    """A QR code as an SVG of one path, black on white, without a style: our pages allow none inline."""
    code = QRCode(border=QUIET_ZONE)
    code.add_data(text)
    code.make(fit=True)
    rows = code.get_matrix()
    path = "".join(f"M{x} {y}h1v1h-1z" for y, row in enumerate(rows) for x, dark in enumerate(row) if dark)
    size = len(rows)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}" shape-rendering="crispEdges">'
        f'<rect width="{size}" height="{size}" fill="#fff"/><path d="{path}" fill="#000"/></svg>'
    )
