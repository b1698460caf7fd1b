"""Contracts of introduced clients that have no plan: what the rules would give each now, and giving it (ADR 48)."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from commissions import deals
from commissions.models import PlanRule, PlanVersion
from elinkages.kernel.actors import Actor
from elinkages.kernel.refusal import Refused
from referrals.models import Contract, Referral


class Changed(Refused):
    """Not what the person looked at anymore."""


@dataclass(frozen=True, slots=True)
class Uncovered:
    """A running contract without a plan, whose introduction it came of, and what the rules say about it now."""

    contract: Contract
    referral: Referral
    won_on: date
    choice: deals.Choice


def with_choices(contracts: Iterable[Contract]) -> list[Uncovered]:
    """What the rules would give contracts of introduced clients now, in two queries whatever their number."""
    found = [(one, one.client.referral) for one in contracts]
    rulebook = deals.Rulebook({referral.partner for _, referral in found if referral})
    return [
        Uncovered(one, referral, won_on, rulebook.choose(referral.partner, referral.source_kind, line, won_on))
        for one, referral in found
        if referral and (line := one.service_line) and (won_on := one.told_won_on or one.starts_on)
    ]


def rules_seen() -> str:
    """A fingerprint of every rule and version that a contract may get its plan by."""
    rules = PlanRule.objects.order_by("pk").values_list(
        "pk", "plan", "partner", "source_kind", "service_line", "valid_from", "valid_until"
    )
    versions = PlanVersion.objects.order_by("pk").values_list("pk", "plan", "valid_from", "valid_until")
    return hashlib.sha256(repr((list(rules), list(versions))).encode()).hexdigest()


def cover(contract: Contract, *, seen: str, by: Actor, at: datetime) -> None:
    """Give a contract the plan that the rules lead to, for good. `seen` are the rules that the person looked at.

    Raises Changed when they are others by now, deals.AlreadyPinned and deals.NoPlan.
    """
    if not Contract.objects.without_plan().filter(pk=contract.pk).exists():
        raise Changed(f"{contract} has a plan by now, or has ended.")
    deals.pin(contract, won_on=contract.told_won_on or contract.starts_on, by=by, at=at)
    # After the pin, so that the rules it was chosen by are those: who calls takes the pin back with the refusal.
    if rules_seen() != seen:
        raise Changed("The rules have changed since you looked. Nothing was given; see what it gets now.")
