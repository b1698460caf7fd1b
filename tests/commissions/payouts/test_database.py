"""What PostgreSQL refuses about runs, payouts and entries, whoever asks."""

from typing import Any

import pytest
from django.db import Error, connection, transaction

from commissions.models import PayoutState, RunState, Stage
from elinkages.accounts.models import Membership, Msp
from partners.models import Partner
from tests.commissions.owing import payable
from tests.commissions.payouts.stages import opened, released

pytestmark = pytest.mark.django_db


def refused(sql: str, *parameters: Any) -> bool:
    """Whether the database itself refuses a statement."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql, parameters)
            return bool(cursor.rowcount == 0)
    except Error:
        return True


STATES = {
    "commissions_payout": (PayoutState, {"draft>approved", "draft>canceled"}),
    "commissions_payoutrun": (RunState, {"draft>approved", "draft>canceled"}),
    "commissions_entry": (Stage, {"payable>reserved", "payable>void"}),
}


@pytest.mark.parametrize("table", STATES)
def test_the_database_refuses_every_step_that_is_not_allowed(
    table: str, msp: Msp, finn: Membership, petra: Partner
) -> None:
    payable(petra, 10_000)
    opened(finn)
    states, allowed = STATES[table]
    column, now = ("stage", "payable") if states is Stage else ("state", "draft")
    for target in states.values:
        if target != now and f"{now}>{target}" not in allowed:
            assert refused(f"UPDATE {table} SET {column} = %s", target), target


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE commissions_payout SET minor = 1",
        "UPDATE commissions_payoutitem SET minor = 1",
        "DELETE FROM commissions_payoutitem",
        "DELETE FROM commissions_payout",
        "UPDATE commissions_payoutattempt SET key = 'x'",
        "UPDATE commissions_posting SET minor = 1",
        "UPDATE commissions_entry SET minor = 1",
    ],
)
def test_amounts_and_keys_are_written_once(
    sql: str, msp: Msp, finn: Membership, olivia: Membership, petra: Partner
) -> None:
    payable(petra, 10_000)
    released(finn, olivia)
    assert refused(sql)


def test_an_entry_is_in_one_live_payout_at_most(msp: Msp, finn: Membership, petra: Partner) -> None:
    entry = payable(petra, 10_000)
    run = opened(finn)
    assert refused(
        "INSERT INTO commissions_payoutitem (msp_id, payout_id, entry_id, minor) VALUES (%s, %s, %s, 10000)",
        msp.pk,
        run.payouts.get().pk,
        entry.pk,
    )


def test_the_database_itself_refuses_an_approver_who_opened_the_run(msp: Msp, finn: Membership, petra: Partner) -> None:
    payable(petra, 10_000)
    run = opened(finn)
    assert refused(
        "UPDATE commissions_payoutrun SET state = 'approved', approved_at = now(), approved_by_id = opened_by_id"
        " WHERE id = %s",
        run.pk,
    )
