"""From what a contract is to what its partners are owed for a month: the engine, asked once per component."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import TextField
from django.db.models.functions import Cast

from commissions.accruals import billing
from commissions.accruals.billing import Invoices
from commissions.accruals.deals import as_deal
from commissions.accruals.scan import Due
from commissions.accruals.tiers import Limit, Placed, Rank
from commissions.engine import Deal, Line, accrues_on, earning_months, evaluate, hold_until, split, targets, year_words
from commissions.models import PlanVersion
from commissions.terms import NoReward, Recurring, Single, Terms, Tiered, components, from_json
from elinkages.kernel.prepared import PreparedValues

_as_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode

type Parts = Sequence[tuple[str, Single | None]]
"""The rewards of a version, each under the key that its pools carry."""

NO_VERSION = Line(0, "No version of the plan was in force", (), {})


class Target(NamedTuple):
    """What one component of a contract is worth for a month, and whose it is. Amounts are absolute, never deltas."""

    due: Due
    component: str
    month: date
    line: Line
    shares: dict[UUID, int]
    hold_until: date
    recompute_on: date | None = None
    paid_in: str = "money"
    earned_on: date = date.min

    @property
    def explain(self) -> str:
        """Everything behind the amount as JSON: the engine's inputs and steps, the shares, the version."""
        facts: dict[str, Any] = {
            "steps": self.line.steps,
            "inputs": self.line.inputs,
            "shares": [
                [str(partner), share] for partner, share in zip(self.due.partner_ids, self.due.shares, strict=True)
            ],
        }
        return _as_json(facts)


class Failed(NamedTuple):
    """A contract whose month could not be computed, and why."""

    due: Due
    month: date
    problem: str


class Computed(NamedTuple):
    """What a page of contracts gave: targets, and the contracts that the engine could not compute."""

    targets: list[Target]
    failed: list[Failed]


def compute(due: Sequence[Due], month: date, *, today: date, versions: dict[UUID, Terms], placed: Placed) -> Computed:
    """The targets of the contracts for `month` that are due by `today`; a component that is not yet due has none.

    `placed` says where those under tiers stand, and what a cap of the year lowers (`caps.place`). One contract that
    cannot be computed keeps nobody else from being paid: it comes back under `failed`.
    """
    found: list[Target] = []
    failed: list[Failed] = []
    parts = {
        version_id: _components(versions.get(version_id) if version_id else None)
        for version_id in {row.version_id for row in due}
    }
    told = _Told(placed, _invoices(due, parts), today)
    for row in due:
        try:
            found += _of_contract(row, month, told, parts[row.version_id])
        except (ValueError, ArithmeticError) as problem:
            failed.append(Failed(row, month, str(problem)))
    return Computed(found, failed)


class _Told(NamedTuple):
    """What is known beside the contracts themselves."""

    placed: Placed
    invoices: Invoices
    today: date


def _invoices(due: Sequence[Due], parts: Mapping[UUID | None, Parts]) -> Invoices:
    billed = {
        version_id
        for version_id, rewards in parts.items()
        if any(isinstance(one, Recurring) and one.base == "collected" for _, one in rewards)
    }
    if not billed:
        return {}
    return billing.load([row.contract_id for row in due if row.version_id in billed])


def _of_contract(row: Due, month: date, told: _Told, rewards: Parts) -> list[Target]:
    found: list[Target] = []
    bare = as_deal(row)
    for component, terms in rewards:
        if terms is None:
            found.append(Target(row, component, month, NO_VERSION, {}, month))
            continue
        deal = bare
        if isinstance(terms, Recurring) and terms.base == "collected":
            deal = billing.with_receipts(bare, terms, row.contract_id, told.invoices.get(row.contract_id, ()))
        earned_on = accrues_on(terms, deal, month)
        if told.today < earned_on:
            continue
        rank = told.placed.rank(row.contract_id, terms, month) if isinstance(terms, Tiered) else None
        line = _line(terms, deal, month, rank, row, told)
        parts = split(line.amount_minor, list(zip(row.partner_ids, row.shares, strict=True))).partners
        again = rank.recompute_on if rank else None
        held = hold_until(terms, deal, month)
        target = Target(row, component, month, line, parts, held, again, terms.paid_in, earned_on)
        limits = told.placed.limits.get((row.contract_id, component)) if told.placed.limits else None
        found.append(_lowered(target, limits) if limits else target)
    return found


def _lowered(target: Target, limits: dict[UUID, Limit]) -> Target:
    """The target with what the cap of the year leaves of its shares, and why.

    Of an amount that is shared, each partner reads their own cap beside their share (earnings.explain).
    """
    line, currency = target.line, target.due.currency
    shares = target.shares | {partner: limit.minor for partner, limit in limits.items()}
    words = "less what is beyond the cap of a calendar year"
    if len(target.shares) == 1:
        (limit,) = limits.values()
        words = year_words(limit.minor, limit.cap_minor, currency)
    inputs = line.inputs | {"year_caps": {str(partner): list(limit) for partner, limit in limits.items()}}
    step = words[0].upper() + words[1:]
    return target._replace(
        line=line._replace(reason=f"{line.reason}, {words}", steps=(*line.steps, step), inputs=inputs), shares=shares
    )


def _line(terms: Single, deal: Deal, month: date, rank: Rank | None, row: Due, told: _Told) -> Line:
    """The engine's answer; the cap of a whole term needs where the contract stood in every earlier month."""
    if rank is None or not isinstance(terms, Tiered):
        return evaluate(terms, deal, month)
    earned = 0
    if terms.cap_lifetime_minor is not None:
        before = earning_months(terms, deal, month - timedelta(days=1))
        ranks = {one: told.placed.rank(row.contract_id, terms, one) for one in before}
        stood = {one: rank.standing for one, rank in ranks.items() if rank}
        uncapped = targets(replace(terms, clawback=None), deal, month - timedelta(days=1), standings=stood)
        earned = sum(line.amount_minor for line in uncapped.values())
    return evaluate(terms, deal, month, standing=rank.standing, earned_before_minor=earned)


def _components(terms: Terms | None) -> Parts:
    if terms is None or isinstance(terms, NoReward):
        return (("none", None),)
    return components(terms)


_terms = PreparedValues(
    lambda ids: (
        PlanVersion.objects.filter(pk__any_of=ids).annotate(said=Cast("terms", TextField())).values_list("pk", "said")
    ),
    ids=list[UUID],
)


def terms_of_versions(ids: set[UUID], known: dict[UUID, Terms]) -> dict[UUID, Terms]:
    """Add the terms of the versions that are not known yet; versions never change, so they may be kept."""
    if missing := ids - known.keys():
        for pk, terms in _terms(ids=list(missing)):
            known[pk] = _parse(terms)
    return known


@lru_cache(maxsize=1_000)
def _parse(terms: str) -> Terms:
    return from_json(json.loads(terms))
