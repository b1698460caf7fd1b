"""Where an introduction stands, for whoever sent it without a login: a link that expires and can be revoked."""

import hashlib
import secrets
from datetime import datetime, timedelta

from elinkages.accounts import doors
from elinkages.audit import trail
from elinkages.kernel.actors import Actor
from elinkages.kernel.refusal import Refused
from elinkages.mail import outbox
from referrals.models import Referral, StatusLink

GOOD_FOR = timedelta(days=90)
MOST_OPEN = 5
"""Open links of one introduction: more are not needed, and each is a key."""


class StatusOver(Refused):
    """The link was revoked, is too old, or never was."""

    status = 410


class TooManyLinks(Refused):
    """There are enough links to this introduction."""


def issue(referral: Referral, *, email: str, by: Actor, at: datetime) -> str:
    """Send a status link to an address; returns its token, which is kept nowhere. Raises TooManyLinks."""
    if referral.status_links.filter(revoked_at__isnull=True, expires_at__gt=at).count() >= MOST_OPEN:
        raise TooManyLinks(f"{referral.company} has {MOST_OPEN} open status links. Revoke one first.")
    token = secrets.token_urlsafe(32)
    link = StatusLink.objects.create(
        referral=referral, email=email, token_hash=hashed(token), issued_at=at, expires_at=at + GOOD_FOR
    )
    outbox.send(
        to=email,
        template="emails/status_link",
        context={"link": link, "url": doors.absolute("public", None, "status", referral.msp.slug, token)},
        key=f"status-link:{link.pk}",
        at=at,
        secret=True,
    )
    trail.record("status.issued", referral, by=by, at=at, email=email)
    return token


def find(token: str, *, at: datetime) -> StatusLink:
    """The link of a token. Raises StatusOver, which says what became of it."""
    link = StatusLink.objects.select_related("referral").filter(token_hash=hashed(token)).first()
    if link is None:
        raise StatusOver("This link leads nowhere. Make sure you copied all of it.", status=404)
    if link.revoked_at is not None:
        raise StatusOver("This link was turned off. Ask us for a new one.")
    if not link.is_open(at):
        raise StatusOver("This link has expired. Ask us for a new one.")
    return link


def revoke(link: StatusLink, *, by: Actor, at: datetime) -> StatusLink:
    """Switch a link off for good. Raises StatusOver when it is off already."""
    revoked = {"revoked_at": at, "revoked_by_name": by.actor_name[:200]}
    if not StatusLink.objects.filter(pk=link.pk, revoked_at__isnull=True).update(**revoked):
        raise StatusOver("This link has already been turned off.", status=409)
    link.revoked_at = at
    trail.record("status.revoked", link.referral, by=by, at=at, email=link.email)
    return link


def hashed(token: str) -> str:
    """What is kept of a token."""
    return hashlib.sha256(token.encode()).hexdigest()
