"""The pages of plans and rules, as a person uses them: what is typed stays, what is wrong is said, once is once."""

from datetime import date
from typing import Any

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext

from commissions import accruals
from commissions.models import Plan, PlanRule
from commissions.terms import Combined, Flat, FullClawback, Percent, SteppedClawback, Tiered, from_json
from elinkages.accounts.models import Msp, User
from elinkages.accounts.rights import Role
from elinkages.kernel import tenancy
from tests import builders

pytestmark = pytest.mark.django_db

TERMS = {
    "reward": "percent",
    "name": "Advisers 2027",
    "percent": "7.5",
    "duration": "months",
    "months": "24",
    "trigger": "service_start",
    "hold_days": "30",
    "clawback_days": "90",
    "expansion": "included",
    "proration": "actual",
    "pause": "clock_stops",
    "cap_per_month": "",
    "cap_lifetime": "1,000",
    "valid_from": "2026-01-01",
    "versioning": "pinned",
}


@pytest.fixture
def msp() -> Msp:
    return builders.an_msp("Acme IT", "acme")


def browse(msp: Msp, role: str = Role.OWNER) -> Browser:
    """A signed-in browser of one of the MSP's people."""
    user = User.objects.create(name="Olga Owner", email=f"{role}@acme.example")
    builders.a_member(msp, role, user=user)
    return builders.a_browser(user)


def test_the_form_publishes_the_terms_as_typed(msp: Msp) -> None:
    answer = browse(msp).post("/acme/plans/new/", TERMS)
    assert answer.status_code == 302
    with tenancy.use(msp.pk):
        plan = Plan.objects.get()
        assert plan.name == "Advisers 2027"
        version = plan.versions.get()
        assert from_json(version.terms) == Percent(
            basis_points=750, months=24, clawback=FullClawback(90), cap_lifetime_minor=100_000
        )
        assert version.valid_from == date(2026, 1, 1)


@pytest.mark.parametrize(
    ("field", "typed", "sentence"),
    [
        ("percent", "ten", "“ten” is not a number with up to 2 decimal places"),
        ("percent", "7.555", "“7.555” is not a number with up to 2 decimal places"),
        ("percent", "101", "The percentage in basis points must be a whole number"),
        ("months", "", "Enter a number of months"),
        ("months", "0", "is 1 at least."),
        ("hold_days", "400", "can be 365 at most."),
        ("cap_lifetime", "€100", "“€” is not USD. Write the amount in USD."),
        ("cap_lifetime", "1.234", "could be read two ways"),
        ("cap_lifetime", "0", "Enter an amount above zero."),
        ("name", "", "“Name” is empty."),
        ("valid_from", "someday", "“In force from” is not a day"),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_stays(msp: Msp, field: str, typed: str, sentence: str) -> None:
    answer = browse(msp).post("/acme/plans/new/", {**TERMS, field: typed})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert sentence in page
    assert "Nothing you typed was lost." in page
    for kept in {"percent", "months", "name", "cap_lifetime"} - {field}:
        assert f'value="{TERMS[kept]}"' in page
    if typed:
        assert f'value="{typed}"' in page
    with tenancy.use(msp.pk):
        assert not Plan.objects.exists()


def test_for_life_needs_no_number_of_months(msp: Msp) -> None:
    browse(msp).post("/acme/plans/new/", {**TERMS, "duration": "life", "months": ""})
    with tenancy.use(msp.pk):
        assert Plan.objects.get().versions.get().terms["months"] is None


def test_a_form_sent_twice_makes_one_plan(msp: Msp) -> None:
    browser = browse(msp)
    once = "01999999-0000-7000-8000-000000000001"
    first = browser.post("/acme/plans/new/", {**TERMS, "_once": once})
    second = browser.post("/acme/plans/new/", {**TERMS, "_once": once})
    assert (first.status_code, second.status_code) == (302, 303)
    assert first["Location"] == second["Location"]
    with tenancy.use(msp.pk):
        assert Plan.objects.count() == 1


def test_a_name_that_is_taken_is_said_on_the_form(msp: Msp) -> None:
    browser = browse(msp)
    browser.post("/acme/plans/new/", TERMS)
    answer = browser.post("/acme/plans/new/", TERMS)
    assert answer.status_code == 422
    assert "There is already a plan named “Advisers 2027”." in answer.content.decode()


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ({"reward": "flat", "amount": "500", "trigger": "first_payment", "hold_days": "30"}, "$500.00 once, when"),
        ({"reward": "mrr_multiple", "multiple": "1.5", "trigger": "won", "hold_days": "0"}, "1.5 × monthly"),
        ({"reward": "none"}, "No commission"),
    ],
)
def test_every_kind_of_reward_has_its_own_fields(msp: Msp, sent: dict[str, str], words: str) -> None:
    browser = browse(msp)
    assert browser.get(f"/acme/plans/new/?reward={sent['reward']}").status_code == 200
    rest = {"name": "Plan", "valid_from": "2026-01-01", "versioning": "floating"}
    answer = browser.post("/acme/plans/new/", {**sent, **rest}, follow=True)
    assert words in answer.content.decode()


def test_a_new_msp_is_offered_three_ways_to_begin_and_each_opens_filled_in(msp: Msp) -> None:
    browser = browse(msp)
    page = browser.get("/acme/plans/").content.decode()
    for start, words in (("flat", "$500.00 once"), ("multiple", "1 × monthly"), ("share", "10% of monthly")):
        assert f"?start={start}" in page
        assert words in browser.get(f"/acme/plans/new/?start={start}").content.decode()
    with tenancy.use(msp.pk):
        assert not Plan.objects.exists()


def test_the_promise_is_shown_while_it_is_typed_and_without_scripts(msp: Msp) -> None:
    browser = browse(msp)
    fragment = browser.get("/acme/plans/preview/", TERMS).content.decode()
    assert "7.5% of monthly recurring revenue for 24 months" in fragment
    assert "$150.00 in the first month, $1,000.00 in all over 7 months." in fragment
    assert "Fill in the reward" in browser.get("/acme/plans/preview/", {**TERMS, "percent": ""}).content.decode()
    assert browser.get("/acme/plans/preview/?reward=tips").status_code == 404
    answer = browser.post("/acme/plans/new/", {**TERMS, "preview": "1"})
    assert answer.status_code == 200
    assert "7.5% of monthly recurring revenue" in answer.content.decode()
    with tenancy.use(msp.pk):
        assert not Plan.objects.exists()


def test_a_new_version_starts_from_the_last_one_and_says_what_it_changes(msp: Msp) -> None:
    browser = browse(msp)
    browser.post("/acme/plans/new/", TERMS)
    with tenancy.use(msp.pk):
        plan = Plan.objects.get()
        builders.a_pin(builders.a_contract(builders.a_client(builders.a_referral(builders.a_partner()))), plan)
    url = f"/acme/plans/{plan.pk}/versions/new/"
    page = browser.get(url).content.decode()
    assert 'value="7.5"' in page
    assert "1 contract was won under this plan." in page
    overlapping = browser.post(url, {**TERMS, "valid_from": "2026-01-01"})
    assert overlapping.status_code == 422
    assert "versions of one plan never overlap" in overlapping.content.decode()
    assert browser.post(url, {**TERMS, "percent": "5", "valid_from": "2027-01-01"}).status_code == 302
    shown = browser.get(f"/acme/plans/{plan.pk}/").content.decode()
    assert "5% of monthly recurring revenue" in shown
    assert "Coming" in shown


def test_a_rule_is_added_replaced_and_ended(msp: Msp) -> None:
    browser = browse(msp)
    browser.post("/acme/plans/new/", TERMS)
    browser.post("/acme/plans/new/", {**TERMS, "name": "Other"})
    with tenancy.use(msp.pk):
        first, other = Plan.objects.order_by("name")
        partner = builders.a_partner("Harbor & Finch CPAs")
    url = "/acme/plans/rules/new/"
    rule = {"plan": str(first.pk), "who": "everyone", "valid_from": "2026-01-01"}
    assert browser.post(url, rule).status_code == 302
    conflict = browser.post(url, {**rule, "plan": str(other.pk)})
    assert conflict.status_code == 422
    assert "“Advisers 2027” already applies to everyone from Jan 1, 2026 on" in conflict.content.decode()
    replacing = {**rule, "plan": str(other.pk), "valid_from": "2026-02-01", "replacing": "on"}
    assert browser.post(url, replacing).status_code == 302
    missing = browser.post(url, {**rule, "who": "partner"})
    assert "Choose a partner." in missing.content.decode()
    mine = {**rule, "who": "partner", "partner": str(partner.pk), "source_kind": "vendor"}
    assert browser.post(url, mine).status_code == 302
    listed = browser.get("/acme/plans/rules/").content.decode()
    assert listed.index("Harbor &amp; Finch CPAs") < listed.index("Everyone")
    with tenancy.use(msp.pk):
        own = PlanRule.objects.get(partner=partner)
        assert own.source_kind == ""
    assert browser.post(f"/acme/plans/rules/{own.pk}/end/", {"on": "2026-03-01"}).status_code == 302
    assert "Harbor &amp; Finch CPAs" in browser.get("/acme/plans/rules/?state=ended").content.decode()


def test_only_an_owner_changes_plans_and_everyone_reads_them(msp: Msp) -> None:
    with tenancy.use(msp.pk):
        plan = builders.a_plan()
    for role in (Role.MANAGER, Role.FINANCE, Role.READ_ONLY):
        browser = browse(msp, role)
        for path in ("", f"{plan.pk}/", "rules/"):
            page = browser.get(f"/acme/plans/{path}")
            assert page.status_code == 200
            assert "New plan" not in page.content.decode()
        for path in ("new/", f"{plan.pk}/versions/new/", "rules/new/", "preview/?reward=none"):
            assert browser.get(f"/acme/plans/{path}").status_code == 403
        assert browser.post(f"/acme/plans/{plan.pk}/archival/").status_code == 403


def test_archiving_is_refused_while_the_plan_applies(msp: Msp) -> None:
    with tenancy.use(msp.pk):
        plan = builders.a_plan()
    browser = browse(msp)
    answer = browser.post(f"/acme/plans/{plan.pk}/archival/")
    assert answer.status_code == 409
    assert "still applies to everyone" in answer.content.decode()
    with tenancy.use(msp.pk):
        PlanRule.objects.update(valid_until=date(2026, 1, 1))
    assert browser.post(f"/acme/plans/{plan.pk}/archival/").status_code == 302
    assert plan.name in browser.get("/acme/plans/?state=archived").content.decode()
    assert browser.post(f"/acme/plans/{plan.pk}/restoration/").status_code == 302


def test_the_lists_cost_the_same_with_more_plans(msp: Msp) -> None:
    browser = browse(msp)
    counts: dict[str, list[int]] = {"/acme/plans/": [], "/acme/plans/rules/": []}
    browser.get("/acme/plans/")  # the first page of a session notes that it was seen
    for number in (2, 6):
        with tenancy.use(msp.pk):
            for _ in range(number):
                plan = builders.a_plan(for_everyone=False)
                PlanRule.objects.create(
                    plan=plan, partner=builders.a_partner(), valid_from=date(2026, 1, 1), created_at=builders.AT
                )
        for path, found in counts.items():
            with CaptureQueriesContext(connection) as queries:
                assert browser.get(path).status_code == 200
            found.append(len(queries))
    assert all(few == many for few, many in counts.values())


MONTHLY = {name: TERMS[name] for name in TERMS if name not in {"reward", "percent"}}
STEPS = {"tiers": "0: 5%\n5,000: 8%\n15,000: 10.5%", "mode": "marginal", "reset": "quarter", "rate": "floating"}


def published(msp: Msp, typed: dict[str, Any]) -> object:
    """The terms that the form publishes, and that it shows again as they were."""
    browser = browse(msp)
    answer = browser.post("/acme/plans/new/", {**MONTHLY, **typed})
    assert answer.status_code == 302, answer.content.decode()
    with tenancy.use(msp.pk):
        plan = Plan.objects.get()
        terms = from_json(plan.versions.get().terms)
    assert browser.get(f"/acme/plans/{plan.pk}/versions/new/").status_code == 200
    assert browser.get(f"/acme/plans/{plan.pk}/").status_code == 200
    assert browser.get("/acme/plans/preview/", {**MONTHLY, **typed}).status_code == 200
    return terms


def test_steps_are_typed_line_by_line(msp: Msp) -> None:
    terms = published(msp, {"reward": "tiered", **STEPS, "tier_base": "active_mrr", "clawback_days": ""})
    assert terms == Tiered(
        tiers=((0, 500), (500_000, 800), (1_500_000, 1_050)), mode="marginal", months=24, cap_lifetime_minor=100_000
    )


def test_steps_of_clients_are_typed_by_the_number_of_the_client(msp: Msp) -> None:
    by_wins = {**STEPS, "tiers": "1: 5\n3: 7.5\n5: 10", "tier_base": "wins", "mode": "whole", "rate": "locked"}
    terms = published(msp, {"reward": "tiered", **by_wins})
    assert isinstance(terms, Tiered)
    assert (terms.tiers, terms.reset, terms.rate) == (((0, 500), (2, 750), (4, 1_000)), "quarter", "locked")


def test_collected_revenue_a_fee_and_clawbacks_are_typed(msp: Msp) -> None:
    with tenancy.use(msp.pk):
        cloud = builders.a_service_line("Cloud")
    lines = {"base": "collected", "counts": ["service", "hardware"], "line_choice": "except", "lines": [str(cloud.pk)]}
    fee = {"reward": "combined", "amount": "500", "fee_trigger": "won", "percent": "10", **lines}
    terms = published(msp, {**fee, "clawback_kind": "stepped", "clawback_steps": "30: 100%\n60 days: 50"})
    clawback = SteppedClawback(steps=((30, 10_000), (60, 5_000)))
    assert terms == Combined(
        parts=(
            Flat(amount_minor=50_000, trigger="won", clawback=clawback),
            Percent(
                basis_points=1_000,
                months=24,
                base="collected",
                counts=("service", "hardware"),
                except_lines=((str(cloud.pk), "Cloud"),),
                clawback=clawback,
                cap_lifetime_minor=100_000,
            ),
        )
    )


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"reward": "tiered", **STEPS, "tier_base": "wins"}, "“5,000” is not a whole number."),
        ({"reward": "tiered", **STEPS, "tier_base": "new_mrr", "tiers": "0 - 5%"}, "is not a step. Write it like"),
        ({"reward": "tiered", **STEPS, "tier_base": "new_mrr", "tiers": "5: 5%"}, "The first tier starts at 0"),
        ({"reward": "tiered", **STEPS, "tier_base": "collected"}, "Steps by what was collected pay on what was"),
        (
            {"reward": "percent", "percent": "5", "base": "collected", "line_choice": "only"},
            "Choose the service lines.",
        ),
        ({"reward": "percent", "percent": "5", "base": "collected", "counts": []}, "Choose at least one kind"),
        ({"reward": "flat", "amount": "5", "clawback_kind": "linear"}, "Enter how many months the part is based on"),
        ({"reward": "flat", "amount": "5", "clawback_kind": "stepped", "clawback_steps": "x: 5"}, "not a whole number"),
    ],
)
def test_what_is_wrong_with_steps_and_lines_is_said(msp: Msp, typed: dict[str, object], sentence: str) -> None:
    answer = browse(msp).post("/acme/plans/new/", {**MONTHLY, **typed})
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    with tenancy.use(msp.pk):
        assert not Plan.objects.exists()


def test_what_a_correction_changes_is_said_and_confirmed(msp: Msp) -> None:
    browser = browse(msp)
    with tenancy.use(msp.pk):
        plan = builders.a_plan(Percent(basis_points=800), for_everyone=False)
        builders.a_deal(builders.a_partner(), plan=plan)
        accruals.accrue(today=date(2026, 4, 1), at=builders.AT)
    url = f"/acme/plans/{plan.pk}/versions/new/"
    typed = {**TERMS, "percent": "5", "months": "12", "cap_lifetime": "", "is_for_all": "all"}
    answer = browser.post(url, typed)
    assert answer.status_code == 422
    assert "This changes months that are already over: −$" in answer.content.decode()
    assert "Post these differences for months that are over" in answer.content.decode()
    answer = browser.post(url, {**typed, "confirm_past": "on"})
    assert "that was earned. Most agreements forbid that" in answer.content.decode()
    assert browser.post(url, {**typed, "confirm_past": "on", "confirm_less": "on"}).status_code == 302
