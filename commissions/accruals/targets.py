"""From what a contract is to what its partners are owed for a month: the engine, asked once per component."""

import json
from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from commissions.accruals.scan import Due
from commissions.engine import Deal, Line, Movement, Pause, accrues_on, evaluate, hold_until, split
from commissions.models import PlanVersion
from commissions.terms import NoReward, Single, Terms, components, from_json

NO_VERSION = Line(0, "No version of the plan was in force", (), {})


class Target(NamedTuple):
    """What one component of a contract is worth for a month, and whose it is. Amounts are absolute, never deltas."""

    due: Due
    component: str
    month: date
    line: Line
    shares: dict[UUID, int]
    hold_until: date

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
        return json.dumps(facts, separators=(",", ":"))


class Failed(NamedTuple):
    """A contract whose month could not be computed, and why."""

    due: Due
    month: date
    problem: str


class Computed(NamedTuple):
    """What a page of contracts gave: targets, and the contracts that the engine could not compute."""

    targets: list[Target]
    failed: list[Failed]


def compute(due: Sequence[Due], month: date, *, today: date, versions: dict[UUID, Terms]) -> Computed:
    """The targets of the contracts for `month` that are due by `today`; a component that is not yet due has none.

    One contract that cannot be computed keeps nobody else from being paid: it comes back under `failed`.
    """
    found: list[Target] = []
    failed: list[Failed] = []
    for row in due:
        try:
            found += _of_contract(row, month, today, versions)
        except (ValueError, ArithmeticError) as problem:
            failed.append(Failed(row, month, str(problem)))
    return Computed(found, failed)


def _of_contract(row: Due, month: date, today: date, versions: dict[UUID, Terms]) -> list[Target]:
    found: list[Target] = []
    deal = as_deal(row)
    for component, terms in _components(versions.get(row.version_id) if row.version_id else None):
        if terms is None:
            found.append(Target(row, component, month, NO_VERSION, {}, month))
            continue
        if today < accrues_on(terms, deal, month):
            continue
        line = evaluate(terms, deal, month)
        parts = split(line.amount_minor, list(zip(row.partner_ids, row.shares, strict=True))).partners
        found.append(Target(row, component, month, line, parts, hold_until(terms, deal, month)))
    return found


def _components(terms: Terms | None) -> Sequence[tuple[str, Single | None]]:
    if terms is None or isinstance(terms, NoReward):
        return (("none", None),)
    return components(terms)


def as_deal(row: Due) -> Deal:
    """The contract as the engine wants it. A pause is a movement to be told apart from a price of zero.

    The MRR of the win is the last word of its first day: a correction of that day replaces what it corrects.
    """
    movements = tuple(
        Movement(day, minor, kind, number)
        for number, (day, minor, kind) in enumerate(zip(row.moved_on, row.mrr_minor, row.move_kinds, strict=True))
    )
    return Deal(
        currency=row.currency,
        mrr_minor=next((one.mrr_minor for one in reversed(movements) if one.effective_on == row.moved_on[0]), 0),
        won_on=row.won_on,
        starts_on=row.starts_on,
        ends_on=row.ends_on,
        first_paid_on=row.first_paid_on,
        owed_from=row.owed_from,
        movements=movements,
        pauses=_pauses(movements) if "pause" in row.move_kinds else (),
    )


def _pauses(movements: Sequence[Movement]) -> tuple[Pause, ...]:
    pauses: list[Pause] = []
    for movement in movements:
        if pauses and pauses[-1].ends_on is None and movement.kind != "pause":
            pauses[-1] = Pause(pauses[-1].starts_on, movement.effective_on)
        elif movement.kind == "pause" and not (pauses and pauses[-1].ends_on is None):
            pauses.append(Pause(movement.effective_on, None))
    return tuple(pauses)


def terms_of_versions(ids: set[UUID], known: dict[UUID, Terms]) -> dict[UUID, Terms]:
    """Add the terms of the versions that are not known yet; versions never change, so they may be kept."""
    if missing := ids - known.keys():
        for pk, terms in PlanVersion.objects.filter(pk__in=missing).values_list("pk", "terms"):
            known[pk] = _parse(json.dumps(terms, sort_keys=True))
    return known


@lru_cache(maxsize=1_000)
def _parse(terms: str) -> Terms:
    return from_json(json.loads(terms))
