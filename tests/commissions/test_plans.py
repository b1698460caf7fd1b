"""Plans: published version by version, applied by rules; what overlaps is refused by the database with a sentence."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.db import IntegrityError, ProgrammingError, transaction

from commissions import accruals, invariants, plans
from commissions.examples import example
from commissions.models import Entry, Plan, PlanRule, PlanVersion, Versioning
from commissions.terms import (
    Combined,
    Flat,
    FullClawback,
    MrrMultiple,
    NoReward,
    Percent,
    Terms,
    Tiered,
    describe,
    to_json,
)
from elinkages.accounts.models import Membership
from elinkages.audit import trail
from elinkages.kernel.actors import System
from partners.models import SourceKind
from referrals.models import Contract
from tests import builders

pytestmark = pytest.mark.django_db

AT = datetime(2026, 11, 20, 15, tzinfo=UTC)
JANUARY, JULY = date(2026, 1, 1), date(2026, 7, 1)
TEN, SEVEN = Percent(basis_points=1_000, months=12), Percent(basis_points=700, months=12)

STEPS = ((0, 500), (500_000, 800))


def noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 17, tzinfo=UTC)


def accrue(today: date) -> None:
    accruals.accrue(today=today, at=noon(today))


def make(owner: Membership, name: str = "Advisers", terms: Terms = TEN, **fields: Any) -> Plan:
    fields = {"versioning": "pinned", "valid_from": JANUARY, **fields}
    return plans.create(name=name, terms=terms, by=owner, at=AT, **fields)


def test_a_new_plan_has_its_first_version(owner: Membership) -> None:
    plan = make(owner, "  Advisers   2026 ")
    assert plan.name == "Advisers 2026"
    version = plan.versions.get()
    assert (version.number, version.valid_from, version.valid_until) == (1, JANUARY, None)
    assert version.published_by == owner
    assert [event.action for event in trail.history(plan)] == ["plan.version_published", "plan.created"]


def test_two_plans_have_two_names(owner: Membership) -> None:
    make(owner)
    with pytest.raises(plans.NameTaken, match="already a plan named “Advisers”"):
        make(owner)
    with pytest.raises(plans.NameTaken, match="Enter a name"):
        make(owner, " ")


def test_the_next_version_ends_the_one_that_was_open(owner: Membership) -> None:
    plan = make(owner)
    plans.publish(plan, terms=SEVEN, valid_from=JULY, by=owner, at=AT)
    first, second = plan.versions.order_by("number")
    assert (first.valid_until, second.valid_from, second.valid_until) == (JULY, JULY, None)
    assert plans.version_on(plan, date(2026, 6, 30)) == first
    assert plans.version_on(plan, JULY) == second
    assert plans.version_on(plan, date(2025, 12, 31)) is None


@pytest.mark.parametrize("day", [date(2026, 1, 1), date(2026, 3, 1), date(2026, 7, 1), date(2025, 12, 1)])
def test_versions_of_one_plan_never_overlap(owner: Membership, day: date) -> None:
    plan = make(owner)
    plans.publish(plan, terms=SEVEN, valid_from=JULY, by=owner, at=AT)
    with pytest.raises(plans.VersionsOverlap, match=r"never overlap\. The first free day is the day after Jul 1, 2026"):
        plans.publish(plan, terms=TEN, valid_from=day, by=owner, at=AT)
    assert plan.versions.count() == 2


def test_an_earlier_version_fits_before_the_first_one(owner: Membership) -> None:
    plan = make(owner)
    earlier = date(2025, 1, 1)
    plans.publish(plan, terms=SEVEN, valid_from=earlier, valid_until=JANUARY, by=owner, at=AT)
    found = plans.version_on(plan, earlier)
    assert found is not None
    assert found.number == 2
    with pytest.raises(plans.EmptyPeriod):
        plans.publish(plan, terms=SEVEN, valid_from=earlier, valid_until=earlier, by=owner, at=AT)


def test_the_database_itself_refuses_an_overlap(owner: Membership) -> None:
    plan = make(owner)
    with pytest.raises(IntegrityError, match="plan_version_no_overlap"), transaction.atomic():
        builders.a_version(plan, SEVEN, date(2026, 3, 1))


def test_published_terms_never_change(owner: Membership) -> None:
    version = make(owner).versions.get()
    version.terms = {"kind": "none"}
    with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
        version.save(update_fields=["terms"])
    with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
        PlanVersion.objects.all().delete()


def test_a_version_published_by_the_system_names_nobody(owner: Membership) -> None:
    plan = make(owner)
    version = plans.publish(plan, terms=SEVEN, valid_from=JULY, by=System("Demo"), at=AT)
    assert version.published_by is None


def test_a_rule_needs_a_version_on_its_first_day(owner: Membership) -> None:
    plan = make(owner)
    with pytest.raises(plans.NoVersion, match="Its first version begins on Jan 1, 2026"):
        plans.apply(plan, valid_from=date(2025, 1, 1), by=owner, at=AT)
    with pytest.raises(plans.EmptyPeriod):
        plans.apply(plan, valid_from=JULY, valid_until=JULY, by=owner, at=AT)


@pytest.mark.parametrize("scope", ["everyone", "kind", "partner", "line", "kind and line", "partner and line"])
def test_two_rules_of_one_scope_on_one_day_are_refused(owner: Membership, scope: str) -> None:
    advisers, other = make(owner), make(owner, "Other")
    where: dict[str, Any] = {}
    if "partner" in scope:
        where["partner"] = builders.a_partner("Harbor & Finch CPAs")
    if "kind" in scope:
        where["source_kind"] = SourceKind.CENTRE
    if "line" in scope:
        where["service_line"] = builders.a_service_line("Security")
    plans.apply(advisers, valid_from=JANUARY, by=owner, at=AT, **where)
    with pytest.raises(plans.RulesConflict, match=r"“Advisers” already applies to .* from Jan 1, 2026 on") as refusal:
        plans.apply(other, valid_from=JULY, by=owner, at=AT, **where)
    assert "end that rule first" in refusal.value.message
    assert PlanRule.objects.count() == 1


def test_rules_of_different_scopes_live_side_by_side(owner: Membership) -> None:
    plan, partner = make(owner), builders.a_partner()
    line = builders.a_service_line("Security")
    scopes: list[dict[str, Any]] = [
        {},
        {"service_line": line},
        {"source_kind": SourceKind.CENTRE},
        {"source_kind": SourceKind.PEER},
        {"source_kind": SourceKind.CENTRE, "service_line": line},
        {"partner": partner},
        {"partner": partner, "service_line": line},
    ]
    for where in scopes:
        plans.apply(plan, valid_from=JANUARY, by=owner, at=AT, **where)
    assert PlanRule.objects.count() == len(scopes)


def test_a_rule_can_replace_the_one_that_applies(owner: Membership) -> None:
    advisers, other = make(owner), make(owner, "Other")
    old = plans.apply(advisers, valid_from=JANUARY, by=owner, at=AT)
    plans.apply(other, valid_from=JULY, replacing=True, by=owner, at=AT)
    old.refresh_from_db()
    assert old.valid_until == JULY
    assert trail.history(advisers)[0].action == "plan.rule_ended"


def test_a_rule_that_never_applied_is_taken_back_and_one_that_did_is_not(owner: Membership) -> None:
    plan = make(owner)
    coming = plans.apply(plan, valid_from=date(2027, 1, 1), by=owner, at=AT)
    plans.end_rule(coming, on=date(2027, 1, 1), by=owner, at=AT)
    assert not PlanRule.objects.exists()
    assert trail.history(plan)[0].action == "plan.rule_taken_back"
    running = plans.apply(plan, valid_from=JANUARY, by=owner, at=AT)
    with pytest.raises(plans.EmptyPeriod, match="has applied since Jan 1, 2026"):
        plans.end_rule(running, on=JANUARY, by=owner, at=AT)
    plans.end_rule(running, on=JULY, by=owner, at=AT)
    with pytest.raises(plans.EmptyPeriod, match="already ends on Jul 1, 2026"):
        plans.end_rule(running, on=date(2026, 8, 1), by=owner, at=AT)


def test_a_plan_is_archived_once_no_rule_leads_to_it(owner: Membership) -> None:
    plan = make(owner)
    rule = plans.apply(plan, source_kind=SourceKind.CENTRE, valid_from=JANUARY, by=owner, at=AT)
    with pytest.raises(plans.StillApplies, match="still applies to Center of influence"):
        plans.archive(plan, by=owner, at=AT)
    plans.end_rule(rule, on=date(2026, 11, 1), by=owner, at=AT)
    plans.archive(plan, by=owner, at=AT)
    plan.refresh_from_db()
    with pytest.raises(plans.Archived):
        plans.archive(plan, by=owner, at=AT)
    with pytest.raises(plans.Archived, match="Restore it before you publish"):
        plans.publish(plan, terms=SEVEN, valid_from=JULY, by=owner, at=AT)
    with pytest.raises(plans.Archived, match="Restore it before you apply"):
        plans.apply(plan, valid_from=JANUARY, by=owner, at=AT)
    plans.restore(plan, by=owner, at=AT)
    plans.publish(plan, terms=SEVEN, valid_from=JULY, by=owner, at=AT)


def test_there_are_three_ways_to_begin_and_nothing_is_published() -> None:
    points = plans.starting_points("USD")
    sentences = [describe(point.terms, "USD") for point in points]
    assert sentences[0].startswith("$500.00 once")
    assert sentences[1].startswith("1 × monthly recurring revenue once")
    assert sentences[1].endswith("taken back if the client leaves within 90 days")
    assert sentences[2].startswith("10% of monthly recurring revenue for 12 months")
    assert describe(plans.starting_points("JPY")[0].terms, "JPY").startswith("¥500 once")


@pytest.mark.parametrize(
    ("terms", "sentences"),
    [
        (TEN, ("$200.00 a month, $2,400.00 in all over 12 months.",)),
        (
            Percent(basis_points=500, months=None),
            ("$100.00 a month, $1,200.00 in the first year, and on for as long as the client stays.",),
        ),
        (
            Flat(amount_minor=50_000, clawback=FullClawback(90)),
            (
                "$500.00, once.",
                "Should the client leave before day 90, nothing is kept; from day 90 on, what was earned stays.",
            ),
        ),
        (MrrMultiple(basis_points=15_000), ("$3,000.00, once.",)),
        (
            Percent(basis_points=1_000, months=12, cap_lifetime_minor=50_000),
            ("$200.00 in the first month, $500.00 in all over 3 months.",),
        ),
        (NoReward(), ("Nothing is paid.",)),
        (
            Percent(basis_points=1_000, base="collected", trigger="first_payment"),
            ("$200.00 a month, $2,400.00 in all over 12 months.",),
        ),
        (
            Tiered(tiers=STEPS, mode="marginal"),
            (
                "$100.00 a month, $1,200.00 in all over 12 months.",
                "That is for a partner’s first client. The more they bring, the more it is, up to 8%.",
            ),
        ),
        (
            Combined(parts=(Flat(amount_minor=50_000), TEN)),
            ("$700.00 in the first month, $2,900.00 in all over 12 months.",),
        ),
    ],
)
def test_the_example_is_what_the_engine_computes(terms: Terms, sentences: tuple[str, ...]) -> None:
    assert example(terms, "USD", today=date(2026, 11, 20)).sentences == sentences


def test_versioning_is_said_in_words() -> None:
    assert Versioning("floating").label == "Deals follow the version in force each month"


@pytest.mark.parametrize(
    ("terms", "why"),
    [
        (Tiered(tiers=STEPS, mode="marginal", base="collected"), "Steps by active MRR pay on MRR."),
        (Tiered(tiers=STEPS, mode="marginal", rate="locked"), "a client has no rate of its own to keep"),
        (
            Tiered(tiers=STEPS, mode="whole", rate="locked", tier_base="collected", base="collected"),
            "let the rate follow",
        ),
        (Tiered(tiers=STEPS, mode="whole", tier_base="collected"), "Choose that base"),
        (Combined(parts=(Flat(amount_minor=5), Tiered(tiers=STEPS, mode="marginal", rate="locked"))), "no rate of its"),
    ],
)
def test_terms_that_would_mean_nothing_are_not_published(owner: Membership, terms: Terms, why: str) -> None:
    with pytest.raises(plans.NotPayable) as refusal:
        make(owner, terms=terms)
    assert why in refusal.value.message


@pytest.mark.parametrize(
    "terms",
    [
        Tiered(tiers=STEPS, mode="marginal"),
        Combined(parts=(Flat(amount_minor=50_000), TEN)),
        Percent(basis_points=1_000, base="collected"),
    ],
    ids=["tiers", "several rewards", "collected revenue"],
)
def test_what_accruals_can_feed_is_published(owner: Membership, terms: Terms) -> None:
    assert make(owner, terms=terms).versions.get().terms == to_json(terms)


def test_a_correction_from_a_day_in_the_past_is_confirmed_and_posted(owner: Membership) -> None:
    """E21: 8% accrued for three months, corrected to 10% from January on."""
    plan = make(owner, terms=Percent(basis_points=800), valid_from=date(2025, 1, 1))
    builders.a_deal(builders.a_partner(), mrr_minor=125_000, plan=plan)
    accrue(date(2026, 4, 1))
    late: dict[str, Any] = {"terms": TEN, "valid_from": date(2026, 1, 1), "by": owner, "at": noon(date(2026, 4, 12))}

    assert not plans.consequences(
        plan, terms=TEN, valid_from=date(2026, 1, 1), is_for_all=False, at=noon(date(2026, 4, 12))
    ).differences
    with pytest.raises(plans.BackDated) as refusal:
        plans.publish(plan, **late, is_for_all=True)
    assert "$75.00 for 1 partner, in 3 amounts" in refusal.value.message
    assert plan.versions.count() == 1

    plans.publish(plan, **late, is_for_all=True, may_post_past=True)
    accrue(date(2026, 4, 12))
    entries = Entry.objects.order_by("earning_month", "pk").values_list(
        "earning_month", "kind", "minor", "posting_month"
    )
    assert [(f"{month:%m}", kind, minor, f"{posted:%m}") for month, kind, minor, posted in entries] == [
        row
        for month in ("01", "02", "03")
        for row in ((month, "accrual", 10_000, "04"), (month, "adjustment", 2_500, "04"))
    ]
    assert invariants.check(today=date(2026, 4, 12)) == []


def test_lowering_what_was_earned_needs_one_more_confirmation(owner: Membership) -> None:
    plan = make(owner, terms=TEN, valid_from=date(2025, 1, 1))
    builders.a_deal(builders.a_partner(), mrr_minor=125_000, plan=plan)
    accrue(date(2026, 4, 1))
    less: dict[str, Any] = {
        "terms": Percent(basis_points=800), "valid_from": date(2026, 2, 1), "is_for_all": True, "by": owner,
        "at": noon(date(2026, 4, 12)),
    }  # fmt: skip
    with pytest.raises(plans.LowersEarned) as refusal:
        plans.publish(plan, **less, may_post_past=True)
    assert "takes back $50.00 that was earned" in refusal.value.message
    plans.publish(plan, **less, may_post_past=True, may_lower=True)
    accrue(date(2026, 4, 12))
    assert sum(Entry.objects.values_list("minor", flat=True)) == 32_500


def test_a_version_for_all_deals_leaves_earlier_months_and_one_for_new_deals_changes_nothing(owner: Membership) -> None:
    plan = make(owner, terms=TEN, valid_from=date(2025, 1, 1))
    old = builders.a_deal(builders.a_partner(), mrr_minor=200_000, plan=plan)
    at = noon(date(2026, 4, 12))
    plans.publish(plan, terms=Percent(basis_points=700), valid_from=date(2026, 7, 1), by=owner, at=at)
    plans.publish(plan, terms=Percent(basis_points=500), valid_from=date(2026, 9, 1), is_for_all=True, by=owner, at=at)
    new = builders.a_deal(builders.a_partner(), mrr_minor=200_000, plan=plan, starts_on=date(2026, 8, 1))
    accrue(date(2026, 11, 1))

    def of(contract: Contract) -> list[int]:
        return list(
            Entry.objects.filter(pool__contract=contract).order_by("earning_month").values_list("minor", flat=True)
        )

    assert of(old) == [20_000] * 8 + [10_000] * 2
    assert of(new) == [14_000] + [10_000] * 2
