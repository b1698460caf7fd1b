"""Money: rounding, sharing out, reading and writing amounts (docs/algorithms/rounding.md)."""

import re
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from itertools import permutations
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elinkages.kernel.money import (
    CurrencyMismatch,
    Money,
    allocate,
    exponent,
    format_basis_points,
    format_money,
    format_multiple,
    parse_money,
    plain_money,
    round_half_away,
)

amounts = st.integers(-(10**14), 10**14)
weights = st.dictionaries(st.integers(0, 99), st.integers(0, 10_000), min_size=1, max_size=9).filter(
    lambda found: sum(found.values()) > 0
)


@given(amounts, st.integers(1, 10**9))
def test_halves_round_away_from_zero_in_both_directions(numerator: int, denominator: int) -> None:
    rounded = round_half_away(numerator, denominator)
    assert rounded == -round_half_away(-numerator, denominator)
    assert abs(Fraction(numerator, denominator) - rounded) <= Fraction(1, 2)
    if 2 * numerator % denominator == 0 and numerator % denominator:
        assert abs(rounded) > abs(Fraction(numerator, denominator))


@given(amounts)
def test_rounding_agrees_with_the_decimal_module(minor: int) -> None:
    exact = Decimal(minor) / 100
    assert round_half_away(minor, 100) == int(exact.quantize(Decimal(1), ROUND_HALF_UP))


@pytest.mark.parametrize("denominator", [0, -1])
def test_a_denominator_must_be_positive(denominator: int) -> None:
    with pytest.raises(ValueError, match="must be positive"):
        round_half_away(1, denominator)


@given(amounts, weights)
def test_sharing_out_loses_no_cent_and_stays_within_one_of_exact(minor: int, found: dict[int, int]) -> None:
    parts = allocate(minor, list(found.items()))
    total = sum(found.values())
    assert sum(parts.values()) == minor
    for key, weight in found.items():
        assert abs(parts[key] - Fraction(minor * weight, total)) < 1


@given(amounts, weights, st.randoms())
def test_sharing_out_ignores_the_order_of_its_arguments(minor: int, found: dict[str, int], random: Random) -> None:
    shuffled = list(found.items())
    random.shuffle(shuffled)
    assert allocate(minor, shuffled) == allocate(minor, list(found.items()))


@given(amounts, weights)
def test_a_reversal_shares_out_to_exactly_the_negative(minor: int, found: dict[int, int]) -> None:
    pairs = list(found.items())
    assert allocate(-minor, pairs) == {key: -part for key, part in allocate(minor, pairs).items()}


def test_the_odd_cent_goes_to_the_lowest_key() -> None:
    for order in permutations([("A", 1), ("B", 1), ("C", 1)]):
        assert allocate(10_000, order) == {"A": 3334, "B": 3333, "C": 3333}
        assert allocate(-10_000, order) == {"A": -3334, "B": -3333, "C": -3333}


def test_a_weight_of_zero_gets_nothing() -> None:
    assert allocate(100, [("A", 0), ("B", 3), ("C", 0)]) == {"A": 0, "B": 100, "C": 0}


@pytest.mark.parametrize("pairs", [[], [("A", 0)], [("A", -1), ("B", 2)], [("A", 1), ("A", 2)]])
def test_weights_that_cannot_be_shared_by_are_refused(pairs: list[tuple[str, int]]) -> None:
    with pytest.raises(ValueError, match=r"[Ww]eights|key may come once"):
        allocate(100, pairs)


def test_exponents_follow_iso_4217_and_not_the_shops() -> None:
    found = [exponent(code) for code in ("USD", "JPY", "KWD", "IQD", "LBP", "CLF", "HUF")]
    assert found == [2, 0, 3, 3, 2, 4, 2]
    with pytest.raises(ValueError, match="“ABC” is not an ISO 4217 currency code"):
        exponent("ABC")


def test_money_adds_subtracts_negates_and_compares_within_one_currency() -> None:
    one, two = Money(100, "USD"), Money(250, "USD")
    assert one + two == Money(350, "USD")
    assert one - two == -Money(150, "USD")
    assert one < two
    assert one <= two
    assert max(one, two) is two
    assert not Money(0, "USD")
    assert str(one - two) == "\u2212$1.50"
    assert Money(100, "EUR") != one


def test_money_of_two_currencies_is_never_combined() -> None:
    for combine in (Money.__add__, Money.__sub__, Money.__lt__, Money.__le__):
        with pytest.raises(CurrencyMismatch, match="USD and EUR cannot be combined"):
            combine(Money(1, "USD"), Money(1, "EUR"))


def test_money_refuses_what_is_not_a_whole_minor_unit() -> None:
    for minor in (True, "1", Decimal(1)):
        with pytest.raises(TypeError):
            Money(minor, "USD")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="not an ISO 4217"):
        Money(1, "usd")


@given(amounts, st.sampled_from(["USD", "JPY", "KWD", "CLF", "INR"]))
def test_what_is_written_is_read_back(minor: int, currency: str) -> None:
    assert parse_money(plain_money(minor, currency), currency).minor == minor
    assert parse_money(format_money(minor, currency), currency, decimal_mark=".").minor == minor


@pytest.mark.parametrize(
    ("minor", "currency", "locale", "written"),
    [
        (123456, "USD", "en_US", "$1,234.56"),
        (-50000, "USD", "en_US", "\u2212$500.00"),
        (7407, "JPY", "en_US", "¥7,407"),
        (92593, "KWD", "en_US", "KWD\xa092.593"),
        (123456789, "EUR", "de_DE", "1.234.567,89\xa0€"),
        (1234567890, "INR", "en_IN", "₹1,23,45,678.90"),
        (5, "INR", "en_IN", "₹0.05"),
    ],
)
def test_amounts_are_written_for_the_reader(minor: int, currency: str, locale: str, written: str) -> None:
    assert format_money(minor, currency, locale) == written


def test_amounts_for_programs_are_plain_ascii() -> None:
    assert [plain_money(-123456, "USD"), plain_money(-7, "JPY"), plain_money(5, "KWD")] == [
        "-1234.56",
        "-7",
        "0.005",
    ]


def test_rates_and_multiples_are_written_without_trailing_zeros() -> None:
    assert [format_basis_points(rate) for rate in (1000, 750, 1, 0, -825)] == [
        "10%",
        "7.5%",
        "0.01%",
        "0%",
        "\u22128.25%",
    ]
    assert [format_multiple(rate) for rate in (15000, 10000, 2500, -15000)] == [
        "1.5",
        "1",
        "0.25",
        "\u22121.5",
    ]


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("$1,234.56", "USD", 123456),
        ("1.234,56", "USD", 123456),
        ("1234", "USD", 123400),
        (" 1 234,56 € ", "EUR", 123456),
        ("1\u202f234,56", "EUR", 123456),
        ("1'234.50 CHF", "CHF", 123450),
        ("usd 5", "USD", 500),
        ("US$5", "USD", 500),
        ("CA$5", "CAD", 500),
        ("$5", "CAD", 500),
        ("-12", "USD", -1200),
        ("\u2212$500.00", "USD", -50000),
        ("$-5", "USD", -500),
        (".5", "USD", 50),
        ("5.", "USD", 500),
        ("0,12", "USD", 12),
        ("1,234", "USD", 123400),
        ("1,234,567", "USD", 123456700),
        ("1.234.567,8", "EUR", 123456780),
        ("12,34,567.00", "INR", 123456700),
        ("1.234", "KWD", 1234),
        ("1.234", "JPY", 1234),
        ("12.00", "JPY", 12),
        ("12.3400", "USD", 1234),
    ],
)
def test_amounts_are_read_as_people_write_them(text: str, currency: str, minor: int) -> None:
    assert parse_money(text, currency) == Money(minor, currency)


@pytest.mark.parametrize(
    ("text", "currency", "sentence"),
    [
        ("", "USD", "Enter an amount, for example 1,234.56."),
        ("(12.00)", "USD", "“(12.00)” is in parentheses. Write a negative amount as -12.00."),
        ("abc", "USD", "“abc” is not an amount. Write it like 1,234.56."),
        ("--5", "USD", "“--5” is not an amount. Write it like 1,234.56."),
        ("-$-5", "USD", "“-$-5” is not an amount. Write it like 1,234.56."),
        ("=1+1", "USD", "“=1+1” is not an amount. Write it like 1,234.56."),
        ("1e5", "USD", "“1e5” is not an amount. Write it like 1,234.56."),
        ("1,23.00", "USD", "“1,23.00” is not an amount. Write it like 1,234.56."),
        ("1.2.3", "USD", "“1.2.3” is not an amount. Write it like 1,234.56."),
        ("1,234.567.89", "USD", "“1,234.567.89” is not an amount. Write it like 1,234.56."),
        ("€5", "USD", "“€” is not USD. Write the amount in USD."),
        ("5 per month", "USD", "“5 per month” is not an amount. Write it like 1,234.56."),
        ("1.234", "USD", "“1.234” could be read two ways. Write 1234 or 1.23."),
        ("1,234", "KWD", "“1,234” could be read two ways. Write 1234 or 1.23."),
        ("1234,567", "USD", "“1234,567” is finer than USD allows: 2 decimal places."),
        ("12.5", "JPY", "“12.5” is finer than JPY allows: no decimal places."),
        ("9" * 20, "USD", f"“{'9' * 20}” is larger than any amount kept here."),
    ],
)
def test_what_cannot_be_read_is_refused_with_a_sentence(text: str, currency: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        parse_money(text, currency)


def test_a_known_decimal_mark_settles_what_one_cell_cannot() -> None:
    assert parse_money("1.234", "USD", decimal_mark=",") == Money(123400, "USD")
    assert parse_money("1,23", "EUR", decimal_mark=",") == Money(123, "EUR")
    with pytest.raises(ValueError, match="finer than USD"):
        parse_money("1,234", "USD", decimal_mark=",")
