"""Which plan a deal gets, the win that pins it, and that a win happens once."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.db import ProgrammingError, transaction

from commissions import deals, engine, plans
from commissions.forecast import promises
from commissions.models import Pin, Plan, PlanVersion
from commissions.terms import Flat, Percent, from_json
from elinkages.accounts.models import Membership, Msp
from elinkages.audit import trail
from elinkages.kernel import tenancy
from elinkages.kernel.refusal import Refused
from partners.models import Partner, SourceKind
from referrals.models import Client, Contract, Referral, ServiceLine, Stage
from tests import builders
from tests.races import at_once, within

AT = datetime(2026, 11, 20, 15, tzinfo=UTC)
JANUARY = date(2026, 1, 1)
WON = date(2026, 3, 15)
SCOPES = ("partner and line", "partner", "kind and line", "kind", "line", "everyone")
"""From the most specific to the least."""


@pytest.fixture
def acme(db: None) -> Msp:
    return builders.an_msp()


@pytest.fixture
def owner(acme: Msp) -> Membership:
    return builders.a_member(acme)


@pytest.fixture
def inside(acme: Msp) -> Iterator[Msp]:
    with tenancy.use(acme.pk):
        yield acme


@pytest.fixture
def harbor(inside: Msp) -> Partner:
    return builders.a_partner("Harbor & Finch CPAs", SourceKind.CENTRE)


@pytest.fixture
def managed(inside: Msp) -> ServiceLine:
    return builders.a_service_line()


def plan_for(scope: str, partner: Partner, line: ServiceLine, by: Membership, **period: Any) -> Plan:
    """A plan with the name of its scope and the rule that leads to it."""
    terms = Percent(basis_points=1_000)
    plan = plans.create(name=scope, versioning="pinned", terms=terms, valid_from=JANUARY, by=by, at=AT)
    plans.apply(
        plan,
        partner=partner if "partner" in scope else None,
        source_kind=partner.kind if "kind" in scope else "",
        service_line=line if "line" in scope else None,
        by=by,
        at=AT,
        **{"valid_from": JANUARY, **period},
    )
    return plan


@pytest.mark.parametrize("place", range(len(SCOPES)))
def test_the_most_specific_rule_wins_whole(
    harbor: Partner, managed: ServiceLine, owner: Membership, place: int
) -> None:
    for scope in reversed(SCOPES[place:]):
        plan_for(scope, harbor, managed, owner)
    choice = deals.choose(harbor, harbor.kind, managed, WON)
    assert choice.version is not None
    assert choice.version.plan.name == SCOPES[place]
    assert [loser.split("”")[0] for loser in choice.losing] == [f"“{scope}" for scope in SCOPES[place + 1 :]]
    assert choice.why.startswith(f"“{SCOPES[place]}”, version 1, by the rule for ")


def test_rules_for_others_and_of_other_days_do_not_count(
    harbor: Partner, managed: ServiceLine, owner: Membership
) -> None:
    stranger, security = builders.a_partner("Lake", SourceKind.PEER), builders.a_service_line("Security")
    plan_for("partner", stranger, managed, owner)
    plan_for("kind", stranger, managed, owner)
    plan_for("line", harbor, security, owner)
    plan_for("everyone", harbor, managed, owner, valid_from=WON.replace(day=16))
    plan_for("partner and line", harbor, managed, owner, valid_until=WON)
    choice = deals.choose(harbor, harbor.kind, managed, WON)
    assert choice.version is None
    assert choice.why.startswith("No plan applies: no rule covers Harbor & Finch CPAs, Center of influence")


def test_a_winning_plan_without_a_version_on_that_day_pays_nothing_rather_than_something_else(
    harbor: Partner, managed: ServiceLine, owner: Membership
) -> None:
    plan_for("everyone", harbor, managed, owner)
    short = plan_for("partner", harbor, managed, owner)
    short.versions.update(valid_until=date(2026, 2, 1))
    choice = deals.choose(harbor, harbor.kind, managed, WON)
    assert choice.version is None
    assert "“partner”, which has no version in force on Mar 15, 2026" in choice.why
    assert choice.losing == ("“everyone” for everyone: less specific",)


def win(referral: Referral, line: ServiceLine, by: Membership, **fields: Any) -> Client:
    """Alder Legal signs for $2,000.00 a month."""
    sold = deals.NewContract(line, 200_000, WON, first_paid_on=date(2026, 3, 20))
    fields = {"client_name": "Alder Legal", "contracts": [sold], "won_on": WON, **fields}
    return deals.win(referral, by=by, at=AT, **fields)


def test_a_win_makes_a_client_with_contracts_and_their_plans(
    harbor: Partner, managed: ServiceLine, owner: Membership
) -> None:
    plan_for("everyone", harbor, managed, owner)
    kind = plan_for("kind", harbor, managed, owner)
    security = builders.a_service_line("Security")
    flat = plans.create(
        name="Flat", versioning="pinned", terms=Flat(amount_minor=50_000), valid_from=JANUARY, by=owner, at=AT
    )
    plans.apply(flat, partner=harbor, service_line=security, valid_from=JANUARY, by=owner, at=AT)
    referral = builders.a_referral(harbor, "Alder Legal")
    sold = [deals.NewContract(managed, 200_000, WON), deals.NewContract(security, 80_000, date(2026, 4, 1))]
    client = win(referral, managed, owner, contracts=sold)
    referral.refresh_from_db()
    assert referral.stage == Stage.WON
    assert (client.name, client.referral, client.since_on) == ("Alder Legal", referral, WON)
    pinned = {pin.contract.service_line.name: pin for pin in Pin.objects.all()}
    assert pinned["Managed services"].plan_version.plan == kind
    assert pinned["Managed services"].chosen["losing"] == ["“everyone” for everyone: less specific"]
    assert pinned["Security"].plan_version.plan == flat
    assert pinned["Security"].won_on == WON


def test_a_win_without_a_plan_is_a_win_and_the_plan_can_be_chosen_later(
    harbor: Partner, managed: ServiceLine, owner: Membership
) -> None:
    client = win(builders.a_referral(harbor), managed, owner)
    contract = client.contracts.get()
    assert not Pin.objects.exists()
    assert "contract.no_plan" in [event.action for event in trail.history(client)]
    with pytest.raises(deals.NoPlan, match="no rule covers"):
        deals.pin(contract, won_on=WON, at=AT)
    plan = plan_for("everyone", harbor, managed, owner)
    assert deals.pin(contract, won_on=WON, by=owner, at=AT).plan_version.plan == plan


def test_a_person_may_choose_a_version_against_the_rules_with_a_reason(
    harbor: Partner, managed: ServiceLine, owner: Membership
) -> None:
    client = win(builders.a_referral(harbor), managed, owner)
    version = builders.a_plan(for_everyone=False).versions.get()
    pin = deals.pin(client.contracts.get(), won_on=WON, version=version, note="Agreed by phone.", by=owner, at=AT)
    assert pin.plan_version == version
    assert pin.chosen["why"] == "Chosen by Alice Adams: Agreed by phone"


def test_a_pin_never_changes(harbor: Partner, managed: ServiceLine, owner: Membership) -> None:
    plan = plan_for("everyone", harbor, managed, owner)
    contract = win(builders.a_referral(harbor), managed, owner).contracts.get()
    with pytest.raises(deals.AlreadyPinned, match="What was pinned at the win stays"):
        deals.pin(contract, won_on=WON, at=AT)
    plans.publish(plan, terms=Percent(basis_points=1), valid_from=date(2026, 7, 1), by=owner, at=AT)
    pin = Pin.objects.get()
    assert pin.plan_version.number == 1
    pin.won_on = JANUARY
    with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
        pin.save(update_fields=["won_on"])


def test_a_contract_of_a_client_that_nobody_introduced_has_no_plan(
    inside: Msp, managed: ServiceLine, owner: Membership
) -> None:
    client = builders.a_client()
    contract = deals.add(client, deals.NewContract(managed, 100_000, WON), won_on=WON, by=owner, at=AT)
    with pytest.raises(deals.NotReferred, match="Nobody introduced"):
        deals.pin(contract, won_on=WON, at=AT)


def test_a_later_contract_of_an_introduced_client_gets_the_plan_of_its_day(
    harbor: Partner, managed: ServiceLine, owner: Membership
) -> None:
    plan_for("everyone", harbor, managed, owner)
    client = win(builders.a_referral(harbor), managed, owner)
    more = deals.NewContract(builders.a_service_line("Security"), 50_000, date(2026, 9, 1))
    contract = deals.add(client, more, won_on=date(2026, 8, 20), by=owner, at=AT)
    assert Pin.objects.get(contract=contract).won_on == date(2026, 8, 20)


def test_a_refused_win_leaves_nothing_behind(harbor: Partner, managed: ServiceLine, owner: Membership) -> None:
    referral = builders.a_referral(harbor)
    wrong = [deals.NewContract(managed, 100, WON), deals.NewContract(managed, -100, WON)]
    for fields, sentence in (
        ({"contracts": []}, "Add at least one contract"),
        ({"won_on": date(2026, 11, 21)}, "has not come yet"),
        ({"client_name": "  "}, "Enter the client's name"),
        ({"contracts": wrong}, "below zero"),
    ):
        with pytest.raises(Refused, match=sentence), transaction.atomic():
            win(referral, managed, owner, **fields)
    assert not Client.objects.exists()
    assert not Contract.objects.exists()
    assert Referral.objects.get().stage == Stage.REGISTERED


@pytest.mark.parametrize(
    ("versioning", "won_on", "amount"),
    [
        ("pinned", date(2026, 3, 15), 20_000),
        ("floating", date(2026, 3, 15), 14_000),
        ("pinned", date(2026, 7, 2), 14_000),
    ],
)
def test_e20_a_pinned_deal_keeps_its_version_and_a_floating_one_follows(
    harbor: Partner, managed: ServiceLine, owner: Membership, versioning: str, won_on: date, amount: int
) -> None:
    ten, seven = Percent(basis_points=1_000), Percent(basis_points=700)
    plan = plans.create(name="E20", versioning=versioning, terms=ten, valid_from=JANUARY, by=owner, at=AT)
    plans.publish(plan, terms=seven, valid_from=date(2026, 7, 1), by=owner, at=AT)
    plans.apply(plan, valid_from=JANUARY, by=owner, at=AT)
    sold = [deals.NewContract(managed, 200_000, date(2026, 7, 2))]
    client = win(builders.a_referral(harbor), managed, owner, contracts=sold, won_on=won_on)
    contract = client.contracts.get()
    promise = promises([contract])[contract.pk]
    assert promise.pin.plan_version.valid_from == (JANUARY if won_on < date(2026, 7, 1) else date(2026, 7, 1))
    august = date(2026, 8, 1)
    terms = promise.terms(august)
    assert isinstance(terms, Percent)
    deal = engine.Deal("USD", 200_000, won_on=won_on, starts_on=date(2026, 7, 2))
    assert engine.evaluate(terms, deal, august).amount_minor == amount


def test_the_stored_terms_of_a_choice_are_the_ones_that_were_published(
    harbor: Partner, managed: ServiceLine, owner: Membership
) -> None:
    plan_for("everyone", harbor, managed, owner)
    version = deals.choose(harbor, harbor.kind, managed, WON).version
    assert isinstance(version, PlanVersion)
    assert from_json(version.terms) == Percent(basis_points=1_000)


@pytest.mark.django_db(transaction=True)
def test_of_two_wins_at_once_one_makes_the_client() -> None:
    acme = builders.an_msp()
    owner = builders.a_member(acme)
    with tenancy.use(acme.pk):
        harbor, managed = builders.a_partner(), builders.a_service_line()
        plan_for("everyone", harbor, managed, owner)
        referral = builders.a_referral(harbor, "Alder Legal")
    sign = within(acme, lambda: win(Referral.objects.get(pk=referral.pk), managed, owner))
    [refusal] = [outcome for outcome in at_once(sign, sign) if isinstance(outcome, Exception)]
    assert isinstance(refusal, Refused)
    assert "Alder Legal" in refusal.message
    with tenancy.use(acme.pk):
        assert Client.objects.count() == Contract.objects.count() == Pin.objects.count() == 1
