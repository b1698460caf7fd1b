"""What a deal will earn, and what a change would do to it: the engine asked ahead of time. Writes nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from commissions.accruals import billing
from commissions.accruals.deals import as_deal
from commissions.accruals.scan import Due
from commissions.accruals.tiers import Family, families_of
from commissions.engine import (
    Deal,
    Invoice,
    Standing,
    Version,
    accrues_on,
    add_months,
    earning_months,
    evaluate,
    month_of,
    split,
    terms_for,
)
from commissions.models import Pin, PlanVersion, Versioning
from commissions.terms import Recurring, Single, Terms, Tiered, components, from_json
from referrals.models import Contract, Credit, MrrMovement
from referrals.mrr import Timeline

AHEAD = 12
"""How many months ahead a commission for life is told."""


@dataclass(frozen=True, slots=True)
class Promise:
    """How a pinned contract earns: its versions, and who shares in it (partner, basis points).

    `followed` are the later versions that are for deals won before, by their first day; `invoices` and `family` are
    what collected revenue and tiers are computed from.
    """

    pin: Pin
    versions: tuple[Version[Terms], ...]
    shares: tuple[tuple[UUID, int], ...]
    followed: tuple[tuple[date, Terms], ...] = ()
    invoices: tuple[Invoice, ...] = ()
    family: Family | None = None

    def terms(self, month: date) -> Terms | None:
        """The terms of an earning month: the pinned ones, or those of the month for a floating plan."""
        if self.pin.plan_version.plan.versioning == Versioning.PINNED:
            found = [terms for first, terms in self.followed if first <= month]
            return found[-1] if found else from_json(self.pin.plan_version.terms)
        return terms_for(self.versions, won_on=self.pin.won_on, month=month, policy="floating")


@dataclass(frozen=True, slots=True)
class Month:
    """What partners get for one earning month, in minor units; `is_due` once it counts by today."""

    month: date
    parts: dict[UUID, int]
    is_due: bool
    reason: str

    @property
    def minor(self) -> int:
        """All partners together."""
        return sum(self.parts.values())


@dataclass(frozen=True, slots=True)
class Effect:
    """What a change does to commissions, in minor units.

    `past` is the difference in months that count already, by partner; `before` and `after` are the amounts of
    `month`, the first full one to come; `ahead` is the difference in the months after today, up to a year.
    """

    past: dict[UUID, int]
    month: date | None
    before_minor: int
    after_minor: int
    ahead_minor: int
    reasons: tuple[str, ...]

    @property
    def is_nothing(self) -> bool:
        """Whether no amount changes."""
        return not (any(self.past.values()) or self.ahead_minor or self.before_minor != self.after_minor)


def promises(contracts: Sequence[Contract]) -> dict[UUID, Promise]:
    """The promises of the contracts that have a pin, by contract; three queries, and three more for collected revenue
    or tiers."""
    pins = list(Pin.objects.filter(contract__in=contracts).select_related("plan_version__plan"))
    plans = {pin.plan_version.plan for pin in pins}
    versions: dict[UUID, list[Version[Terms]]] = {plan.pk: [] for plan in plans}
    followed: dict[UUID, list[tuple[date, Terms]]] = {plan.pk: [] for plan in plans}
    rewards: list[Single] = []
    for row in PlanVersion.objects.filter(plan__in=plans).order_by("plan", "valid_from"):
        terms = from_json(row.terms)
        rewards += [one for _, one in components(terms)]
        versions[row.plan_id].append(Version(row.valid_from, row.valid_until, terms))
        if row.is_for_all:
            followed[row.plan_id].append((row.valid_from, terms))
    pinned = [pin.contract_id for pin in pins]
    invoices = billing.load(pinned) if any(billing.needs_invoices(one) for one in rewards) else {}
    families = families_of(pinned) if any(isinstance(one, Tiered) for one in rewards) else {}
    shares: dict[UUID | None, list[tuple[UUID, int]]] = {}
    referrals = {contract.client.referral_id for contract in contracts}
    for credit in Credit.objects.filter(referral__in=referrals):
        shares.setdefault(credit.referral_id, []).append((credit.partner_id, credit.basis_points))
    clients = {contract.pk: contract.client for contract in contracts}
    return {
        pin.contract_id: Promise(
            pin,
            tuple(versions[pin.plan_version.plan_id]),
            tuple(shares.get(clients[pin.contract_id].referral_id, ())),
            tuple(one for one in followed[pin.plan_version.plan_id] if one[0] > pin.plan_version.valid_from),
            tuple(invoices.get(pin.contract_id, ())),
            families.get(pin.contract_id),
        )
        for pin in pins
    }


def deal(contract: Contract, history: Timeline, won_on: date) -> Deal:
    """A contract as the engine is told about it when months accrue."""
    rows = history.movements
    return as_deal(
        Due(
            contract_id=contract.pk,
            currency=contract.currency,
            starts_on=contract.starts_on,
            ends_on=contract.ends_on,
            first_paid_on=contract.first_paid_on,
            owed_from=contract.owed_from,
            won_on=won_on,
            version_id=None,
            moved_on=[row.effective_on for row in rows],
            mrr_minor=[row.mrr_minor for row in rows],
            move_kinds=[row.kind for row in rows],
            partner_ids=[],
            shares=[],
            input_sha256=b"",
            seq=0,
        )
    )


def with_movement(history: Timeline, *, kind: str, effective_on: date, mrr_minor: int) -> Timeline:
    """A timeline as it would be after one more movement."""
    others = [row for row in history.movements if row.effective_on != effective_on]
    added = MrrMovement(kind=kind, effective_on=effective_on, mrr_minor=mrr_minor)
    return Timeline(tuple(sorted([*others, added], key=lambda row: row.effective_on)))


def months(promise: Promise, told: Deal, *, through: date, today: date) -> dict[date, Month]:
    """What partners get month by month through the month of a day."""
    found: dict[date, Month] = {}
    for month in _earning_months(promise, told, month_of(through)):
        terms = promise.terms(month)
        lines = [] if terms is None else [_part(one, told, month, promise, today) for _, one in components(terms)]
        if lines:
            found[month] = Month(
                month, _sum([line.parts for line in lines]), all(line.is_due for line in lines), lines[0].reason
            )
    return found


def effect(promise: Promise, before: Deal, after: Deal, *, changed_on: date, today: date) -> Effect:
    """What changing a contract from `before` to `after` on a day does to its commissions, seen from `today`."""
    through = add_months(month_of(today), AHEAD)
    old = months(promise, before, through=through, today=today)
    new = months(promise, after, through=through, today=today)
    for month in old.keys() - new.keys():
        new[month] = _emptied(promise, after, month, today)
    past: list[dict[UUID, int]] = []
    ahead, reasons = 0, []
    for month in sorted(old.keys() | new.keys()):
        was, now = old.get(month), new[month]
        difference = _sum([now.parts, {key: -part for key, part in was.parts.items()} if was else {}])
        if not any(difference.values()):
            continue
        if now.is_due and (was is None or was.is_due):
            past.append(difference)
            reasons.append(now.reason)
        else:
            ahead += sum(difference.values())
    first = add_months(month_of(max(today, changed_on)), 1)
    coming = first if first in old or first in new else None
    return Effect(
        _sum(past),
        coming,
        old[coming].minor if coming in old else 0,
        new[coming].minor if coming in new else 0,
        ahead,
        tuple(reasons),
    )


def together(effects: Sequence[Effect]) -> Effect:
    """The effects on several contracts as one."""
    return Effect(
        _sum([one.past for one in effects]),
        min((one.month for one in effects if one.month), default=None),
        sum(one.before_minor for one in effects),
        sum(one.after_minor for one in effects),
        sum(one.ahead_minor for one in effects),
        tuple(reason for one in effects for reason in one.reasons),
    )


def _part(terms: Single, told: Deal, month: date, promise: Promise, today: date) -> Month:
    told = _with_receipts(terms, told, promise)
    line = evaluate(terms, told, month, standing=_standing(terms, told, month, promise, today))
    parts = split(line.amount_minor, promise.shares).partners
    return Month(month, parts, accrues_on(terms, told, month) <= today, line.reason)


def _with_receipts(terms: Single, told: Deal, promise: Promise) -> Deal:
    if isinstance(terms, Recurring) and terms.base == "collected":
        return billing.with_receipts(told, terms, promise.pin.contract_id, promise.invoices)
    return told


def _standing(terms: Single, told: Deal, month: date, promise: Promise, today: date) -> Standing | None:
    """Where the contract, as it would be, stands among what its partner brought, as that is now."""
    if not isinstance(terms, Tiered) or promise.family is None:
        return None
    family = promise.family.with_deal(promise.pin.contract_id, told)
    return family.rank(promise.pin.contract_id, terms, month, today).standing


def _emptied(promise: Promise, told: Deal, month: date, today: date) -> Month:
    """A month that could no longer earn, with the engine's reason."""
    terms = promise.terms(month)
    lines = [] if terms is None else [_part(one, told, month, promise, today) for _, one in components(terms)]
    return Month(month, {}, all(line.is_due for line in lines), lines[0].reason if lines else "")


def _earning_months(promise: Promise, told: Deal, through: date) -> list[date]:
    found: set[date] = set()
    all_terms = {version.terms for version in promise.versions} | {from_json(promise.pin.plan_version.terms)}
    for terms in all_terms:
        for _, one in components(terms):
            found |= set(earning_months(one, _with_receipts(one, told, promise), through))
    return sorted(found)


def _sum(parts: Sequence[dict[UUID, int]]) -> dict[UUID, int]:
    found: dict[UUID, int] = {}
    for one in parts:
        for key, minor in one.items():
            found[key] = found.get(key, 0) + minor
    return found
