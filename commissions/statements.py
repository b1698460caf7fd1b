"""The statement of a payout: what was paid to whom, for what, and why, on one page that can be kept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.db.models import QuerySet

from commissions.earnings import TOLD, Origin, origins
from commissions.models import Entry, Payout, PayoutItem
from partners.models import Partner


class Unequal(RuntimeError):
    """The lines do not add up to the payout: a fault of ours. No statement is better than a wrong one."""


@dataclass(frozen=True, slots=True)
class Line:
    """One amount of a statement."""

    entry: Entry
    origin: Origin
    reason: str
    minor: int


@dataclass(frozen=True, slots=True)
class Statement:
    """A payout with its lines. The period is that of the months in which the amounts were earned."""

    payout: Payout
    lines: Sequence[Line]
    first_month: date
    last_month: date

    @property
    def is_one_month(self) -> bool:
        """Whether everything was earned in one month."""
        return self.first_month == self.last_month

    @property
    def earned(self) -> int:
        """The sum of what was earned, in minor units."""
        return sum(line.minor for line in self.lines if line.minor > 0)

    @property
    def taken_back(self) -> int:
        """The sum of what was corrected downwards, zero or less."""
        return sum(line.minor for line in self.lines if line.minor < 0)


def payouts_told(partner: Partner) -> QuerySet[Payout]:
    """The payouts that have a statement, newest first: what is on its way, was paid, or came back."""
    return Payout.objects.filter(partner=partner, state__in=TOLD).order_by("-number")


def statement(payout: Payout) -> Statement:
    """The statement of a payout. Raises Unequal rather than show lines that do not add up."""
    return statements([payout])[0]


def statements(payouts: Sequence[Payout]) -> list[Statement]:
    """The statements of several payouts, in their order: four queries for any number. Raises Unequal."""
    items: dict[UUID, list[PayoutItem]] = {payout.pk: [] for payout in payouts}
    for item in PayoutItem.objects.filter(payout__in=list(items)).select_related("entry__pool"):
        items[item.payout_id].append(item)
    found = origins([item.entry for mine in items.values() for item in mine])
    return [_statement(payout, items[payout.pk], found) for payout in payouts]


def _statement(payout: Payout, items: Sequence[PayoutItem], found: Mapping[UUID, Origin]) -> Statement:
    lines = [Line(item.entry, found[item.entry.pool_id], item.entry.pool.reason, item.minor) for item in items]
    if sum(line.minor for line in lines) != payout.minor:
        raise Unequal(f"The lines of payout {payout.number} do not add up to it.")
    lines.sort(key=lambda line: (line.entry.earning_month, line.origin.name.lower(), line.entry.pk))
    return Statement(payout, lines, lines[0].entry.earning_month, lines[-1].entry.earning_month)
