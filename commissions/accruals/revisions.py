"""Which contracts changed since they were computed, and those that are to be computed again with them."""

from collections.abc import Sequence
from datetime import date
from typing import Any, Final, NamedTuple
from uuid import UUID

from django.db import connection
from django.db.models import Q

from commissions.accruals.scan import CAPPED
from commissions.models import PlanVersion
from elinkages.kernel.tenancy import current_msp_id


class Revised(NamedTuple):
    """A contract that changed since it was last computed, and the first month that it could earn in."""

    contract_id: UUID
    revision: int
    first_month: date


def revised(*, size: int, today: date) -> list[Revised]:
    """Up to `size` contracts whose newest revision has not been computed, oldest first, and those that go with them.

    A contract under tiers earns by what else its partner brought. So it is computed again with every contract that the
    same partner brought, and on the day on which a period of its tiers is over. Under a cap of the year it goes with
    every contract of the plan that one of its partners has a share in.
    """
    params: dict[str, Any] = {"msp": current_msp_id(), "size": size, "today": today}
    with connection.cursor() as cursor:
        cursor.execute(_REVISED, params)
        found = [Revised(*row) for row in cursor.fetchall()]
        if not found:
            cursor.execute(_OVER, params)
            found = [Revised(*row) for row in cursor.fetchall()]
        for query in _company() if found else ():
            cursor.execute(query, {**params, "contracts": [row.contract_id for row in found]})
            found += [Revised(*row) for row in cursor.fetchall()]
        return found


def _company() -> list[str]:
    """The queries for the contracts that go with others, as far as any plan asks for them; caps follow tiers."""
    return [*([_SIBLINGS] if has_tiers() else []), *([_CAPPED_SIBLINGS] if has_caps() else [])]


def has_caps() -> bool:
    """Whether any plan bounds what a partner earns in a year, so that contracts of one partner depend on each other."""
    with connection.cursor() as cursor:
        cursor.execute(_HAS_CAPS, [current_msp_id()])
        return bool(cursor.fetchone()[0])


def has_tiers() -> bool:
    """Whether any plan pays by tiers, so that contracts of one partner depend on each other."""
    return PlanVersion.objects.filter(_TIERED).exists()


def waiting(today: date) -> set[UUID]:
    """Contracts that the next accrual will look at anyway: late is not wrong."""
    with connection.cursor() as cursor:
        cursor.execute(_WAITING, {"msp": current_msp_id(), "today": today})
        found = {row[0] for row in cursor.fetchall()}
        for query in _company() if found else ():
            cursor.execute(query, {"msp": current_msp_id(), "contracts": list(found)})
            found |= {row[0] for row in cursor.fetchall()}
        return found


def mark_computed(contracts: Sequence[Revised]) -> int:
    """Note the revisions that were computed, and how many were new; a change made meanwhile keeps its contract due."""
    with connection.cursor() as cursor:
        cursor.execute(
            _MARK, [[row.contract_id for row in contracts], [row.revision for row in contracts], current_msp_id()]
        )
        marked: int = cursor.rowcount
        return marked


_HAS_CAPS: Final = f"SELECT EXISTS (SELECT FROM commissions_planversion version WHERE version.msp_id = %s AND {CAPPED})"

_TIERED: Final = Q(terms__kind="tiered") | Q(terms__parts__contains=[{"kind": "tiered"}])

_FIRST_MONTH: Final = """date_trunc('month', least(c.starts_on, pin.won_on, c.first_paid_on,
    (SELECT min(pool.earning_month) FROM commissions_pool pool
        WHERE pool.msp_id = c.msp_id AND pool.contract_id = c.id),
    (SELECT min(coalesce(line.service_from, fact.service_from, fact.dated_on)) FROM commissions_billingline line
        JOIN commissions_billingfact fact ON fact.msp_id = c.msp_id AND fact.id = line.fact_id AND fact.is_current
        WHERE line.msp_id = c.msp_id AND line.contract_id = c.id)))::date"""

_LATE: Final = """referrals_contract c
    JOIN commissions_pin pin ON pin.msp_id = %(msp)s AND pin.contract_id = c.id
WHERE c.msp_id = %(msp)s AND c.revision <> c.accrued_revision"""

_REVISED: Final = f"""
SELECT c.id, c.revision, {_FIRST_MONTH} FROM {_LATE} ORDER BY c.id LIMIT %(size)s FOR UPDATE OF c
"""

_IS_OVER: Final = """pool.msp_id = %(msp)s AND pool.recompute_on <= %(today)s AND NOT EXISTS (
    SELECT 1 FROM commissions_pool newer WHERE newer.msp_id = %(msp)s AND newer.contract_id = pool.contract_id
        AND newer.earning_month = pool.earning_month AND newer.component = pool.component AND newer.seq > pool.seq)"""

IS_REVISED: Final = f"EXISTS (SELECT FROM {_LATE}) OR EXISTS (SELECT FROM commissions_pool pool WHERE {_IS_OVER})"
"""Whether `revised` would find any. Parameters: %(msp)s, %(today)s."""

_OVER: Final = f"""
SELECT c.id, c.revision, {_FIRST_MONTH}
FROM referrals_contract c
    JOIN commissions_pin pin ON pin.msp_id = c.msp_id AND pin.contract_id = c.id
WHERE c.msp_id = %(msp)s AND c.id IN (
    SELECT pool.contract_id FROM commissions_pool pool WHERE {_IS_OVER} ORDER BY pool.contract_id LIMIT %(size)s)
ORDER BY c.id FOR UPDATE OF c
"""

_SIBLINGS: Final = f"""
SELECT c.id, c.revision, {_FIRST_MONTH}
FROM commissions_pin pin
    JOIN referrals_contract c ON c.msp_id = pin.msp_id AND c.id = pin.contract_id
    JOIN referrals_client client ON client.msp_id = c.msp_id AND client.id = c.client_id
    JOIN referrals_referral referral ON referral.msp_id = c.msp_id AND referral.id = client.referral_id
WHERE pin.msp_id = %(msp)s AND c.id <> ALL(%(contracts)s)
    AND EXISTS (SELECT 1 FROM commissions_planversion pinned
        JOIN commissions_planversion version ON version.msp_id = pinned.msp_id AND version.plan_id = pinned.plan_id
        WHERE pinned.msp_id = %(msp)s AND pinned.id = pin.plan_version_id
            AND (version.terms @> '{{"kind": "tiered"}}' OR version.terms @> '{{"parts": [{{"kind": "tiered"}}]}}'))
    AND referral.partner_id IN (
        SELECT other.partner_id FROM referrals_contract changed
            JOIN referrals_client theirs ON theirs.msp_id = changed.msp_id AND theirs.id = changed.client_id
            JOIN referrals_referral other ON other.msp_id = changed.msp_id AND other.id = theirs.referral_id
        WHERE changed.msp_id = %(msp)s AND changed.id = ANY(%(contracts)s))
ORDER BY c.id
"""

_CAPPED_SIBLINGS: Final = f"""
SELECT DISTINCT c.id, c.revision, {_FIRST_MONTH}
FROM commissions_pin pin
    JOIN commissions_planversion pinned ON pinned.msp_id = pin.msp_id AND pinned.id = pin.plan_version_id
    JOIN referrals_contract c ON c.msp_id = pin.msp_id AND c.id = pin.contract_id
    JOIN referrals_client client ON client.msp_id = c.msp_id AND client.id = c.client_id
    JOIN referrals_credit credit ON credit.msp_id = c.msp_id AND credit.referral_id = client.referral_id
WHERE pin.msp_id = %(msp)s AND c.id <> ALL(%(contracts)s)
    AND pinned.plan_id IN (
        SELECT version.plan_id FROM commissions_planversion version
            JOIN commissions_planversion theirs ON theirs.msp_id = version.msp_id AND theirs.plan_id = version.plan_id
            JOIN commissions_pin changed ON changed.msp_id = theirs.msp_id AND changed.plan_version_id = theirs.id
        WHERE version.msp_id = %(msp)s AND changed.contract_id = ANY(%(contracts)s) AND {CAPPED})
    AND credit.partner_id IN (
        SELECT share.partner_id FROM referrals_contract changed
            JOIN referrals_client theirs ON theirs.msp_id = changed.msp_id AND theirs.id = changed.client_id
            JOIN referrals_credit share ON share.msp_id = changed.msp_id AND share.referral_id = theirs.referral_id
        WHERE changed.msp_id = %(msp)s AND changed.id = ANY(%(contracts)s)
        UNION SELECT entry.partner_id FROM commissions_pool pool
            JOIN commissions_entry entry ON entry.msp_id = pool.msp_id AND entry.pool_id = pool.id
        WHERE pool.msp_id = %(msp)s AND pool.contract_id = ANY(%(contracts)s))
ORDER BY c.id
"""
"""Contracts of the same plan that a partner of these has, or had, a share in."""

_WAITING: Final = f"""
SELECT c.id FROM referrals_contract c WHERE c.msp_id = %(msp)s AND c.revision <> c.accrued_revision
UNION SELECT pool.contract_id FROM commissions_pool pool WHERE {_IS_OVER}
"""

_MARK: Final = """
UPDATE referrals_contract c SET accrued_revision = seen.revision
FROM unnest(%s::uuid[], %s::int[]) AS seen (id, revision)
WHERE c.msp_id = %s AND c.id = seen.id AND c.revision = seen.revision AND c.accrued_revision <> c.revision
"""
