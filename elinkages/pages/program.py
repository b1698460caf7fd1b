"""The referral program in figures: one query each, summed in Postgres, whatever the number of rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.core.cache import cache
from django.db.models import Count, Max, Q, Sum
from django.db.models.functions import TruncMonth

from commissions.models import Entry, Payout, PayoutState
from commissions.models import Stage as EntryStage
from elinkages.kernel.tenancy import current_msp_id
from elinkages.pages import charts
from partners.models import SourceKind
from referrals.models import OPEN_STAGES, MrrMovement, Referral, Stage

REFERRAL = "contract__client__referral"
MONTHS = 12
"""How many months the chart of home shows."""
MRR_KEPT_FOR = 60
"""How long, in seconds, the MRR of a partner in a list may lag behind; the partner's own page adds up anew."""
KEPT_FOR = 7 * 24 * 3600
"""How long, in seconds, an answer is kept that nobody asks for."""


@dataclass(frozen=True, slots=True)
class PartnerFigures:
    """What one partner sent; MRR in minor units a month, today."""

    referrals: int = 0
    won: int = 0
    open: int = 0
    mrr_minor: int = 0
    last_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class StageFigures:
    """One open stage: how many introductions, and the MRR expected of those that name one."""

    stage: Stage
    count: int
    expected_minor: int


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


@dataclass(frozen=True, slots=True)
class Owed:
    """What partners have earned and not been paid, in minor units."""

    accrued_minor: int
    payable_minor: int
    partners: int


@dataclass(frozen=True, slots=True)
class Paid:
    """What partners were paid, in minor units, in how many payouts."""

    minor: int
    payouts: int


def partner_figures(partner_ids: Sequence[UUID], *, on: date, exact: bool = False) -> dict[UUID, PartnerFigures]:
    """What each of these partners sent; partners who sent nothing are left out.

    Counts are as of now. The MRR of many partners is a join of four tables that costs more than a page may, so it is
    kept for a minute (`partner_mrr`), unless it must be exact.
    """
    sent = (
        Referral.objects.filter(partner__in=partner_ids)
        .values("partner")
        .annotate(
            total=Count("pk"),
            won=Count("pk", filter=Q(stage=Stage.WON)),
            open=Count("pk", filter=Q(stage__in=OPEN_STAGES)),
            last=Max("registered_at"),
        )
    )
    mrr = partner_mrr(partner_ids, on=on, exact=exact)
    return {
        row["partner"]: PartnerFigures(row["total"], row["won"], row["open"], mrr.get(row["partner"], 0), row["last"])
        for row in sent
    }


def partner_mrr(partner_ids: Sequence[UUID], *, on: date, exact: bool = False) -> dict[UUID, int]:
    """The MRR of the clients that each of these partners sent, in minor units; unless `exact`, at most a minute old."""
    keys = {f"partner-mrr:{partner_id}:{on}": partner_id for partner_id in partner_ids}
    kept = {keys[key]: minor for key, minor in ({} if exact else cache.get_many(keys)).items()}
    missing = [partner_id for partner_id in partner_ids if partner_id not in kept]
    if missing:
        found = (
            MrrMovement.objects.filter(**{f"{REFERRAL}__partner__in": missing}, effective_on__lte=on)
            .values_list(f"{REFERRAL}__partner")
            .annotate(minor=Sum("delta_minor"))
        )
        fresh = dict.fromkeys(missing, 0) | dict(found)
        cache.set_many({f"partner-mrr:{partner_id}:{on}": minor for partner_id, minor in fresh.items()}, MRR_KEPT_FOR)
        kept |= fresh
    return kept


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


def chart_of(sourced: MrrSourced, currency: str) -> charts.Chart:
    """The same as stacked bars, one layer a kind; kinds that never brought MRR are left out."""
    series = [
        charts.Series(SourceKind(kind).label, values, kind) for kind, values in sourced.by_kind.items() if any(values)
    ]
    first, last = sourced.days[0], sourced.days[-1]
    unit = charts.money(currency, period=f"a month, {first:%b %Y} to {last:%b %Y}")
    labels = [f"{day:%b}" for day in sourced.days]
    return charts.stacked_bars("MRR from referred clients", series, labels=labels, unit=unit)


def pipeline() -> list[StageFigures]:
    """The open stages in their order, empty ones included."""
    rows = {
        row["stage"]: row
        for row in Referral.objects.open()
        .values("stage")
        .annotate(total=Count("*"), expected=Sum("expected_mrr_minor"))
    }
    empty: dict[str, Any] = {"total": 0, "expected": 0}
    found = [(stage, rows.get(stage, empty)) for stage in OPEN_STAGES]
    return [StageFigures(stage, row["total"], row["expected"] or 0) for stage, row in found]


def owed() -> Owed:
    """What is accrued and what is payable; two queries, each on its own partial index."""
    accrued = Entry.objects.filter(stage=EntryStage.ACCRUED).aggregate(minor=Sum("minor"))
    payable = Entry.objects.filter(stage=EntryStage.PAYABLE).aggregate(
        minor=Sum("minor"), partners=Count("partner", distinct=True)
    )
    return Owed(accrued["minor"] or 0, payable["minor"] or 0, payable["partners"])


def paid_since(day: date) -> Paid:
    """What arrived at partners since a day, that day included."""
    row = Payout.objects.filter(state=PayoutState.PAID, paid_on__gte=day).aggregate(
        minor=Sum("minor"), payouts=Count("pk")
    )
    return Paid(row["minor"] or 0, row["payouts"])


def earned(partner_id: UUID) -> dict[str, int]:
    """What one partner earned, by the stage it is in: accrued, payable, reserved, paid; minor units."""
    rows = (
        Entry.objects.filter(partner=partner_id)
        .exclude(stage=EntryStage.VOID)
        .values_list("stage")
        .annotate(minor=Sum("minor"))
    )
    return dict.fromkeys(("accrued", "payable", "reserved", "paid"), 0) | dict(rows)


def _running(values: Sequence[int]) -> tuple[int, ...]:
    total, sums = 0, []
    for value in values:
        total += value
        sums.append(total)
    return tuple(sums)


def _month_before(day: date, count: int) -> date:
    index = day.year * 12 + day.month - 1 - count
    return date(index // 12, index % 12 + 1, 1)
