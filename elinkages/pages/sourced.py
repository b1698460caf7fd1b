"""The MRR of clients that partners sent: by kind of source and month, and by partner."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import Final
from uuid import UUID

from django.core.cache import cache
from django.db.models import Count, Sum
from django.db.models.functions import TruncMonth

from elinkages.kernel.kept import kept
from elinkages.kernel.prepared import PreparedValues
from elinkages.pages import charts
from partners.models import SourceKind
from referrals.models import MrrMovement

MONTHS: Final = 12
"""How many months the chart of home shows."""
KEPT_FOR: Final = 7 * 24 * 3600
"""How long, in seconds, an answer is kept that nobody asks for."""
PARTNERS_KEPT_FOR: Final = 60
"""How long, in seconds, the MRR of a partner in a list may lag behind; the partner's own page adds up anew."""
REFERRAL: Final = "contract__client__referral"
"""From a movement to the introduction that its client came from."""


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

    Movements are only ever appended: the sums are made once for each version of them and day, and kept beside it.
    """
    return kept(MrrSourced, f"{on}:{months}:{_version()}", lambda: _add_up(on, months), seconds=KEPT_FOR)


def chart_of(sourced: MrrSourced, currency: str) -> charts.Chart:
    """The same as stacked bars, one layer a kind; kinds that never brought MRR are left out."""
    series = [
        charts.Series(SourceKind(kind).label, values, kind) for kind, values in sourced.by_kind.items() if any(values)
    ]
    first, last = sourced.days[0], sourced.days[-1]
    unit = charts.money(currency, period=f"a month, {first:%b %Y} to {last:%b %Y}")
    labels = [f"{day:%b}" for day in sourced.days]
    return charts.stacked_bars("MRR from referred clients", series, labels=labels, unit=unit)


def partner_mrr(partner_ids: Sequence[UUID], *, on: date, exact: bool = False) -> dict[UUID, int]:
    """The MRR of the clients that each of these partners sent, in minor units; unless `exact`, at most a minute old."""
    if exact:
        return _add_up_partners(partner_ids, on)
    whose = sha256(b"".join(partner_id.bytes for partner_id in partner_ids)).hexdigest()
    key = f"partner-mrr:{whose}:{on}"
    sums: list[int] | None = cache.get(key)
    if sums is None:
        sums = list(_add_up_partners(partner_ids, on).values())
        cache.set(key, sums, PARTNERS_KEPT_FOR)
    return dict(zip(partner_ids, sums, strict=True))


def _version() -> str:
    """Which movement was written last, and how many were in the day before it.

    Keys are in the order of time, but what has an earlier key may be committed later; nothing takes a day for that.
    """
    newest: UUID = next((pk for (pk,) in _newest()), UUID(int=0))
    return f"{newest}:{_written(since=UUID(int=max(0, newest.int - _A_DAY)))}"


_A_DAY: Final = 24 * 3600 * 1000 << 80
"""Of a UUID of version 7, whose first 48 bits are milliseconds."""
_newest = PreparedValues(lambda: MrrMovement.objects.order_by("-pk").values_list("pk")[:1])
_written = PreparedValues(
    lambda since: (
        MrrMovement.objects.filter(pk__gte=since).order_by().values_list("msp").annotate(n=Count("*")).values_list("n")
    ),
    since=UUID,
)


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


def _add_up_partners(partner_ids: Sequence[UUID], on: date) -> dict[UUID, int]:
    found = (
        MrrMovement.objects.filter(**{f"{REFERRAL}__partner__in": partner_ids}, effective_on__lte=on)
        .values_list(f"{REFERRAL}__partner")
        .annotate(minor=Sum("delta_minor"))
    )
    return dict.fromkeys(partner_ids, 0) | dict(found)


def _running(values: Sequence[int]) -> tuple[int, ...]:
    total, sums = 0, []
    for value in values:
        total += value
        sums.append(total)
    return tuple(sums)


def _month_before(day: date, count: int) -> date:
    index = day.year * 12 + day.month - 1 - count
    return date(index // 12, index % 12 + 1, 1)
