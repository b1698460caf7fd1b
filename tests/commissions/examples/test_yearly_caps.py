"""The cap of a partner and a calendar year (docs/adr/0035)."""

from datetime import date

import pytest

from commissions import earnings, plans
from commissions.models import Entry, Plan, Pool, Stage
from commissions.terms import (
    Combined,
    Flat,
    Percent,
)
from partners.models import Partner
from referrals import contracts
from tests import builders
from tests.commissions.examples.books import BY, noon, run, told, total

pytestmark = pytest.mark.django_db


def year_of(partner: Partner, year: int = 2026) -> int:
    entries = Entry.objects.filter(partner=partner, earning_month__year=year).exclude(stage=Stage.VOID)
    return sum(one.minor for one in entries)


CAPPED = Percent(basis_points=1_000, cap_year_minor=50_000)


def test_what_a_partner_earns_first_in_a_year_counts_first(petra: Partner) -> None:
    plan = builders.a_plan(CAPPED)
    first = builders.a_deal(petra, mrr_minor=100_000, plan=plan, won_on=date(2025, 12, 1))
    second = builders.a_deal(petra, mrr_minor=80_000, plan=plan, won_on=date(2025, 12, 2))
    run(date(2026, 6, 1))
    assert [minor for *_, minor in told(pool__contract=first)] == [10_000, 10_000, 10_000]
    assert [minor for *_, minor in told(pool__contract=second)] == [8_000, 8_000, 4_000]
    cut = Pool.objects.get(contract=second, earning_month=date(2026, 3, 1))
    assert cut.reason.endswith("lowered to the $40.00 left of the $500.00 cap of the calendar year")
    used_up = Pool.objects.get(contract=first, earning_month=date(2026, 4, 1))
    assert used_up.shared_minor == 0
    assert used_up.reason.endswith(", but the cap of $500.00 a calendar year is used up")
    run(date(2027, 2, 1))
    assert (year_of(petra), year_of(petra, 2027)) == (50_000, 0), "twelve months are over"


def test_a_new_calendar_year_begins_at_zero(petra: Partner) -> None:
    builders.a_deal(petra, CAPPED, 300_000, date(2026, 11, 1))
    run(date(2027, 4, 1))
    assert [minor for *_, minor in told()] == [30_000, 20_000, 30_000, 20_000]


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_the_year_comes_to_the_same_in_whatever_order_deals_become_known(
    petra: Partner, order: tuple[int, ...]
) -> None:
    plan = builders.a_plan(CAPPED)
    wins = [(date(2026, 1, 1), 100_000), (date(2026, 2, 1), 150_000), (date(2026, 2, 2), 120_000)]
    found = {}
    for step, index in enumerate(order):
        day, minor = wins[index]
        found[index] = builders.a_deal(petra, mrr_minor=minor, plan=plan, starts_on=day, won_on=day)
        run(date(2026, 5, 1 + step))
    assert [total(pool__contract=found[index]) for index in range(3)] == [23_429, 15_000, 11_571]
    assert year_of(petra) == 50_000


def test_a_backdated_change_moves_the_room_to_what_is_earned_next(petra: Partner) -> None:
    plan = builders.a_plan(CAPPED)
    first = builders.a_deal(petra, mrr_minor=200_000, plan=plan, won_on=date(2025, 12, 1))
    second = builders.a_deal(petra, mrr_minor=200_000, plan=plan, won_on=date(2025, 12, 2))
    run(date(2026, 4, 1))
    assert (total(pool__contract=first), total(pool__contract=second)) == (30_000, 20_000)
    contracts.end(first, on=date(2026, 1, 1), reason="Never began", by=BY, at=noon(date(2026, 4, 2)))
    run(date(2026, 4, 2))
    assert total(pool__contract=first) == 0
    assert [minor for month, *_, minor in told(pool__contract=second) if month == "2026-02"] == [20_000]
    assert year_of(petra) == 50_000


def test_each_partner_of_a_shared_deal_has_their_own_cap(petra: Partner) -> None:
    paul = builders.a_partner("Paul Price Law")
    plan = builders.a_plan(Percent(basis_points=1_000, cap_year_minor=10_000))
    builders.a_deal(petra, mrr_minor=60_000, plan=plan, won_on=date(2025, 12, 1))
    builders.a_deal(petra, mrr_minor=100_000, plan=plan, won_on=date(2025, 12, 2), shares={petra: 6_000, paul: 3_000})
    run(date(2026, 2, 1))
    assert (year_of(petra), year_of(paul)) == (10_000, 3_000)
    entry = Entry.objects.get(partner=petra, minor=4_000)
    assert earnings.explain(entry).share == (
        "your 60% share of $100.00, lowered to the $40.00 left of the $100.00 cap of the calendar year"
    )


def test_a_fee_and_a_percentage_fill_one_cap(petra: Partner) -> None:
    terms = Combined(
        parts=(
            Flat(amount_minor=30_000, trigger="service_start", cap_year_minor=50_000),
            Percent(basis_points=1_000, cap_year_minor=50_000),
        )
    )
    builders.a_deal(petra, terms, 150_000)
    run(date(2026, 4, 1))
    assert sum(minor for *_, minor in told(pool__component="percent")) == 20_000
    assert year_of(petra) == 50_000


def test_a_cap_that_is_changed_later_is_the_cap_of_the_months_from_then_on(petra: Partner) -> None:
    builders.a_deal(petra, CAPPED, 200_000)
    run(date(2026, 4, 1))
    assert year_of(petra) == 50_000
    olivia = builders.a_member(petra.msp)
    plans.publish(
        Plan.objects.get(),
        terms=Percent(basis_points=1_000, cap_year_minor=70_000),
        valid_from=date(2026, 4, 1),
        is_for_all=True,
        by=olivia,
        at=noon(date(2026, 4, 2)),
    )
    run(date(2026, 6, 1))
    assert [minor for *_, minor in told()] == [20_000, 20_000, 10_000, 20_000]
