"""docs/algorithms/rounding.md, executed."""

import json
import re

import pytest

from elinkages.kernel.money import (
    allocate,
    exponent,
    format_money,
    parse_money,
    plain_money,
    round_half_away,
)
from tests.tables import rows

PAGE = "rounding.md"
Row = dict[str, str]


def every(*columns: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("row", rows(PAGE, *columns), ids=lambda row: " ".join(row.values()))


@every("Currency", "Decimals")
def test_a_currency_has_the_decimals_of_the_page(row: Row) -> None:
    assert exponent(row["Currency"]) == int(row["Decimals"])


@every("Numerator", "Denominator", "Rounded")
def test_rounding_goes_where_the_page_says(row: Row) -> None:
    assert round_half_away(int(row["Numerator"]), int(row["Denominator"])) == int(row["Rounded"])


@every("#", "Minor", "Weights", "Parts")
def test_sharing_out_gives_the_parts_of_the_page(row: Row) -> None:
    weights = list(json.loads(row["Weights"]).items())
    assert allocate(int(row["Minor"]), weights) == json.loads(row["Parts"])


@every("Minor", "Currency", "Locale", "For people", "For programs")
def test_amounts_are_written_as_on_the_page(row: Row) -> None:
    minor, currency = int(row["Minor"]), row["Currency"]
    assert format_money(minor, currency, row["Locale"]).replace("\xa0", " ") == row["For people"]
    assert plain_money(minor, currency) == row["For programs"]


@every("Text", "Currency", "Read as")
def test_amounts_are_read_as_on_the_page(row: Row) -> None:
    text, currency, expected = row.values()
    if expected.startswith("“"):
        with pytest.raises(ValueError, match=f"^{re.escape(expected)}$"):
            parse_money(text, currency)
    else:
        assert parse_money(text, currency).minor == int(expected)
