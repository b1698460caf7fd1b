"""From a cell to a value: text, names, addresses, days and amounts, each with a sentence when it is none.

A cell that begins like a formula (=, +, -, @) is text like any other and is never computed. As the name of a person
or company it is refused, because names travel into other people's spreadsheets; kernel.csv_cells guards the rest.
"""

import calendar
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator, validate_email

from elinkages.kernel.money import check_currency, parse_money
from integrations.spreadsheets.fields import AMOUNT, CHOICE, CURRENCY_CODE, DAY, EMAIL, NAME, SIGNED, WEBSITE, Field
from integrations.spreadsheets.workbooks import ERRORS, Exact

MONTH_FIRST, DAY_FIRST = "month_first", "day_first"
DATE_ORDERS = ((MONTH_FIRST, "Month first: 12/31/2026"), (DAY_FIRST, "Day first: 31/12/2026"))
DECIMAL_MARKS = ((".", "A point: 1,234.50"), (",", "A comma: 1.234,50"))
LONGEST_NUMBER = 60
"""Characters of a day or an amount; longer cells are something else, and are not searched for one."""
EARLIEST, LATEST = date(1980, 1, 1), date(2100, 1, 1)

_MONTHS = {calendar.month_abbr[number].lower(): number for number in range(1, 13)}
_ISO = re.compile(r"([0-9]{4})[-/.]([0-9]{1,2})[-/.]([0-9]{1,2})(?:[T ].*)?")
_NUMBERS = re.compile(r"([0-9]{1,2})[-/. ]([0-9]{1,2})[-/. ]([0-9]{4}|[0-9]{2})(?: .*)?")
_DAY_WORD = re.compile(r"([0-9]{1,2})(?:st|nd|rd|th)?[-/. ]+([a-z]{3,9})\.?[-/., ]+([0-9]{4}|[0-9]{2})", re.I)
_WORD_DAY = re.compile(r"([a-z]{3,9})\.?[-/. ]+([0-9]{1,2})(?:st|nd|rd|th)?[-/., ]+([0-9]{4}|[0-9]{2})", re.I)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u200b\ufeff]+")
_web_address = URLValidator(schemes=["http", "https"])


class NotReadable(ValueError):
    """A cell that is not what its column holds; the sentence names both."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How the cells of a file are read where they leave a choice."""

    currency: str
    date_order: str = MONTH_FIRST
    decimal_mark: str = "."


def shown(text: str) -> str:
    """A cell inside a sentence, cut so that the sentence stays one."""
    text = " ".join(text.split())
    return f"“{text[:40]}…”" if len(text) > 40 else f"“{text}”"


def clean(cell: str) -> str:
    """A cell without control characters, and without the apostrophe that guards formulas in our own files."""
    text = (cell if cell.isprintable() else _CONTROL.sub(" ", cell)).strip()
    return text[1:] if text.startswith("'") and re.match(r"'[=+\-@\t|%]", text) else text


def read_cell(field: Field, cell: str, reading: Reading) -> str | int | None:
    """The value of a cell: text, an ISO day, or minor units; None for one that says nothing. Raises NotReadable."""
    text = clean(cell)
    if not text:
        return None
    _refuse_nonsense(field, text)
    if field.reads == CURRENCY_CODE:
        _refuse_foreign(text, reading)
        return None
    if field.reads == DAY:
        return read_day(text, field.label, reading.date_order).isoformat()
    if field.reads in {AMOUNT, SIGNED}:
        return _amount(text, field, replace(reading, decimal_mark=".") if isinstance(cell, Exact) else reading)
    if field.name != "note":
        text = " ".join(text.split())
    if field.reads == WEBSITE and not re.match(r"[a-z][a-z0-9+.-]*:", text, re.I):
        text = f"https://{text}"
    if len(text) > field.limit:
        raise NotReadable(f"{field.label} has {len(text):,} characters, and {field.limit:,} are kept.")
    _check(field, text, cell)
    return text


def _refuse_nonsense(field: Field, text: str) -> None:
    if text in ERRORS:
        raise NotReadable(f"{field.label} holds {shown(text)}, a spreadsheet error. Correct the formula.")
    if field.reads in {DAY, AMOUNT, SIGNED} and len(text) > LONGEST_NUMBER:
        raise NotReadable(f"{shown(text)} in {field.label} is far too long.")


def _check(field: Field, text: str, cell: str) -> None:
    if field.reads in {NAME, CHOICE} and text[0] in "=+-@":
        raise NotReadable(f"{shown(text)} in {field.label} begins like a formula. Write the name without “{text[0]}”.")
    try:
        if field.reads == EMAIL:
            validate_email(text)
        elif field.reads == WEBSITE:
            _web_address(text)
    except ValidationError:
        what = "an e-mail address" if field.reads == EMAIL else "a web address"
        raise NotReadable(f"{shown(cell)} in {field.label} is not {what}.") from None


def _refuse_foreign(text: str, reading: Reading) -> None:
    try:
        check_currency(text, reading.currency)
    except ValueError:
        raise NotReadable(
            f"The amount is in {shown(text)}, and spreadsheets are read in {reading.currency}."
            " Record an invoice in another currency by hand, with its rate."
        ) from None


def _amount(text: str, field: Field, reading: Reading) -> int:
    label = field.label
    try:
        minor = parse_money(text, reading.currency, decimal_mark=reading.decimal_mark).minor
    except ValueError as error:
        raise NotReadable(f"{label}: {error}") from error
    if minor < 0 and field.reads != SIGNED:
        raise NotReadable(f"{shown(text)} in {label} is below zero.")
    return minor


def read_day(text: str, label: str, order: str) -> date:
    """A calendar day as people write it. Raises NotReadable."""
    parts = _day_parts(text, order)
    if parts is None:
        if re.fullmatch(r"[0-9]{5}", text):
            raise NotReadable(
                f"{shown(text)} in {label} is a spreadsheet’s internal day number."
                " Format that column as a date and export again."
            )
        raise NotReadable(f"{shown(text)} in {label} is not a date.")
    try:
        day = date(*parts)
    except ValueError:
        raise NotReadable(f"{shown(text)} in {label} is not a date.") from None
    if not EARLIEST <= day < LATEST:
        raise NotReadable(f"{shown(text)} in {label} is not between 1980 and 2099.")
    return day


def _day_parts(text: str, order: str) -> tuple[int, int, int] | None:
    """Year, month and day, not yet checked against the calendar."""
    if match := _ISO.fullmatch(text):
        return int(match[1]), int(match[2]), int(match[3])
    if match := _NUMBERS.fullmatch(text):
        first, second = int(match[1]), int(match[2])
        month, day = (first, second) if order == MONTH_FIRST else (second, first)
        return _year(match[3]), month, day
    if match := _DAY_WORD.fullmatch(text):
        return _with_month(match[3], match[2], match[1])
    if match := _WORD_DAY.fullmatch(text):
        return _with_month(match[3], match[1], match[2])
    return None


def _with_month(year: str, month: str, day: str) -> tuple[int, int, int] | None:
    number = _MONTHS.get(month[:3].lower())
    return (_year(year), number, int(day)) if number else None


def _year(text: str) -> int:
    return int(text) if len(text) == 4 else 2000 + int(text)


def guess_date_order(cells: Iterable[str]) -> str:
    """Month or day first, by what these cells can only mean; "" when they leave it open or contradict each other."""
    month_first = day_first = is_asked = False
    for cell in cells:
        if match := _NUMBERS.fullmatch(cell):
            first, second = int(match[1]), int(match[2])
            day_first |= first > 12 >= second
            month_first |= second > 12 >= first
            is_asked |= first != second
    if not is_asked:
        return MONTH_FIRST
    if month_first == day_first:
        return ""
    return DAY_FIRST if day_first else MONTH_FIRST


def guess_decimal_mark(cells: Iterable[str]) -> str:
    """The decimal mark, by what these cells can only mean; "" when they leave it open or contradict each other."""
    found: set[str] = set()
    is_asked = False
    for cell in cells:
        marks = re.sub(r"[^.,]", "", cell)
        is_asked |= bool(marks)
        if len(set(marks)) == 2:
            found.add(marks[-1])
        elif len(marks) > 1:
            found.add("." if marks[0] == "," else ",")
        elif marks and not re.search(r"[.,][0-9]{3}(?![0-9])", cell):
            found.add(marks)
    if not is_asked:
        return "."
    return found.pop() if len(found) == 1 else ""


def column(rows: Sequence[Sequence[str]], place: int) -> Iterable[str]:
    """The filled cells of a column that leave a choice: numbers and days of a workbook do not."""
    found = (cells[place] for cells in rows if place < len(cells) and cells[place])
    return (clean(cell)[:LONGEST_NUMBER] for cell in found if not isinstance(cell, Exact))
