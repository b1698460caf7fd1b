"""Who has the credit for an introduction: the first valid registration, or the shares that were agreed."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from elinkages.audit import trail
from elinkages.kernel.actors import Actor
from elinkages.kernel.copy import insert_many
from elinkages.kernel.money import format_basis_points
from elinkages.kernel.refusal import Refused
from partners.models import Partner
from referrals import screening
from referrals.models import FULL_SHARE, Case, Credit, FindingState, Flag, Referral, Stage

type Share = tuple[Partner, int]
"""A partner and basis points."""


class SharesRefused(Refused):
    """Shares that cannot be: more than the whole, not positive, or one partner twice."""


class CreditSettled(Refused):
    """The introduction was won; its credit is part of what is paid now."""


class Contested(Refused):
    """A case about the credit is open: it is decided there, and nowhere else."""


def grant(referral: Referral, *, by: Actor, at: datetime) -> bool:
    """Give the sender all of the credit, unless someone has it or an undecided finding withholds it.

    Returns whether it was given now.
    """
    if not referral.is_open or referral.withheld_basis_points is not None or referral.credits.exists():
        return False
    _wait(referral, screening.withholding(referral).exists())
    if referral.credit_waits or _is_known_duplicate(referral):
        return False
    _give([referral], at=at)
    told = {"partner": referral.partner.name, "share_basis_points": FULL_SHARE}
    trail.record("credit.given", referral, by=by, at=at, **told)
    return True


def grant_new(referrals: Sequence[Referral], *, waiting: set[UUID], at: datetime) -> None:
    """The same for introductions that were just registered, given those that screening keeps `waiting`.

    Their history says so where it says that they were registered.
    """
    if waiting:
        Referral.objects.filter(pk__in=waiting).update(credit_waits=True)
    for referral in referrals:
        referral.credit_waits = referral.pk in waiting
    _give([referral for referral in referrals if not referral.credit_waits], at=at)


def _give(referrals: Sequence[Referral], *, at: datetime) -> None:
    columns = ("referral_id", "partner_id", "basis_points", "created_at")
    insert_many(Credit, columns, [(one.pk, one.partner_id, FULL_SHARE, at) for one in referrals])


def withdraw(referral: Referral, *, by: Actor, at: datetime, reason: str) -> None:
    """Take the credit back, because another registration of the same company was first. Raises Contested."""
    refuse_contested(referral)
    _wait(referral, False)
    deleted, _ = referral.credits.all().delete()
    if deleted:
        trail.record("credit.withdrawn", referral, by=by, at=at, reason=reason)


def share(
    referral: Referral, shares: Sequence[Share], *, by: Actor, at: datetime, decided: Case | Flag | None = None
) -> Referral:
    """Replace the credit by these shares, in basis points; what is left of 10,000 stays with the MSP.

    Raises SharesRefused, Contested while a case is open, or CreditSettled after the introduction was won: then only
    a case or a sign of self-dealing that was `decided` changes it, and commissions follow as differences.
    """
    check(shares)
    stage = Referral.objects.select_for_update().get(pk=referral.pk).stage
    if decided is None:
        refuse_contested(referral)
        if stage == Stage.WON:
            raise CreditSettled(
                f"{referral.company} is won: its credit already determines what is paid, so it stays as it is."
            )
    _wait(referral, False)
    wanted = {partner.pk: basis_points for partner, basis_points in shares}
    before = dict(referral.credits.values_list("partner_id", "basis_points"))
    if wanted == before:
        return referral
    if referral.partner_id in wanted and referral.withheld_basis_points is not None:
        referral.withheld_basis_points, referral.withheld_reason = None, ""
        referral.save(update_fields=["withheld_basis_points", "withheld_reason"])
    referral.credits.exclude(partner__in=wanted).delete()
    # Shares that shrink go first: the database looks at the sum after every statement.
    for partner_id, basis_points in sorted(wanted.items(), key=lambda item: item[1] - before.get(item[0], 0)):
        Credit.objects.update_or_create(
            referral=referral,
            partner_id=partner_id,
            defaults={"basis_points": basis_points},
            create_defaults={"basis_points": basis_points, "created_at": at},
        )
    told = [f"{partner.name} {format_basis_points(basis_points)}" for partner, basis_points in shares]
    trail.record("credit.shared", referral, by=by, at=at, shares=told or ["nobody"])
    return referral


def refuse_contested(referral: Referral) -> None:
    """Raise Contested while a case about the credit of an introduction is open."""
    if referral.cases.open().exists():
        raise Contested(f"A case about {referral.company} is open. Decide the case: that changes the credit.")


def _wait(referral: Referral, waits: bool) -> None:
    if referral.credit_waits != waits:
        referral.credit_waits = waits
        referral.save(update_fields=["credit_waits"])


def _is_known_duplicate(referral: Referral) -> bool:
    """Whether someone decided that it is the same as a client, or as an introduction that was not lost."""
    return referral.findings.filter(state=FindingState.SAME).exclude(other_referral__stage=Stage.LOST).exists()


def check(shares: Sequence[Share]) -> None:
    """Raise SharesRefused for shares that cannot be."""
    for partner, basis_points in shares:
        if not 0 < basis_points <= FULL_SHARE:
            raise SharesRefused(f"Give {partner.name} a share above 0% and up to 100%, or leave it out.")
    if len({partner.pk for partner, _ in shares}) < len(shares):
        raise SharesRefused("A partner can have only one share. Add the two together.")
    total = sum(basis_points for _, basis_points in shares)
    if total > FULL_SHARE:
        raise SharesRefused(
            f"The shares add up to {format_basis_points(total)}."
            " Keep them at 100% or less; what is left stays with you."
        )
