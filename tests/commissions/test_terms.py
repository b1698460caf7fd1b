"""Terms: checked when made, stored as JSON, said in one sentence."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commissions.terms import (
    Combined,
    Flat,
    FullClawback,
    LinearClawback,
    MrrMultiple,
    NoReward,
    Percent,
    SteppedClawback,
    Terms,
    TermsError,
    Tiered,
    components,
    describe,
    from_json,
    kind_of,
    sha256,
    to_json,
)

TIERS = ((0, 500), (500_000, 800), (1_500_000, 1000))
CLIENTS = ((0, 500), (2, 750), (4, 1000))
clawbacks = (
    st.none()
    | st.builds(FullClawback, window_days=st.integers(1, 3650))
    | st.builds(LinearClawback, months=st.integers(1, 120))
    | st.just(SteppedClawback(((30, 10_000), (60, 5_000))))
)
percents = st.builds(
    Percent,
    basis_points=st.integers(1, 10_000),
    months=st.none() | st.integers(1, 600),
    base=st.sampled_from(["contracted", "collected"]),
    trigger=st.sampled_from(["won", "service_start", "first_payment"]),
    proration=st.sampled_from(["actual", "thirty_360", "none"]),
    hold_days=st.integers(0, 365),
    clawback=clawbacks,
)
flats = st.builds(Flat, amount_minor=st.integers(1, 10**12), clawback=clawbacks)
multiples = st.builds(MrrMultiple, basis_points=st.integers(1, 360_000), clawback=clawbacks)
tiered = st.builds(Tiered, tiers=st.just(TIERS), mode=st.sampled_from(["marginal", "whole"]))
all_terms: st.SearchStrategy[Terms] = (
    percents
    | flats
    | multiples
    | tiered
    | st.just(NoReward())
    | st.builds(lambda one, two: Combined(parts=(one, two)), flats, percents)
)


@given(all_terms)
def test_terms_survive_the_way_through_json(terms: Terms) -> None:
    again = from_json(json.loads(json.dumps(to_json(terms))))
    assert again == terms
    assert sha256(again) == sha256(terms)


@given(all_terms, all_terms)
def test_only_equal_terms_have_equal_fingerprints(one: Terms, two: Terms) -> None:
    assert (sha256(one) == sha256(two)) is (one == two)


def test_json_writes_every_option_out() -> None:
    assert to_json(Flat(amount_minor=50_000, clawback=FullClawback(90))) == {
        "kind": "flat",
        "amount_minor": 50_000,
        "trigger": "first_payment",
        "hold_days": 30,
        "clawback": {"kind": "full", "window_days": 90},
        "cap_per_month_minor": None,
        "cap_lifetime_minor": None,
        "cap_year_minor": None,
        "minimum_minor": None,
        "paid_in": "money",
    }


def test_options_left_out_take_their_defaults() -> None:
    terms = from_json({"kind": "percent", "basis_points": 1000})
    assert terms == Percent(basis_points=1000, months=12, base="contracted", hold_days=30)


PERCENT = {"kind": "percent", "basis_points": 1000}
REFUSED: list[tuple[object, str, str]] = [
    ([], "kind", "Terms are an object with a kind."),
    ({1: 2}, "kind", "Terms are an object with a kind."),
    (
        {},
        "kind",
        "The kind of plan must be one of none, flat, mrr_multiple, percent, tiered, combined.",
    ),
    ({"kind": ["flat"]}, "kind", "The kind of plan must be one of"),
    ({"kind": "percent"}, "basis_points", "“basis_points” is missing."),
    ({**PERCENT, "bonus": 1}, "bonus", "“bonus” is not part of this kind of plan."),
    (
        {**PERCENT, "basis_points": 0},
        "basis_points",
        "The percentage in basis points must be a whole number from 1 to 10,000.",
    ),
    ({**PERCENT, "basis_points": 10.5}, "basis_points", "must be a whole number"),
    ({**PERCENT, "basis_points": True}, "basis_points", "must be a whole number"),
    (
        {**PERCENT, "months": 0},
        "months",
        "The term in months must be a whole number from 1 to 600.",
    ),
    ({**PERCENT, "base": "invoiced"}, "base", "The base must be one of contracted, collected."),
    ({**PERCENT, "counting": []}, "counting", "The counting of months must be one of"),
    (
        {**PERCENT, "proration": 1},
        "proration",
        "The proration must be one of actual, thirty_360, none.",
    ),
    ({**PERCENT, "expansion": "x"}, "expansion", "Expansion must be one of"),
    ({**PERCENT, "pause": "x"}, "pause", "A pause must be one of"),
    (
        {**PERCENT, "trigger": "x"},
        "trigger",
        "The trigger must be one of won, service_start, first_payment.",
    ),
    (
        {**PERCENT, "hold_days": -1},
        "hold_days",
        "The hold in days must be a whole number from 0 to 365.",
    ),
    (
        {**PERCENT, "cap_per_month_minor": 0},
        "cap_per_month_minor",
        "A cap or minimum, in minor units, must be",
    ),
    (
        {**PERCENT, "minimum_minor": 200, "cap_lifetime_minor": 100},
        "minimum_minor",
        "The minimum is above the cap.",
    ),
    ({**PERCENT, "clawback": "full"}, "clawback", "A clawback is an object with a kind."),
    (
        {**PERCENT, "clawback": {"kind": "half"}},
        "clawback.kind",
        "must be one of full, linear, stepped.",
    ),
    (
        {**PERCENT, "clawback": {"kind": "full", "days": 3}},
        "clawback.days",
        "“days” is not part of",
    ),
    (
        {**PERCENT, "clawback": {"kind": "full", "window_days": 0}},
        "clawback.window_days",
        "The clawback window in days must",
    ),
    (
        {**PERCENT, "clawback": {"kind": "linear", "months": 0}},
        "clawback.months",
        "The clawback window in months must",
    ),
    ({**PERCENT, "clawback": {"kind": "stepped"}}, "clawback.steps", "“steps” is missing."),
    (
        {**PERCENT, "clawback": {"kind": "stepped", "steps": []}},
        "clawback.steps",
        "A stepped clawback has 1 to 12 steps.",
    ),
    (
        {**PERCENT, "clawback": {"kind": "stepped", "steps": [[1]]}},
        "clawback.steps",
        "must be a list of pairs.",
    ),
    ({**PERCENT, "clawback": {"kind": "stepped", "steps": 3}}, "clawback.steps", "must be a list."),
    (
        {**PERCENT, "clawback": {"kind": "stepped", "steps": [[60, 1], [30, 1]]}},
        "clawback.steps",
        "from the fewest days to the most.",
    ),
    (
        {**PERCENT, "clawback": {"kind": "stepped", "steps": [[0, 1]]}},
        "clawback.steps",
        "The days of a clawback step",
    ),
    (
        {**PERCENT, "clawback": {"kind": "stepped", "steps": [[30, 0]]}},
        "clawback.steps",
        "The share of a clawback step",
    ),
    (
        {"kind": "flat", "amount_minor": 0},
        "amount_minor",
        "The fee, in minor units, must be a whole number",
    ),
    (
        {"kind": "mrr_multiple", "basis_points": 0},
        "basis_points",
        "The multiple in basis points must",
    ),
    ({"kind": "tiered", "mode": "whole", "tiers": []}, "tiers", "A tiered plan has 1 to 20 tiers."),
    (
        {"kind": "tiered", "mode": "whole", "tiers": [[1, 500]]},
        "tiers",
        "The first tier starts at 0",
    ),
    (
        {"kind": "tiered", "mode": "whole", "tiers": [[0, 500], [0, 600]]},
        "tiers",
        "every next one higher.",
    ),
    (
        {"kind": "tiered", "mode": "whole", "tiers": [[0, 10_001]]},
        "tiers",
        "The percentage of a tier",
    ),
    ({"kind": "tiered", "mode": "whole", "tiers": [[-1, 500]]}, "tiers", "The start of a tier"),
    ({"kind": "tiered", "mode": "both", "tiers": [[0, 500]]}, "mode", "The mode of the tiers must"),
    (
        {"kind": "tiered", "mode": "whole", "tiers": [[0, 5]], "tier_base": "x"},
        "tier_base",
        "What the tiers count must",
    ),
    (
        {"kind": "tiered", "mode": "whole", "tiers": [[0, 5]], "reset": "x"},
        "reset",
        "When the tiers start again must",
    ),
    (
        {"kind": "tiered", "mode": "whole", "tiers": [[0, 5]], "rate": "x"},
        "rate",
        "The rate of a client must",
    ),
    ({"kind": "combined", "parts": [PERCENT]}, "parts", "A combined plan has 2 to 4 parts"),
    ({"kind": "combined", "parts": [PERCENT, {"kind": "none"}]}, "parts", "each of them a reward."),
    ({"kind": "combined", "parts": [PERCENT, PERCENT]}, "parts", "at most one part of each kind."),
    ({"kind": "combined", "parts": {}}, "parts", "must be a list."),
]


@pytest.mark.parametrize(("data", "field", "sentence"), REFUSED)
def test_terms_that_cannot_be_kept_are_refused_with_field_and_sentence(data: object, field: str, sentence: str) -> None:
    with pytest.raises(TermsError) as refusal:
        from_json(data)
    assert refusal.value.field == field
    assert sentence in refusal.value.sentence
    assert str(refusal.value) == refusal.value.sentence


def test_a_clawback_must_be_one_of_the_three() -> None:
    with pytest.raises(TermsError, match="must be full, linear, stepped or nothing"):
        Flat(amount_minor=1, clawback="full")  # type: ignore[arg-type]


SAID: list[tuple[Terms, str]] = [
    (NoReward(), "No commission"),
    (Percent(basis_points=1000), "10% of monthly recurring revenue for 12 months, held 30 days"),
    (
        Percent(basis_points=500, months=None, base="collected", trigger="first_payment", hold_days=0),
        "5% of revenue collected for as long as the client stays",
    ),
    (
        Percent(
            basis_points=750,
            months=1,
            trigger="won",
            expansion="excluded",
            proration="none",
            hold_days=1,
        ),
        "7.5% of monthly recurring revenue for 1 month, counted from the day the deal is won, "
        "growth of the client not counted, part months paid in full, held 1 day",
    ),
    (
        Flat(amount_minor=50_000, clawback=FullClawback(90)),
        "$500.00 once, when the first invoice is paid, held 30 days, taken back if the client leaves within 90 days",
    ),
    (
        MrrMultiple(basis_points=15_000, trigger="won", hold_days=0, clawback=LinearClawback(12)),
        "1.5 × monthly recurring revenue once, when the deal is won, "
        "taken back in part if the client leaves within 12 months",
    ),
    (
        Flat(
            amount_minor=100,
            hold_days=0,
            trigger="service_start",
            clawback=SteppedClawback(((30, 10_000), (60, 5_000))),
        ),
        "$1.00 once, when service starts, taken back: 100% if the client leaves within 30 days, "
        "50% if the client leaves within 60 days",
    ),
    (
        Percent(
            basis_points=1200,
            hold_days=0,
            cap_per_month_minor=100_000,
            cap_lifetime_minor=750_000,
            minimum_minor=2_500,
        ),
        "12% of monthly recurring revenue for 12 months, at least $25.00 when anything is due, "
        "at most $1,000.00 a month, at most $7,500.00 in all",
    ),
    (
        Tiered(tiers=TIERS, mode="marginal", hold_days=0, months=None),
        "5% below $5,000.00, 8% from $5,000.00, 10% from $15,000.00 of monthly recurring revenue, "
        "by monthly revenue brought and still active this month, each part at its own rate, "
        "for as long as the client stays",
    ),
    (
        Tiered(tiers=CLIENTS, mode="whole", tier_base="wins", reset="quarter", hold_days=0, months=1),
        "5% for the first 2 clients, 7.5% from client 3, 10% from client 5 of monthly recurring "
        "revenue, by clients won this quarter, everything at the rate reached, for 1 month",
    ),
    (
        Tiered(
            tiers=((0, 500),),
            mode="whole",
            counting="calendar",
            pause="clock_runs",
            rate="locked",
            base="collected",
            trigger="first_payment",
        ),
        "5% of revenue collected, by monthly revenue brought and still active this month, "
        "everything at the rate reached, for 12 months, in calendar months, "
        "pauses not made up for, a client keeps the rate it was won at, held 30 days",
    ),
    (
        Combined(parts=(Flat(amount_minor=10_000, hold_days=0), Percent(basis_points=500, hold_days=0))),
        "$100.00 once, when the first invoice is paid; and 5% of monthly recurring revenue for 12 months",
    ),
]


@pytest.mark.parametrize(("terms", "sentence"), SAID)
def test_terms_are_said_in_one_plain_sentence(terms: Terms, sentence: str) -> None:
    assert describe(terms, "USD") == sentence


@given(all_terms)
def test_every_kind_of_terms_can_be_described(terms: Terms) -> None:
    assert describe(terms, "JPY")


def test_every_reward_inside_terms_has_its_own_key() -> None:
    fee, share = Flat(amount_minor=1), Percent(basis_points=1)
    assert components(NoReward()) == ()
    assert components(fee) == (("flat", fee),)
    assert components(Combined(parts=(fee, share))) == (("flat", fee), ("percent", share))
    assert kind_of(Combined(parts=(fee, share))) == "combined"


def test_terms_cannot_be_changed() -> None:
    terms: Any = Flat(amount_minor=1)
    with pytest.raises(AttributeError):
        terms.amount_minor = 2
