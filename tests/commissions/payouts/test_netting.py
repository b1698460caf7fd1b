"""What is carried from one run to the next."""

from datetime import date

import pytest

from commissions import ledger, payouts
from commissions.models import PayoutRun
from elinkages.accounts.models import Membership, Msp
from partners.models import Partner
from tests import builders
from tests.commissions.owing import noon, payable
from tests.commissions.payouts.stages import DAY, balance, opened

pytestmark = pytest.mark.django_db


def test_e19_small_amounts_wait_until_they_reach_the_minimum(
    msp: Msp, finn: Membership, olivia: Membership, petra: Partner
) -> None:
    days = [date(2026, 2, 2), date(2026, 3, 2), date(2026, 4, 2)]
    paid = []
    for day, minor in zip(days, [3_420, 1_579, 1], strict=True):
        payable(petra, minor, on=day)
        try:
            run = opened(finn, day)
            paid.append(sum(payout.minor for payout in run.payouts.all()))
        except payouts.NothingToPay:
            paid.append(0)
    assert paid == [0, 0, 5_000]


def test_e16_a_clawback_is_netted_against_what_comes_next(
    msp: Msp, finn: Membership, olivia: Membership, petra: Partner
) -> None:
    Msp.objects.filter(pk=msp.pk).update(minimum_payout_minor=0)
    payable(petra, 50_000)
    pay(finn, olivia, DAY)
    later = date(2026, 4, 2)
    payable(petra, -50_000, on=later)
    payable(petra, 18_000, on=later)
    assert balance(petra).payable == -32_000
    with pytest.raises(payouts.NothingToPay, match="1 owing more than they earned"):
        opened(finn, later)
    next_month = date(2026, 5, 2)
    payable(petra, 40_000, on=next_month)
    run = pay(finn, olivia, next_month)
    assert run.payouts.get().minor == 8_000
    assert run.payouts.get().items.count() == 3
    assert balance(petra) == ledger.Balance(paid=58_000)


def pay(finn: Membership, olivia: Membership, day: date) -> PayoutRun:
    """A whole run in a day."""
    run = opened(finn, day)
    payouts.approve(run, by=olivia, at=noon(day))
    payouts.release(run, by=finn, at=noon(day))
    for payout in run.payouts.all():
        payouts.settle(payout, reference=f"REF-{payout.number}", paid_on=day, by=finn, at=noon(day))
    return run


def test_the_differences_from_the_last_run_name_who_is_new_missing_and_much_changed(
    msp: Msp, finn: Membership, olivia: Membership, petra: Partner
) -> None:
    steady, leaving = builders.a_partner("Steady"), builders.a_partner("Leaving")
    for partner, minor in ((petra, 10_000), (steady, 10_000), (leaving, 10_000)):
        payable(partner, minor)
    first = pay(finn, olivia, DAY)
    assert payouts.differences(first).before is None
    later = date(2026, 3, 2)
    arriving = builders.a_partner("Arriving")
    for partner, minor in ((petra, 13_000), (steady, 12_500), (arriving, 9_000)):
        payable(partner, minor, on=later)
    found = payouts.differences(opened(finn, later))
    assert found.before == first
    assert [one.name for one in found.new] == ["Arriving"]
    assert [one.name for one in found.missing] == ["Leaving"]
    assert [(one.name, one.minor, one.basis_points) for one in found.changed] == [("Petra Park CPA", 3_000, 3_000)]
    assert [one.name for one in found.largest_first] == ["Leaving", "Arriving", "Petra Park CPA"]
    assert found.minor == 4_500
