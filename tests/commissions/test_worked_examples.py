"""The worked examples that cross contracts or begin with money: facts, accruals, entries; then the books are proved.

What the engine says of the same examples is in docs/algorithms/commission.md.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest

from commissions import accruals, earnings, facts, invariants, plans
from commissions.facts import Applied, Document, Line
from commissions.models import Entry, EntryKind, Plan, Pool, Stage
from commissions.terms import (
    Combined,
    Flat,
    FullClawback,
    LinearClawback,
    MrrMultiple,
    Percent,
    SteppedClawback,
    Terms,
    Tiered,
)
from elinkages.accounts.models import Msp
from elinkages.kernel import tenancy
from elinkages.kernel.actors import System
from partners.models import Partner
from referrals import contracts
from referrals.models import Contract
from tests import builders

BY = System("Test")
SLICES = ((0, 500), (500_000, 800), (1_500_000, 1_000))
BY_WINS = ((0, 500), (2, 750), (4, 1_000))


@pytest.fixture
def msp(db: None) -> Iterator[Msp]:
    msp = builders.an_msp()
    with tenancy.use(msp.pk):
        yield msp


@pytest.fixture
def petra(msp: Msp) -> Partner:
    return builders.a_partner("Petra Park CPA")


def noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 17, tzinfo=UTC)


def run(today: date) -> int:
    """What beat does on a day; then the books are right, and a second time changes nothing."""
    at = noon(today)
    posted = accruals.accrue(today=today, at=at) + accruals.release(today=today, at=at)
    assert accruals.accrue(today=today, at=at) == 0, "a rerun writes nothing"
    pools = Pool.objects.count()
    assert accruals.accrue(today=today, at=at) == 0
    assert Pool.objects.count() == pools, "a rerun computes nothing"
    assert invariants.check(today=today) == []
    return posted


def told(**where: object) -> list[tuple[str, str, str, int]]:
    """(earning month, posting month, kind, minor) of the entries that count, in order."""
    entries = Entry.objects.filter(**where).exclude(stage=Stage.VOID).order_by("earning_month", "pk")
    return [(f"{one.earning_month:%Y-%m}", f"{one.posting_month:%Y-%m}", one.kind, one.minor) for one in entries]


def total(**where: object) -> int:
    return sum(minor for *_, minor in told(**where))


def pay(contract: Contract, on: date, minor: int, *, for_: str = "1", key: str = "", **fields: object) -> None:
    """A payment for an invoice."""
    key = key or f"{for_}-{on}"
    _receive(contract, "payment", key, on, applied=[Applied(for_, minor)], **fields)


def bill(contract: Contract, on: date, lines: dict[str, int], *, key: str = "1", **fields: object) -> None:
    """An invoice with lines by kind."""
    _receive(contract, "invoice", key, on, lines=[Line(kind, minor) for kind, minor in lines.items()], **fields)


def _receive(contract: Contract, kind: str, key: str, on: date, **fields: object) -> None:
    fields = {"currency": contract.currency, **fields}
    document = Document(
        kind=kind, source="books", external_id=key, client=contract.client, dated_on=on,
        **fields,  # type: ignore[arg-type]
    )  # fmt: skip
    facts.receive([document], by=BY, at=noon(date(2027, 12, 1)))


COLLECTED = Percent(basis_points=1_000, base="collected", trigger="first_payment")


@pytest.mark.parametrize(
    ("tiers", "mrr_minor", "expected"),
    [
        ("marginal", 1_825_000, 137_500),
        ("whole", 1_825_000, 182_500),
        ("whole", 1_500_000, 150_000),
        ("marginal", 1_500_000, 105_000),
        ("whole", 1_499_999, 120_000),
    ],
)
def test_e7_and_e8_tiers_of_active_mrr_in_one_contract(
    petra: Partner, tiers: str, mrr_minor: int, expected: int
) -> None:
    terms = Tiered(tiers=SLICES, mode=tiers)  # type: ignore[arg-type]
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
    for rate, expected in (("locked", [5_000, 5_000, 5_000, 5_000]), ("floating", [5_000, 5_000, 5_000, 7_500])):
        paul = builders.a_partner(f"Paul {rate}")
        terms = Tiered(tiers=BY_WINS, mode="whole", tier_base="wins", reset="quarter", rate=rate)  # type: ignore[arg-type]
        plan = builders.a_plan(terms, for_everyone=False)
        first = builders.a_deal(paul, mrr_minor=100_000, plan=plan, won_on=date(2026, 1, 2))
        for day in (2, 3, 4):
            builders.a_deal(paul, mrr_minor=50_000, plan=plan, starts_on=date(2026, 5, 1), won_on=date(2026, 4, day))
        run(date(2026, 5, 1))
        assert [minor for *_, minor in told(pool__contract=first)] == expected


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


LINES = {"service": 320_000, "pass_through": 90_000, "hardware": 85_000, "tax": 46_250}


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
    _receive(contract, "credit_note", "C1", date(2026, 7, 2), applied=[Applied("1", 54_125)])
    run(date(2026, 7, 2))
    assert told() == [("2026-05", "2026-06", "accrual", 32_000), ("2026-05", "2026-07", "adjustment", -3_200)]


def test_an_overpayment_a_deposit_and_a_chargeback(petra: Partner) -> None:
    contract = builders.a_deal(petra, COLLECTED, 100_000, date(2026, 5, 1))
    _receive(contract, "payment", "deposit", date(2026, 5, 2), minor=50_000)
    bill(contract, date(2026, 5, 1), {"service": 100_000})
    run(date(2026, 5, 3))
    assert total() == 0, "a deposit earns nothing until it is applied"
    pay(contract, date(2026, 5, 20), 150_000)
    run(date(2026, 5, 20))
    assert total() == 10_000, "what exceeds the invoice earns nothing"
    _receive(contract, "refund", "chargeback", date(2026, 6, 5), applied=[Applied("1", 150_000)])
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
        _receive(contract, "invoice", f"lines {number}", date(2026, 5, 1), lines=lines)
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
        lambda: _receive(contract, "credit_note", "C1", date(2026, 7, 2), applied=[Applied("1", 54_125)]),
    ]
    for index in order:
        steps[index]()
        run(date(2026, 7, 5))
    assert total() == 28_800


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


def test_tiers_with_a_lifetime_cap(petra: Partner) -> None:
    plan = builders.a_plan(Tiered(tiers=SLICES, mode="whole", cap_lifetime_minor=200_000))
    first = builders.a_deal(petra, mrr_minor=1_000_000, plan=plan, won_on=date(2026, 1, 2))
    run(date(2026, 3, 1))
    builders.a_deal(petra, mrr_minor=600_000, plan=plan, starts_on=date(2026, 2, 1), won_on=date(2026, 2, 3))
    run(date(2026, 5, 1))
    assert [minor for *_, minor in told(pool__contract=first)] == [80_000, 80_000, 20_000, 20_000]


def test_e22_a_pause_with_the_clock_stopped_and_running(petra: Partner) -> None:
    expected = {"clock_stops": (date(2027, 2, 1), 120_000), "clock_runs": (date(2026, 12, 1), 100_000)}
    for pause, (last, minor) in expected.items():
        contract = builders.a_deal(petra, Percent(basis_points=1_000, pause=pause), 100_000)  # type: ignore[arg-type]
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
    _receive(contract, "credit_note", "C", date(2026, 3, 9), applied=[Applied("3", 24_000)])
    run(date(2026, 3, 10))
    assert total() == 69_600
    contracts.end(contract, on=date(2026, 3, 22), reason="Left", by=BY, at=noon(date(2026, 3, 23)))
    before = total()
    run(date(2026, 3, 23))
    assert total() - before == -69_600


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


# The cap of a partner and a calendar year (ADR 35)


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
