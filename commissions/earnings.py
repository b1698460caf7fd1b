"""What a partner earned and where it stands, and why: for the portal and the dashboard alike.

Reads only what a partner may see (entries, computations, own clients), so that the portal's database role can run it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from django.db.models import Count, Q, QuerySet, Sum

from commissions.engine import share_reason, year_words
from commissions.models import Entry, PaidIn, Payout, PayoutItem, PayoutState, Pool, Stage
from elinkages.accounts.models import Msp
from elinkages.kernel.money import format_money
from partners.models import Partner
from referrals.models import FULL_SHARE, Contract

MONTHS_SHOWN: Final = 24
RELEASES_SHOWN: Final = 6
TOLD: Final = (PayoutState.SUBMITTED, PayoutState.PAID, PayoutState.RETURNED)
"""Payouts that a partner hears of: a proposal may still change."""


@dataclass(frozen=True, slots=True)
class Totals:
    """Where amounts stand, in minor units; `payable_credit` is what of the payable is paid in service credit."""

    accrued: int = 0
    payable: int = 0
    on_its_way: int = 0
    paid: int = 0
    payable_credit: int = 0

    @property
    def earned(self) -> int:
        """All of it."""
        return self.accrued + self.payable + self.on_its_way + self.paid


@dataclass(frozen=True, slots=True)
class Month:
    """What one earning month brought."""

    month: date
    totals: Totals


@dataclass(frozen=True, slots=True)
class Release:
    """What becomes payable on a day, unless something changes."""

    on: date
    minor: int
    entries: int


@dataclass(frozen=True, slots=True)
class Origin:
    """What an amount is for: a client and a service line. Both are empty for opening balances."""

    client: str = ""
    service_line: str = ""
    client_id: UUID | None = None

    @property
    def name(self) -> str:
        """The client, or what stands for it."""
        return self.client or "Opening balance"


@dataclass(frozen=True, slots=True)
class Step:
    """How an amount came about: what the partner's share is now, what was posted before, and so the difference."""

    target: int
    before: int
    minor: int

    @property
    def is_difference(self) -> bool:
        """Whether something had been posted before."""
        return self.before != 0


@dataclass(frozen=True, slots=True)
class Explanation:
    """Everything a reader needs to check one amount."""

    entry: Entry
    pool: Pool
    origin: Origin
    basis_points: int | None
    share: str
    steps: Sequence[str]
    step: Step
    siblings: Sequence[Entry]
    payout: Payout | None


_STAGES: Final = {
    name: Sum("minor", filter=Q(stage=stage), default=0)
    for name, stage in (
        ("accrued", Stage.ACCRUED),
        ("payable", Stage.PAYABLE),
        ("on_its_way", Stage.RESERVED),
        ("paid", Stage.PAID),
    )
}


def of(partner: Partner) -> QuerySet[Entry]:
    """A partner's amounts that count: everything that was not voided."""
    return Entry.objects.filter(partner=partner).exclude(stage=Stage.VOID)


def totals(partner: Partner) -> Totals:
    """Where a partner's amounts stand now."""
    in_credit = Q(stage=Stage.PAYABLE, paid_in=PaidIn.CREDIT)
    sums = of(partner).aggregate(**_STAGES, payable_credit=Sum("minor", filter=in_credit, default=0))
    return Totals(**{name: int(minor) for name, minor in sums.items()})


def months(partner: Partner, *, size: int = MONTHS_SHOWN) -> list[Month]:
    """A partner's earnings by the month they were earned in, newest first."""
    rows = of(partner).values("earning_month").annotate(**_STAGES).order_by("-earning_month")
    return [
        Month(month, Totals(*(int(minor) for minor in sums)))
        for month, *sums in rows.values_list("earning_month", *_STAGES)[:size]
    ]


def releases(partner: Partner, *, size: int = RELEASES_SHOWN) -> list[Release]:
    """What is held until when, the next day first."""
    rows = of(partner).filter(stage=Stage.ACCRUED).values("hold_until").annotate(minor=Sum("minor"))
    counted = rows.annotate(entries=Count("pk")).order_by("hold_until")[:size]
    return [Release(row["hold_until"], int(row["minor"]), row["entries"]) for row in counted]


def what_is_next(standing: Totals, msp: Msp, *, is_held: bool) -> str:
    """What happens with the payable balance, in words for the partner."""
    if is_held:
        return f"Payouts are on hold. Ask {msp.name} what is missing."
    credit = ""
    if standing.payable_credit > 0:
        credit = f"{format_money(standing.payable_credit, msp.currency)} of service credit is given in the next run."
    money = standing.payable - standing.payable_credit
    if credit and not money:
        return credit
    return f"{_next_money(money, msp)} {credit}".rstrip()


def _next_money(minor: int, msp: Msp) -> str:
    if minor < 0:
        return (
            f"{format_money(-minor, msp.currency)} is taken back from what you earn next, because a client left early."
        )
    if minor == 0:
        return "Nothing is waiting for the next payout run."
    if minor < msp.minimum_payout_minor:
        minimum = format_money(msp.minimum_payout_minor, msp.currency)
        missing = format_money(msp.minimum_payout_minor - minor, msp.currency)
        return f"Payouts start at {minimum}. {missing} more, and it will be in the next payout run."
    return f"{format_money(minor, msp.currency)} is ready for the next payout run."


def origins(entries: Iterable[Entry]) -> dict[UUID, Origin]:
    """What amounts are for, by the computation they come from; a client that may not be seen has no name."""
    pools = dict(Pool.objects.filter(pk__in={entry.pool_id for entry in entries}).values_list("pk", "contract_id"))
    contracts = Contract.objects.filter(pk__in={pk for pk in pools.values() if pk})
    told = contracts.values_list("pk", "client__name", "service_line__name", "client_id")
    found = {pk: Origin(client, line, client_id) for pk, client, line, client_id in told}
    return {
        pool_id: found.get(contract_id, Origin("A former client")) if contract_id else Origin()
        for pool_id, contract_id in pools.items()
    }


def explain(entry: Entry) -> Explanation:
    """Why an amount is what it is, from the computation to the payout it is in."""
    pool = entry.pool
    points = _basis_points(entry)
    share = ""
    if points is not None and points != FULL_SHARE:
        share = share_reason(points, pool.amount_minor, pool.currency)
        if limit := pool.explain.get("inputs", {}).get("year_caps", {}).get(str(entry.partner_id)):
            share = f"{share}, {year_words(limit[0], limit[1], pool.currency)}"
    siblings = _siblings(entry)
    before = sum(one.minor for one in siblings if one.stage != Stage.VOID and one.pool.seq < pool.seq)
    return Explanation(
        entry=entry,
        pool=pool,
        origin=origins([entry])[pool.pk],
        basis_points=points,
        share=share,
        steps=pool.explain.get("steps", ()),
        step=Step(before + entry.minor, before, entry.minor),
        siblings=siblings,
        payout=payout_of(entry),
    )


def payout_of(entry: Entry) -> Payout | None:
    """The payout that an amount is in, or was in last."""
    item = PayoutItem.objects.filter(entry=entry).select_related("payout").order_by("-payout__number").first()
    return item.payout if item else None


def _siblings(entry: Entry) -> list[Entry]:
    """The partner's other amounts for the same contract, component and month, in order."""
    pool = entry.pool
    if pool.contract_id is None:
        return []
    same = Entry.objects.filter(
        partner=entry.partner_id,
        pool__contract=pool.contract_id,
        pool__component=pool.component,
        pool__earning_month=pool.earning_month,
    )
    return list(same.exclude(pk=entry.pk).select_related("pool").order_by("pool__seq"))


def _basis_points(entry: Entry) -> int | None:
    shares = {partner: points for partner, points in entry.pool.explain.get("shares", ())}
    return shares.get(str(entry.partner_id))
