"""The referral program in figures: one query each, summed in Postgres, whatever the number of rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db.models import Count, Max, Q, Sum

from commissions.models import Entry
from commissions.models import Stage as EntryStage
from elinkages.kernel.prepared import PreparedValues
from elinkages.pages.sourced import partner_mrr
from referrals.models import OPEN_STAGES, Referral, Stage


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


def partner_figures(partner_ids: Sequence[UUID], *, on: date, exact: bool = False) -> dict[UUID, PartnerFigures]:
    """What each of these partners sent; partners who sent nothing are left out.

    Counts are as of now. The MRR of many partners is a join of four tables that costs more than a page may, so it is
    kept for a minute (`partner_mrr`), unless it must be exact.
    """
    mrr = partner_mrr(partner_ids, on=on, exact=exact)
    return {
        partner_id: PartnerFigures(total, won, open_, mrr[partner_id], last)
        for partner_id, total, won, open_, last in _sent(partners=partner_ids)
    }


_sent = PreparedValues(
    lambda partners: (
        Referral.objects.filter(partner__any_of=partners)
        .values_list("partner")
        .annotate(
            total=Count("pk"),
            won=Count("pk", filter=Q(stage=Stage.WON)),
            open=Count("pk", filter=Q(stage__in=OPEN_STAGES)),
            last=Max("registered_at"),
        )
    ),
    partners=list[UUID],
)


def pipeline() -> list[StageFigures]:
    """The open stages in their order, empty ones included."""
    found = {stage: (count, int(expected or 0)) for stage, count, expected in _open_by_stage()}
    return [StageFigures(stage, *found.get(stage, (0, 0))) for stage in OPEN_STAGES]


_open_by_stage = PreparedValues(
    lambda: Referral.objects.open().values_list("stage").annotate(total=Count("*"), expected=Sum("expected_mrr_minor"))
)


def earned(partner_id: UUID) -> dict[str, int]:
    """What one partner earned, by the stage it is in: accrued, payable, reserved, paid; minor units."""
    rows = (
        Entry.objects.filter(partner=partner_id)
        .exclude(stage=EntryStage.VOID)
        .values_list("stage")
        .annotate(minor=Sum("minor"))
    )
    return dict.fromkeys(("accrued", "payable", "reserved", "paid"), 0) | dict(rows)
