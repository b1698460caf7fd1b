"""Invitations to the portal: a link that proves the mailbox, good once and for fourteen days."""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet

from elinkages.accounts import doors
from elinkages.accounts.mailboxes import holds_address
from elinkages.accounts.models import Membership, User
from elinkages.audit import trail
from elinkages.kernel.actors import Actor
from elinkages.kernel.refusal import Refused
from elinkages.kernel.tenancy import current_msp_id
from elinkages.kernel.words import say_day
from elinkages.mail import outbox
from partners import people
from partners.models import Contact, Partner, PartnerInvitation, PartnerLogin, PartnerState

GOOD_FOR = timedelta(days=14)
MESSAGE_LIMIT = 2_000
INVITATIONS_A_DAY = 500
"""Letters that an MSP's people may send to partners in 24 hours: a whole program, and no list that was bought."""
COLLEAGUES_A_DAY = 10
"""Letters that one firm's people may send to colleagues in 24 hours."""
LINK = "partner-invitation"
"""The URL name of the link in the e-mail."""


class NoAddress(Refused):
    """There is nobody to write to."""


class AlreadyInvited(Refused):
    """An invitation is on its way; it can be sent again."""


class AlreadyJoined(Refused):
    """The person has a login to this portal."""


class NotInvitable(Refused):
    """The partner is suspended or gone, or the person was removed."""


class NotTheirs(Refused):
    """Only people who speak for the firm bring colleagues."""

    status = 403


class TooManyToday(Refused):
    """More letters in a day than a firm has colleagues, or a program has partners."""

    status = 429


class InvitationOver(Refused):
    """The link was used, revoked, or is too old."""

    status = 410


class WrongPerson(Refused):
    """The link was sent to another address than this person's."""


def invite(partner: Partner, *, contact: Contact | None = None, message: str = "", by: Membership, at: datetime) -> str:
    """Write to a person of the partner, the first one with an address unless named; returns the token.

    Raises NoAddress, AlreadyInvited, AlreadyJoined, NotInvitable, TooManyToday.
    """
    _limit_letters(at)
    if partner.state in (PartnerState.SUSPENDED, PartnerState.PARTED):
        raise NotInvitable(f"{partner.name} is {partner.get_state_display().lower()}. Reinstate them first.")
    person = _invitable(contact or _first_with_address(partner, by, at), at)
    if len(message) > MESSAGE_LIMIT:
        raise NotInvitable(f"Keep the message under {MESSAGE_LIMIT:,} characters; this one has {len(message):,}.")
    if Partner.objects.filter(pk=partner.pk, state=PartnerState.PROSPECT).update(state=PartnerState.INVITED):
        partner.state = PartnerState.INVITED
    token = _send(person, partner, message.strip(), by, at)
    trail.record("partner.invited", partner, by=by, at=at, name=person.name, email=person.email)
    return token


def invite_colleague(*, name: str, email: str, sees_earnings: bool, by: Contact, at: datetime) -> Contact:
    """Bring a colleague into one's own firm's portal; who was invited before gets a new link. Returns the colleague.

    A colleague sees earnings only if the one who invites does, and speaks for the firm when the MSP says so.
    Raises NotTheirs, NotInvitable, NoAddress, AlreadyJoined, TooManyToday, AddressTaken, Nameless.
    """
    partner = Partner.objects.select_for_update().get(pk=by.partner_id)
    require_speaker(by)
    if not partner.is_active:
        raise NotInvitable(f"{partner.name} is {partner.get_state_display().lower()}, so nobody can be invited now.")
    _limit_colleagues(partner, at)
    known = Contact.objects.current().filter(partner=partner, email=people.normal_address(email)).first()
    if known is None:
        sees = sees_earnings and by.sees_earnings
        known = people.add(partner, name=name, email=email, can_sign=False, sees_earnings=sees, by=by, at=at)
    people.end_invitations(known, at=at)
    person = _invitable(known, at)
    _send(person, partner, "", by, at)
    trail.record("partner.invited", partner, by=by, at=at, name=person.name, email=person.email)
    return person


def require_speaker(contact: Contact) -> None:
    """Refuse a person of a partner who does not speak for the firm. Raises NotTheirs."""
    if not contact.can_sign or contact.removed_at is not None:
        raise NotTheirs(f"Only people who speak for {contact.partner.name} invite colleagues. Ask one of them.")


def resend(invitation: PartnerInvitation, *, by: Membership, at: datetime) -> str:
    """Send an unanswered invitation again, with a new link; the old one stops working.

    Raises InvitationOver, TooManyToday.
    """
    _limit_letters(at)
    claimed = _waiting(invitation).update(revoked_at=at)
    if not claimed:
        raise InvitationOver("This invitation has been answered or revoked. Reload the page.")
    contact = invitation.contact
    token = _send(contact, contact.partner, invitation.message, by, at)
    trail.record("partner.invited_again", contact.partner, by=by, at=at, name=contact.name, email=contact.email)
    return token


def revoke(invitation: PartnerInvitation, *, by: Actor, at: datetime) -> PartnerInvitation:
    """Take back an unanswered invitation; a partner with no other one is a prospect again. Raises InvitationOver."""
    if not _waiting(invitation).update(revoked_at=at):
        raise InvitationOver("This invitation has been answered or revoked. Reload the page.")
    invitation.revoked_at = at
    partner = invitation.contact.partner
    if not PartnerInvitation.objects.waiting().filter(contact__partner=partner).exists():
        Partner.objects.filter(pk=partner.pk, state=PartnerState.INVITED).update(state=PartnerState.PROSPECT)
    trail.record("partner.invitation_revoked", partner, by=by, at=at, name=invitation.contact.name)
    return invitation


def find(token: str) -> PartnerInvitation | None:
    """The invitation that a link carries, in whatever state, or None."""
    sent = PartnerInvitation.objects.filter(token_hash=_hash(token))
    return sent.select_related("contact", "invited_by__user", "invited_by_colleague").first()


def accept(token: str, *, user: User, at: datetime) -> PartnerLogin:
    """Join as the invited person: the link is used up, the partner is active, `user` may enter the portal.

    Raises InvitationOver, WrongPerson, NotInvitable, AlreadyJoined.
    """
    invitation = find(token)
    if invitation is None:
        raise InvitationOver("This link is incomplete or was never sent. Open it from the e-mail again.")
    contact, partner = invitation.contact, invitation.contact.partner
    if not holds_address(user, contact.email):
        raise WrongPerson(f"This invitation was sent to {contact.email}, and you are logged in as {user.email}.")
    if partner.state in (PartnerState.SUSPENDED, PartnerState.PARTED):
        raise NotInvitable(f"{partner.msp.name} is not taking introductions from {partner.name} right now.")
    if not _waiting(invitation).filter(expires_at__gt=at).update(accepted_at=at):
        raise InvitationOver(why_over(invitation, at) or "This invitation was used a moment ago. Log in instead.")
    joining = Partner.objects.filter(pk=partner.pk, state__in=(PartnerState.PROSPECT, PartnerState.INVITED))
    if joining.update(state=PartnerState.ACTIVE, joined_at=at):
        partner.state, partner.joined_at = PartnerState.ACTIVE, at
    login = _open_login(user, contact)
    trail.record("partner.joined", partner, by=contact, at=at, name=contact.name)
    _tell_inviter(invitation, at)
    return login


def why_over(invitation: PartnerInvitation, at: datetime) -> str:
    """Why an invitation can no longer be accepted, in a sentence; "" while it can."""
    if invitation.accepted_at is not None:
        return "This invitation has been used. Log in to open the portal."
    if invitation.revoked_at is not None:
        return "This invitation was revoked or replaced by a newer one. Look for the latest e-mail."
    if at >= invitation.expires_at:
        last = say_day(invitation.msp.today(invitation.expires_at))
        return f"This invitation was good until {last}. Ask {invitation.inviter} for a new one."
    return ""


def letter(
    contact: Contact, partner: Partner, message: str, link: str, by: Membership | Contact, at: datetime
) -> dict[str, Any]:
    """What the invitation's e-mail says, for sending and for looking at it first."""
    return {
        "is_colleague": isinstance(by, Contact),
        "contact": contact,
        "partner": partner,
        "message": message,
        "link": link,
        "inviter": by,
        "expires_at": at + GOOD_FOR,
    }


def _invitable(contact: Contact, at: datetime) -> Contact:
    """The person, locked so that two invitations cannot be sent at once."""
    person = Contact.objects.select_for_update().get(pk=contact.pk)
    if person.removed_at is not None:
        raise NotInvitable(f"{person.name} was removed. Add them again to invite them.")
    if not person.email:
        raise NoAddress(f"There is no e-mail address for {person.name}. Add one, then invite them.")
    if PartnerLogin.objects.open().filter(msp=person.msp_id, contact=person).exists():
        raise AlreadyJoined(f"{person.name} has already joined and can log in.")
    if invitation := PartnerInvitation.objects.waiting().filter(contact=person).first():
        sent = say_day(invitation.msp.today(invitation.invited_at))
        raise AlreadyInvited(f"{person.name} was invited on {sent}. Send that invitation again instead.")
    return person


def _first_with_address(partner: Partner, by: Membership, at: datetime) -> Contact:
    contact = Contact.objects.current().filter(partner=partner).by_voice().first()
    if contact is not None:
        return contact
    if not partner.email:
        raise NoAddress(f"There is no e-mail address for {partner.name}. Add a person with one, then invite them.")
    return people.add(partner, name=partner.name, email=partner.email, by=by, at=at)


def _limit_letters(at: datetime) -> None:
    lately = PartnerInvitation.objects.filter(invited_by__isnull=False, invited_at__gt=at - timedelta(days=1))
    if lately.count() >= INVITATIONS_A_DAY:
        raise TooManyToday(f"{INVITATIONS_A_DAY:,} invitations were sent since yesterday. Continue tomorrow.")


def _limit_colleagues(partner: Partner, at: datetime) -> None:
    lately = PartnerInvitation.objects.filter(contact__partner=partner, invited_by_colleague__isnull=False)
    if lately.filter(invited_at__gt=at - timedelta(days=1)).count() >= COLLEAGUES_A_DAY:
        raise TooManyToday(
            f"{partner.name} has invited {COLLEAGUES_A_DAY} colleagues since yesterday. Continue tomorrow."
        )


def _send(contact: Contact, partner: Partner, message: str, by: Membership | Contact, at: datetime) -> str:
    token = secrets.token_urlsafe(32)
    invitation = PartnerInvitation.objects.create(
        contact=contact,
        token_hash=_hash(token),
        invited_at=at,
        invited_by=by if isinstance(by, Membership) else None,
        invited_by_colleague=by if isinstance(by, Contact) else None,
        message=message,
        expires_at=at + GOOD_FOR,
    )
    outbox.send(
        to=contact.email,
        template="emails/partner_invitation",
        context=letter(
            contact, partner, message, doors.absolute("public", None, LINK, partner.msp.slug, token), by, at
        ),
        key=f"partner-invitation-{invitation.pk}",
        at=at,
        reply_to=by.user.email if isinstance(by, Membership) else by.email,
        secret=True,
    )
    return token


def _waiting(invitation: PartnerInvitation) -> QuerySet[PartnerInvitation]:
    return PartnerInvitation.objects.waiting().filter(pk=invitation.pk)


def _open_login(user: User, contact: Contact) -> PartnerLogin:
    """The person's way in; one person is one partner's at each MSP."""
    login, is_new = PartnerLogin.objects.get_or_create(
        msp_id=current_msp_id(), user=user, defaults={"partner": contact.partner, "contact": contact}
    )
    if is_new:
        return login
    if login.closed_at is None and login.contact_id != contact.pk:
        raise AlreadyJoined(f"You already represent {login.partner.name} here. Ask to be moved first.")
    login.partner, login.contact, login.closed_at = contact.partner, contact, None
    login.save(update_fields=["partner", "contact", "closed_at"])
    return login


def _tell_inviter(invitation: PartnerInvitation, at: datetime) -> None:
    inviter, partner = invitation.invited_by, invitation.contact.partner
    if inviter is None or not inviter.may("view"):
        return  # a colleague hears it from the colleague
    outbox.send(
        to=inviter.user.email,
        template="emails/partner_joined",
        context={
            "partner": partner,
            "contact": invitation.contact,
            "inviter": inviter,
            "link": doors.absolute("dashboard", partner.msp, "dashboard:partner", partner.pk),
        },
        key=f"partner-joined-{invitation.pk}",
        at=at,
    )


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
