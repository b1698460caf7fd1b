"""The MRR of clients that partners sent, by kind of source and month: as quick with many movements as with few."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from django.core.cache import cache
from django.db.models import QuerySet, Sum
from django.db.models.functions import TruncMonth

from elinkages.kernel.tenancy import current_msp_id
from elinkages.pages import charts
from partners.models import SourceKind
from referrals.models import MrrMovement

MONTHS: Final = 12
"""How many months the chart of home shows."""
SETTLED_AFTER: Final = timedelta(minutes=15)
"""What was written longer ago is there for everybody: a task may take ten minutes, a request half of one."""
KEPT_FOR: Final = 2 * 24 * 3600
"""How long, in seconds, sums are kept that nobody asks for."""
REFERRAL: Final = "contract__client__referral"

type Sums = dict[tuple[str, date], int]
"""Changes of MRR in minor units, by kind of source and the month of their day."""


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


def mrr_sourced(*, on: date, at: datetime, months: int = MONTHS) -> MrrSourced:
    """The MRR of referred clients by kind and month, exact at the instant `at`.

    Movements are only ever appended, and their keys are in the order of time. So what was written a while ago is added
    up once a day and kept, what came since is added to that from time to time, and only the newest rows are read anew.
    """
    settled, since = _settled(on, at)
    starts = tuple(_month_before(on, back) for back in range(months - 1, -1, -1))
    by_kind: dict[str, dict[date, int]] = {kind: {} for kind in SourceKind.values}
    for (kind, month), minor in _and(settled, _changes(on, _movements().filter(pk__gte=since))).items():
        slot = max(month, starts[0])
        by_kind[kind][slot] = by_kind[kind].get(slot, 0) + minor
    return MrrSourced(
        starts, {kind: _running([found.get(day, 0) for day in starts]) for kind, found in by_kind.items()}
    )


def chart_of(sourced: MrrSourced, currency: str) -> charts.Chart:
    """The same as stacked bars, one layer a kind; kinds that never brought MRR are left out."""
    series = [
        charts.Series(SourceKind(kind).label, values, kind) for kind, values in sourced.by_kind.items() if any(values)
    ]
    first, last = sourced.days[0], sourced.days[-1]
    unit = charts.money(currency, period=f"a month, {first:%b %Y} to {last:%b %Y}")
    labels = [f"{day:%b}" for day in sourced.days]
    return charts.stacked_bars("MRR from referred clients", series, labels=labels, unit=unit)


def _settled(on: date, at: datetime) -> tuple[Sums, UUID]:
    """The sums of what was written before some key, and that key."""
    name = f"mrr-sourced:{current_msp_id()}:{on}"
    kept: tuple[Sums, UUID] | None = cache.get(name)
    if kept is not None and kept[1] >= _written_at(at - 2 * SETTLED_AFTER):
        return kept
    until = _written_at(at - SETTLED_AFTER)
    rows = _movements().filter(pk__lt=until)
    fresh = _changes(on, rows) if kept is None else _and(kept[0], _changes(on, rows.filter(pk__gte=kept[1])))
    cache.set(name, (fresh, until), KEPT_FOR)
    return fresh, until


def _written_at(moment: datetime) -> UUID:
    """The smallest key that a row written at a moment can have: UUIDs of version 7 begin with their millisecond."""
    return UUID(int=int(moment.timestamp() * 1000) << 80)


def _movements() -> QuerySet[MrrMovement]:
    return MrrMovement.objects.filter(**{f"{REFERRAL}__isnull": False})


def _changes(on: date, rows: QuerySet[MrrMovement]) -> Sums:
    changes = (
        rows.filter(effective_on__lte=on)
        .annotate(month=TruncMonth("effective_on"))
        .values_list(f"{REFERRAL}__source_kind", "month")
        .annotate(minor=Sum("delta_minor"))
    )
    return {(kind, month): minor for kind, month, minor in changes}


def _and(some: Sums, more: Sums) -> Sums:
    return some | {key: some.get(key, 0) + minor for key, minor in more.items()}


def _running(values: Sequence[int]) -> tuple[int, ...]:
    total, sums = 0, []
    for value in values:
        total += value
        sums.append(total)
    return tuple(sums)


def _month_before(day: date, count: int) -> date:
    index = day.year * 12 + day.month - 1 - count
    return date(index // 12, index % 12 + 1, 1)
