"""Rates that rise: by active MRR, by wins, by new MRR, by what was collected (commission.md, E7 to E10)."""

from datetime import date

import pytest

from commissions.models import EntryKind, Plan
from commissions.terms import Tiered, TierMode, TierRate
from partners.models import Partner
from referrals import contracts
from referrals.models import Contract
from tests import builders
from tests.commissions.examples.books import BY, bill, noon, pay, run, told, total

pytestmark = pytest.mark.django_db

SLICES = ((0, 500), (500_000, 800), (1_500_000, 1_000))
BY_WINS = ((0, 500), (2, 750), (4, 1_000))


@pytest.mark.parametrize(
    ("mode", "mrr_minor", "expected"),
    [
        ("marginal", 1_825_000, 137_500),
        ("whole", 1_825_000, 182_500),
        ("whole", 1_500_000, 150_000),
        ("marginal", 1_500_000, 105_000),
        ("whole", 1_499_999, 120_000),
    ],
)
def test_e7_and_e8_tiers_of_active_mrr_in_one_contract(
    petra: Partner, mode: TierMode, mrr_minor: int, expected: int
) -> None:
    terms = Tiered(tiers=SLICES, mode=mode)
    builders.a_deal(petra, terms, mrr_minor)
    run(date(2026, 2, 1))
    assert total() == expected


def test_e7_spread_over_contracts_comes_to_the_same(petra: Partner) -> None:
    plan = builders.a_plan(Tiered(tiers=SLICES, mode="marginal"))
    for day, minor in ((5, 400_000), (6, 900_000), (7, 525_000)):
        builders.a_deal(petra, mrr_minor=minor, plan=plan, won_on=date(2025, 12, day))
    run(date(2026, 2, 1))
    assert total() == 137_500
    assert sorted(minor for *_, minor in told()) == [20_000, 48_500, 69_000]


def quarter(petra: Partner, terms: Tiered) -> dict[str, Contract]:
    """E9's clients: A and B won in January, C and D in February, E in March."""
    plan = builders.a_plan(terms, for_everyone=False)
    deals = {
        "A": (1, 2, 100_000),
        "B": (1, 3, 200_000),
        "C": (2, 2, 80_000),
        "D": (2, 3, 120_000),
        "E": (3, 2, 300_000),
    }
    return {
        name: builders.a_deal(
            petra, mrr_minor=minor, plan=plan, starts_on=date(2026, month, 1), won_on=date(2026, month, day)
        )
        for name, (month, day, minor) in deals.items()
    }


def test_e9_the_place_among_the_wins_of_a_quarter_sets_the_rate(petra: Partner) -> None:
    by_wins = Tiered(tiers=BY_WINS, mode="marginal", tier_base="wins", reset="quarter", months=1)
    found = quarter(petra, by_wins)
    for month in (2, 3, 4):
        run(date(2026, month, 1))
    assert [total(pool__contract=one) for one in found.values()] == [5_000, 10_000, 6_000, 9_000, 30_000]
    plan = Plan.objects.get()
    builders.a_deal(petra, mrr_minor=100_000, plan=plan, starts_on=date(2026, 4, 1), won_on=date(2026, 4, 2))
    run(date(2026, 5, 1))
    assert told(earning_month=date(2026, 4, 1)) == [("2026-04", "2026-05", "accrual", 5_000)]


def test_e10_everything_at_the_rate_reached_is_trued_up_when_the_quarter_is_over(petra: Partner) -> None:
    all_by_wins = Tiered(tiers=BY_WINS, mode="whole", tier_base="wins", reset="quarter", months=1)
    found = quarter(petra, all_by_wins)
    for day in (date(2026, 2, 1), date(2026, 3, 1), date(2026, 3, 31)):
        run(day)
    assert [total(pool__contract=one) for one in found.values()] == [5_000, 10_000, 6_000, 9_000, 0]
    run(date(2026, 4, 1))
    by_client = {name: told(pool__contract=one) for name, one in found.items()}
    assert [rows[1:] for rows in by_client.values()] == [
        [("2026-01", "2026-04", "adjustment", 5_000)],
        [("2026-01", "2026-04", "adjustment", 10_000)],
        [("2026-02", "2026-04", "adjustment", 2_000)],
        [("2026-02", "2026-04", "adjustment", 3_000)],
        [],
    ]
    assert total() == 80_000
    assert total(kind=EntryKind.ADJUSTMENT) == 20_000


def test_e10_accrued_late_comes_to_the_same(petra: Partner) -> None:
    quarter(petra, Tiered(tiers=BY_WINS, mode="whole", tier_base="wins", reset="quarter", months=1))
    run(date(2026, 4, 10))
    assert total() == 80_000


def test_a_locked_rate_stays_with_its_client_and_a_floating_one_follows_the_quarter(petra: Partner) -> None:
    expected: dict[TierRate, list[int]] = {
        "locked": [5_000, 5_000, 5_000, 5_000],
        "floating": [5_000, 5_000, 5_000, 7_500],
    }
    for rate, amounts in expected.items():
        paul = builders.a_partner(f"Paul {rate}")
        terms = Tiered(tiers=BY_WINS, mode="whole", tier_base="wins", reset="quarter", rate=rate)
        plan = builders.a_plan(terms, for_everyone=False)
        first = builders.a_deal(paul, mrr_minor=100_000, plan=plan, won_on=date(2026, 1, 2))
        for day in (2, 3, 4):
            builders.a_deal(paul, mrr_minor=50_000, plan=plan, starts_on=date(2026, 5, 1), won_on=date(2026, 4, day))
        run(date(2026, 5, 1))
        assert [minor for *_, minor in told(pool__contract=first)] == amounts


def test_new_mrr_moves_through_the_tiers_as_it_was_won(petra: Partner) -> None:
    new = Tiered(tiers=((0, 500), (500_000, 1_000)), mode="marginal", tier_base="new_mrr", reset="year")
    plan = builders.a_plan(new, for_everyone=False)
    first = builders.a_deal(petra, mrr_minor=400_000, plan=plan, won_on=date(2026, 1, 2))
    second = builders.a_deal(petra, mrr_minor=300_000, plan=plan, won_on=date(2026, 1, 3))
    run(date(2026, 2, 1))
    assert (total(pool__contract=first), total(pool__contract=second)) == (20_000, 25_000)


def test_what_was_collected_so_far_moves_through_the_tiers(petra: Partner) -> None:
    so_far = Tiered(
        tiers=((0, 500), (100_000, 1_000)), mode="marginal", tier_base="collected", reset="year", base="collected",
        trigger="first_payment",
    )  # fmt: skip
    plan = builders.a_plan(so_far, for_everyone=False)
    one = builders.a_deal(petra, plan=plan, won_on=date(2026, 1, 2))
    other = builders.a_deal(petra, plan=plan, won_on=date(2026, 1, 3))
    bill(one, date(2026, 1, 5), {"service": 80_000}, key="one")
    bill(other, date(2026, 1, 6), {"service": 60_000}, key="other")
    pay(other, date(2026, 1, 20), 60_000, for_="other")
    run(date(2026, 1, 21))
    assert total(pool__contract=other) == 3_000
    pay(one, date(2026, 1, 25), 80_000, for_="one")
    run(date(2026, 2, 1))
    assert (total(pool__contract=one), total(pool__contract=other)) == (4_000, 5_000), "the second stands on the first"


def test_tiers_do_not_depend_on_the_order_in_which_things_become_known(petra: Partner) -> None:
    terms = Tiered(tiers=SLICES, mode="marginal")
    sizes = [(date(2026, 1, 2), 400_000), (date(2026, 1, 3), 900_000), (date(2026, 1, 4), 525_000)]
    totals = []
    for order in ((0, 1, 2), (2, 0, 1), (1, 2, 0)):
        partner, plan = builders.a_partner(f"Order {order}"), builders.a_plan(terms, for_everyone=False)
        found = {}
        for index in order:
            day, minor = sizes[index]
            found[index] = builders.a_deal(partner, mrr_minor=minor, plan=plan, won_on=day)
            run(date(2026, 2, 1))
        totals.append([total(pool__contract=found[index]) for index in range(3)])
    assert totals == [[20_000, 69_000, 48_500]] * 3


def test_when_one_client_leaves_the_tiers_of_the_others_fall(petra: Partner) -> None:
    plan = builders.a_plan(Tiered(tiers=SLICES, mode="whole"))
    first = builders.a_deal(petra, mrr_minor=1_000_000, plan=plan, won_on=date(2026, 1, 2))
    second = builders.a_deal(petra, mrr_minor=600_000, plan=plan, won_on=date(2026, 1, 3))
    run(date(2026, 3, 1))
    assert total(pool__contract=first) == 200_000
    contracts.end(second, on=date(2026, 2, 1), reason="Merged", by=BY, at=noon(date(2026, 3, 5)))
    run(date(2026, 3, 5))
    assert [minor for *_, minor in told(pool__contract=first)] == [100_000, 100_000, -20_000]


def test_tiers_with_a_lifetime_cap(petra: Partner) -> None:
    plan = builders.a_plan(Tiered(tiers=SLICES, mode="whole", cap_lifetime_minor=200_000))
    first = builders.a_deal(petra, mrr_minor=1_000_000, plan=plan, won_on=date(2026, 1, 2))
    run(date(2026, 3, 1))
    builders.a_deal(petra, mrr_minor=600_000, plan=plan, starts_on=date(2026, 2, 1), won_on=date(2026, 2, 3))
    run(date(2026, 5, 1))
    assert [minor for *_, minor in told(pool__contract=first)] == [80_000, 80_000, 20_000, 20_000]
