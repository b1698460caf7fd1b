"""Payouts that fail, come back or are canceled leave every amount where it was."""

from collections.abc import Callable
from datetime import datetime

import pytest

from commissions import ledger, payouts
from commissions.models import Entry, Payout, PayoutItem, PayoutRun, PayoutState, RunState, Stage
from elinkages.accounts.models import Membership, Msp
from partners.models import Partner
from tests import builders
from tests.commissions.owing import payable
from tests.commissions.payouts.stages import AT, DAY, approved, opened, released

pytestmark = pytest.mark.django_db


Ending = Callable[[Payout, Membership, datetime], object]


def failing(payout: Payout, by: Membership, at: datetime) -> object:
    return payouts.fail(payout, reason="Account closed", by=by, at=at)


def returning(payout: Payout, by: Membership, at: datetime) -> object:
    payouts.settle(payout, reference="A", paid_on=DAY, by=by, at=at)
    return payouts.return_(payout, reason="Account closed", by=by, at=at)


@pytest.mark.parametrize("ending", [failing, returning])
def test_a_payout_that_fails_or_comes_back_leaves_every_amount_where_it_was(
    ending: Ending, msp: Msp, finn: Membership, olivia: Membership, petra: Partner
) -> None:
    payable(petra, 12_000)
    payable(petra, -2_000)
    before = ledger.balances()
    released(finn, olivia)
    ending(Payout.objects.get(), finn, AT)
    assert ledger.balances() == before
    assert set(Entry.objects.values_list("stage", flat=True)) == {Stage.PAYABLE}
    assert not PayoutItem.objects.filter(released_at__isnull=True).exists()
    assert PayoutRun.objects.get().state == RunState.CLOSED
    again = opened(finn)
    assert [payout.minor for payout in again.payouts.all()] == [10_000]


@pytest.mark.parametrize("make", [opened, approved])
def test_a_cancelled_run_leaves_every_amount_where_it_was(
    make: Callable[..., PayoutRun], msp: Msp, finn: Membership, olivia: Membership, petra: Partner
) -> None:
    payable(petra, 10_000)
    before = ledger.balances()
    run = make(finn, olivia) if make is approved else make(finn)
    payouts.cancel(run, reason="Wrong day", by=finn, at=AT)
    assert ledger.balances() == before
    assert (PayoutRun.objects.get().state, Payout.objects.get().state) == (RunState.CANCELED, PayoutState.CANCELED)
    assert [payout.minor for payout in opened(finn).payouts.all()] == [10_000]


def test_a_released_run_can_no_longer_be_cancelled(
    msp: Msp, finn: Membership, olivia: Membership, petra: Partner
) -> None:
    payable(petra, 10_000)
    run = released(finn, olivia)
    with pytest.raises(payouts.NotDraft, match="being paid"):
        payouts.cancel(run, reason="Too late", by=finn, at=AT)
    with pytest.raises(payouts.TooLate, match="record that it failed"):
        payouts.cancel_payout(Payout.objects.get(), reason="Too late", by=finn, at=AT)


def test_cancelling_the_last_payout_cancels_its_run(msp: Msp, finn: Membership, petra: Partner) -> None:
    payable(petra, 10_000)
    other = builders.a_partner("Other")
    payable(other, 20_000)
    run = opened(finn)
    payouts.cancel_payout(Payout.objects.get(partner=other), reason="Dispute", by=finn, at=AT)
    run.refresh_from_db()
    assert run.state == RunState.DRAFT
    payouts.cancel_payout(Payout.objects.get(partner=petra), reason="Dispute", by=finn, at=AT)
    run.refresh_from_db()
    assert run.state == RunState.CANCELED


def test_a_payout_that_was_not_paid_cannot_come_back(
    msp: Msp, finn: Membership, olivia: Membership, petra: Partner
) -> None:
    payable(petra, 10_000)
    released(finn, olivia)
    with pytest.raises(payouts.NotPaid, match="only a paid one"):
        payouts.return_(Payout.objects.get(), reason="?", by=finn, at=AT)
