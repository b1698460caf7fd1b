"""The engine: stories over several months, and what it refuses."""

from datetime import date
from typing import Any

import pytest

from commissions.engine import (
    Deal,
    Movement,
    Receipt,
    Standing,
    Version,
    clawback_anchor,
    earning_months,
    evaluate,
    payable_now,
    share_reason,
    split,
    standings,
    targets,
    version_on,
)
from commissions.terms import Flat, FullClawback, MrrMultiple, NoReward, Percent, Tiered

MAY = date(2026, 5, 1)


def a_deal(mrr_minor: int = 120_000, **facts: Any) -> Deal:
    return Deal("USD", mrr_minor, starts_on=date(2026, 3, 1))._replace(**facts)


def test_the_steps_show_the_arithmetic_and_the_inputs_every_number() -> None:
    deal = a_deal(100_000, movements=(Movement(date(2026, 5, 11), 150_000),))
    line = evaluate(Percent(basis_points=1000), deal, MAY)
    assert line.steps == (
        "$1,000.00 MRR from May 1, 2026 to May 10, 2026",
        "$1,500.00 MRR from May 11, 2026 to May 31, 2026",
        "($1,000.00 × 10/31 + $1,500.00 × 21/31) × 10% = $133.87",
    )
    assert line.inputs == {
        "month": "2026-05",
        "base": "contracted",
        "term_month": 3,
        "term_months": 12,
        "mrr_minor_by_days": [[100_000, 10], [150_000, 21]],
        "of_days": 31,
        "basis_points": 1000,
    }


def test_a_movement_that_changes_nothing_is_not_told() -> None:
    plain = evaluate(Percent(basis_points=1000), a_deal(), MAY)
    moved = a_deal(movements=(Movement(date(2026, 5, 11), 120_000),))
    assert evaluate(Percent(basis_points=1000), moved, MAY) == plain


def test_of_two_movements_on_one_day_the_later_one_holds() -> None:
    day = date(2026, 5, 1)
    deal = a_deal(movements=(Movement(day, 300_000, "expand", 2), Movement(day, 900_000, "expand", 1)))
    assert evaluate(Percent(basis_points=1000), deal, MAY).amount_minor == 30_000


def test_a_multiple_takes_the_mrr_in_force_on_its_day() -> None:
    deal = a_deal(movements=(Movement(date(2026, 4, 1), 200_000),), first_paid_on=date(2026, 4, 3))
    line = evaluate(MrrMultiple(basis_points=10_000), deal, date(2026, 4, 1))
    assert line.amount_minor == 200_000
    assert line.steps == ("1 × $2,000.00 = $2,000.00",)


def test_a_month_is_named_by_its_first_day() -> None:
    for terms in (Percent(basis_points=1000), Flat(amount_minor=1)):
        with pytest.raises(ValueError, match="is not the first day of a month"):
            evaluate(terms, a_deal(), date(2026, 5, 2))


def test_a_client_that_leaves_before_service_starts_earns_nothing() -> None:
    line = evaluate(Percent(basis_points=1000), a_deal(ends_on=date(2026, 2, 1)), date(2026, 3, 1))
    assert (line.amount_minor, line.reason) == (
        0,
        "Nothing for March 2026: the client left, last day of service January 31, 2026",
    )


def test_a_term_counted_from_winning_waits_for_service() -> None:
    terms = Percent(basis_points=1000, trigger="won", months=3)
    waiting = Deal("USD", 120_000, won_on=date(2026, 3, 1))
    assert evaluate(terms, waiting, MAY).reason == "Nothing yet: service has no start date"
    started = waiting._replace(starts_on=date(2026, 4, 1))
    assert earning_months(terms, started, date(2027, 1, 1)) == (date(2026, 4, 1), date(2026, 5, 1))


def test_a_term_that_begins_after_service_names_its_first_day() -> None:
    terms = Percent(basis_points=1000, trigger="first_payment")
    line = evaluate(terms, a_deal(first_paid_on=date(2026, 6, 9)), MAY)
    assert line.reason == "Nothing for May 2026: the term starts on June 9, 2026"


def test_story_of_a_fee_taken_back_and_netted() -> None:
    """E16: paid 500.00, gone on day 61; 180.00 of other commission waits, 400.00 follows."""
    terms = Flat(amount_minor=50_000, clawback=FullClawback(90))
    deal = a_deal(first_paid_on=date(2026, 3, 10))
    march = date(2026, 3, 1)
    posted = evaluate(terms, deal, march).amount_minor
    difference = evaluate(terms, deal._replace(ends_on=date(2026, 5, 10)), march).amount_minor - posted
    assert difference == -50_000
    balance = 18_000 + difference
    assert (balance, payable_now(balance, 0)) == (-32_000, 0)
    assert payable_now(balance + 40_000, 0) == 8_000


def test_story_of_a_rate_corrected_backward() -> None:
    """E21: January to March at 8%, corrected to 10%: three differences of 25.00."""
    deal = Deal("USD", 125_000, starts_on=date(2026, 1, 1))
    march = date(2026, 3, 1)
    before, after = (targets(Percent(basis_points=rate), deal, march) for rate in (800, 1000))
    assert [after[month].amount_minor - before[month].amount_minor for month in before] == [2_500] * 3


def test_story_of_a_clawback_net_of_a_refund() -> None:
    """E27: 3 × 240.00 less 24.00; churn takes back 696.00, never 720.00."""
    terms = Percent(basis_points=1000, base="collected", trigger="first_payment", clawback=FullClawback(90))
    months = [date(2026, month, 1) for month in (1, 2, 3)]
    paid = tuple(Receipt(day, day, 240_000) for day in months)
    deal = Deal("USD", 240_000, receipts=(*paid, Receipt(months[2], date(2026, 3, 9), -24_000)))
    posted = sum(evaluate(terms, deal, month).amount_minor for month in months)
    left = deal._replace(ends_on=date(2026, 3, 25))
    assert sum(evaluate(terms, left, month).amount_minor for month in months) - posted == -69_600


def test_story_of_a_quarter_trued_up() -> None:
    """E10: provisional at the tier reached so far, 200.00 more when the quarter closes."""
    terms = Tiered(tiers=((0, 500), (2, 750), (4, 1000)), mode="whole", tier_base="wins", reset="quarter")
    amounts = {"A": 100_000, "B": 200_000, "C": 80_000, "D": 120_000, "E": 300_000}
    january = date(2026, 1, 1)
    differences = []
    closing = standings([(name, 1) for name in amounts])
    for name, minor in amounts.items():
        deal = Deal("USD", minor, starts_on=january)
        so_far, closed = (
            evaluate(terms, deal, january, standing=standing).amount_minor
            for standing in (Standing(closing[name].before, closing[name].before + 1), closing[name])
        )
        differences.append(closed - so_far)
    assert differences == [5_000, 10_000, 2_000, 3_000, 0]


def test_a_clawback_runs_from_the_first_payment_or_the_start_of_service() -> None:
    paid = date(2026, 3, 10)
    fee = Flat(amount_minor=1)
    assert clawback_anchor(fee, a_deal(first_paid_on=paid)) == paid
    assert clawback_anchor(fee, a_deal(receipts=(Receipt(MAY, date(2026, 5, 9), 1),))) == date(2026, 5, 9)
    assert clawback_anchor(Flat(amount_minor=1, trigger="won"), a_deal()) == date(2026, 3, 1)
    assert clawback_anchor(fee, Deal("USD", 1, won_on=paid)) == paid


def test_no_reward_has_no_months() -> None:
    assert earning_months(NoReward(), a_deal(), MAY) == ()


@pytest.mark.parametrize("shares", [[("A", 6000), ("B", 4001)], [("A", 0)], [("A", -1)]])
def test_shares_beyond_the_whole_or_below_nothing_are_refused(shares: list[tuple[str, int]]) -> None:
    with pytest.raises(ValueError, match="at most 10,000 in all"):
        split(100, shares)


def test_a_partner_has_one_share() -> None:
    with pytest.raises(ValueError, match="Every partner may have one share"):
        split(100, [("A", 1), ("A", 2)])


def test_without_shares_everything_stays_with_the_msp() -> None:
    assert split(100, []) == ({}, 100)


def test_a_share_is_said_beside_the_reason() -> None:
    assert share_reason(6000, 23_457, "USD") == "your 60% share of $234.57"


def test_a_gap_between_versions_has_no_terms() -> None:
    versions = [Version(date(2026, 1, 1), date(2026, 2, 1), "v1")]
    assert version_on(versions, date(2026, 1, 31)) == "v1"
    assert version_on(versions, date(2026, 2, 1)) is None


def test_a_client_that_leaves_before_its_window_opens_leaves_on_day_0() -> None:
    terms = Flat(amount_minor=100, clawback=FullClawback(90))
    deal = a_deal(first_paid_on=date(2026, 3, 10), ends_on=date(2026, 3, 2))
    line = evaluate(terms, deal, date(2026, 3, 1))
    assert line.amount_minor == 0
    assert line.reason.startswith("The client left on day 0, inside the 90-day window")
