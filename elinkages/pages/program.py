"""The referral program in figures: one query each, summed in Postgres, whatever the number of rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from uuid import UUID

from django.core.cache import cache
from django.db.models import Count, Max, Q, Sum

from commissions.models import Entry, Payout, PayoutState
from commissions.models import Stage as EntryStage
from elinkages.kernel.prepared import PreparedValues
from referrals.models import OPEN_STAGES, MrrMovement, Referral, Stage

REFERRAL = "contract__client__referral"
MRR_KEPT_FOR = 60
"""How long, in seconds, the MRR of a partner in a list may lag behind; the partner's own page adds up anew."""


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
class Owed:
    """What partners have earned and not been paid, in minor units."""

    accrued_minor: int
    payable_minor: int


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


def partner_mrr(partner_ids: Sequence[UUID], *, on: date, exact: bool = False) -> dict[UUID, int]:
    """The MRR of the clients that each of these partners sent, in minor units; unless `exact`, at most a minute old."""
    if exact:
        return _add_up_partners(partner_ids, on)
    whose = sha256(b"".join(partner_id.bytes for partner_id in partner_ids)).hexdigest()
    key = f"partner-mrr:{whose}:{on}"
    kept: list[int] | None = cache.get(key)
    if kept is None:
        kept = list(_add_up_partners(partner_ids, on).values())
        cache.set(key, kept, MRR_KEPT_FOR)
    return dict(zip(partner_ids, kept, strict=True))


def _add_up_partners(partner_ids: Sequence[UUID], on: date) -> dict[UUID, int]:
    found = (
        MrrMovement.objects.filter(**{f"{REFERRAL}__partner__in": partner_ids}, effective_on__lte=on)
        .values_list(f"{REFERRAL}__partner")
        .annotate(minor=Sum("delta_minor"))
    )
    return dict.fromkeys(partner_ids, 0) | dict(found)


def pipeline() -> list[StageFigures]:
    """The open stages in their order, empty ones included."""
    found = {stage: (count, int(expected or 0)) for stage, count, expected in _open_by_stage()}
    return [StageFigures(stage, *found.get(stage, (0, 0))) for stage in OPEN_STAGES]


_open_by_stage = PreparedValues(
    lambda: Referral.objects.open().values_list("stage").annotate(total=Count("*"), expected=Sum("expected_mrr_minor"))
)


def owed() -> Owed:
    """What is accrued and what is payable; two queries, each on its own partial index."""
    accrued = Entry.objects.filter(stage=EntryStage.ACCRUED).aggregate(minor=Sum("minor"))
    payable = Entry.objects.filter(stage=EntryStage.PAYABLE).aggregate(minor=Sum("minor"))
    return Owed(accrued["minor"] or 0, payable["minor"] or 0)


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
