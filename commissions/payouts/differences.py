"""What a run pays differently from the run before it: what an approver looks at first."""

from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from commissions.models import Payout, PayoutRun, PayoutState, RunState

LARGE_CHANGE: Final = 2_500
"""Basis points by which a partner's amount may move before it is pointed out."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One partner's amounts in the two runs, in minor units."""

    partner_id: UUID
    name: str
    now: int
    before: int

    @property
    def minor(self) -> int:
        """By how much it moved."""
        return self.now - self.before

    @property
    def basis_points(self) -> int:
        """By what part of the earlier amount it moved; rounded toward zero."""
        return abs(self.minor) * 10_000 // self.before


@dataclass(frozen=True, slots=True)
class Differences:
    """A run beside the run before it; `before` is None for the first one."""

    before: PayoutRun | None
    total_now: int
    total_before: int = 0
    new: list[Difference] = field(default_factory=list)
    changed: list[Difference] = field(default_factory=list)
    missing: list[Difference] = field(default_factory=list)

    @property
    def minor(self) -> int:
        """By how much the total moved."""
        return self.total_now - self.total_before

    @property
    def largest_first(self) -> list[Difference]:
        """All of them; those that moved the total most are what an approver has to see."""
        everyone = [*self.changed, *self.new, *self.missing]
        return sorted(everyone, key=lambda one: (-abs(one.minor), one.name.lower()))


def differences(run: PayoutRun) -> Differences:
    """Who is new, who is missing and whose amount moved by more than a quarter since the run before."""
    now = _amounts(run)
    total = sum(minor for _, minor in now.values())
    before_run = (
        PayoutRun.objects.filter(rail=run.rail, number__lt=run.number)
        .exclude(state=RunState.CANCELED)
        .order_by("-number")
        .first()
    )
    if before_run is None:
        return Differences(None, total)
    before = _amounts(before_run)
    found = [
        Difference(partner_id, name, now.get(partner_id, (name, 0))[1], before.get(partner_id, (name, 0))[1])
        for partner_id, (name, _) in sorted((before | now).items(), key=lambda pair: pair[1][0].lower())
    ]
    return Differences(
        before_run,
        total,
        sum(minor for _, minor in before.values()),
        new=[one for one in found if not one.before],
        changed=[one for one in found if one.now and one.before and one.basis_points > LARGE_CHANGE],
        missing=[one for one in found if not one.now],
    )


def _amounts(run: PayoutRun) -> dict[UUID, tuple[str, int]]:
    payouts = Payout.objects.filter(run=run).exclude(state=PayoutState.CANCELED)
    rows = payouts.values_list("partner_id", "partner__name", "minor")
    return {partner_id: (name, minor) for partner_id, name, minor in rows}
