"""The manual rail: a list for the bank that is always the same."""

from datetime import date

import pytest

from commissions import payouts
from commissions.models import Payout, PayoutRun
from commissions.rails import rail_of
from commissions.rails.manual import bank_file
from elinkages.accounts.models import Msp
from elinkages.accounts.rights import Role
from partners.models import Partner
from tests import builders
from tests.commissions.owing import noon, payable

pytestmark = pytest.mark.django_db

DAY = date(2026, 2, 2)


@pytest.fixture
def run(msp: Msp) -> PayoutRun:
    """A released run of three payouts."""
    for name, minor in (("Zed, Inc", 123_456), ('=cmd|"x"', 5_000), ("Öster & Söhne", 7_050)):
        payable(builders.a_partner(name), minor)
    finn = builders.a_member(msp, Role.FINANCE, "Finn Finance")
    olivia = builders.a_member(msp, Role.OWNER, "Olivia Owner")
    opened = payouts.open_run(cutoff_on=DAY, by=finn, at=noon(DAY)).run
    payouts.approve(opened, by=olivia, at=noon(DAY))
    return payouts.release(opened, by=finn, at=noon(DAY)).run


def test_the_list_has_one_line_per_payout_in_the_order_of_their_numbers(run: PayoutRun) -> None:
    lines = bank_file(run).decode().splitlines()
    assert lines[0] == "Payee,Amount,Currency,Reference"
    assert sorted(lines[1:]) == sorted(
        ['"Zed, Inc",1234.56,USD,ELK-3', '"\'=cmd|""x""",50.00,USD,ELK-1', "Öster & Söhne,70.50,USD,ELK-2"]
    )
    assert [line.rsplit("-", 1)[1] for line in lines[1:]] == ["1", "2", "3"]


def test_the_list_is_the_same_bytes_whatever_happened_since(run: PayoutRun) -> None:
    before = bank_file(run)
    first, second, third = Payout.objects.order_by("number")
    by = run.opened_by
    payouts.settle(first, reference="A", paid_on=DAY, by=by, at=noon(DAY))
    payouts.fail(second, reason="Closed", by=by, at=noon(DAY))
    payouts.settle(third, reference="B", paid_on=DAY, by=by, at=noon(DAY))
    payouts.return_(third, reason="Closed", by=by, at=noon(DAY))
    Partner.objects.filter(pk=first.partner_id).update(name="Renamed")
    assert bank_file(run) == before


def test_a_payout_left_out_before_the_release_is_not_on_the_list(msp: Msp) -> None:
    finn = builders.a_member(msp, Role.FINANCE, "Finn Finance")
    olivia = builders.a_member(msp, Role.OWNER, "Olivia Owner")
    for name in ("One", "Two"):
        payable(builders.a_partner(name), 10_000)
    opened = payouts.open_run(cutoff_on=DAY, by=finn, at=noon(DAY)).run
    payouts.cancel_payout(opened.payouts.get(partner__name="One"), reason="Dispute", by=finn, at=noon(DAY))
    payouts.approve(opened, by=olivia, at=noon(DAY))
    payouts.release(opened, by=finn, at=noon(DAY))
    assert [line.split(",")[0] for line in bank_file(opened).decode().splitlines()[1:]] == ["Two"]


def test_a_request_says_everything_that_the_bank_needs(run: PayoutRun) -> None:
    payout = Payout.objects.get(partner__name="Zed, Inc")
    assert rail_of(run.rail).request(payout) == {
        "payee": "Zed, Inc",
        "minor": 123_456,
        "currency": "USD",
        "reference": f"ELK-{payout.number}",
    }
