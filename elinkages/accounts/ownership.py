"""Handing an MSP over: an owner offers their place, the other person takes it, and there is an owner all the time."""

from datetime import datetime, timedelta

from django.db.models import QuerySet

from elinkages.accounts import team
from elinkages.accounts.models import Membership, OwnershipTransfer
from elinkages.accounts.rights import Role
from elinkages.audit import trail
from elinkages.kernel.refusal import Refused

GOOD_FOR = timedelta(days=7)
"""How long an offer can be accepted."""


class CannotOffer(Refused):
    """Not by this person, not to that one, or not now."""


class OfferOver(Refused):
    """The offer was accepted or ended, is too old, or is somebody else's."""


def current(at: datetime) -> OwnershipTransfer | None:
    """The offer of the active MSP that waits for an answer."""
    found = _waiting().select_related("offered_by__user", "offered_to__user").first()
    return found if found is not None and found.is_open(at) else None


def offer(to: Membership, *, role_after: str, by: Membership, at: datetime) -> OwnershipTransfer:
    """Offer a member one's own place as owner; `role_after` is what one will be then, "" leaves the team.

    Raises CannotOffer.
    """
    team.lock()
    to.refresh_from_db(fields=["role", "deactivated_at"])
    by.refresh_from_db(fields=["role", "deactivated_at"])
    if by.role != Role.OWNER or by.deactivated_at is not None:
        raise CannotOffer("Only an owner can hand the account over.", status=403)
    if to.pk == by.pk or to.role == Role.OWNER:
        raise CannotOffer(f"{to} is already an owner.")
    if to.deactivated_at is not None or not to.user.is_active:
        raise CannotOffer(f"{to} is deactivated. Reactivate them first.")
    if role_after not in {"", Role.MANAGER, Role.FINANCE, Role.READ_ONLY}:
        raise CannotOffer("Choose your role afterward.", status=422)
    if (waiting := current(at)) is not None:
        raise CannotOffer(f"An offer to {waiting.offered_to} is waiting. End it first.")
    _waiting().update(ended_at=at)
    made = OwnershipTransfer.objects.create(
        offered_by=by, offered_to=to, role_after=role_after, offered_at=at, expires_at=at + GOOD_FOR
    )
    trail.record("ownership.offered", by.msp, by=by, at=at, person=str(to))
    sentence = f"{by} is offering to make you the owner in their place. Open the team page to accept within seven days."
    team.tell(to, f"Become the owner of {by.msp}", sentence, at=at)
    return made


def accept(transfer: OwnershipTransfer, *, by: Membership, at: datetime) -> Membership:
    """Take the place of the one who offered it, who becomes what they chose. Raises OfferOver."""
    team.lock()
    found = _waiting().select_related("offered_by__user", "offered_to__user").filter(pk=transfer.pk).first()
    if found is None or found.offered_to_id != by.pk or not found.is_open(at):
        raise OfferOver("This offer was ended, is too old, or is not for you.")
    before, after = found.offered_by, found.offered_to
    if before.role != Role.OWNER or before.deactivated_at is not None or not before.user.is_active:
        raise OfferOver(f"{before} is no longer an owner, so there is nothing to take over.")
    if after.deactivated_at is not None:
        raise OfferOver("You are not on this team anymore.")
    OwnershipTransfer.objects.filter(pk=found.pk).update(accepted_at=at)
    team.change_role(after, role=Role.OWNER, by=before, at=at)
    trail.record("ownership.accepted", after.msp, by=after, at=at, person=str(before))
    if found.role_after:
        team.change_role(before, role=found.role_after, by=before, at=at)
    else:
        team.leave(before, at=at)
    return after


def end(transfer: OwnershipTransfer, *, by: Membership, at: datetime) -> OwnershipTransfer:
    """Take an offer back, or decline it; any owner may, too. Raises OfferOver."""
    team.lock()
    if by.pk not in {transfer.offered_by_id, transfer.offered_to_id} and by.role != Role.OWNER:
        raise OfferOver("This offer is not yours.", status=403)
    if not _waiting().filter(pk=transfer.pk).update(ended_at=at):
        raise OfferOver("This offer has already been accepted or ended.")
    transfer.ended_at = at
    trail.record("ownership.ended", by.msp, by=by, at=at, person=str(transfer.offered_to))
    return transfer


def _waiting() -> QuerySet[OwnershipTransfer]:
    return OwnershipTransfer.objects.filter(accepted_at__isnull=True, ended_at__isnull=True)
