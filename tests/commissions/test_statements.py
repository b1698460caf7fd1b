"""Statements: every line of a payout, adding up to it and to the books."""

from datetime import date

import pytest

from commissions import ledger, payouts
from commissions.models import Payout, PayoutItem
from commissions.statements import Unequal, payouts_told, statement
from elinkages.accounts.models import Membership
from elinkages.accounts.rights import Role
from partners.models import Partner
from tests import builders
from tests.commissions.owing import noon, payable

pytestmark = pytest.mark.django_db

DAY = date(2026, 2, 2)


def opened(finn: Membership) -> Payout:
    return payouts.open_run(cutoff_on=DAY, by=finn, at=noon(DAY)).run.payouts.get()


def released(payout: Payout, finn: Membership) -> Payout:
    olivia = builders.a_member(finn.msp, Role.OWNER, "Olivia Owner")
    payouts.approve(payout.run, by=olivia, at=noon(DAY))
    payouts.release(payout.run, by=finn, at=noon(DAY))
    return Payout.objects.get(pk=payout.pk)


def test_a_statement_lists_each_amount_with_its_client_and_its_reason(finn: Membership, petra: Partner) -> None:
    contract = builders.a_deal(petra)
    payable(petra, 12_000, contract=contract)
    payable(petra, -2_000)
    told = statement(opened(finn))
    assert {(line.origin.name, line.minor) for line in told.lines} == {
        (contract.client.name, 12_000),
        ("Opening balance", -2_000),
    }
    assert {line.reason for line in told.lines} == {"10% of MRR for January 2026"}
    assert (told.earned, told.taken_back, told.payout.minor) == (12_000, -2_000, 10_000)
    assert told.is_one_month


def test_the_statements_of_a_partner_add_up_to_what_the_books_say_was_paid(finn: Membership, petra: Partner) -> None:
    payable(petra, 10_000)
    payable(petra, 5_000)
    payout = released(opened(finn), finn)
    payouts.settle(payout, reference="A", paid_on=DAY, by=finn, at=noon(DAY))
    total = sum(line.minor for told in payouts_told(petra) for line in statement(told).lines)
    assert total == ledger.balances([petra.pk])[petra.pk].paid == 15_000


def test_a_partner_hears_of_a_payout_once_it_is_on_its_way(finn: Membership, petra: Partner) -> None:
    payable(petra, 10_000)
    payout = opened(finn)
    assert list(payouts_told(petra)) == []
    released(payout, finn)
    assert list(payouts_told(petra)) == [payout]
    payouts.fail(payout, reason="Closed", by=finn, at=noon(DAY))
    assert list(payouts_told(petra)) == []


def test_a_payment_that_came_back_keeps_its_statement(finn: Membership, petra: Partner) -> None:
    payable(petra, 10_000)
    payout = released(opened(finn), finn)
    payouts.settle(payout, reference="A", paid_on=DAY, by=finn, at=noon(DAY))
    payouts.return_(payout, reason="Closed", by=finn, at=noon(DAY))
    assert [line.minor for line in statement(payouts_told(petra).get()).lines] == [10_000]


def test_lines_that_do_not_add_up_are_never_shown(finn: Membership, petra: Partner) -> None:
    payable(petra, 10_000)
    payout = opened(finn)
    extra = payable(petra, 1_000)
    PayoutItem.objects.create(payout=payout, entry=extra, minor=1_000)
    with pytest.raises(Unequal):
        statement(payout)
