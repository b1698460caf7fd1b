"""What an MSP owes its partners and has paid them, all in all."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Aggregate, Count, QuerySet, Subquery, Sum

from commissions import payouts
from commissions.models import Entry, Journal, Payout, PayoutState, Rail, Stage
from elinkages.accounts.models import Msp
from elinkages.kernel.kept import kept
from elinkages.kernel.tenancy import current_msp_id

UNPAID = (Stage.ACCRUED, Stage.PAYABLE, Stage.RESERVED)
KEPT_FOR = 7 * 24 * 3600
"""How long, in seconds, sums are kept that nobody asks for."""
READY_FOR = 300
"""In seconds: what holds a partner back has no journal."""


@dataclass(frozen=True, slots=True)
class Totals:
    """Amounts in minor units: what is not paid yet by stage, and what arrived this year in how many payouts.

    `first` and `last` are the months of the first and of the last amount, None when nothing was ever earned.
    """

    accrued: int
    payable: int
    reserved: int
    paid: int
    payouts: int
    first: date | None
    last: date | None


def totals(*, year: int) -> Totals:
    """Everything at once, with what was paid in one year.

    No amount, no stage and no payment changes without a journal, so the hash of the newest one is the version of all
    sums: they are added up once for each, and kept beside it. Its number would not do: a number comes again after a
    transaction that was rolled back, and after a restore.
    """
    return kept(Totals, f"{year}:{_newest()}", lambda: _add_up(year), seconds=KEPT_FOR)


@dataclass(frozen=True, slots=True)
class Ready:
    """What the next runs would pay, by their rail: how many partners, and how much in all, in minor units."""

    payees: Mapping[str, int]
    minor: Mapping[str, int]


def ready(*, on: date) -> Ready:
    """What runs would pay that were opened on this day.

    A hold that somebody lifts, or an agreement that is signed, may take five minutes to count.
    """
    return kept(Ready, f"{on}:{_newest()}", lambda: _look(on), seconds=READY_FOR)


def _newest() -> str:
    found = Journal.objects.order_by("-seq").values_list("hash", flat=True).first()
    return bytes(found or b"").hex()


def _look(on: date) -> Ready:
    found = {str(rail): payouts.outlook(on, rail) for rail in Rail}
    return Ready(
        {rail: len(outlook.payees) for rail, outlook in found.items()},
        {rail: outlook.minor for rail, outlook in found.items()},
    )


def _add_up(year: int) -> Totals:
    """One query; each stage by itself, because each has an index of its own that holds the amounts."""
    unpaid = [_of(Entry.objects.filter(stage=stage), Sum("minor")) for stage in UNPAID]
    arrived = Payout.objects.filter(state=PayoutState.PAID, paid_on__gte=date(year, 1, 1))
    months = Entry.objects.filter(voided_on__isnull=True).values("earning_month")
    first, last = (Subquery(months.order_by(order)[:1]) for order in ("earning_month", "-earning_month"))
    found = Msp.objects.filter(pk=current_msp_id()).values_list(
        *unpaid, _of(arrived, Sum("minor")), _of(arrived, Count("*")), first, last
    )
    accrued, payable, reserved, paid, payouts, *ends = found.get()
    return Totals(int(accrued or 0), int(payable or 0), int(reserved or 0), int(paid or 0), payouts or 0, *ends)


def _of(rows: QuerySet[Any], figure: Aggregate) -> Subquery:
    return Subquery(rows.order_by().values("msp").annotate(figure=figure).values("figure"))
