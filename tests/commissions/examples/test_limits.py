"""Clawbacks, caps, pauses and currencies (E17, E18, E22, E23, E27), and two rewards of one deal."""

from datetime import date

import pytest

from commissions.facts import Applied
from commissions.models import Entry
from commissions.terms import (
    Combined,
    Flat,
    FullClawback,
    LinearClawback,
    MrrMultiple,
    Pausing,
    Percent,
    SteppedClawback,
)
from elinkages.accounts.models import Msp
from partners.models import Partner
from referrals import contracts
from tests import builders
from tests.commissions.examples.books import BY, bill, noon, pay, receive, run, told, total

pytestmark = pytest.mark.django_db


def test_e17_a_linear_clawback_takes_back_the_months_that_were_not_served(petra: Partner) -> None:
    terms = MrrMultiple(basis_points=10_000, trigger="service_start", clawback=LinearClawback(months=12))
    contract = builders.a_deal(petra, terms, 240_000)
    run(date(2026, 7, 1))
    contracts.end(contract, on=date(2026, 8, 1), reason="Moved", by=BY, at=noon(date(2026, 8, 2)))
    run(date(2026, 8, 2))
    assert told() == [("2026-01", "2026-07", "accrual", 240_000), ("2026-01", "2026-08", "clawback", -100_000)]


def test_a_stepped_clawback(petra: Partner) -> None:
    terms = MrrMultiple(
        basis_points=10_000, trigger="service_start", clawback=SteppedClawback(steps=((30, 10_000), (60, 5_000)))
    )
    contract = builders.a_deal(petra, terms, 240_000)
    run(date(2026, 2, 1))
    contracts.end(contract, on=date(2026, 2, 15), reason="Moved", by=BY, at=noon(date(2026, 2, 20)))
    run(date(2026, 2, 20))
    assert told()[1:] == [("2026-01", "2026-02", "clawback", -120_000)]


def test_e18_caps_of_a_month_and_of_the_whole_term(petra: Partner) -> None:
    terms = Percent(basis_points=1_200, cap_per_month_minor=100_000, cap_lifetime_minor=750_000)
    builders.a_deal(petra, terms, 900_000)
    run(date(2027, 2, 1))
    assert [minor for *_, minor in told()] == [100_000] * 7 + [50_000]


def test_e22_a_pause_with_the_clock_stopped_and_running(petra: Partner) -> None:
    expected: dict[Pausing, tuple[date, int]] = {
        "clock_stops": (date(2027, 2, 1), 120_000),
        "clock_runs": (date(2026, 12, 1), 100_000),
    }
    for pause, (last, minor) in expected.items():
        contract = builders.a_deal(petra, Percent(basis_points=1_000, pause=pause), 100_000)
        builders.a_movement(contract, date(2026, 5, 1), 0, "pause")
        builders.a_movement(contract, date(2026, 7, 1), 100_000, "resume")
        run(date(2027, 6, 1))
        entries = Entry.objects.filter(pool__contract=contract)
        assert (max(one.earning_month for one in entries), sum(one.minor for one in entries)) == (last, minor)


@pytest.mark.parametrize(("currency", "mrr_minor", "expected"), [("JPY", 98_765, 7_407), ("KWD", 1_234_567, 92_593)])
def test_e23_currencies_without_cents_and_with_three_decimals(
    msp: Msp, petra: Partner, currency: str, mrr_minor: int, expected: int
) -> None:
    builders.a_deal(petra, Percent(basis_points=750), mrr_minor, currency=currency)
    run(date(2026, 2, 1))
    assert total() == expected


def test_e27_a_clawback_takes_back_what_was_earned_net_of_refunds(petra: Partner) -> None:
    terms = Percent(
        basis_points=1_000,
        base="collected",
        trigger="first_payment",
        clawback=FullClawback(window_days=90),
        hold_days=0,
    )
    contract = builders.a_deal(petra, terms, 240_000)
    for month in (1, 2, 3):
        bill(contract, date(2026, month, 1), {"service": 240_000}, key=f"{month}")
        pay(contract, date(2026, month, 1), 240_000, for_=f"{month}")
    run(date(2026, 3, 2))
    receive(contract, "credit_note", "C", date(2026, 3, 9), applied=[Applied("3", 24_000)])
    run(date(2026, 3, 10))
    assert total() == 69_600
    contracts.end(contract, on=date(2026, 3, 22), reason="Left", by=BY, at=noon(date(2026, 3, 23)))
    before = total()
    run(date(2026, 3, 23))
    assert total() - before == -69_600


def test_a_fee_and_a_percentage_are_two_rewards_of_one_deal(petra: Partner) -> None:
    terms = Combined(parts=(Flat(amount_minor=50_000), Percent(basis_points=1_000, months=2)))
    contract = builders.a_deal(petra, terms, 100_000)
    run(date(2026, 2, 10))
    assert told() == [("2026-01", "2026-02", "accrual", 10_000)]
    contracts.record_first_payment(contract, on=date(2026, 2, 12), by=BY, at=noon(date(2026, 2, 12)))
    run(date(2026, 2, 12))
    assert told(pool__component="flat") == [("2026-02", "2026-02", "accrual", 50_000)]
    run(date(2026, 3, 1))
    assert told(pool__component="percent")[1:] == [("2026-02", "2026-03", "accrual", 10_000)]
    run(date(2026, 8, 1))
    assert total() == 70_000
