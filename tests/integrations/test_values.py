"""A cell becomes a value, or a sentence names the cell and its column."""

import re

import pytest

from integrations.spreadsheets.fields import FIELDS, Field
from integrations.spreadsheets.values import (
    DAY_FIRST,
    MONTH_FIRST,
    NotReadable,
    Reading,
    guess_date_order,
    guess_decimal_mark,
    read_cell,
)


def field(kind: str, name: str) -> Field:
    return next(one for one in FIELDS[kind] if one.name == name)


OWED_FROM, MRR = field("clients", "owed_from"), field("clients", "mrr_minor")
NAME, EMAIL, WEBSITE, NOTE = (field("partners", name) for name in ("name", "email", "website", "note"))


@pytest.mark.parametrize(
    ("cell", "order", "day"),
    [
        ("2026-03-01", MONTH_FIRST, "2026-03-01"),
        ("2026/3/1", DAY_FIRST, "2026-03-01"),
        ("2026-03-01 00:00:00", MONTH_FIRST, "2026-03-01"),
        ("2026-03-01T10:00:00Z", MONTH_FIRST, "2026-03-01"),
        ("3/1/2026", MONTH_FIRST, "2026-03-01"),
        ("3/1/26", MONTH_FIRST, "2026-03-01"),
        ("1.3.2026", DAY_FIRST, "2026-03-01"),
        ("01-03-2026", DAY_FIRST, "2026-03-01"),
        ("1 Mar 2026", MONTH_FIRST, "2026-03-01"),
        ("1st March 2026", DAY_FIRST, "2026-03-01"),
        ("Mar 1, 2026", DAY_FIRST, "2026-03-01"),
        ("1-Mar-26", MONTH_FIRST, "2026-03-01"),
    ],
)
def test_days_are_read_as_people_write_them(cell: str, order: str, day: str) -> None:
    assert read_cell(OWED_FROM, cell, Reading("USD", order)) == day


@pytest.mark.parametrize(
    ("cell", "sentence"),
    [
        ("31/02/2026", "“31/02/2026” in Owed from is not a date."),
        ("2026-02-30", "“2026-02-30” in Owed from is not a date."),
        ("next month", "“next month” in Owed from is not a date."),
        (
            "46084",
            "“46084” in Owed from is a spreadsheet’s internal day number."
            " Format that column as a date and export again.",
        ),
        ("1/1/1900", "“1/1/1900” in Owed from is not between 1980 and 2099."),
        ("0000-00-00", "“0000-00-00” in Owed from is not a date."),
        ("9" * 300, f"“{'9' * 40}…” in Owed from is far too long."),
    ],
)
def test_what_is_no_day_is_named_with_its_column(cell: str, sentence: str) -> None:
    with pytest.raises(NotReadable) as refusal:
        read_cell(OWED_FROM, cell, Reading("USD", DAY_FIRST))
    assert str(refusal.value) == sentence


@pytest.mark.parametrize(
    ("cell", "mark", "minor"),
    [("$1,200.50", ".", 120_050), ("1.200,50", ",", 120_050), ("1,200", ".", 120_000), ("1.200", ",", 120_000)],
)
def test_amounts_follow_the_decimal_sign_of_the_file(cell: str, mark: str, minor: int) -> None:
    assert read_cell(MRR, cell, Reading("USD", decimal_mark=mark)) == minor


@pytest.mark.parametrize("cell", ["twelve", "-5", "1.200,50", "12.345", "€ 5", "1e9", "99999999999999999999", "=1+1"])
def test_what_is_no_amount_is_refused_and_never_guessed(cell: str) -> None:
    with pytest.raises(NotReadable, match="MRR"):
        read_cell(MRR, cell, Reading("USD"))


@pytest.mark.parametrize("cell", ["=cmd|'/c calc'!A1", "+1+1", "-2+3", "@SUM(A1)"])
def test_a_formula_is_no_name(cell: str) -> None:
    with pytest.raises(NotReadable, match="in Name begins like a formula"):
        read_cell(NAME, cell, Reading("USD"))


def test_a_formula_elsewhere_is_text_and_our_own_guard_is_taken_off_again() -> None:
    assert read_cell(NOTE, "=1+1", Reading("USD")) == "=1+1"
    assert read_cell(NOTE, "'=1+1", Reading("USD")) == "=1+1"
    assert read_cell(NAME, "O'Hara", Reading("USD")) == "O'Hara"


def test_markup_is_text() -> None:
    assert read_cell(NAME, "<b>Acme</b> & Co", Reading("USD")) == "<b>Acme</b> & Co"


def test_control_characters_become_spaces_and_long_values_are_named() -> None:
    assert read_cell(NAME, "A\x07\x00B\u200b  C", Reading("USD")) == "A B C"
    with pytest.raises(NotReadable, match="Name has 161 characters, and 160 are kept"):
        read_cell(NAME, "x" * 161, Reading("USD"))


@pytest.mark.parametrize("cell", ["dana@", "dana", "a b@c.co", "javascript:alert(1)"])
def test_what_is_no_address_is_named(cell: str) -> None:
    with pytest.raises(NotReadable, match="in E-mail is not an e-mail address"):
        read_cell(EMAIL, cell, Reading("USD"))


@pytest.mark.parametrize("cell", ["javascript:alert(1)", "ftp://x.com", "not a site", "http://"])
def test_only_web_addresses_are_web_addresses(cell: str) -> None:
    with pytest.raises(NotReadable, match="in Website is not a web address"):
        read_cell(WEBSITE, cell, Reading("USD"))
    assert read_cell(WEBSITE, "acme.com", Reading("USD")) == "https://acme.com"


@pytest.mark.parametrize(
    ("cells", "order"),
    [
        (["31/12/2026", "1/2/2026"], DAY_FIRST),
        (["12/31/2026", "1/2/2026"], MONTH_FIRST),
        (["1/2/2026"], ""),
        (["31/12/2026", "12/31/2026"], ""),
        (["2026-02-01", "5/5/2026"], MONTH_FIRST),
        ([], MONTH_FIRST),
    ],
)
def test_the_order_of_dates_is_guessed_only_from_what_settles_it(cells: list[str], order: str) -> None:
    assert guess_date_order(cells) == order


@pytest.mark.parametrize(
    ("cells", "mark"),
    [(["1,200.50"], "."), (["1.200,50"], ","), (["12,5"], ","), (["1,200"], ""), (["1,5", "1.5"], ""), (["900"], ".")],
)
def test_the_decimal_sign_is_guessed_only_from_what_settles_it(cells: list[str], mark: str) -> None:
    assert guess_decimal_mark(cells) == mark


@pytest.mark.parametrize(
    "cell", ["1" * 131_000, "1," * 65_000, "1a" * 65_000, "a@" * 65_000, "http://" + "a/" * 60_000]
)
def test_endless_cells_are_refused_before_anything_is_searched_in_them(cell: str) -> None:
    for one in (OWED_FROM, MRR, NAME, EMAIL, WEBSITE, NOTE):
        with pytest.raises(NotReadable):
            read_cell(one, cell, Reading("USD"))


@pytest.mark.parametrize("kind", ["referrals", "clients", "opening", "invoices", "payments", "credits"])
def test_amounts_in_another_currency_are_refused_and_ones_own_is_not_kept(kind: str) -> None:
    for cell in ("USD", "usd", " US$ ", "$", ""):
        assert read_cell(field(kind, "currency"), cell, Reading("USD")) is None
    for cell in ("EUR", "€", "CAD", "C$", "dollars"):
        with pytest.raises(
            NotReadable, match=f"The amount is in “{re.escape(cell)}”, and spreadsheets are read in USD"
        ):
            read_cell(field(kind, "currency"), cell, Reading("USD"))
