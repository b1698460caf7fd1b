"""Two people at once: one effect."""

from collections.abc import Callable
from datetime import date
from functools import partial

import pytest

from commissions import ledger, payouts
from commissions.models import Journal, Payout, PayoutAttempt, PayoutItem, PayoutRun, RunState
from elinkages.accounts.models import Membership, Msp
from elinkages.accounts.rights import Role
from elinkages.audit.models import AuditEvent
from elinkages.kernel import tenancy
from elinkages.mail.models import Message
from tests import builders, races
from tests.commissions.owing import noon, payable

pytestmark = pytest.mark.django_db(transaction=True)

DAY = date(2026, 2, 2)
AT = noon(DAY)


class Office:
    """An MSP with three people and one partner who is owed money."""

    def __init__(self) -> None:
        self.msp: Msp = builders.an_msp()
        self.people: list[Membership] = [
            builders.a_member(self.msp, Role.OWNER, name) for name in ("Olivia Owner", "Oscar Owner")
        ]
        self.finn = builders.a_member(self.msp, Role.FINANCE, "Finn Finance")
        with tenancy.use(self.msp.pk):
            self.partner = builders.a_partner(email="petra@example.com")
            payable(self.partner, 10_000)

    def inside[Result](self, verb: Callable[[], Result]) -> Result:
        return races.within(self.msp, verb)()

    def opened(self) -> PayoutRun:
        return self.inside(lambda: payouts.open_run(cutoff_on=DAY, by=self.finn, at=AT).run)

    def at_once(self, verb: Callable[[Membership], object]) -> list[str]:
        """What came of two people doing the same thing in the same moment: "done", or the refusal."""
        outcomes = races.at_once(*[races.within(self.msp, partial(verb, person)) for person in self.people])
        return sorted(type(outcome).__name__ if isinstance(outcome, Exception) else "done" for outcome in outcomes)


@pytest.fixture
def office() -> Office:
    return Office()


def test_two_people_who_open_a_run_open_one(office: Office) -> None:
    results = office.at_once(lambda person: payouts.open_run(cutoff_on=DAY, by=person, at=AT))
    assert results == ["DraftWaiting", "done"]
    with tenancy.use(office.msp.pk):
        assert PayoutRun.objects.count() == Payout.objects.count() == PayoutItem.objects.count() == 1


def test_two_people_who_approve_a_run_approve_it_once(office: Office) -> None:
    run = office.opened()
    assert office.at_once(lambda person: payouts.approve(run, by=person, at=AT)) == ["NotDraft", "done"]
    with tenancy.use(office.msp.pk):
        assert AuditEvent.objects.filter(action="payout_run.approved").count() == 1


def test_two_people_who_release_a_run_reserve_its_money_once(office: Office) -> None:
    run = office.opened()
    office.inside(lambda: payouts.approve(run, by=office.people[0], at=AT))
    assert office.at_once(lambda person: payouts.release(run, by=person, at=AT)) == ["NotApproved", "done"]
    with tenancy.use(office.msp.pk):
        assert PayoutAttempt.objects.count() == Journal.objects.filter(kind="reserve").count() == 1
        assert ledger.balances()[office.partner.pk] == ledger.Balance(in_transit=10_000)


def test_two_people_who_record_a_payment_record_it_once(office: Office) -> None:
    run = office.opened()
    office.inside(lambda: payouts.approve(run, by=office.people[0], at=AT))
    office.inside(lambda: payouts.release(run, by=office.people[0], at=AT))
    payout = office.inside(lambda: Payout.objects.get())
    results = office.at_once(
        lambda person: payouts.settle(payout, reference=f"by {person}", paid_on=DAY, by=person, at=AT)
    )
    assert results == ["NotOnItsWay", "done"]
    with tenancy.use(office.msp.pk):
        assert Journal.objects.filter(kind="settle").count() == Message.objects.count() == 1
        assert ledger.balances()[office.partner.pk] == ledger.Balance(paid=10_000)


def test_a_run_is_either_approved_or_cancelled(office: Office) -> None:
    run = office.opened()
    approver = office.people[0]

    def verb(person: Membership) -> object:
        if person == approver:
            return payouts.approve(run, by=person, at=AT)
        return payouts.cancel(run, reason="Wrong day", by=person, at=AT)

    results = office.at_once(verb)
    with tenancy.use(office.msp.pk):
        state = PayoutRun.objects.get().state
        live = PayoutItem.objects.filter(released_at__isnull=True).count()
    assert "done" in results
    assert (state, live) == (RunState.CANCELED, 0)
