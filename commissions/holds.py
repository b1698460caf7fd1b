"""Holds: something keeps amounts from being paid until a person lifts it. Nothing is voided, nothing is lost."""

from datetime import datetime
from typing import Any

from commissions.models import Hold
from elinkages.accounts.models import Membership
from elinkages.audit import trail
from elinkages.kernel.actors import Actor
from elinkages.kernel.refusal import Refused
from partners.models import Partner
from referrals.models import Contract

REASON_LENGTH = 300


class NeedsReason(Refused):
    """A hold tells the partner's people why."""


class AlreadyLifted(Refused):
    """Somebody lifted it before."""


def place(subject: Partner | Contract, *, reason: str, by: Actor, at: datetime) -> Hold:
    """Keep a partner's or a contract's amounts from being paid from now on. Raises NeedsReason."""
    reason = reason.strip()
    if not reason or len(reason) > REASON_LENGTH:
        raise NeedsReason(f"Say why in 1 to {REASON_LENGTH} characters.")
    hold = Hold.objects.create(**_on(subject), reason=reason, placed_at=at, placed_by_name=by.actor_name[:200])
    _tell("hold.placed", hold, by, at)
    return hold


def lift(hold: Hold, *, by: Membership, at: datetime) -> Hold:
    """Let the amounts be paid again. Raises AlreadyLifted."""
    if not Hold.objects.filter(pk=hold.pk, lifted_at__isnull=True).update(lifted_at=at, lifted_by=by):
        raise AlreadyLifted("This hold has already been lifted.")
    hold.refresh_from_db()
    _tell("hold.lifted", hold, by, at)
    return hold


def active(subject: Partner | Contract) -> list[Hold]:
    """The holds on a partner or a contract that nobody has lifted, oldest first."""
    return list(Hold.objects.filter(**_on(subject), lifted_at__isnull=True).order_by("placed_at", "pk"))


def _on(subject: Partner | Contract) -> dict[str, Any]:
    return {"partner" if isinstance(subject, Partner) else "contract": subject}


def _tell(action: str, hold: Hold, by: Actor, at: datetime) -> None:
    """A contract has no page of its own: its history is its client's."""
    if hold.partner is not None:
        trail.record(action, hold.partner, by=by, at=at, reason=hold.reason)
    elif hold.contract is not None:
        contract = hold.contract
        trail.record(action, contract.client, by=by, at=at, contract=contract.service_line.name, reason=hold.reason)
