"""Writing targets down: pools, the entries that make up the difference, and their postings."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from itertools import batched
from typing import Final, NamedTuple
from uuid import UUID

from django.db import connection

from commissions import ledger
from commissions.accruals.targets import Target
from commissions.engine import Line
from commissions.models import Account, EntryKind, Stage
from elinkages.kernel.actors import Actor
from elinkages.kernel.tenancy import current_msp_id


class Existing(NamedTuple):
    """An entry that was posted before for a key. `is_free`: unpaid and in no payout, so that it may be voided."""

    entry_id: UUID
    partner_id: UUID
    minor: int
    stage: str
    is_free: bool


REPLACED: Final = Line(0, "The version of the plan now in force does not pay this", (), {})

Key = tuple[UUID, str]
"""A contract and a component, within one month."""


class NewEntry(NamedTuple):
    """A difference to be posted."""

    pool_id: UUID
    partner_id: UUID
    kind: str
    minor: int
    currency: str
    hold_until: date


def write(targets: Sequence[Target], *, month: date, today: date, by: Actor, at: datetime) -> int:
    """Write the targets of one month and post the differences to what was there; returns how many entries.

    A partner whose target became zero has the unpaid entries voided; what was paid is answered by a negative entry.
    """
    if not targets:
        return 0
    before = _existing([target for target in targets if target.due.seq], month)
    targets = [*targets, *_replaced(targets, before)]
    pool_ids = _new_ids(len(targets))
    entries: list[NewEntry] = []
    voided: list[tuple[Existing, str]] = []
    for pool_id, target in zip(pool_ids, targets, strict=True):
        old = before.get((target.due.contract_id, target.component), [])
        gone = _voidable(target, old)
        voided += [(entry, target.due.currency) for entry in gone]
        entries += _differences(pool_id, target, [entry for entry in old if entry not in gone])
    _insert_pools(pool_ids, targets, month, at)
    entry_ids = _new_ids(len(entries))
    _insert_entries(entry_ids, entries, month, today.replace(day=1), at)
    _void([entry.entry_id for entry, _ in voided])
    lines = [*_accruing(entry_ids, entries), *_voiding(voided)]
    for number, batch in enumerate(batched(lines, ledger.BATCH)):
        source = f"accrual:{month:%Y-%m}:{pool_ids[0]}:{number}"
        ledger.post(source=source, kind="accrual", lines=batch, effective_on=today, by=by, at=at)
    return len(entries) + len(voided)


def _replaced(targets: Sequence[Target], before: dict[Key, list[Existing]]) -> list[Target]:
    """Targets of zero for components that the plan now in force does not have, but that were posted for the month."""
    computed = {(target.due.contract_id, target.component) for target in targets}
    by_contract = {target.due.contract_id: target for target in targets}
    return [
        by_contract[contract]._replace(component=component, line=REPLACED, shares={})
        for contract, component in before
        if (contract, component) not in computed
    ]


def _voidable(target: Target, old: Sequence[Existing]) -> list[Existing]:
    return [entry for entry in old if entry.is_free and not target.shares.get(entry.partner_id)]


def _differences(pool_id: UUID, target: Target, kept: Iterable[Existing]) -> list[NewEntry]:
    posted: dict[UUID, int] = defaultdict(int)
    for entry in kept:
        posted[entry.partner_id] += entry.minor
    partners = sorted({*posted, *target.shares})
    differences = [(partner, target.shares.get(partner, 0) - posted.get(partner, 0)) for partner in partners]
    return [
        NewEntry(pool_id, partner, _kind(target, minor), minor, target.due.currency, target.hold_until)
        for partner, minor in differences
        if minor
    ]


def _kind(target: Target, minor: int) -> str:
    if not target.due.seq:
        return EntryKind.ACCRUAL
    if minor < 0 and "before_clawback_minor" in target.line.inputs:
        return EntryKind.CLAWBACK
    return EntryKind.ADJUSTMENT


def _accruing(entry_ids: Sequence[UUID], entries: Sequence[NewEntry]) -> list[ledger.Line]:
    return [
        ledger.Line(Account.EXPENSE, Account.ACCRUED, entry.minor, entry.currency, entry.partner_id, entry_id)
        for entry_id, entry in zip(entry_ids, entries, strict=True)
    ]


def _voiding(voided: Iterable[tuple[Existing, str]]) -> list[ledger.Line]:
    return [
        ledger.Line(
            Account.ACCRUED if entry.stage == Stage.ACCRUED else Account.PAYABLE,
            Account.EXPENSE,
            entry.minor,
            currency,
            entry.partner_id,
            entry.entry_id,
        )
        for entry, currency in voided
    ]


def _new_ids(count: int) -> list[UUID]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT uuidv7() FROM generate_series(1, %s)", [count])
        return [row[0] for row in cursor.fetchall()]


def _existing(targets: Sequence[Target], month: date) -> dict[Key, list[Existing]]:
    found: dict[Key, list[Existing]] = defaultdict(list)
    if targets:
        contracts = list({target.due.contract_id for target in targets})
        with connection.cursor() as cursor:
            cursor.execute(_EXISTING, {"msp": current_msp_id(), "month": month, "contracts": contracts})
            for contract_id, component, *entry in cursor.fetchall():
                found[contract_id, component].append(Existing(*entry))
    return found


def _insert_pools(pool_ids: Sequence[UUID], targets: Sequence[Target], month: date, at: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            _POOLS,
            [
                current_msp_id(),
                month,
                at,
                list(pool_ids),
                [target.due.contract_id for target in targets],
                [target.component for target in targets],
                [target.due.seq + 1 for target in targets],
                [target.due.version_id for target in targets],
                [target.due.currency for target in targets],
                [target.line.amount_minor for target in targets],
                [sum(target.shares.values()) for target in targets],
                [target.due.input_sha256 for target in targets],
                [target.line.reason for target in targets],
                [target.explain for target in targets],
            ],
        )


def _insert_entries(
    entry_ids: Sequence[UUID], entries: Sequence[NewEntry], month: date, posting_month: date, at: datetime
) -> None:
    columns = [list(column) for column in zip(*entries, strict=True)] if entries else []
    if columns:
        with connection.cursor() as cursor:
            cursor.execute(_ENTRIES, [current_msp_id(), month, posting_month, at, list(entry_ids), *columns])


def _void(entry_ids: list[UUID]) -> None:
    if entry_ids:
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE commissions_entry SET stage = 'void' WHERE msp_id = %s AND id = ANY(%s)",
                [current_msp_id(), entry_ids],
            )


_EXISTING: Final = """
SELECT pool.contract_id, pool.component, entry.id, entry.partner_id, entry.minor, entry.stage,
    entry.stage IN ('accrued', 'payable') AND NOT EXISTS (
        SELECT 1 FROM commissions_payoutitem item
        WHERE item.msp_id = %(msp)s AND item.entry_id = entry.id AND item.released_at IS NULL)
FROM commissions_pool pool
    JOIN commissions_entry entry ON entry.msp_id = %(msp)s AND entry.pool_id = pool.id AND entry.stage <> 'void'
WHERE pool.msp_id = %(msp)s AND pool.earning_month = %(month)s AND pool.contract_id = ANY(%(contracts)s)
ORDER BY entry.id FOR UPDATE OF entry
"""

_POOLS: Final = """
INSERT INTO commissions_pool (msp_id, earning_month, computed_at, id, contract_id, component, seq, plan_version_id,
    currency, amount_minor, shared_minor, input_sha256, reason, explain)
SELECT %s, %s, %s, pool.* FROM unnest(%s::uuid[], %s::uuid[], %s::text[], %s::int[], %s::uuid[], %s::text[],
    %s::bigint[], %s::bigint[], %s::bytea[], %s::text[], %s::jsonb[]) pool
"""

_ENTRIES: Final = """
INSERT INTO commissions_entry (msp_id, earning_month, posting_month, created_at, stage, id, pool_id, partner_id, kind,
    minor, currency, hold_until)
SELECT %s, %s, %s, %s, 'accrued', entry.* FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::text[], %s::bigint[],
    %s::text[], %s::date[]) entry
"""
