"""What an accrual asks first: whether anything is due for an MSP at all, in one statement."""

from datetime import date, datetime
from typing import Final, NamedTuple
from uuid import UUID

from django.db import connection

from commissions.accruals import revisions
from commissions.models import Place
from elinkages.kernel.tenancy import current_msp_id


class Turn(NamedTuple):
    """An accrual that gave way and goes on later, as its row says."""

    turn_id: UUID
    place: Place
    day: date
    moved_at: datetime


class Asked(NamedTuple):
    """What there is to do for an MSP.

    `first_month` is the one from which every contract is looked at: the first after those that are complete. Until one
    is, it is the newest that has pools, or the first that could earn; None without contracts. `pays_at_once` says that
    some plan pays on the day of its trigger, or of a payment, instead of after the month. What changed of a complete
    month has a new revision (`is_revised`).
    """

    first_month: date | None
    pays_at_once: bool
    is_revised: bool
    is_payable: bool
    turn: Turn | None


def ask(today: date) -> Asked:
    """What is due by `today`."""
    with connection.cursor() as cursor:
        cursor.execute(_DUE, {"msp": current_msp_id(), "today": today})
        first_month, at_once, revised, payable, turn_id, month, after, is_whole, day, moved_at = cursor.fetchone()
    turn = Turn(turn_id, Place(month, after, is_whole), day, moved_at) if turn_id else None
    return Asked(first_month, at_once, revised, payable, turn)


_DUE: Final = f"""
SELECT
    greatest(
        (SELECT (max(month) + interval '1 month')::date FROM commissions_accruedmonth WHERE msp_id = %(msp)s),
        coalesce(
            (SELECT max(earning_month) FROM commissions_pool WHERE msp_id = %(msp)s AND contract_id IS NOT NULL),
            (SELECT date_trunc('month', min(least(starts_on, first_paid_on, owed_from)))::date
             FROM referrals_contract WHERE msp_id = %(msp)s))),
    EXISTS (SELECT FROM commissions_planversion version WHERE version.msp_id = %(msp)s
        AND (version.terms ->> 'kind' IN ('flat', 'mrr_multiple', 'combined')
            OR version.terms ->> 'base' = 'collected')),
    {revisions.IS_REVISED},
    EXISTS (SELECT FROM commissions_entry
        WHERE msp_id = %(msp)s AND stage = 'accrued' AND hold_until <= %(today)s),
    turn.id, turn.month, turn.after, turn.is_whole, turn.day, turn.moved_at
FROM (VALUES (1)) one LEFT JOIN commissions_accrualturn turn ON turn.msp_id = %(msp)s
"""
