"""What accruing now would post, without posting it."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from typing import NamedTuple
from uuid import UUID

from commissions.accruals import caps, scan
from commissions.accruals.posting import replaced, standing_entries
from commissions.accruals.targets import compute, terms_of_versions
from commissions.engine import month_of, months_from
from commissions.terms import Terms


class Difference(NamedTuple):
    """What one partner's amounts for one month of a contract would change by, in minor units, and the new reason."""

    contract_id: UUID
    partner_id: UUID
    month: date
    minor: int
    reason: str


def differences(contract_ids: Sequence[UUID], *, first: date, today: date) -> list[Difference]:
    """The differences that the next accrual would post for these contracts, from the month of a day on."""
    found: list[Difference] = []
    versions: dict[UUID, Terms] = {}
    for month in months_from(month_of(first), today):
        due = scan.scan_contracts(month, contract_ids, once_only=month == month_of(today))
        terms_of_versions({row.version_id for row in due if row.version_id}, versions)
        placed = caps.place(due, month, today=today, versions=versions)
        targets = compute(placed.changed, month, today=today, versions=versions, placed=placed).targets
        before = standing_entries([target for target in targets if target.due.seq], month)
        for target in [*targets, *replaced(targets, before)]:
            minor: dict[UUID, int] = defaultdict(int, target.shares)
            for entry in before.get((target.due.contract_id, target.component), ()):
                minor[entry.partner_id] -= entry.minor
            found += [
                Difference(target.due.contract_id, partner_id, month, difference, target.line.reason)
                for partner_id, difference in sorted(minor.items())
                if difference
            ]
    return found


def less(found: Sequence[Difference], late: Sequence[Difference]) -> list[Difference]:
    """What is found beyond what the next accrual would have posted anyway."""
    anyway: dict[tuple[UUID, UUID, date], Difference] = {}
    sums: dict[tuple[UUID, UUID, date], int] = defaultdict(int)
    for sign, rows in ((1, found), (-1, late)):
        for one in rows:
            key = (one.contract_id, one.partner_id, one.month)
            anyway.setdefault(key, one)
            sums[key] += sign * one.minor
    return [one._replace(minor=sums[key]) for key, one in anyway.items() if sums[key]]
