"""The lines of a list as a file: CSV that no spreadsheet computes, or Excel with amounts and days as such.

Both are written line by line to a file on disk, so that a long list takes no more memory than a short one.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial
from io import TextIOWrapper
from itertools import batched
from typing import IO, Any
from zoneinfo import ZoneInfo

import xlsxwriter

from elinkages.kernel import csv_cells
from elinkages.kernel.money import exponent, plain_money
from elinkages.lists.columns import Field, Kind
from elinkages.lists.listing import Asked
from elinkages.lists.models import ExportFormat
from elinkages.lists.wanted import Progress

Lines = Callable[[Sequence[Any]], Iterable[Any]]

AT_ONCE = 500
"""Rows fetched from the server's cursor, and the lines made of them, at a time."""
BOM = b"\xef\xbb\xbf"
"""Tells spreadsheet programs that the text is UTF-8."""
_NOT_IN_A_SHEET_NAME = str.maketrans(dict.fromkeys("[]:*?/\\", " "))


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a file looks like: its name, its columns, and how amounts and instants are told in it."""

    title: str
    fields: Sequence[Field]
    currency: str
    zone: ZoneInfo

    @property
    def heads(self) -> list[str]:
        """The head of every column; an amount says its currency."""
        return [f"{one.label}, {self.currency}" if one.kind is Kind.MONEY else one.label for one in self.fields]


def write(asked: Asked, format_: str, file: IO[bytes], *, progress: Progress) -> int:
    """Write what an address shows, all pages of it, and say how many rows; `progress` hears of every piece.

    Reads from one cursor of the server: call it in a unit of work that is one snapshot (`tenancy.use(snapshot=True)`).
    """
    msp = asked.scope.msp
    fields = [field for column in asked.columns for field in column.fields]
    rows = asked.rows().order_by(*asked.order.by).iterator(chunk_size=AT_ONCE)
    sheet = Sheet(asked.listing.title, fields, msp.currency, asked.scope.zone)
    lines = partial(asked.listing.lines, scope=asked.scope)
    return write_sheet(sheet, rows, lines, format_, file, progress=progress)


def write_sheet(
    sheet: Sheet, rows: Iterable[Any], lines: Lines, format_: str, file: IO[bytes], *, progress: Progress
) -> int:
    """The same for rows that are no list of ours; `lines` makes of each piece of rows what the columns are given."""
    writer = _Excel(sheet, file) if format_ == ExportFormat.XLSX else _Csv(sheet, file)
    done = 0
    for some in batched(rows, AT_ONCE):
        for line in lines(some):
            writer.add([field.value(line) for field in sheet.fields])
        done += len(some)
        progress(done)
    writer.end()
    return done


def count(asked: Asked, *, most: int) -> int:
    """How many rows an address shows, counted up to `most` and one more."""
    return int(asked.rows().order_by()[: most + 1].count())


def file_name(title: str, format_: str, today: date) -> str:
    """`Referrals 2026-11-21.csv`."""
    return f"{title} {today.isoformat()}.{format_}"


def _sheet_name(title: str) -> str:
    """A title, which may be the name of a file, as Excel takes one: 31 characters, without some, in no apostrophes."""
    return title.translate(_NOT_IN_A_SHEET_NAME)[:31].strip("' ") or "Rows"


class _Csv:
    """RFC 4180 in UTF-8; amounts and days as plain text that a program can read."""

    def __init__(self, sheet: Sheet, file: IO[bytes]) -> None:
        self.sheet = sheet
        file.write(BOM)
        self.text = TextIOWrapper(file, encoding="utf-8", newline="", write_through=True)
        csv_cells.add([sheet.heads], self.text)

    def add(self, values: Sequence[Any]) -> None:
        cells = [self._cell(field.kind, value) for field, value in zip(self.sheet.fields, values, strict=True)]
        csv_cells.add([cells], self.text)

    def end(self) -> None:
        self.text.flush()
        self.text.detach()

    def _cell(self, kind: Kind, value: Any) -> str:
        if value is None or value == "":
            return ""
        match kind:
            case Kind.MONEY:
                return plain_money(value, self.sheet.currency)
            case Kind.MONTH:
                return f"{value:%Y-%m}"
            case Kind.INSTANT:
                return str(value.astimezone(self.sheet.zone).isoformat(sep=" ", timespec="minutes"))
        return str(value)


class _Excel:
    """One sheet: amounts are numbers, days are days, text is never a formula, and the head stays in sight."""

    def __init__(self, sheet: Sheet, file: IO[bytes]) -> None:
        self.fields = sheet.fields
        self.zone = sheet.zone
        self.places = exponent(sheet.currency)
        options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
        self.book = xlsxwriter.Workbook(file, options)
        # The same rows give the same bytes, whenever they are written.
        self.book.set_properties({"title": sheet.title, "created": datetime(2000, 1, 1, tzinfo=UTC)})
        self.page = self.book.add_worksheet(_sheet_name(sheet.title))
        self.formats = {
            Kind.MONEY: self.book.add_format(
                {"num_format": "#,##0" + ("." + "0" * self.places if self.places else "")}
            ),
            Kind.COUNT: self.book.add_format({"num_format": "#,##0"}),
            Kind.DAY: self.book.add_format({"num_format": "yyyy-mm-dd", "align": "left"}),
            Kind.MONTH: self.book.add_format({"num_format": "mmm yyyy", "align": "left"}),
            Kind.INSTANT: self.book.add_format({"num_format": "yyyy-mm-dd hh:mm", "align": "left"}),
        }
        labels = sheet.heads
        for index, label in enumerate(labels):
            self.page.set_column(index, index, max(12, min(40, len(label) + 4)))
        self.page.freeze_panes(1, 0)
        bold = self.book.add_format({"bold": True})
        for index, label in enumerate(labels):
            self.page.write_string(0, index, label, bold)
        self.row = 0

    def add(self, values: Sequence[Any]) -> None:
        self.row += 1
        for index, (field, value) in enumerate(zip(self.fields, values, strict=True)):
            if value is None or value == "":
                continue
            match field.kind:
                case Kind.TEXT:
                    self.page.write_string(self.row, index, str(value))
                case Kind.MONEY:
                    amount = Decimal(value).scaleb(-self.places)
                    self.page.write_number(self.row, index, amount, self.formats[field.kind])
                case Kind.COUNT:
                    self.page.write_number(self.row, index, value, self.formats[field.kind])
                case Kind.INSTANT:
                    local = value.astimezone(self.zone).replace(tzinfo=None)
                    self.page.write_datetime(self.row, index, local, self.formats[field.kind])
                case _:
                    moment = datetime(value.year, value.month, value.day)
                    self.page.write_datetime(self.row, index, moment, self.formats[field.kind])

    def end(self) -> None:
        if self.row:
            self.page.autofilter(0, 0, self.row, len(self.fields) - 1)
        self.book.close()
