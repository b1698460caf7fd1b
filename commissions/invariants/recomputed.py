"""I33: recomputing every month of every contract would change nothing.

Late is not wrong: contracts whose newest revision is still to be computed, and those without a computation in a month
that is not complete, are left to the next accrual.
"""

from collections import defaultdict
from datetime import date
from typing import Final
from uuid import UUID

from django.db import connection

from commissions.accruals import caps, revisions, scan
from commissions.accruals.targets import compute, terms_of_versions
from commissions.engine import month_of, months_from
from commissions.invariants.catalogue import Invariant
from commissions.models import AccruedMonth
from commissions.terms import Terms
from elinkages.kernel.tenancy import current_msp_id

RECOMPUTED: Final = Invariant("I33", "computing every month again would change nothing", "")
PAGE: Final = 1_000


def differences(today: date) -> list[tuple[str, str]]:
    """(contract and month, posted and recomputed) of every amount that a recomputation would change."""
    first = _first_month()
    found: list[tuple[str, str]] = []
    versions: dict[UUID, Terms] = {}
    waiting = revisions.waiting(today)
    complete = set(AccruedMonth.objects.values_list("month", flat=True))
    for month in months_from(first, today) if first else ():
        found += _month(month, today, versions, waiting, is_complete=month in complete)
    return found


def _month(
    month: date, today: date, versions: dict[UUID, Terms], waiting: set[UUID], *, is_complete: bool
) -> list[tuple[str, str]]:
    computed: dict[tuple[UUID, UUID], int] = defaultdict(int)
    cursor: UUID | None = None
    while True:
        page = scan.scan_all(month, after=cursor, size=PAGE, once_only=month == month_of(today))
        terms_of_versions({row.version_id for row in page.due if row.version_id}, versions)
        due = [row for row in page.due if (row.seq or is_complete) and row.contract_id not in waiting]
        placed = caps.place(due, month, today=today, versions=versions)
        for target in compute(due, month, today=today, versions=versions, placed=placed).targets:
            for partner_id, minor in target.shares.items():
                computed[target.due.contract_id, partner_id] += minor
        cursor = page.cursor
        if cursor is None:
            break
    posted = _posted(month)
    return [
        (f"contract {key[0]} for {month:%Y-%m}", f"{posted.get(key, 0)} posted, {computed.get(key, 0)} recomputed")
        for key in sorted({*posted, *computed})
        if key[0] not in waiting and posted.get(key, 0) != computed.get(key, 0)
    ]


def _posted(month: date) -> dict[tuple[UUID, UUID], int]:
    with connection.cursor() as cursor:
        cursor.execute(_POSTED, [current_msp_id(), month])
        return {(contract, partner): int(minor) for contract, partner, minor in cursor.fetchall()}


def _first_month() -> date | None:
    with connection.cursor() as cursor:
        cursor.execute(_FIRST_MONTH, {"msp": current_msp_id()})
        found: date | None = cursor.fetchone()[0]
        return found


_FIRST_MONTH: Final = """
SELECT least((SELECT min(earning_month) FROM commissions_pool WHERE msp_id = %(msp)s),
    (SELECT min(month) FROM commissions_accruedmonth WHERE msp_id = %(msp)s))
"""

_POSTED: Final = """
SELECT pool.contract_id, entry.partner_id, sum(entry.minor)::bigint FROM commissions_entry entry
    JOIN commissions_pool pool ON pool.msp_id = entry.msp_id AND pool.id = entry.pool_id
WHERE entry.msp_id = %s AND entry.earning_month = %s AND entry.stage <> 'void' AND pool.contract_id IS NOT NULL
GROUP BY 1, 2 HAVING sum(entry.minor) <> 0
"""
