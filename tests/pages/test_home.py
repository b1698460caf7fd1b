"""The owner's home: tasks that come from data and go with it, figures that lead to what they are made of."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from commissions import payouts
from commissions.models import Entry, PaidIn, Payout, PayoutRun, Pool
from elinkages.accounts.models import Membership, Msp
from elinkages.accounts.rights import Role
from elinkages.kernel import tenancy
from elinkages.pages.sourced import mrr_sourced
from elinkages.pages.todo import tasks
from partners import onboarding
from partners.models import Partner, PartnerInvitation
from referrals import clients, contracts, pipeline
from referrals.models import Finding, Stage
from tests import builders
from tests.commissions.owing import payable

pytestmark = pytest.mark.django_db


@pytest.fixture
def msp() -> Msp:
    return builders.an_msp("Northwind IT")


@pytest.fixture
def owner(msp: Msp) -> Membership:
    return builders.a_member(msp, name="Ana Ruiz")


@pytest.fixture
def browser(owner: Membership) -> Browser:
    return builders.a_browser(owner.user)


def _home(browser: Browser, msp: Msp) -> str:
    answer = browser.get(f"/{msp.slug}/")
    assert answer.status_code == 200
    return answer.content.decode()


def _titles(msp: Msp, member: Membership) -> list[str]:
    with tenancy.use(msp.pk):
        return [task.title for task in tasks(msp, member, timezone.now())]


def _run(opener: Membership, partner: Partner) -> PayoutRun:
    now = timezone.now()
    run = PayoutRun.objects.create(number=7, currency="USD", cutoff_on=now.date(), opened_at=now, opened_by=opener)
    Payout.objects.create(run=run, partner=partner, number=1, minor=821_455, currency="USD")
    return run


def test_an_empty_msp_is_shown_the_first_steps(msp: Msp, browser: Browser) -> None:
    home = _home(browser, msp)
    assert "First steps" in home
    assert "0 of 5 done" in home
    assert "Owed to partners" not in home


def test_a_step_is_ticked_by_what_is_there(msp: Msp, owner: Membership, browser: Browser) -> None:
    with tenancy.use(msp.pk):
        builders.a_plan()
        partners = [builders.a_partner(f"Partner {number}") for number in range(4)]
        builders.a_referral(partners[0])
    assert "3 of 5 done" in _home(browser, msp)
    with tenancy.use(msp.pk):
        builders.a_partner("The Fifth")
    builders.a_member(msp, Role.FINANCE, name="Sam Okafor")
    assert "First steps" not in _home(browser, msp)


def test_each_person_is_shown_the_steps_that_they_can_do(msp: Msp, owner: Membership, browser: Browser) -> None:
    manager, finance, reader = (
        builders.a_browser(builders.a_member(msp, role).user) for role in (Role.MANAGER, Role.FINANCE, Role.READ_ONLY)
    )
    assert "does this." not in _home(browser, msp)
    shown = _home(manager, msp)
    assert "Invite the first five" in shown
    assert "Add a partner" in shown
    assert "Say what an introduction is worth" in shown
    assert "An owner does this." in shown
    assert "Set a plan" not in shown
    shown = _home(finance, msp)
    assert "Import a spreadsheet" in shown
    assert "Add a partner" not in shown
    assert shown.count("An owner or manager does this.") == 2
    assert "First steps" not in _home(reader, msp)


def test_who_has_done_their_steps_is_not_shown_those_of_others(msp: Msp, owner: Membership) -> None:
    finance = builders.a_browser(builders.a_member(msp, Role.FINANCE).user)
    assert "First steps" in _home(finance, msp)
    with tenancy.use(msp.pk):
        builders.a_partner()
    assert "First steps" not in _home(finance, msp)


def test_nothing_to_do_is_said_plainly(msp: Msp, owner: Membership, browser: Browser) -> None:
    assert _titles(msp, owner) == []
    assert "Nothing is waiting for you" in _home(browser, msp)


def test_an_introduction_without_contact_is_a_task_until_somebody_calls(msp: Msp, owner: Membership) -> None:
    with tenancy.use(msp.pk):
        referral = builders.a_referral(builders.a_partner(), "Brightwater Dental")
    assert _titles(msp, owner) == ["Make first contact with Brightwater Dental"]
    with tenancy.use(msp.pk):
        pipeline.touch(referral, by=owner, at=timezone.now())
    assert _titles(msp, owner) == []


def test_many_of_a_kind_are_one_line_that_leads_to_the_list(msp: Msp, owner: Membership, browser: Browser) -> None:
    with tenancy.use(msp.pk):
        partner = builders.a_partner("Finch CPAs")
        for number in range(5):
            at = timezone.now() - timedelta(days=9 - number)
            builders.a_referral(partner, f"Company {number}", registered_at=at)
    home = _home(browser, msp)
    assert "5 introductions are waiting for first contact" in home
    assert "The oldest is Company 0, sent by Finch CPAs 9 days ago." in home
    assert f'href="/{msp.slug}/referrals/?needs=untouched"' in home


def test_a_due_action_is_a_task_and_a_later_one_is_not(msp: Msp, owner: Membership) -> None:
    with tenancy.use(msp.pk):
        partner, today = builders.a_partner(), msp.today(timezone.now())
        for company, days in (("Due Dental", 0), ("Later Dental", 3)):
            referral = builders.a_referral(partner, company, touched_at=timezone.now())
            pipeline.assign(
                referral,
                owner=owner,
                next_action="Send the proposal",
                next_action_on=today + timedelta(days=days),
                by=owner,
                at=timezone.now(),
            )
    assert _titles(msp, owner) == ["Send the proposal: Due Dental"]


def test_a_match_is_a_task_until_it_is_decided(msp: Msp, owner: Membership) -> None:
    with tenancy.use(msp.pk):
        referral = builders.a_referral(builders.a_partner(), "Acme Dental", touched_at=timezone.now())
        finding = Finding.objects.create(
            referral=referral, other_client=builders.a_client(name="Acme Dental PC"), found_at=timezone.now()
        )
    assert _titles(msp, owner) == ["Is Acme Dental the same company?"]
    with tenancy.use(msp.pk):
        Finding.objects.filter(pk=finding.pk).update(state="different", decided_at=timezone.now())
    assert _titles(msp, owner) == []


def test_a_referred_contract_without_a_plan_is_a_task_until_it_is_pinned(msp: Msp, owner: Membership) -> None:
    with tenancy.use(msp.pk):
        builders.a_contract(builders.a_client(name="Not Referred"))
        contract = builders.a_contract(
            builders.a_client(builders.a_referral(builders.a_partner(), "Acme", stage="won"))
        )
    assert _titles(msp, owner) == ["No commission plan covers Acme"]
    with tenancy.use(msp.pk):
        builders.a_pin(contract, builders.a_plan())
    assert _titles(msp, owner) == []


def test_an_invitation_is_a_task_after_a_week(msp: Msp, owner: Membership) -> None:
    with tenancy.use(msp.pk):
        partner = onboarding.add(
            kind="vendor", name="Stackhouse", email="jo@s.test", contact_name="Jo", by=owner, at=builders.AT
        )
        onboarding.invite(partner, by=owner, at=timezone.now() - timedelta(days=6))
    assert _titles(msp, owner) == []
    with tenancy.use(msp.pk):
        PartnerInvitation.objects.update(invited_at=timezone.now() - timedelta(days=8))
    assert _titles(msp, owner) == ["Ask Jo of Stackhouse about the invitation"]


def test_a_partner_who_was_never_asked_is_a_task_from_the_next_day_on(msp: Msp, owner: Membership) -> None:
    with tenancy.use(msp.pk):
        now = timezone.now()
        onboarding.add(kind="vendor", name="Today Inc", by=owner, at=now)
        onboarding.add(kind="vendor", name="Yesterday Inc", by=owner, at=now - timedelta(days=2))
    assert _titles(msp, owner) == ["Invite Yesterday Inc"]


def test_an_introduction_without_news_or_plan_for_two_weeks_is_a_task(msp: Msp, owner: Membership) -> None:
    with tenancy.use(msp.pk):
        old = timezone.now() - timedelta(days=20)
        referral = builders.a_referral(
            builders.a_partner(), "Sleepy Dental", stage=Stage.PROPOSAL, touched_at=old, active_at=old
        )
    assert _titles(msp, owner) == ["Move Sleepy Dental forward"]
    with tenancy.use(msp.pk):
        pipeline.touch(referral, by=owner, at=timezone.now())
    assert _titles(msp, owner) == []


def test_a_run_waits_for_the_person_who_did_not_open_it(msp: Msp, owner: Membership) -> None:
    finance = builders.a_member(msp, Role.FINANCE, name="Sam Okafor")
    with tenancy.use(msp.pk):
        run = _run(finance, builders.a_partner())
        tasks_of_owner = tasks(msp, owner, timezone.now())
    assert [(task.title, task.detail) for task in tasks_of_owner] == [
        ("Approve payout run 7", "1 payout, $8,214.55. Opened by Sam Okafor today.")
    ]
    assert _titles(msp, finance) == []
    with tenancy.use(msp.pk):
        PayoutRun.objects.filter(pk=run.pk).update(state="approved", approved_at=timezone.now(), approved_by=owner)
    assert _titles(msp, finance) == ["Release payout run 7"]


def test_what_can_be_paid_is_a_task_once_a_month_for_who_opens_runs(msp: Msp, owner: Membership) -> None:
    with tenancy.use(msp.pk):
        petra, paul = builders.a_partner("Petra"), builders.a_partner("Paul")
        payable(petra, 12_000)
        payable(paul, 4_000)  # below the minimum of $50.00
        found = tasks(msp, owner, timezone.now())
    assert [(task.title, task.detail) for task in found] == [
        ("Open a payout run", "1 partner would get $120.00. No run was opened this month.")
    ]
    assert _titles(msp, builders.a_member(msp, Role.MANAGER, name="Max")) == []
    with tenancy.use(msp.pk):
        run = payouts.open_run(cutoff_on=msp.today(timezone.now()), by=owner, at=timezone.now()).run
        assert "Open a payout run" not in _titles(msp, owner)
        payouts.cancel(run, reason="Too early", by=owner, at=timezone.now())
    assert _titles(msp, owner) == ["Open a payout run"]
    with tenancy.use(msp.pk):
        at = timezone.now() - timedelta(days=40)
        old = PayoutRun.objects.create(number=9, currency="USD", cutoff_on=at.date(), opened_at=at, opened_by=owner)
    assert "Open a payout run" not in _titles(msp, owner), "an old one that still waits comes first"
    with tenancy.use(msp.pk):
        payouts.cancel(old, reason="Too late", by=owner, at=timezone.now())
        payable(petra, 1_000, paid_in=PaidIn.CREDIT)
        parked = Msp.objects.get(pk=msp.pk)
        parked.parked_at = timezone.now()
    assert _titles(msp, owner) == ["Open a payout run", "Open a run of service credit"]
    assert _titles(parked, owner) == []


def test_one_person_alone_approves_own_runs_only_with_a_waiver(msp: Msp, owner: Membership) -> None:
    with tenancy.use(msp.pk):
        _run(owner, builders.a_partner())
    assert _titles(msp, owner) == []
    msp.one_person_approval_at, msp.one_person_approval_by = timezone.now(), owner.user
    msp.save()
    assert _titles(msp, owner) == ["Approve payout run 7"]


def test_everyone_is_shown_only_what_they_may_do(msp: Msp, owner: Membership) -> None:
    with tenancy.use(msp.pk):
        partner = builders.a_partner()
        builders.a_referral(partner, "Acme")
        _run(owner, partner)
    assert _titles(msp, builders.a_member(msp, Role.FINANCE, name="Sam")) == ["Approve payout run 7"]
    assert _titles(msp, builders.a_member(msp, Role.MANAGER, name="Max")) == ["Make first contact with Acme"]
    assert _titles(msp, builders.a_member(msp, Role.READ_ONLY, name="Rita")) == []


def test_stopped_payouts_are_said_first(msp: Msp, browser: Browser) -> None:
    msp.parked_at, msp.parked_reason = timezone.now(), "Journal 12 does not follow from journal 11."
    msp.save()
    home = _home(browser, msp)
    assert "Journal 12 does not follow" in home
    assert home.index("Payouts have been stopped") < home.index("What needs you")


def test_mrr_is_told_by_kind_and_month_until_the_client_leaves(msp: Msp, owner: Membership) -> None:
    by_at: dict[str, Any] = {"by": owner, "at": builders.AT}
    with tenancy.use(msp.pk):
        won = builders.a_referral(builders.a_partner(kind="peer_msp"), stage=Stage.WON)
        client, line = builders.a_client(won, since_on=date(2025, 1, 1)), builders.a_service_line()
        contract = contracts.sign(client, service_line=line, mrr_minor=100_000, starts_on=date(2025, 1, 1), **by_at)
        contracts.move(contract, effective_on=date(2026, 2, 10), mrr_minor=150_000, **by_at)
        unreferred = builders.a_client(name="Nobody Sent Them", since_on=date(2025, 1, 1))
        contracts.sign(unreferred, service_line=line, mrr_minor=999_900, starts_on=date(2025, 1, 1), **by_at)
        sourced = mrr_sourced(on=date(2026, 3, 15), months=4)
        clients.leave(client, on=date(2026, 3, 1), reason="Sold", **by_at)
        after = mrr_sourced(on=date(2026, 3, 15), months=4)
    assert sourced.days == (date(2025, 12, 1), date(2026, 1, 1), date(2026, 2, 1), date(2026, 3, 1))
    assert sourced.by_kind["peer_msp"] == (100_000, 100_000, 150_000, 150_000)
    assert sum(map(sum, sourced.by_kind.values())) == 500_000
    assert (after.now_minor, after.change_minor) == (0, -150_000)


def _earned(partner: Partner, minor: int, stage: str) -> None:
    contract = builders.a_deal(partner)
    pool = Pool.objects.create(
        contract=contract,
        earning_month=date(2026, 1, 1),
        seq=1,
        currency="USD",
        amount_minor=minor,
        shared_minor=minor,
        input_sha256=b"0" * 32,
        reason="10%",
        explain={},
        computed_at=builders.AT,
    )
    entry = Entry.objects.create(
        pool=pool,
        partner=partner,
        kind="accrual",
        earning_month=date(2026, 1, 1),
        posting_month=date(2026, 1, 1),
        minor=minor,
        currency="USD",
        hold_until=date(2026, 2, 1),
        created_at=builders.AT,
    )
    if stage != "accrued":
        voided_on = date(2026, 2, 1) if stage == "void" else None
        Entry.objects.filter(pk=entry.pk).update(stage=stage, voided_on=voided_on)


def test_figures_are_sums_of_rows_and_lead_to_them(msp: Msp, owner: Membership, browser: Browser) -> None:
    with tenancy.use(msp.pk):
        partner = builders.a_partner()
        _earned(partner, 10_000, "accrued")
        _earned(partner, 25_000, "payable")
        _earned(partner, 70_000, "void")
        builders.a_referral(partner, stage=Stage.PROPOSAL, touched_at=builders.AT, expected_mrr_minor=120_000)
        builders.a_referral(partner, stage=Stage.QUALIFIED, touched_at=builders.AT)
    home = _home(browser, msp)
    assert "$350.00" in home
    assert "$250.00 payable now, the rest on hold" in home
    assert "$1,200.00 MRR expected" in home
    for place in ("clients/", "referrals/", "commissions/", "payouts/"):
        assert f'<a href="/{msp.slug}/{place}">' in home


def test_the_chart_has_an_address_of_its_own(msp: Msp, owner: Membership, browser: Browser) -> None:
    with tenancy.use(msp.pk):
        client = builders.a_client(builders.a_referral(builders.a_partner(), stage=Stage.WON))
        contracts.sign(
            client,
            service_line=builders.a_service_line(),
            mrr_minor=100_000,
            starts_on=date(2026, 1, 1),
            by=owner,
            at=builders.AT,
        )
    answer = browser.get(f"/{msp.slug}/home/mrr.svg")
    assert answer["Content-Type"] == "image/svg+xml"
    assert b"Center of influence" in answer.content
    assert "The same numbers as a table" in _home(browser, msp)


def test_home_costs_the_same_queries_with_much_and_with_nothing(msp: Msp, owner: Membership, browser: Browser) -> None:
    def cost() -> int:
        _home(browser, msp)
        with CaptureQueriesContext(connection) as queries:
            _home(browser, msp)
        return len(queries)

    nothing = cost()
    finance = builders.a_member(msp, Role.FINANCE, name="Sam Okafor")
    with tenancy.use(msp.pk):
        for number in range(12):
            partner = builders.a_partner(f"Partner {number}")
            _earned(partner, 10_000, "payable")
            builders.a_referral(partner)
            builders.a_contract(builders.a_client(builders.a_referral(partner, stage=Stage.WON)))
            asked = onboarding.add(
                kind="client", name=f"Asked {number}", email=f"a{number}@a.test", by=owner, at=builders.AT
            )
            onboarding.invite(asked, by=owner, at=builders.AT)
            due = builders.a_referral(partner, stage=Stage.QUALIFIED, touched_at=builders.AT, owner=owner)
            type(due).objects.filter(pk=due.pk).update(next_action="Call", next_action_on=date(2026, 1, 6))
            Finding.objects.create(referral=due, other_client=builders.a_client(), found_at=builders.AT)
        _run(finance, partner)
    assert cost() == nothing
