"""The people of an MSP: invited, joined, given a role, deactivated and brought back."""

import hashlib
import secrets
from datetime import datetime, timedelta

from django.db.models import QuerySet, Sum

from elinkages.accounts import doors, msps
from elinkages.accounts.mailboxes import holds_address
from elinkages.accounts.models import Invitation, Membership, Msp, User
from elinkages.accounts.rights import ROLE_SENTENCES, Role
from elinkages.audit import trail
from elinkages.kernel import tenancy
from elinkages.kernel.actors import Actor, System
from elinkages.kernel.refusal import Refused
from elinkages.mail import outbox

GOOD_FOR = timedelta(days=14)
"""How long an invitation can be accepted."""
A_DAY = 50
"""How many letters of invitation an MSP sends within a day: a stolen owner's session is no mail cannon."""
RESENDS = 5
"""How often one invitation is sent again."""


class AlreadyOnTheTeam(Refused):
    """The person works here."""


class AlreadyInvited(Refused):
    """An invitation to this address is open."""


class InvitationOver(Refused):
    """The link was used, revoked, is too old, or never was."""

    status = 410


class WrongPerson(Refused):
    """The invitation was sent to another address than this person's."""

    status = 403


class TooManyInvitations(Refused):
    """Enough letters for today, or to this person."""

    status = 429


class LastOwner(Refused):
    """An MSP must keep one person who can do everything."""


def invite(*, email: str, role: str, by: Membership, at: datetime) -> str:
    """Offer a person a place on the active MSP's team by e-mail; returns the token of the link.

    Raises AlreadyOnTheTeam (deactivated people are brought back instead), AlreadyInvited, TooManyInvitations.
    """
    email = email.strip().lower()
    lock()
    if member := team().filter(user__email=email).first():
        raise AlreadyOnTheTeam(_already(member))
    waiting = invitations().filter(email=email)
    if waiting.filter(expires_at__gt=at).exists():
        raise AlreadyInvited(f"An invitation to {email} is waiting. Revoke it first to send a new one.")
    _not_too_many(at)
    waiting.update(revoked_at=at)
    token = secrets.token_urlsafe(32)
    invitation = Invitation.objects.create(
        email=email, role=role, token_hash=_hash(token), invited_at=at, invited_by=by, expires_at=at + GOOD_FOR
    )
    _write_invitation(invitation, token, by, at)
    trail.record("team.invited", by.msp, by=by, at=at, email=email, role=_words(role))
    return token


def resend(invitation: Invitation, *, by: Membership, at: datetime) -> str:
    """Send an open or expired invitation once more, with a new link; the link before it no longer works.

    Raises InvitationOver, TooManyInvitations.
    """
    lock()
    found = invitations().filter(pk=invitation.pk).first()
    if found is None:
        raise InvitationOver("This invitation has already been accepted or revoked.", status=409)
    if found.resends >= RESENDS:
        raise TooManyInvitations(
            f"{found.email} has already been sent {RESENDS + 1} e-mails. Call them, or revoke the invitation."
        )
    _not_too_many(at)
    token = secrets.token_urlsafe(32)
    found.token_hash, found.resent_at, found.expires_at = _hash(token), at, at + GOOD_FOR
    found.resends, found.invited_by = found.resends + 1, by
    found.save(update_fields=["token_hash", "resent_at", "expires_at", "resends", "invited_by"])
    _write_invitation(found, token, by, at)
    trail.record("team.invitation_resent", by.msp, by=by, at=at, email=found.email)
    return token


def revoke(invitation: Invitation, *, by: Actor, at: datetime) -> Invitation:
    """Take an open invitation back; its link says so from now on. Raises InvitationOver."""
    if not invitations().filter(pk=invitation.pk).update(revoked_at=at):
        raise InvitationOver("This invitation has already been accepted or revoked.", status=409)
    invitation.revoked_at = at
    trail.record("team.invitation_revoked", invitation.msp, by=by, at=at, email=invitation.email)
    return invitation


def find(token: str, *, at: datetime) -> Invitation:
    """The open invitation of a link's token. Raises InvitationOver, which says what became of it."""
    invitation = Invitation.objects.filter(token_hash=_hash(token)).select_related("invited_by__user").first()
    if invitation is None:
        raise InvitationOver("This link does not lead to an invitation. Make sure you copied all of it.", status=404)
    if invitation.accepted_at:
        raise InvitationOver("This invitation was used. Log in to get to your team.")
    if invitation.revoked_at or not invitation.invited_by.user.is_active:
        raise InvitationOver("This invitation was revoked. Ask the person who invited you for a new one.")
    if not invitation.is_open(at):
        raise InvitationOver("This invitation has expired. Ask the person who invited you for a new one.")
    return invitation


def accept(token: str, *, user: User, at: datetime) -> Membership:
    """Join the active MSP's team with the role of the invitation.

    Raises InvitationOver, WrongPerson, AlreadyOnTheTeam.
    """
    lock()
    invitation = find(token, at=at)
    if not holds_address(user, invitation.email):
        raise WrongPerson(
            f"This invitation was sent to {invitation.email}, and you are logged in as {user.email}."
            " Log out and open the link again."
        )
    if team().filter(user=user).exists():
        raise AlreadyOnTheTeam("You are already on this team.")
    member = Membership.objects.create(msp=invitation.msp, user=user, role=invitation.role, created_at=at)
    Invitation.objects.filter(pk=invitation.pk).update(accepted_at=at)
    trail.record("team.joined", member.msp, by=member, at=at, role=_words(member.role))
    _end_waiver_with_a_second_person(at)
    return member


def change_role(member: Membership, *, role: str, by: Actor, at: datetime) -> Membership:
    """Give a person another role; rights follow on their next page. Raises LastOwner."""
    lock()
    member.refresh_from_db(fields=["role", "deactivated_at"])
    if role == member.role:
        return member
    _keep_an_owner(member)
    before, member.role = member.role, Role(role).value
    member.save(update_fields=["role"])
    facts = {"person": str(member), "role": _words(role), "before": _words(before)}
    trail.record("team.role_changed", member.msp, by=by, at=at, **facts)
    can = ROLE_SENTENCES[Role(role)]
    sentence = f"{by.actor_name} changed your role to {_words(role)}: {can[0].lower()}{can[1:]}"
    tell(member, f"Your role is {_words(role)} now", sentence, at=at)
    if not member.may("team.manage"):
        _take_back_invitations_of(member, by, at)
    _end_waiver_with_a_second_person(at)
    return member


def deactivate(member: Membership, *, by: Actor, at: datetime) -> Membership:
    """End a person's access at once, and what they offered to others; history keeps their name. Raises LastOwner."""
    lock()
    member.refresh_from_db(fields=["role", "deactivated_at"])
    if member.deactivated_at is None:
        _keep_an_owner(member)
        member.deactivated_at = at
        member.save(update_fields=["deactivated_at"])
        if by.actor_id == member.pk:
            trail.record("team.left", member.msp, by=by, at=at)
        else:
            trail.record("team.deactivated", member.msp, by=by, at=at, person=str(member))
        sentence = "What you did stays in its history. An owner can bring you back."
        tell(member, f"You can no longer open {member.msp}", sentence, at=at)
        _take_back_invitations_of(member, by, at)
    return member


def reactivate(member: Membership, *, by: Actor, at: datetime) -> Membership:
    """Give a deactivated person their access back, with the role they had."""
    lock()
    member.refresh_from_db(fields=["role", "deactivated_at"])
    if member.deactivated_at is not None:
        member.deactivated_at = None
        member.save(update_fields=["deactivated_at"])
        trail.record("team.reactivated", member.msp, by=by, at=at, person=str(member), role=_words(member.role))
        sentence = f"{by.actor_name} gave you your access back, as {_words(member.role)}."
        tell(member, f"You can open {member.msp} again", sentence, at=at)
        _end_waiver_with_a_second_person(at)
    return member


def leave(member: Membership, *, at: datetime) -> Membership:
    """End one's own access. Raises LastOwner."""
    return deactivate(member, by=member, at=at)


def tell(member: Membership, title: str, sentence: str, *, at: datetime) -> None:
    """Write a person a letter about what their access is from now on."""
    outbox.send(
        to=member.user.email,
        template="emails/team_news",
        context={"title": title, "sentence": sentence, "url": doors.absolute("public", None, "start")},
        key=f"team-news-{member.pk}-{at.isoformat()}-{_hash(title)[:8]}",
        at=at,
    )


def team() -> QuerySet[Membership]:
    """Everybody who works or worked at the active MSP, people who still do first."""
    members = Membership.objects.filter(msp_id=tenancy.current_msp_id()).select_related("user", "msp")
    return members.order_by("deactivated_at", "created_at", "pk")


def invitations() -> QuerySet[Invitation]:
    """Invitations of the active MSP that were neither accepted nor revoked, newest first; some may have expired."""
    waiting = Invitation.objects.filter(accepted_at__isnull=True, revoked_at__isnull=True)
    return waiting.select_related("invited_by__user").order_by("-invited_at", "-pk")


def lock() -> None:
    """One change of the active MSP's team at a time: two owners who demote each other would leave none."""
    Msp.objects.select_for_update(no_key=True).get(pk=tenancy.current_msp_id())


def _not_too_many(at: datetime) -> None:
    since = at - timedelta(days=1)
    new = Invitation.objects.filter(invited_at__gt=since).count()
    again = Invitation.objects.filter(resent_at__gt=since).aggregate(sent=Sum("resends"))["sent"] or 0
    if new + again >= A_DAY:
        raise TooManyInvitations(f"You sent {A_DAY} invitations within a day. You can send the next one tomorrow.")


def _take_back_invitations_of(member: Membership, by: Actor, at: datetime) -> None:
    """Whoever may no longer invite must not come back by a link that they sent to themselves before."""
    for invitation in invitations().filter(invited_by=member):
        revoke(invitation, by=by, at=at)


def _keep_an_owner(member: Membership) -> None:
    if member.role != Role.OWNER or member.deactivated_at is not None:
        return
    owners = Membership.objects.active().filter(msp_id=member.msp_id, role=Role.OWNER)
    if not owners.exclude(pk=member.pk).exists():
        raise LastOwner(f"{member} is the only owner. Make someone else an owner first.")


def _end_waiver_with_a_second_person(at: datetime) -> None:
    """A waiver is for an MSP with one approver; it ends when there are two."""
    msp = Msp.objects.get(pk=tenancy.current_msp_id())
    if msp.one_person_approval_at is not None and msps.approvers().count() > 1:
        msps.require_second_person(
            msp, by=System("Elinkages"), at=at, reason="A second person can approve payout runs now."
        )


def _write_invitation(invitation: Invitation, token: str, by: Membership, at: datetime) -> None:
    role = Role(invitation.role)
    outbox.send(
        to=invitation.email,
        template="emails/invitation",
        context={
            "invitation": invitation,
            "inviter": by.user,
            "role": role.label,
            "role_sentence": ROLE_SENTENCES[role],
            "url": doors.absolute("public", None, "team-invitation", by.msp.slug, token),
        },
        key=f"team-invitation-{invitation.pk}-{invitation.resends}",
        at=at,
        reply_to=by.user.email,
        secret=True,
    )


def _words(role: str) -> str:
    return Role(role).label.lower()


def _already(member: Membership) -> str:
    if member.deactivated_at is None:
        return f"{member} is already on the team, as {member.get_role_display().lower()}."
    return f"{member} was on the team and is deactivated. Reactivate them below instead."


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
