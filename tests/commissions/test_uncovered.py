"""Contracts that were recorded before a rule led to a plan get the plan of their day, all at once and only as seen."""

from datetime import UTC, date, datetime

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from commissions import deals, plans, uncovered
from commissions.models import Pin
from commissions.terms import Percent
from elinkages.accounts.models import Membership, Msp
from elinkages.accounts.rights import Role
from elinkages.kernel import tenancy
from elinkages.lists import tasks
from elinkages.lists.models import Change
from referrals import contracts
from referrals.models import Client, Contract, Stage
from tests import builders

pytestmark = pytest.mark.django_db

AT = datetime(2026, 11, 20, 15, tzinfo=UTC)
HERE = "/acme/plans/uncovered/"
ALL = f"{HERE}many/cover/"
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


def rows() -> list[uncovered.Uncovered]:
    return uncovered.with_choices(Contract.objects.without_plan().order_by("pk"))


def cover(contract: Contract, owner: Membership, seen: str = "") -> None:
    uncovered.cover(contract, seen=seen or uncovered.rules_seen(), by=owner, at=AT)


def test_the_plan_is_the_one_of_the_day_it_was_won_and_not_of_the_first_day_of_service(
    acme: Msp, owner: Membership, elm: Client
) -> None:
    rule(acme, owner, versions=(date(2026, 1, 1), SERVED))
    with tenancy.use(acme.pk):
        (row,) = rows()
        assert (row.won_on, row.choice.version and row.choice.version.number) == (WON, 1)
        cover(row.contract, owner)
        pin = Pin.objects.get()
        assert (pin.won_on, pin.plan_version.number) == (WON, 1)
        assert not Contract.objects.get().is_without_plan
        assert rows() == []
        with pytest.raises(uncovered.Changed, match="has a plan by now, or has ended"):
            cover(row.contract, owner)


def test_what_no_rule_covers_and_what_has_ended_stays_as_it_is(acme: Msp, owner: Membership, elm: Client) -> None:
    rule(acme, owner, who="vendor")
    with tenancy.use(acme.pk):
        (row,) = rows()
        assert row.choice.version is None
        with pytest.raises(deals.NoPlan):
            cover(row.contract, owner)
        contracts.end(row.contract, on=LATER, reason="Sold", by=owner, at=AT)
        assert rows() == []
        with pytest.raises(uncovered.Changed):
            cover(row.contract, owner)
        assert not Pin.objects.exists()


def test_nothing_is_given_by_rules_that_were_not_looked_at(acme: Msp, owner: Membership, elm: Client) -> None:
    with tenancy.use(acme.pk):
        before = uncovered.rules_seen()
    rule(acme, owner)
    with tenancy.use(acme.pk):
        with pytest.raises(uncovered.Changed, match="see what it gets now"), transaction.atomic():
            cover(rows()[0].contract, owner, before)
        assert not Pin.objects.exists()


def test_the_owner_sees_what_each_gets_and_gives_it_with_one_button(acme: Msp, owner: Membership, elm: Client) -> None:
    browser = builders.a_browser(owner.user)
    page = browser.get(HERE).content.decode()
    assert "no rule covers" in page
    assert "Choose the plan" in page
    rule(acme, owner)
    assert "have no plan, and earn nobody anything" in browser.get("/acme/plans/rules/").content.decode()
    assert "10% of monthly recurring revenue" in browser.get(HERE).content.decode()
    question = browser.get(f"{ALL}?all=1").content.decode()
    assert "Give the plan to 1 contract" in question
    assert "1 contract: " in question
    answer = browser.post(f"{ALL}?all=1", {"rules": _seen(acme), "count": "1"}, follow=True).content.decode()
    assert "Give the plan to 1 contract: done." in answer
    assert "Every contract has its plan" in answer
    assert "have no plan, and earn nobody anything" not in browser.get("/acme/plans/rules/").content.decode()


def test_rules_that_changed_meanwhile_are_looked_at_first(acme: Msp, owner: Membership, elm: Client) -> None:
    browser, before = builders.a_browser(owner.user), _seen(acme)
    rule(acme, owner)
    answer = browser.post(f"{ALL}?all=1", {"rules": before, "count": "1"})
    assert answer.status_code == 422
    assert "The rules have changed since you looked" in answer.content.decode()
    assert f'value="{_seen(acme)}"' in answer.content.decode(), "the next time they are those that were looked at"


def test_only_those_that_a_rule_covers_are_meant(acme: Msp, owner: Membership, elm: Client) -> None:
    with tenancy.use(acme.pk):
        sold = deals.NewContract(builders.a_service_line("Cloud"), 90_000, date(2025, 1, 1))
        deals.add(elm, sold, won_on=date(2025, 1, 1), by=owner, at=AT)
    browser = builders.a_browser(owner.user)
    assert browser.get(f"{ALL}?all=1")["Location"].startswith(HERE), "no rule, nothing to ask"
    rule(acme, owner)
    question = browser.get(f"{ALL}?all=1").content.decode()
    assert "Give the plan to 1 contract" in question
    assert "1 contract left out: no rule covers it." in question
    browser.post(f"{ALL}?all=1", {"rules": _seen(acme), "count": "1"})
    with tenancy.use(acme.pk):
        assert [row.contract.service_line.name for row in rows()] == ["Cloud"]


def test_a_long_list_has_pages_and_all_of_it_is_meant(acme: Msp, owner: Membership) -> None:
    with tenancy.use(acme.pk):
        line, partner = builders.a_service_line("Managed services"), builders.a_partner()
        for number in range(55):
            client = builders.a_client(builders.a_referral(partner, stage=Stage.WON), f"Client {number:03}", SERVED)
            deals.add(client, deals.NewContract(line, 10_000, SERVED), won_on=WON, by=owner, at=AT)
    rule(acme, owner)
    browser = builders.a_browser(owner.user)
    with CaptureQueriesContext(connection) as first:
        page = browser.get(HERE)
    assert "Client 049" in page.content.decode()
    assert "Client 050" not in page.content.decode()
    after = page.content.decode().split("?after=")[1].split('"')[0]
    assert "Client 054" in browser.get(f"{HERE}?after={after}").content.decode()
    assert len(first) < 25
    question = browser.get(f"{ALL}?all=1").content.decode()
    assert "Give the plan to 55 contracts" in question
    browser.post(f"{ALL}?all=1", {"rules": _seen(acme), "count": "55"})
    with tenancy.use(acme.pk):
        change = Change.objects.get()
    tasks.work_change.run(msp_id=str(acme.pk), change_id=str(change.pk))
    with tenancy.use(acme.pk):
        assert Pin.objects.count() == 55


def test_others_look_and_do_not_give(acme: Msp, owner: Membership, elm: Client) -> None:
    rule(acme, owner)
    manager = builders.a_browser(builders.a_member(acme, Role.MANAGER).user)
    page = manager.get(HERE).content.decode()
    assert "Elm Dental" in page
    assert "Give the plan" not in page
    assert "Choose the plan" not in page
    assert manager.post(f"{ALL}?all=1", {"rules": "x", "count": "1"}).status_code == 403


def _seen(acme: Msp) -> str:
    with tenancy.use(acme.pk):
        return uncovered.rules_seen()


def test_the_form_for_one_contract_begins_with_the_day_that_was_told(acme: Msp, owner: Membership, elm: Client) -> None:
    with tenancy.use(acme.pk):
        contract = Contract.objects.get()
    html = builders.a_browser(owner.user).get(f"/acme/contracts/{contract.pk}/plan/").content.decode()
    assert 'value="2026-04-10"' in html
