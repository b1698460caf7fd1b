"""Writing targets down: pools, the entries that make up the difference, and their postings."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
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
from elinkages.kernel.copy import Ids, copy_to_temporary, fresh_ids
from elinkages.kernel.tenancy import current_msp_id


class Existing(NamedTuple):
    """An entry that was posted before for a key. `is_free`: unpaid and in no payout, so that it may be voided."""

    entry_id: UUID
    partner_id: UUID
    minor: int
    stage: str
    paid_in: str
    is_free: bool


REPLACED: Final = Line(0, "The version of the plan now in force does not pay this", (), {})

Key = tuple[UUID, str]
"""A contract and a component, within one month."""


class NewEntry(NamedTuple):
    """A difference to be posted; `number` is the place of its target in the page."""

    number: int
    partner_id: UUID
    kind: str
    minor: int
    currency: str
    hold_until: date
    paid_in: str


def write(targets: Sequence[Target], *, month: date, today: date, by: Actor, at: datetime) -> int:
    """Write the targets of one month and post the differences to what was there; returns how many entries.

    A partner whose target became zero has the unpaid entries voided; what was paid is answered by a negative entry.
    """
    if not targets:
        return 0
    before = standing_entries([target for target in targets if target.due.seq], month)
    targets = [*targets, *replaced(targets, before)]
    pools = fresh_ids()
    ids = pools.after(len(targets))  # of entries, and then of postings
    entries: list[NewEntry] = []
    voided: list[tuple[Existing, str]] = []
    for number, target in enumerate(targets):
        old = before.get((target.due.contract_id, target.component), ()) if before else ()
        gone = _voidable(target, old) if old else []
        voided += [(entry, target.due.currency) for entry in gone]
        entries += _differences(number, target, [entry for entry in old if entry not in gone], is_first=not old)
    _insert_pools(targets, pools, month, at)
    _insert_entries(entries, ids, pools, month, today.replace(day=1), at)
    header = ledger.Header(f"accrual:{month:%Y-%m}:{pools.of(0)}", "accrual", today, by.actor_name[:200], at)
    for first in range(0, len(entries), ledger.BATCH):
        batch = replace(header, source=f"{header.source}:{first}")
        numbered = {"first": first, "until": first + ledger.BATCH, "prefix": ids.prefix, "start": ids.start}
        ledger.post_selected(batch, _POSTED, numbered, ids.after(len(entries) + first))
    _void(voided, replace(header, source=f"{header.source}:void"))
    return len(entries) + len(voided)


def replaced(targets: Sequence[Target], before: dict[Key, list[Existing]]) -> list[Target]:
    """Targets of zero for components that the plan now in force does not have, but that were posted for the month."""
    if not before:
        return []
    computed = {(target.due.contract_id, target.component) for target in targets}
    by_contract = {target.due.contract_id: target for target in targets}
    return [
        by_contract[contract]._replace(component=component, line=REPLACED, shares={}, recompute_on=None)
        for contract, component in before
        if (contract, component) not in computed
    ]


def _voidable(target: Target, old: Sequence[Existing]) -> list[Existing]:
    return [entry for entry in old if entry.is_free and not target.shares.get(entry.partner_id)]


def _differences(number: int, target: Target, kept: Sequence[Existing], *, is_first: bool) -> list[NewEntry]:
    differences = dict(target.shares)
    for entry in kept:
        differences[entry.partner_id] = differences.get(entry.partner_id, 0) - entry.minor
    paid_in = kept[0].paid_in if kept else target.paid_in
    return [
        NewEntry(
            number,
            partner,
            _kind(target, minor, is_first=is_first),
            minor,
            target.due.currency,
            target.hold_until,
            paid_in,
        )
        for partner, minor in (sorted(differences.items()) if len(differences) > 1 else differences.items())
        if minor
    ]


def _kind(target: Target, minor: int, *, is_first: bool) -> str:
    if is_first:
        return EntryKind.ACCRUAL
    if minor < 0 and "before_clawback_minor" in target.line.inputs:
        return EntryKind.CLAWBACK
    return EntryKind.ADJUSTMENT


def standing_entries(targets: Sequence[Target], month: date) -> dict[Key, list[Existing]]:
    """The entries of the month that count, by contract and component; nobody else changes them meanwhile."""
    found: dict[Key, list[Existing]] = defaultdict(list)
    if targets:
        contracts = list({target.due.contract_id for target in targets})
        with connection.cursor() as cursor:
            cursor.execute(_EXISTING, {"msp": current_msp_id(), "month": month, "contracts": contracts})
            for contract_id, component, *entry in cursor.fetchall():
                found[contract_id, component].append(Existing(*entry))
    return found


def _insert_pools(targets: Sequence[Target], ids: Ids, month: date, at: datetime) -> None:
    rows = (
        (
            number,
            target.due.contract_id,
            target.component,
            target.due.seq + 1,
            target.due.version_id,
            target.due.currency,
            target.line.amount_minor,
            sum(target.shares.values()),
            target.due.input_sha256,
            target.line.reason,
            target.explain,
            target.recompute_on,
        )
        for number, target in enumerate(targets)
    )
    copy_to_temporary("new_pool", _NEW_POOL, _NEW_POOL_NAMES, rows)
    with connection.cursor() as cursor:
        cursor.execute(_POOLS, [current_msp_id(), month, at, *ids])


def _insert_entries(
    entries: Sequence[NewEntry], ids: Ids, pools: Ids, month: date, posting_month: date, at: datetime
) -> None:
    rows = ((position, *entry) for position, entry in enumerate(entries))
    copy_to_temporary("new_entry", _NEW_ENTRY, _NEW_ENTRY_NAMES, rows)
    with connection.cursor() as cursor:
        cursor.execute(_ENTRIES, [current_msp_id(), month, posting_month, at, *ids, *pools])


def _void(voided: Sequence[tuple[Existing, str]], header: ledger.Header) -> None:
    if not voided:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE commissions_entry SET stage = 'void', voided_on = %s WHERE msp_id = %s AND id = ANY(%s)",
            [header.effective_on, current_msp_id(), [entry.entry_id for entry, _ in voided]],
        )
    for number, batch in enumerate(batched(_voiding(voided), ledger.BATCH)):
        ledger.post_lines(replace(header, source=f"{header.source}:{number}"), batch)


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


_EXISTING: Final = """
SELECT pool.contract_id, pool.component, entry.id, entry.partner_id, entry.minor, entry.stage, entry.paid_in,
    entry.stage IN ('accrued', 'payable') AND NOT EXISTS (
        SELECT 1 FROM commissions_payoutitem item
        WHERE item.msp_id = %(msp)s AND item.entry_id = entry.id AND item.released_at IS NULL)
FROM commissions_pool pool
    JOIN commissions_entry entry ON entry.msp_id = %(msp)s AND entry.pool_id = pool.id AND entry.stage <> 'void'
WHERE pool.msp_id = %(msp)s AND pool.earning_month = %(month)s AND pool.contract_id = ANY(%(contracts)s)
ORDER BY entry.id FOR UPDATE OF entry
"""

_NEW_POOL: Final = """number int, contract_id uuid, component text, seq int,
    plan_version_id uuid, currency text, amount_minor bigint, shared_minor bigint, input_sha256 bytea, reason text,
    explain jsonb, recompute_on date"""
_NEW_POOL_NAMES: Final = (
    "number",
    "contract_id",
    "component",
    "seq",
    "plan_version_id",
    "currency",
    "amount_minor",
    "shared_minor",
    "input_sha256",
    "reason",
    "explain",
    "recompute_on",
)

_POOLS: Final = """
INSERT INTO commissions_pool (msp_id, earning_month, computed_at, id, contract_id, component, seq, plan_version_id,
    currency, amount_minor, shared_minor, input_sha256, reason, explain, recompute_on)
SELECT %s, %s, %s, (%s || to_hex(%s + number))::uuid, contract_id, component, seq, plan_version_id, currency,
    amount_minor, shared_minor, input_sha256, reason, explain, recompute_on
FROM new_pool ORDER BY number
"""

_NEW_ENTRY: Final = """position int, number int, partner_id uuid, kind text, minor bigint,
    currency text, hold_until date, paid_in text"""
_NEW_ENTRY_NAMES: Final = ("position", "number", "partner_id", "kind", "minor", "currency", "hold_until", "paid_in")

_ENTRIES: Final = """
INSERT INTO commissions_entry (msp_id, earning_month, posting_month, created_at, stage, id, pool_id, partner_id, kind,
    minor, currency, hold_until, paid_in)
SELECT %s, %s, %s, %s, 'accrued', (%s || to_hex(%s + position))::uuid, (%s || to_hex(%s + number))::uuid, partner_id,
    kind, minor, currency, hold_until, paid_in
FROM new_entry ORDER BY position
"""

_POSTED: Final = """
SELECT 'expense', 'accrued', minor, currency, partner_id, (%(prefix)s || to_hex(%(start)s + position))::uuid, NULL::uuid
FROM new_entry
WHERE position >= %(first)s AND position < %(until)s ORDER BY position
"""
