"""A run is proposed: who is in it, who is left out, and why."""

from datetime import date

import pytest

from commissions import payouts
from commissions.models import Hold, PayoutRun
from elinkages.accounts.models import Membership, Msp
from elinkages.audit import trail
from elinkages.kernel.refusal import Refused
from partners.models import Partner, PartnerState
from tests import builders
from tests.commissions.owing import accrued, noon, payable
from tests.commissions.payouts.stages import AT, DAY, opened

pytestmark = pytest.mark.django_db


def test_a_run_pays_everyone_who_is_owed_enough_and_tells_who_is_left_out(
    msp: Msp, finn: Membership, petra: Partner
) -> None:
    small = builders.a_partner("Small Sums")
    debtor = builders.a_partner("Debtor")
    held = builders.a_partner("Held Back")
    gone = builders.a_partner("Suspended", state=PartnerState.ACTIVE)
    payable(petra, 6_000)
    payable(petra, 4_000)
    payable(small, 4_999)
    payable(debtor, -7_000)
    payable(held, 9_000)
    payable(gone, 8_000)
    Hold.objects.create(partner=held, reason="Disputed", placed_at=AT, placed_by_name="Finn")
    Partner.objects.filter(pk=gone.pk).update(state=PartnerState.SUSPENDED, suspended_at=AT, suspended_reason="No W-9")
    run, left_out = payouts.open_run(cutoff_on=DAY, by=finn, at=AT)
    assert [(payout.partner, payout.minor, payout.number) for payout in run.payouts.all()] == [(petra, 10_000, 1)]
    assert {one.name: one.reason for one in left_out} == {
        "Small Sums": "Below the minimum of $50.00",
        "Debtor": "Owes back more than was earned; it is netted against future commissions",
        "Held Back": "On hold: Disputed",
        "Suspended": "Suspended: No W-9",
    }
    assert payouts.skipped(run) == left_out
    assert trail.history(run)[0].action == "payout_run.opened"


def test_amounts_that_become_payable_after_the_day_wait_but_debts_count_at_once(
    msp: Msp, finn: Membership, petra: Partner
) -> None:
    payable(petra, 10_000)
    payable(petra, 9_000, on=date(2026, 2, 20))
    payable(petra, -1_000, on=date(2026, 2, 20))
    run = payouts.open_run(cutoff_on=DAY, by=finn, at=noon(date(2026, 2, 21))).run
    assert [payout.minor for payout in run.payouts.all()] == [9_000]


def test_what_is_still_accrued_is_not_paid(msp: Msp, finn: Membership, petra: Partner) -> None:
    accrued(petra, 10_000)
    with pytest.raises(payouts.NothingToPay, match="Nobody is owed enough"):
        opened(finn)
    assert not PayoutRun.objects.exists()


def test_a_hold_on_a_contract_keeps_only_its_own_amounts_back(msp: Msp, finn: Membership, petra: Partner) -> None:
    contract = builders.a_deal(petra)
    payable(petra, 7_000)
    payable(petra, 20_000, contract=contract)
    payable(petra, -20_000, contract=contract)
    payable(petra, 3_000, contract=contract)
    Hold.objects.create(contract=contract, reason="Late payer", placed_at=AT, placed_by_name="Finn")
    run, left_out = payouts.open_run(cutoff_on=DAY, by=finn, at=AT)
    assert [payout.minor for payout in run.payouts.all()] == [7_000]
    assert [(one.minor, one.code) for one in left_out] == [(3_000, "hold")]


def test_only_one_run_can_wait_for_approval(msp: Msp, finn: Membership, petra: Partner) -> None:
    payable(petra, 10_000)
    opened(finn)
    payable(petra, 10_000)
    with pytest.raises(payouts.DraftWaiting, match="Payout run 1 is waiting"):
        opened(finn)


def test_a_run_for_a_day_that_has_not_come_is_refused(msp: Msp, finn: Membership, petra: Partner) -> None:
    payable(petra, 10_000)
    with pytest.raises(Refused, match="Choose today or an earlier day"):
        payouts.open_run(cutoff_on=date(2026, 2, 3), by=finn, at=AT)


def test_a_parked_msp_moves_no_money(msp: Msp, finn: Membership, olivia: Membership, petra: Partner) -> None:
    payable(petra, 10_000)
    run = opened(finn)
    park(msp)
    with pytest.raises(payouts.Parked, match="I10 differs"):
        opened(finn)
    with pytest.raises(payouts.Parked):
        payouts.approve(run, by=olivia, at=AT)
    Msp.objects.filter(pk=msp.pk).update(parked_at=None)
    payouts.approve(run, by=olivia, at=AT)
    park(msp)
    with pytest.raises(payouts.Parked):
        payouts.release(run, by=olivia, at=AT)


def park(msp: Msp) -> None:
    Msp.objects.filter(pk=msp.pk).update(parked_at=AT, parked_reason="I10 differs by $1.00")
