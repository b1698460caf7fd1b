"""What holds for every contract and every plan, whatever the numbers."""

import json
from datetime import date, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from commissions.engine import (
    Deal,
    Earned,
    Exchange,
    Movement,
    Pause,
    Receipt,
    Standing,
    accrues_on,
    add_months,
    earning_months,
    eligible_collected,
    evaluate,
    hold_until,
    month_of,
    split,
    targets,
    within_year,
)
from commissions.terms import (
    Flat,
    FullClawback,
    LinearClawback,
    MrrMultiple,
    Percent,
    Single,
    SteppedClawback,
    Tiered,
)
from elinkages.kernel.money import round_half_away

THROUGH = date(2028, 6, 1)
TIERS = ((0, 500), (500_000, 800), (1_500_000, 1000))
days = st.dates(date(2025, 1, 1), date(2027, 12, 31))
early = st.dates(date(2025, 1, 1), date(2025, 6, 30))
months = days.map(month_of)
mrr = st.integers(0, 5_000_000)
movement = st.builds(Movement, early | days, mrr, st.just("change"), st.integers(0, 3))
movements = st.lists(movement, max_size=4)
pauses = st.lists(
    st.builds(lambda start, length: Pause(start, start + timedelta(days=length)), days, st.integers(1, 120))
    | st.builds(Pause, days, st.none()),
    max_size=2,
)
receipt = st.builds(
    lambda on, late, minor, months: Receipt(
        on, on + timedelta(days=late), minor, add_months(on, months) if months else None
    ),
    days,
    st.integers(0, 90),
    st.integers(-500_000, 2_000_000),
    st.sampled_from([0, 1, 3, 12]),
)
receipts = st.lists(receipt, max_size=5)
usual: dict[str, Any] = {
    "currency": st.just("USD"),
    "mrr_minor": mrr,
    "won_on": early,
    "starts_on": early,
    "ends_on": st.none() | days,
    "first_paid_on": early,
    "owed_from": st.none() | early,
    "movements": movements.map(tuple),
    "pauses": pauses.map(tuple),
    "receipts": receipts.map(tuple),
    "first_invoice_on": st.none() | early,
    "exchange": st.none() | st.just(Exchange("JPY", 6_734)),
}
served = st.builds(Deal, **usual)
unknown = dict.fromkeys(("won_on", "starts_on", "first_paid_on", "owed_from"), st.none() | days)
deals = served | st.builds(Deal, **usual | unknown)
clawbacks = st.sampled_from([None, FullClawback(90), LinearClawback(12), SteppedClawback(((30, 10_000), (60, 5_000)))])
triggers = st.sampled_from(["won", "service_start", "first_payment"])
recurring: dict[str, Any] = {
    "trigger": triggers,
    "clawback": clawbacks,
    "base": st.sampled_from(["contracted", "collected"]),
    "months": st.sampled_from([None, 1, 3, 12, 24]),
    "counting": st.sampled_from(["anchored", "calendar"]),
    "proration": st.sampled_from(["actual", "thirty_360", "none"]),
    "expansion": st.sampled_from(["included", "excluded"]),
    "pause": st.sampled_from(["clock_stops", "clock_runs"]),
    "cap_per_month_minor": st.sampled_from([None, 100_000]),
    "cap_lifetime_minor": st.sampled_from([None, 400_000]),
    "minimum_minor": st.sampled_from([None, 2_500]),
}
percents = st.builds(Percent, basis_points=st.integers(1, 10_000), **recurring)
tiereds = st.builds(
    Tiered,
    tiers=st.just(TIERS),
    mode=st.sampled_from(["marginal", "whole"]),
    tier_base=st.sampled_from(["wins", "new_mrr", "active_mrr", "collected"]),
    **recurring,
)
onces: st.SearchStrategy[Single] = st.builds(
    Flat, amount_minor=st.integers(1, 10**7), trigger=triggers, clawback=clawbacks
) | st.builds(MrrMultiple, basis_points=st.integers(1, 50_000), trigger=triggers, clawback=clawbacks)
terms_of_all_kinds = percents | tiereds | onces


@given(terms_of_all_kinds, deals, months)
def test_every_target_has_a_reason_and_can_be_stored(terms: Single, deal: Deal, month: date) -> None:
    line = evaluate(terms, deal, month)
    assert line.reason
    assert "None" not in line.reason
    assert json.loads(json.dumps(line.inputs)) == line.inputs
    assert line.inputs["month"] == month.isoformat()[:7]
    assert hold_until(terms, deal, month) >= accrues_on(terms, deal, month) - timedelta(days=1)


@given(terms_of_all_kinds, deals, months)
def test_months_that_are_not_listed_earn_nothing(terms: Single, deal: Deal, month: date) -> None:
    listed = earning_months(terms, deal, THROUGH)
    assert list(listed) == sorted(set(listed))
    assert month in listed or evaluate(terms, deal, month).amount_minor == 0


two_pauses = st.tuples(early, st.integers(20, 90), early, st.integers(20, 90)).map(
    lambda drawn: tuple(Pause(start, start + timedelta(days=length)) for start, length in (drawn[:2], drawn[2:]))
)
eventful = st.builds(
    Deal,
    **usual
    | {
        "movements": st.lists(movement, min_size=2, max_size=5).map(tuple),
        "pauses": two_pauses,
        "receipts": st.lists(receipt, min_size=2, max_size=5).map(tuple),
    },
)


@given(terms_of_all_kinds, eventful)
def test_the_order_in_which_facts_arrive_changes_nothing(terms: Single, deal: Deal) -> None:
    other = deal._replace(movements=deal.movements[::-1], pauses=deal.pauses[::-1], receipts=deal.receipts[::-1])
    assert targets(terms, other, THROUGH) == targets(terms, deal, THROUGH)


@given(terms_of_all_kinds, deals)
def test_all_months_at_once_are_the_months_one_by_one(terms: Single, deal: Deal) -> None:
    through = date(2026, 6, 1)
    found = targets(terms, deal, through)
    assert found == {month: evaluate(terms, deal, month) for month in earning_months(terms, deal, through)}


@given(percents, deals, months, st.integers(1, 400_000), st.integers(1, 400_000), days)
def test_one_payment_or_two_is_the_same(terms: Percent, deal: Deal, month: date, one: int, two: int, on: date) -> None:
    deal = deal._replace(first_invoice_on=date(2025, 1, 1))
    whole = deal._replace(receipts=(*deal.receipts, Receipt(on, on, one + two)))
    parts = deal._replace(receipts=(*deal.receipts, Receipt(on, on, one), Receipt(on, on, two)))
    assert evaluate(terms, parts, month).amount_minor == evaluate(terms, whole, month).amount_minor


@given(percents, deals, months, st.integers(1, 400_000), days)
def test_a_full_credit_note_brings_back_what_was_before(
    terms: Percent, deal: Deal, month: date, minor: int, on: date
) -> None:
    before = deal._replace(first_invoice_on=date(2025, 1, 1))
    after = before._replace(receipts=(*deal.receipts, Receipt(on, on, minor), Receipt(on, on, -minor)))
    assert evaluate(terms, after, month).amount_minor == evaluate(terms, before, month).amount_minor


@given(percents, served, st.integers(0, 1_000_000))
def test_more_revenue_never_pays_less(terms: Percent, deal: Deal, more: int) -> None:
    richer = deal._replace(
        mrr_minor=deal.mrr_minor + more,
        movements=tuple(one._replace(mrr_minor=one.mrr_minor + more) for one in deal.movements),
    )
    capless = {"cap_lifetime_minor": None}
    terms = Percent(**{name: getattr(terms, name) for name in terms.__dataclass_fields__} | capless)
    for month, line in targets(terms, deal, THROUGH).items():
        if line.amount_minor >= 0:
            assert evaluate(terms, richer, month).amount_minor >= line.amount_minor


@given(mrr, st.integers(0, 1_000_000), st.integers(0, 3_000_000))
def test_marginal_tiers_never_pay_less_for_more(minor: int, more: int, before: int) -> None:
    terms = Tiered(tiers=TIERS, mode="marginal")
    one = Deal("USD", minor, starts_on=date(2026, 1, 1))
    two = one._replace(mrr_minor=minor + more)
    paid = [
        evaluate(terms, deal, date(2026, 1, 1), standing=Standing(before, before + deal.mrr_minor)).amount_minor
        for deal in (one, two)
    ]
    assert paid[0] <= paid[1]


@given(st.lists(mrr, min_size=1, max_size=8))
def test_contracts_in_marginal_tiers_add_up_to_their_partner_but_for_rounding(amounts: list[int]) -> None:
    terms, january = Tiered(tiers=TIERS, mode="marginal"), date(2026, 1, 1)
    whole = evaluate(terms, Deal("USD", sum(amounts), starts_on=january), january).amount_minor
    parts = before = 0
    for minor in amounts:
        deal = Deal("USD", minor, starts_on=january)
        parts += evaluate(terms, deal, january, standing=Standing(before, sum(amounts))).amount_minor
        before += minor
    assert abs(2 * (parts - whole)) <= len(amounts) + 1


@given(terms_of_all_kinds, deals, months)
def test_four_years_later_everything_is_the_same(terms: Single, deal: Deal, month: date) -> None:
    def later(value: Any) -> Any:
        if isinstance(value, date):
            return value.replace(year=value.year + 4)
        if isinstance(value, tuple):
            moved = [later(item) for item in value]
            return value._make(moved) if hasattr(value, "_make") else tuple(moved)
        return value

    assert evaluate(terms, later(deal), later(month)).amount_minor == evaluate(terms, deal, month).amount_minor


@given(st.integers(1, 10_000), mrr, st.dates(date(2025, 3, 1), date(2025, 12, 31)), st.integers(1, 2))
def test_a_term_pays_its_months_whatever_day_it_begins(rate: int, minor: int, start: date, years: int) -> None:
    terms = Percent(basis_points=rate, months=12 * years)
    found = targets(terms, Deal("USD", minor, starts_on=start), THROUGH)
    exact = round_half_away(12 * years * minor * rate, 10_000)
    assert abs(sum(line.amount_minor for line in found.values()) - exact) <= 6 * years + 1
    assert len(found) == 12 * years + (start.day > 1)


@given(percents, served)
def test_caps_are_never_exceeded(terms: Percent, deal: Deal) -> None:
    lines = targets(terms, deal, THROUGH).values()
    if terms.cap_per_month_minor:
        assert all(line.amount_minor <= terms.cap_per_month_minor for line in lines)
    if terms.cap_lifetime_minor and all(line.amount_minor >= 0 for line in lines):
        assert sum(line.amount_minor for line in lines) <= terms.cap_lifetime_minor


@given(terms_of_all_kinds, served)
def test_a_clawback_takes_back_at_most_what_was_earned(terms: Single, deal: Deal) -> None:
    fields = {name: getattr(terms, name) for name in terms.__dataclass_fields__}
    kept = type(terms)(**fields | {"clawback": None})
    before = targets(kept, deal, THROUGH)
    for month, line in targets(terms, deal, THROUGH).items():
        assert abs(line.amount_minor) <= abs(before[month].amount_minor)
        assert line.amount_minor * before[month].amount_minor >= 0


shares = st.dictionaries(st.integers(0, 99), st.integers(1, 3_000), max_size=3)


@given(st.integers(-(10**12), 10**12), shares, st.randoms())
def test_a_split_loses_no_cent_and_mirrors_its_reversal(minor: int, found: dict[int, int], random: Any) -> None:
    pairs = list(found.items())
    shared = split(minor, pairs)
    assert sum(shared.partners.values()) + shared.kept == minor
    assert set(shared.partners) == set(found)
    random.shuffle(pairs)
    reversed_ = split(-minor, pairs)
    assert reversed_.kept == -shared.kept
    assert reversed_.partners == {key: -part for key, part in shared.partners.items()}


lines_of_an_invoice = st.dictionaries(st.sampled_from("abcd"), st.integers(0, 10**6), min_size=1)


@given(lines_of_an_invoice, st.lists(st.integers(0, 10**6), min_size=1, max_size=5))
def test_parts_of_an_invoice_bring_exactly_what_one_payment_brings(
    invoice: dict[str, int], payments: list[int]
) -> None:
    eligible, paid, brought = frozenset("ab"), 0, 0
    for payment in payments:
        brought += eligible_collected(invoice, eligible, paid, payment)
        paid += payment
    assert brought == eligible_collected(invoice, eligible, 0, paid)
    if paid >= sum(invoice.values()):
        assert brought == invoice.get("a", 0) + invoice.get("b", 0)


amounts_of_a_year = st.lists(st.integers(-100_000, 500_000), max_size=30).map(
    lambda minors: [Earned(number, minor, 300_000) for number, minor in enumerate(minors)]
)


@given(amounts_of_a_year, st.randoms(use_true_random=False))
def test_a_year_never_passes_its_cap_and_does_not_depend_on_the_order_it_is_told_in(
    amounts: list[Earned[int]], chance: Any
) -> None:
    found = within_year(amounts)
    assert sum(found.values()) <= 300_000
    assert all(found[one.key] <= one.minor and (found[one.key] >= 0 or one.minor < 0) for one in amounts)
    assert within_year(chance.sample(amounts, len(amounts))) == found
    running = 0
    for one in amounts:
        running += found[one.key]
        assert found[one.key] == one.minor or running == 300_000 or found[one.key] == 0, "all of it, or all the room"


@given(amounts_of_a_year, st.integers(0, 30))
def test_what_is_earned_later_never_lowers_what_was_earned_before(amounts: list[Earned[int]], count: int) -> None:
    before, after = within_year(amounts[:count]), within_year(amounts)
    assert all(after[key] == minor for key, minor in before.items())


@given(amounts_of_a_year)
def test_without_a_cap_everything_is_kept(amounts: list[Earned[int]]) -> None:
    assert within_year([one._replace(cap_minor=None) for one in amounts]) == {one.key: one.minor for one in amounts}
