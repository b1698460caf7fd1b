"""The main job by its verbs and with a real worker: from an introduction to a paid and explained commission."""

from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from django.core.management import call_command
from django.utils import timezone

from commissions import deals, ledger, payouts, plans, statements
from commissions.engine import add_months
from commissions.models import Entry, Journal, Payout, PayoutState, Pool, Stage
from commissions.tasks import accrue
from commissions.terms import Percent
from elinkages.accounts import msps
from elinkages.accounts.models import Membership, Msp
from elinkages.accounts.rights import Role
from elinkages.kernel import tenancy
from elinkages.kernel.refusal import Refused
from partners import invitations, onboarding
from partners.models import Contact, Partner, PartnerState, SourceKind
from referrals import decisions, pipeline, service_lines
from referrals.models import Channel, Finding, FindingState, Referral
from referrals.models import Stage as Step
from tests import builders
from tests.worker import is_idle, until, worker

pytestmark = pytest.mark.django_db(transaction=True)


class Programme:
    """Northwind IT on the day after it signed up: an owner, a finance person, a plan for everyone."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        user = builders.a_user("Olive Owner")
        self.msp_id = msps.new_id(user)
        with tenancy.use(self.msp_id):
            self.msp: Msp = msps.found(
                name="Northwind IT", slug="northwind", time_zone="UTC", currency="USD", owner=user, at=now
            )
            self.owner = Membership.objects.get(msp=self.msp)
            self.finance = builders.a_member(self.msp, Role.FINANCE, "Fay Finance")
            self.line = service_lines.seed(now)[0]
            terms = Percent(basis_points=1_000, months=12, hold_days=5)
            plan = plans.create(
                name="Ten percent", versioning="pinned", terms=terms, valid_from=date(2020, 1, 1), by=self.owner, at=now
            )
            plans.apply(plan, valid_from=date(2020, 1, 1), by=self.owner, at=now)

    def joined(self, name: str, email: str) -> Contact:
        """A partner who was invited by e-mail and came."""
        with tenancy.use(self.msp_id):
            partner = onboarding.add(
                kind=SourceKind.CENTRE, name=name, email=email, contact_name="Petra", by=self.owner, at=self.now
            )
            token = invitations.invite(partner, by=self.owner, at=self.now)
        user = builders.a_user("Petra Park", email)
        with tenancy.use(self.msp_id):
            contact = Contact.objects.get(pk=invitations.accept(token, user=user, at=self.now).contact_id)
            assert Partner.objects.get(pk=contact.partner_id).state == PartnerState.ACTIVE
            return contact


def test_from_an_introduction_to_a_paid_and_explained_commission(tmp_path: Path) -> None:
    now = timezone.now()
    programme = Programme(now)
    first = add_months(now.date().replace(day=1), -3)
    with worker(tmp_path):
        petra = programme.joined("Park & Ledger CPAs", "petra@parkledger.example")
        paul = programme.joined("Price Law", "paul@pricelaw.example")
        referral = _introduced(programme, petra, paul)
        _won(programme, referral, first)
        _accrued_by_the_worker(programme, petra, first)
        payout = _paid(programme, petra)
        _told(programme, payout, petra)
        until(lambda: len(list((tmp_path / "mail").glob("*"))) >= 4, "every letter has left")
    call_command("check_books", deep=True)


def _introduced(programme: Programme, petra: Contact, paul: Contact) -> Referral:
    """Petra refers; Paul refers the same company an hour later, and a person decides that it is the same."""
    with tenancy.use(programme.msp_id):
        mine = pipeline.submit(
            petra.partner,
            company="Brightwater Dental, LLC",
            contact_email="ann@brightwater.example",
            channel=Channel.PORTAL,
            by=petra,
            at=programme.now,
        )
        later = pipeline.submit(
            paul.partner,
            company="The Brightwater Dental",
            website="https://brightwater.example/",
            channel=Channel.PORTAL,
            by=paul,
            at=programme.now + timedelta(hours=1),
        )
        assert [credit.basis_points for credit in mine.credits.all()] == [10_000]
        assert not later.credits.exists()
        finding = Finding.objects.get(referral=later)
        decisions.decide(finding, state=FindingState.SAME, note="Same office", by=programme.owner, at=programme.now)
        later.refresh_from_db()
        assert later.stage == Step.LOST
    return mine


def _won(programme: Programme, referral: Referral, first: date) -> None:
    by, at = programme.owner, programme.now
    with tenancy.use(programme.msp_id):
        for step in (pipeline.touch, pipeline.qualify, pipeline.propose):
            step(referral, by=by, at=at)
            referral.refresh_from_db()
        sold = [deals.NewContract(programme.line, 250_000, first)]
        deals.win(referral, client_name="Brightwater Dental", contracts=sold, won_on=at.date(), by=by, at=at)


def _accrued_by_the_worker(programme: Programme, petra: Contact, first: date) -> None:
    """Three months are over: $250.00 each. Nudged twice more, nothing changes."""

    def counts() -> tuple[int, int, int]:
        with tenancy.use(programme.msp_id):
            return Pool.objects.count(), Entry.objects.count(), Journal.objects.count()

    accrue.delay(msp_id=str(programme.msp_id))
    until(lambda: counts()[1] == 3, "three months are accrued")
    with tenancy.use(programme.msp_id):
        entries = list(Entry.objects.order_by("earning_month"))
    assert [entry.minor for entry in entries] == [25_000] * 3
    assert [entry.earning_month for entry in entries] == [add_months(first, month) for month in range(3)]

    def released() -> bool:
        with tenancy.use(programme.msp_id):
            return ledger.balances()[petra.partner_id].payable >= 50_000

    until(released, "the months whose hold has passed are payable")
    before = counts()
    for _ in range(2):
        accrue.delay(msp_id=str(programme.msp_id))
    until(is_idle, "the worker is idle again")
    assert counts() == before


def _paid(programme: Programme, petra: Contact) -> Payout:
    """Finance opens, may not approve alone; the owner approves; finance releases and records the bank's reference."""
    now = programme.now
    with tenancy.use(programme.msp_id):
        run = payouts.open_run(cutoff_on=now.date(), by=programme.finance, at=now).run
        with pytest.raises(Refused, match="omeone else"):
            payouts.approve(run, by=programme.finance, at=now)
        run = payouts.approve(run, by=programme.owner, at=now)
        payouts.release(run, by=programme.finance, at=now)
        payout = Payout.objects.get(run=run)
        assert ledger.balances()[petra.partner_id].in_transit == payout.minor
        payouts.settle(payout, reference="ACH 7781", paid_on=now.date(), by=programme.finance, at=now)
        payout.refresh_from_db()
    assert payout.state == PayoutState.PAID
    return payout


def _told(programme: Programme, payout: Payout, petra: Contact) -> None:
    """Petra's statement, read as the portal's database role: every amount with its reason, adding up to the payout."""
    with tenancy.use(programme.msp_id, partner_id=petra.partner_id):
        statement = statements.statement(Payout.objects.get(pk=payout.pk))
        assert sum(line.minor for line in statement.lines) == payout.minor >= 50_000
        assert all("10% of $2,500.00" in line.reason for line in statement.lines)
        assert set(Entry.objects.filter(stage=Stage.PAID).values_list("partner_id", flat=True)) == {petra.partner_id}
