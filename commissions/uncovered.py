"""Contracts of introduced clients that have no plan: what the rules would give them now, and all of it at once."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from commissions import deals
from elinkages.kernel import locks
from elinkages.kernel.actors import Actor
from elinkages.kernel.refusal import Refused
from referrals.models import Contract, Referral

AT_ONCE = 500
"""As many as a person can look over; the next ones follow when these have their plan."""


class Changed(Refused):
    """Not what the person looked at anymore."""


@dataclass(frozen=True, slots=True)
class Uncovered:
    """A running contract without a plan, whose introduction it came of, and what the rules say about it now."""

    contract: Contract
    referral: Referral
    won_on: date
    choice: deals.Choice


def uncovered() -> list[Uncovered]:
    """The running contracts without a plan, the oldest first, AT_ONCE at most. Three queries."""
    bare = Contract.objects.without_plan().select_related("client__referral__partner", "service_line")
    contracts = bare.order_by("pk")[:AT_ONCE]
    found = [(one, one.client.referral) for one in contracts]
    rulebook = deals.Rulebook([referral.partner for _, referral in found if referral])
    return [
        Uncovered(one, referral, won_on, rulebook.choose(referral.partner, referral.source_kind, line, won_on))
        for one, referral in found
        if referral and (line := one.service_line) and (won_on := one.told_won_on or one.starts_on)
    ]


def fingerprint(rows: Sequence[Uncovered]) -> str:
    """What a person saw: which contract gets which version."""
    seen = ",".join(f"{row.contract.pk}:{row.choice.version.pk}" for row in rows if row.choice.version)
    return hashlib.sha256(seen.encode()).hexdigest()


def cover(*, shown: str, by: Actor, at: datetime) -> int:
    """Give every contract that the rules cover now its plan, for good; how many. `shown` is what the person saw.

    Raises Changed when that is no longer what would be given, or nothing is.
    """
    locks.hold("pins")
    rows = [row for row in uncovered() if row.choice.version]
    if not rows or fingerprint(rows) != shown:
        raise Changed("The rules or the contracts have changed since you looked. Nothing was given; look once more.")
    deals.pin_all([(row.contract, row.referral, row.won_on) for row in rows], by, at)
    return len(rows)
