"""Closing one's own account: what ends, what stays, and what must be handed over before.

An app that gives people access says how that ends: `closing.register(end_my_access)` in its `apps.ready`.
"""

from collections.abc import Callable
from datetime import datetime

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.db import transaction

from elinkages.accounts import sessions, team
from elinkages.accounts.models import Membership, User
from elinkages.accounts.rights import Role
from elinkages.kernel import tenancy
from elinkages.kernel.refusal import Refused
from elinkages.mail import outbox

Ending = Callable[[User, datetime], None]
_endings: list[Ending] = []


class StillOwner(Refused):
    """An MSP would be left without anybody who can do everything."""


class OneOfUs(Refused):
    """Our own staff leaves through a colleague."""

    status = 403


def register(ending: Ending) -> None:
    """Add how an app ends a person's access; called outside of any unit of work."""
    if ending not in _endings:
        _endings.append(ending)


def only_owner_of(user: User, at: datetime) -> list[Membership]:
    """Where nobody else could do everything: hand it over or close the MSP first. Closed MSPs need nobody."""
    mine = Membership.objects.active().filter(user=user, role=Role.OWNER).select_related("msp")
    others = Membership.objects.active().filter(role=Role.OWNER).exclude(user=user)
    shared = set(others.filter(msp__in=[member.msp_id for member in mine]).values_list("msp_id", flat=True))
    return [member for member in mine if member.msp_id not in shared and not member.msp.is_closed(at)]


def close(user: User, *, at: datetime) -> None:
    """End every access of a person and forget how to reach them; their name stays where they acted.

    Call it outside of a unit of work: it leaves one MSP after the other, and each leaving stands by itself.
    Raises StillOwner before anything is changed, OneOfUs.
    """
    if user.is_staff:
        raise OneOfUs("You are operations staff: a colleague has to close your account.")
    if blocked := only_owner_of(user, at):
        names = ", ".join(str(member.msp) for member in blocked)
        raise StillOwner(f"You are the only owner of {names}. Hand it over, or close it, first.")
    for member in Membership.objects.active().filter(user=user).select_related("user", "msp"):
        if not member.msp.is_closed(at):
            with tenancy.use(member.msp_id):
                team.leave(member, at=at)
    for end in _endings:
        end(user, at)
    _forget(user, at)


def _forget(user: User, at: datetime) -> None:
    address = user.email
    with transaction.atomic():
        sessions.end_all(user)
        Authenticator.objects.filter(user=user).delete()
        EmailAddress.objects.filter(user=user).delete()
        user.email, user.is_active = f"closed-{user.pk}@closed.invalid", False
        user.set_unusable_password()
        user.save(update_fields=["email", "is_active", "password"])
        outbox.send_to_person(
            to=address,
            about="account closed",
            subject="Your Elinkages account is closed",
            text="Your account is closed, as you asked. Nobody can log in with it, and this address can be"
            " used for a new account.\n"
            "\nYour name stays in the history of the companies you worked with: their books must show who did what.\n",
            at=at,
        )
