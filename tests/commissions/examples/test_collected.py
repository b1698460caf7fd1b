"""Commission on what is paid: invoices, payments, credit notes, in any order and currency (E14, E15, E28)."""

from datetime import date, timedelta

import pytest

from commissions.facts import Applied, Line
from commissions.models import Entry, Pool
from commissions.terms import (
    Percent,
    Terms,
)
from partners.models import Partner
from tests import builders
from tests.commissions.examples.books import COLLECTED, LINES, bill, pay, receive, run, told, total

pytestmark = pytest.mark.django_db


def test_e14_a_partial_payment_earns_on_the_part_of_the_lines_that_count(petra: Partner) -> None:
    contract = builders.a_deal(petra, COLLECTED, 320_000, date(2026, 5, 1))
    bill(contract, date(2026, 5, 1), LINES)
    run(date(2026, 5, 10))
    assert told() == []
    pay(contract, date(2026, 5, 20), 270_625)
    run(date(2026, 5, 20))
    assert told() == [("2026-05", "2026-05", "accrual", 16_000)]
    assert Entry.objects.get().hold_until == date(2026, 6, 19)
    pay(contract, date(2026, 6, 20), 270_625)
    run(date(2026, 6, 20))
    assert told()[1:] == [("2026-05", "2026-06", "adjustment", 16_000)]


def test_e15_a_credit_note_takes_back_at_the_month_and_rate_of_its_invoice(petra: Partner) -> None:
    contract = builders.a_deal(petra, COLLECTED, 320_000, date(2026, 5, 1))
    bill(contract, date(2026, 5, 1), LINES)
    pay(contract, date(2026, 5, 20), 541_250)
    run(date(2026, 6, 1))
    receive(contract, "credit_note", "C1", date(2026, 7, 2), applied=[Applied("1", 54_125)])
    run(date(2026, 7, 2))
    assert told() == [("2026-05", "2026-06", "accrual", 32_000), ("2026-05", "2026-07", "adjustment", -3_200)]


def test_an_overpayment_a_deposit_and_a_chargeback(petra: Partner) -> None:
    contract = builders.a_deal(petra, COLLECTED, 100_000, date(2026, 5, 1))
    receive(contract, "payment", "deposit", date(2026, 5, 2), minor=50_000)
    bill(contract, date(2026, 5, 1), {"service": 100_000})
    run(date(2026, 5, 3))
    assert total() == 0, "a deposit earns nothing until it is applied"
    pay(contract, date(2026, 5, 20), 150_000)
    run(date(2026, 5, 20))
    assert total() == 10_000, "what exceeds the invoice earns nothing"
    receive(contract, "refund", "chargeback", date(2026, 6, 5), applied=[Applied("1", 150_000)])
    run(date(2026, 6, 5))
    assert total() == 0


def test_a_late_payment_earns_for_the_month_of_its_invoice_and_nothing_after_the_term(petra: Partner) -> None:
    terms = Percent(basis_points=1_000, base="collected", trigger="first_payment", months=2)
    contract = builders.a_deal(petra, terms, 100_000, date(2026, 1, 1))
    for month in (1, 2, 3):
        bill(contract, date(2026, month, 1), {"service": 100_000}, key=f"{month}")
    pay(contract, date(2026, 1, 20), 100_000, for_="1")
    pay(contract, date(2026, 3, 20), 100_000, for_="3")
    pay(contract, date(2026, 6, 20), 100_000, for_="2")
    run(date(2026, 7, 1))
    assert [(month, minor) for month, _, _, minor in told()] == [("2026-01", 10_000), ("2026-02", 10_000)]


def test_a_year_paid_ahead_is_earned_month_by_month(petra: Partner) -> None:
    contract = builders.a_deal(petra, COLLECTED, 100_000, date(2026, 1, 1))
    bill(
        contract,
        date(2026, 1, 1),
        {"service": 1_200_000},
        service_from=date(2026, 1, 1),
        service_until=date(2027, 1, 1),
    )
    pay(contract, date(2026, 1, 10), 1_200_000)
    for today, expected in ((date(2026, 1, 10), 10_000), (date(2026, 4, 1), 40_000), (date(2027, 3, 1), 120_000)):
        run(today)
        assert total() == expected


def test_lines_are_told_apart_by_kind_and_by_service_line(petra: Partner) -> None:
    cloud = builders.a_service_line("Cloud")
    plans: list[tuple[Terms, int]] = [
        (Percent(basis_points=1_000, base="collected", counts=("service", "hardware")), 5_500),
        (Percent(basis_points=1_000, base="collected", except_lines=((str(cloud.pk), "Cloud"),)), 3_000),
        (Percent(basis_points=1_000, base="collected", only_lines=((str(cloud.pk), "Cloud"),)), 2_000),
    ]
    for number, (terms, expected) in enumerate(plans):
        contract = builders.a_deal(petra, terms, 50_000, date(2026, 5, 1))
        lines = [
            Line("service", 30_000), Line("service", 20_000, cloud), Line("hardware", 10_000), Line("tax", 6_000),
            Line("hardware", -5_000, description="Discount"),
        ]  # fmt: skip
        receive(contract, "invoice", f"lines {number}", date(2026, 5, 1), lines=lines)
        pay(contract, date(2026, 5, 5), 61_000, for_=f"lines {number}")
        run(date(2026, 5, 6))
        assert total(pool__contract=contract) == expected


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 2, 1, 0), (2, 0, 3, 1), (1, 3, 0, 2)])
def test_facts_come_to_the_same_in_whatever_order_they_arrive(petra: Partner, order: tuple[int, ...]) -> None:
    contract = builders.a_deal(petra, COLLECTED, 320_000, date(2026, 5, 1))
    steps = [
        lambda: bill(contract, date(2026, 5, 1), LINES),
        lambda: pay(contract, date(2026, 5, 20), 270_625),
        lambda: pay(contract, date(2026, 6, 20), 270_625),
        lambda: receive(contract, "credit_note", "C1", date(2026, 7, 2), applied=[Applied("1", 54_125)]),
    ]
    for index in order:
        steps[index]()
        run(date(2026, 7, 5))
    assert total() == 28_800


def test_e28_a_base_in_euros_earns_dollars_at_the_rate_frozen_on_its_invoice(petra: Partner) -> None:
    contract = builders.a_deal(petra, COLLECTED, 217_470, date(2026, 5, 1))
    euros = {"service": 200_000, "tax": 40_000}
    bill(contract, date(2026, 5, 1), euros, currency="EUR", rate_millionths=1_087_350)
    pay(contract, date(2026, 5, 20), 120_000, currency="EUR")
    run(date(2026, 5, 20))
    assert told() == [("2026-05", "2026-05", "accrual", 10_874)]
    assert Pool.objects.get().reason == (
        "10% of $1,087.35 collected for May 2026, paid May 20, 2026, at 1.08735 USD for 1 EUR, month 1 of 12"
    )
    pay(contract, date(2026, 6, 20), 120_000, currency="EUR")
    run(date(2026, 6, 20))
    assert total() == 21_747
    bill(contract, date(2026, 6, 1), euros, key="2", currency="EUR", rate_millionths=1_200_000)
    pay(contract, date(2026, 6, 25), 240_000, for_="2", currency="EUR")
    run(date(2026, 6, 25))
    assert total(earning_month=date(2026, 5, 1)) == 21_747, "a later rate changes nothing"
    assert total(earning_month=date(2026, 6, 1)) == 24_000


def test_pieces_bring_what_the_whole_would(petra: Partner) -> None:
    contract = builders.a_deal(petra, COLLECTED, 320_000, date(2026, 5, 1))
    bill(contract, date(2026, 5, 1), LINES)
    for day in range(13):
        pay(contract, date(2026, 5, 2) + timedelta(days=day), 41_634)
    run(date(2026, 6, 1))
    assert total() == 32_000
