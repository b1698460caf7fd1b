"""The worked examples that are stories, from the plan to the bank, with the books proved at the end."""

from collections.abc import Iterator
from datetime import date

import pytest

from commissions import accruals, invariants, ledger, payouts
from commissions.models import Entry, EntryKind, Payout, PayoutRun
from commissions.terms import Flat, FullClawback
from elinkages.accounts.models import Membership, Msp
from elinkages.accounts.rights import Role
from elinkages.kernel import tenancy
from partners.models import Partner
from referrals.models import Contract
from tests import builders
from tests.commissions.owing import noon

pytestmark = pytest.mark.django_db


class Office:
    """An MSP whose people accrue and pay on a day."""

    def __init__(self, msp: Msp) -> None:
        self.msp = msp
        self.finn: Membership = builders.a_member(msp, Role.FINANCE, "Finn Finance")
        self.olivia: Membership = builders.a_member(msp, Role.OWNER, "Olivia Owner")

    def open(self, day: date) -> PayoutRun | None:
        """What beat and finance do on a day: accrue, release, open a run; None when there is nothing to pay."""
        accruals.accrue(today=day, at=noon(day))
        accruals.release(today=day, at=noon(day))
        try:
            return payouts.open_run(cutoff_on=day, by=self.finn, at=noon(day)).run
        except payouts.NothingToPay:
            return None

    def send(self, day: date) -> list[Payout]:
        """Open, approve and release; the payouts that wait for the bank."""
        run = self.open(day)
        if run is None:
            return []
        payouts.approve(run, by=self.olivia, at=noon(day))
        payouts.release(run, by=self.finn, at=noon(day))
        return list(run.payouts.order_by("number"))

    def pay(self, day: date) -> list[int]:
        """A whole run in a day; the amounts that were paid."""
        return [
            payouts.settle(payout, reference=f"TRX {payout.number}", paid_on=day, by=self.finn, at=noon(day)).minor
            for payout in self.send(day)
        ]


@pytest.fixture
def office() -> Iterator[Office]:
    acme = builders.an_msp()
    with tenancy.use(acme.pk):
        yield Office(acme)


@pytest.fixture
def petra(office: Office) -> Partner:
    return builders.a_partner("Petra Park CPA")


def a_fee(partner: Partner, minor: int, paid_on: date) -> Contract:
    """A flat fee with a 90-day clawback, for a client whose first invoice was paid on a day."""
    terms = Flat(amount_minor=minor, clawback=FullClawback(90))
    return builders.a_deal(partner, terms, starts_on=date(2026, 2, 15), first_paid_on=paid_on)


def payable(partner: Partner) -> int:
    return ledger.balances([partner.pk])[partner.pk].payable


def test_e16_a_fee_that_was_paid_is_taken_back_from_what_comes_next(office: Office, petra: Partner) -> None:
    leaving = a_fee(petra, 50_000, date(2026, 3, 10))
    assert office.pay(date(2026, 4, 10)) == [50_000]
    a_fee(petra, 18_000, date(2026, 4, 10))
    leaving.ends_on, leaving.end_reason = date(2026, 5, 10), "Sold"
    leaving.save(update_fields=["ends_on", "end_reason"])
    assert office.pay(date(2026, 5, 11)) == []
    assert [entry.minor for entry in Entry.objects.filter(kind=EntryKind.CLAWBACK)] == [-50_000]
    assert payable(petra) == -32_000
    a_fee(petra, 40_000, date(2026, 5, 20))
    assert office.pay(date(2026, 6, 20)) == [8_000]
    assert ledger.balances([petra.pk])[petra.pk] == ledger.Balance(paid=58_000)
    assert invariants.check(today=date(2026, 6, 20)) == []


def test_e19_small_amounts_wait_for_the_minimum(office: Office, petra: Partner) -> None:
    paid = []
    for month, minor in ((3, 3_420), (4, 1_579), (5, 1)):
        a_fee(petra, minor, date(2026, month, 10))
        paid.append(office.pay(date(2026, month + 1, 15)))
    assert paid == [[], [], [5_000]]
    assert invariants.check(today=date(2026, 6, 15)) == []


def test_the_books_hold_whatever_becomes_of_a_payout(office: Office, petra: Partner) -> None:
    partners = [petra, *(builders.a_partner(f"Partner {number}") for number in range(4))]
    for partner in partners:
        a_fee(partner, 20_000, date(2026, 3, 10))
    day, by = date(2026, 4, 15), office.finn
    run = office.open(day)
    assert run is not None
    assert invariants.check() == []
    payouts.cancel_payout(run.payouts.get(partner=petra), reason="Dispute", by=by, at=noon(day))
    payouts.approve(run, by=office.olivia, at=noon(day))
    payouts.release(run, by=by, at=noon(day))
    assert invariants.check() == []
    first, second, third, _waiting = run.payouts.filter(state="submitted").order_by("number")
    payouts.settle(first, reference="A", paid_on=day, by=by, at=noon(day))
    payouts.fail(second, reason="Account closed", by=by, at=noon(day))
    payouts.settle(third, reference="B", paid_on=day, by=by, at=noon(day))
    payouts.return_(third, reason="Wrong name", by=by, at=noon(day))
    assert invariants.check(today=day) == []
    again = office.send(date(2026, 4, 16))
    assert [payout.minor for payout in again] == [20_000, 20_000, 20_000]
    assert invariants.check(today=date(2026, 4, 16)) == []


def test_what_is_in_a_proposal_is_not_voided_but_netted_by_the_next_run(office: Office, petra: Partner) -> None:
    leaving = a_fee(petra, 20_000, date(2026, 3, 10))
    day = date(2026, 4, 15)
    run = office.open(day)
    assert run is not None
    leaving.ends_on, leaving.end_reason = date(2026, 4, 14), "Sold"
    leaving.save(update_fields=["ends_on", "end_reason"])
    accruals.accrue(today=day, at=noon(day))
    accruals.release(today=day, at=noon(day))
    assert sorted(Entry.objects.values_list("minor", "stage")) == [(-20_000, "payable"), (20_000, "payable")]
    assert [(one.name, one.minor) for one in payouts.skipped(run)] == [("Petra Park CPA", -20_000)]
    with pytest.raises(payouts.Changed, match="Petra Park CPA came to owe something back"):
        payouts.approve(run, by=office.olivia, at=noon(day))
    payouts.cancel(run, reason="Sold", by=office.finn, at=noon(day))
    assert office.open(day) is None
    assert invariants.check(today=day) == []
