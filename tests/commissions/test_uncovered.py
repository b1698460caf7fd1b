"""Contracts that were recorded before a rule led to a plan get the plan of their day, all at once and only as seen."""

from datetime import UTC, date, datetime

import pytest

from commissions import deals, plans, uncovered
from commissions.models import Pin
from commissions.terms import Percent
from elinkages.accounts.models import Membership, Msp
from elinkages.accounts.rights import Role
from elinkages.kernel import tenancy
from referrals import contracts
from referrals.models import Client, Contract, Stage
from tests import builders

pytestmark = pytest.mark.django_db

AT = datetime(2026, 11, 20, 15, tzinfo=UTC)
WON, SERVED, LATER = date(2026, 4, 10), date(2026, 5, 1), date(2026, 11, 1)


@pytest.fixture
def acme() -> Msp:
    return builders.an_msp("Acme IT", "acme")


@pytest.fixture
def owner(acme: Msp) -> Membership:
    return builders.a_member(acme)


@pytest.fixture
def elm(acme: Msp, owner: Membership) -> Client:
    """A client with a contract that was won before any rule."""
    with tenancy.use(acme.pk):
        client = builders.a_client(builders.a_referral(builders.a_partner(), stage=Stage.WON), "Elm Dental", SERVED)
        sold = deals.NewContract(builders.a_service_line("Managed services"), 240_000, SERVED, owed_from=LATER)
        deals.add(client, sold, won_on=WON, by=owner, at=AT)
    return client


def rule(acme: Msp, owner: Membership, *, versions: tuple[date, ...] = (date(2026, 1, 1),), who: str = "") -> None:
    """A plan with a version from each day, for everyone or for one kind of source."""
    with tenancy.use(acme.pk):
        plan = builders.a_plan(Percent(basis_points=1_000), valid_from=versions[0], for_everyone=False)
        for day in versions[1:]:
            plans.publish(plan, terms=Percent(basis_points=500), valid_from=day, may_lower=True, by=owner, at=AT)
        plans.apply(plan, source_kind=who, valid_from=versions[0], by=owner, at=AT)


def shown() -> str:
    return uncovered.fingerprint(uncovered.uncovered())


def test_the_plan_is_the_one_of_the_day_it_was_won_and_not_of_the_first_day_of_service(
    acme: Msp, owner: Membership, elm: Client
) -> None:
    rule(acme, owner, versions=(date(2026, 1, 1), SERVED))
    with tenancy.use(acme.pk):
        (row,) = uncovered.uncovered()
        assert (row.won_on, row.choice.version and row.choice.version.number) == (WON, 1)
        assert uncovered.cover(shown=shown(), by=owner, at=AT) == 1
        pin = Pin.objects.get()
        assert (pin.won_on, pin.plan_version.number) == (WON, 1)
        assert not Contract.objects.get().is_without_plan
        assert uncovered.uncovered() == []


def test_what_no_rule_covers_and_what_has_ended_stays_as_it_is(acme: Msp, owner: Membership, elm: Client) -> None:
    rule(acme, owner, who="vendor")
    with tenancy.use(acme.pk):
        (row,) = uncovered.uncovered()
        assert row.choice.version is None
        contracts.end(row.contract, on=LATER, reason="Sold", by=owner, at=AT)
        assert uncovered.uncovered() == []
        assert not Pin.objects.exists()


def test_nothing_is_given_that_was_not_looked_at(acme: Msp, owner: Membership, elm: Client) -> None:
    with tenancy.use(acme.pk):
        before = shown()
        with pytest.raises(uncovered.Changed):
            uncovered.cover(shown=before, by=owner, at=AT)
    rule(acme, owner)
    with tenancy.use(acme.pk):
        with pytest.raises(uncovered.Changed, match="look once more"):
            uncovered.cover(shown=before, by=owner, at=AT)
        assert not Pin.objects.exists()


def test_the_owner_sees_what_each_gets_and_gives_it_with_one_button(acme: Msp, owner: Membership, elm: Client) -> None:
    browser = builders.a_browser(owner.user)
    assert "No rule covers these" in browser.get("/acme/plans/uncovered/").content.decode()
    rule(acme, owner)
    assert "have no plan, and earn nobody anything" in browser.get("/acme/plans/rules/").content.decode()
    page = browser.get("/acme/plans/uncovered/").content.decode()
    assert "10% of monthly recurring revenue" in page
    assert "Give 1 contract its plan" in page
    with tenancy.use(acme.pk):
        seen = shown()
    answer = browser.post("/acme/plans/uncovered/covering/", {"shown": seen}, follow=True)
    assert "1 contract got a plan" in answer.content.decode()
    assert "Every contract has its plan" in answer.content.decode()
    assert "have no plan, and earn nobody anything" not in browser.get("/acme/plans/rules/").content.decode()


def test_others_look_and_do_not_give(acme: Msp, owner: Membership, elm: Client) -> None:
    rule(acme, owner)
    manager = builders.a_browser(builders.a_member(acme, Role.MANAGER).user)
    page = manager.get("/acme/plans/uncovered/").content.decode()
    assert "Elm Dental" in page
    assert "Give 1 contract" not in page
    assert manager.post("/acme/plans/uncovered/covering/", {"shown": "x"}).status_code == 403


def test_the_form_for_one_contract_begins_with_the_day_that_was_told(acme: Msp, owner: Membership, elm: Client) -> None:
    with tenancy.use(acme.pk):
        contract = Contract.objects.get()
    html = builders.a_browser(owner.user).get(f"/acme/contracts/{contract.pk}/plan/").content.decode()
    assert 'value="2026-04-10"' in html
