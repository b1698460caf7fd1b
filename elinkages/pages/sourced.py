"""The MRR of clients that partners sent, by kind of source and month."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from django.core.cache import cache
from django.db.models import Count, Sum
from django.db.models.functions import TruncMonth

from elinkages.kernel.tenancy import current_msp_id
from elinkages.pages import charts
from partners.models import SourceKind
from referrals.models import MrrMovement

MONTHS: Final = 12
"""How many months the chart of home shows."""
KEPT_FOR: Final = 7 * 24 * 3600
"""How long, in seconds, an answer is kept that nobody asks for."""
REFERRAL: Final = "contract__client__referral"


@dataclass(frozen=True, slots=True)
class MrrSourced:
    """MRR of clients that partners sent, by kind of source at the end of each month, the last one today."""

    days: tuple[date, ...]
    by_kind: dict[str, tuple[int, ...]]

    @property
    def now_minor(self) -> int:
        """The MRR today, in minor units a month."""
        return sum(values[-1] for values in self.by_kind.values())

    @property
    def change_minor(self) -> int:
        """How much it grew since the end of last month."""
        return self.now_minor - sum(values[-2] for values in self.by_kind.values())


def mrr_sourced(*, on: date, months: int = MONTHS) -> MrrSourced:
    """The MRR of referred clients by kind and month.

    Movements are only ever appended, so their number is the version of everything added up here: the sums are made
    once for each number of movements and day, and kept beside it.
    """
    version = f"mrr-sourced:{current_msp_id()}:{on}:{months}:{MrrMovement.objects.aggregate(n=Count('*'))['n']}"
    kept: MrrSourced | None = cache.get(version)
    if kept is None:
        kept = _add_up(on, months)
        cache.set(version, kept, KEPT_FOR)
    return kept


def chart_of(sourced: MrrSourced, currency: str) -> charts.Chart:
    """The same as stacked bars, one layer a kind; kinds that never brought MRR are left out."""
    series = [
        charts.Series(SourceKind(kind).label, values, kind) for kind, values in sourced.by_kind.items() if any(values)
    ]
    first, last = sourced.days[0], sourced.days[-1]
    unit = charts.money(currency, period=f"a month, {first:%b %Y} to {last:%b %Y}")
    labels = [f"{day:%b}" for day in sourced.days]
    return charts.stacked_bars("MRR from referred clients", series, labels=labels, unit=unit)


def _add_up(on: date, months: int) -> MrrSourced:
    starts = tuple(_month_before(on, back) for back in range(months - 1, -1, -1))
    changes = (
        MrrMovement.objects.filter(**{f"{REFERRAL}__isnull": False}, effective_on__lte=on)
        .annotate(month=TruncMonth("effective_on"))
        .values_list(f"{REFERRAL}__source_kind", "month")
        .annotate(minor=Sum("delta_minor"))
    )
    deltas: dict[str, dict[date, int]] = {kind: {} for kind in SourceKind.values}
    for kind, month, minor in changes:
        slot = max(month, starts[0])
        deltas[kind][slot] = deltas[kind].get(slot, 0) + minor
    return MrrSourced(starts, {kind: _running([found.get(day, 0) for day in starts]) for kind, found in deltas.items()})


def _running(values: Sequence[int]) -> tuple[int, ...]:
    total, sums = 0, []
    for value in values:
        total += value
        sums.append(total)
    return tuple(sums)


def _month_before(day: date, count: int) -> date:
    index = day.year * 12 + day.month - 1 - count
    return date(index // 12, index % 12 + 1, 1)
