"""What a partner may earn of one plan in a calendar year, all contracts together (ADR 35).

Everything that a partner earns under the plan for months of the year is put in one order: by the day on which it is
earned, then the earning month, the day of the win, the contract and the component. Each amount gets what those before
it left of the cap. The order is of facts alone, so that amounts are the same in whatever order they were accrued; what
is earned later never lowers what was earned before.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Final, NamedTuple
from uuid import UUID

from django.db import connection

from commissions.accruals import scan, tiers
from commissions.accruals.scan import Due
from commissions.accruals.targets import Target, compute, terms_of_versions
from commissions.accruals.tiers import Limit, Placed
from commissions.engine import Earned, month_of, months_from, within_year
from commissions.terms import Terms, components
from elinkages.kernel.tenancy import current_msp_id


class InYear(NamedTuple):
    """Where an amount stands in its year; amounts are in the order of their places."""

    earned_on: date
    month: date
    won_on: date
    contract_id: UUID
    component: str


def place(due: Sequence[Due], month: date, *, today: date, versions: dict[UUID, Terms]) -> Placed:
    """The contracts of a month with where they stand under tiers, and what caps of the year lower."""
    placed = tiers.place(due, month, today=today, versions=versions)
    capped = [row for row in placed.due if row.is_capped]
    if not capped:
        return placed
    lowered = _lowered(capped, month, today, versions)
    limits: dict[tuple[UUID, str], dict[UUID, Limit]] = {}
    said: dict[UUID, list[tuple[str, str, Limit]]] = {}
    for (partner_id, one), limit in lowered.items():
        if one.month == month:
            limits.setdefault((one.contract_id, one.component), {})[partner_id] = limit
            said.setdefault(one.contract_id, []).append((one.component, str(partner_id), limit))
    due = [_hashed(row, said[row.contract_id]) if row.contract_id in said else row for row in placed.due]
    return replace(placed, due=due, limits=limits)


def _hashed(row: Due, limits: Sequence[tuple[str, str, Limit]]) -> Due:
    """The contract with what it is lowered to in its hash."""
    told = repr([(component, partner_id, *limit) for component, partner_id, limit in sorted(limits)])
    return row._replace(input_sha256=hashlib.sha256(bytes(row.input_sha256) + told.encode()).digest())


def _lowered(
    capped: Sequence[Due], month: date, today: date, versions: dict[UUID, Terms]
) -> dict[tuple[UUID, InYear], Limit]:
    """Every amount of the year that a cap lowers, of the partners of these contracts."""
    partners = {partner_id for row in capped for partner_id in row.partner_ids}
    plans = {row.plan_id for row in capped if row.plan_id}
    walks: dict[tuple[UUID, UUID], list[Earned[InYear]]] = {}
    for target in _year(plans, partners, month, today, versions):
        due = target.due
        if due.plan_id is None:
            continue
        where = InYear(target.earned_on, target.month, due.won_on, due.contract_id, target.component)
        cap = _cap(target, versions)
        for partner_id in partners & target.shares.keys():
            walks.setdefault((partner_id, due.plan_id), []).append(Earned(where, target.shares[partner_id], cap))
    found: dict[tuple[UUID, InYear], Limit] = {}
    for (partner_id, _), amounts in walks.items():
        left = within_year(amounts)
        for one in amounts:
            if one.cap_minor is not None and left[one.key] != one.minor:
                found[partner_id, one.key] = Limit(left[one.key], one.cap_minor)
    return found


def _year(plans: set[UUID], partners: set[UUID], month: date, today: date, versions: dict[UUID, Terms]) -> list[Target]:
    """What the contracts of these plans and partners come to in the year of `month`, before any cap of the year."""
    with connection.cursor() as cursor:
        cursor.execute(_CONTRACTS, [current_msp_id(), list(plans), list(partners)])
        contracts = [row[0] for row in cursor.fetchall()]
    found: list[Target] = []
    for one in months_from(month.replace(month=1), min(month.replace(month=12), today)):
        due = scan.scan_contracts_all(one, contracts, once_only=one == month_of(today))
        terms_of_versions({row.version_id for row in due if row.version_id}, versions)
        placed = tiers.place(due, one, today=today, versions=versions)
        found += compute(placed.due, one, today=today, versions=versions, placed=placed).targets
    return found


def _cap(target: Target, versions: dict[UUID, Terms]) -> int | None:
    terms = versions[target.due.version_id] if target.due.version_id else None
    found = dict(components(terms)).get(target.component) if terms else None
    return found.cap_year_minor if found else None


_CONTRACTS: Final = """
SELECT DISTINCT pin.contract_id FROM commissions_pin pin
    JOIN commissions_planversion pinned ON pinned.msp_id = pin.msp_id AND pinned.id = pin.plan_version_id
    JOIN referrals_contract contract ON contract.msp_id = pin.msp_id AND contract.id = pin.contract_id
    JOIN referrals_client client ON client.msp_id = pin.msp_id AND client.id = contract.client_id
    JOIN referrals_credit credit ON credit.msp_id = pin.msp_id AND credit.referral_id = client.referral_id
WHERE pin.msp_id = %s AND pinned.plan_id = ANY(%s) AND credit.partner_id = ANY(%s)
"""
