"""Accrued amounts become payable when their hold has passed and nobody holds them back."""

from datetime import date, datetime
from typing import Final

from django.db import connection

from commissions import ledger
from commissions.models import Account
from elinkages.kernel.actors import Actor
from elinkages.kernel.tenancy import current_msp_id
from referrals.reviews import HELD_CONTRACTS


def release_batch(*, today: date, by: Actor, at: datetime) -> int:
    """Make up to ledger.BATCH amounts payable whose `hold_until` has come; returns how many. 0 means done.

    A hold on the partner or on the contract keeps an amount accrued, whatever its date; so does an introduction that
    waits for a person (referrals/reviews.py).
    """
    ledger.lock()
    with connection.cursor() as cursor:
        cursor.execute(_RELEASE, {"msp": current_msp_id(), "today": today, "size": ledger.BATCH})
        moved = cursor.fetchall()
    if moved:
        lines = [
            ledger.Line(Account.ACCRUED, Account.PAYABLE, minor, currency, partner_id, entry_id)
            for entry_id, partner_id, minor, currency in moved
        ]
        source = f"release:{today}:{moved[0][0]}"
        ledger.post(source=source, kind="release", lines=lines, effective_on=today, by=by, at=at)
    return len(moved)


_RELEASE: Final = f"""
WITH ready AS (
    SELECT entry.id FROM commissions_entry entry
        JOIN commissions_pool pool ON pool.msp_id = %(msp)s AND pool.id = entry.pool_id
    WHERE entry.msp_id = %(msp)s AND entry.stage = 'accrued' AND entry.hold_until <= %(today)s
        AND NOT EXISTS (SELECT 1 FROM commissions_hold hold WHERE hold.msp_id = %(msp)s
            AND hold.lifted_at IS NULL AND hold.partner_id = entry.partner_id)
        AND NOT EXISTS (SELECT 1 FROM commissions_hold hold WHERE hold.msp_id = %(msp)s
            AND hold.lifted_at IS NULL AND hold.contract_id = pool.contract_id)
        AND (pool.contract_id IS NULL OR pool.contract_id NOT IN (
            {HELD_CONTRACTS}))
    ORDER BY entry.hold_until, entry.id LIMIT %(size)s FOR UPDATE OF entry),
moved AS (
    UPDATE commissions_entry entry SET stage = 'payable' FROM ready
    WHERE entry.msp_id = %(msp)s AND entry.id = ready.id
    RETURNING entry.id, entry.partner_id, entry.minor, entry.currency)
SELECT * FROM moved ORDER BY id
"""
