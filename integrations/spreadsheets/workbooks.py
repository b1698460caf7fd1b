"""From an Excel workbook to rows of text: what is shown in its cells, never what a formula might compute anew.

A workbook is an archive of XML that somebody else made. What it would unpack to is known before anything is unpacked,
XML with definitions of its own is refused by defusedxml, and empty rows and columns do not make a sheet larger.
"""

import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import islice
from typing import Any

from defusedxml.ElementTree import iterparse
from openpyxl import DEFUSEDXML, load_workbook
from openpyxl.workbook import Workbook

from integrations.spreadsheets.limits import MEGABYTE, MOST_COLUMNS, MOST_ROWS, Unreadable

LARGEST_UNPACKED = 100 * MEGABYTE
LARGEST_TEXTS = 30 * MEGABYTE
"""Of the part that holds all texts, which is read whole."""
MOST_PARTS = 2_000
MOST_TAGS = 5_000_000
"""Of XML, in all parts together: reading takes its time by these, and 20,000 rows of 60 cells have fewer."""
MOST_LINES = 200_000
"""Rows that are walked over, filled or not."""
LONGEST_NAME = 255
LOOKED_AT = 1_000
"""Rows in which a sheet must have something, to be offered."""
SHARED_TEXTS = "xl/sharedStrings.xml"
ERRORS = frozenset(
    ("#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NUM!", "#NULL!", "#SPILL!", "#CALC!", "#GETTING_DATA")
)
"""What spreadsheet programs show where a formula has no result."""
_FORMULA = re.compile(rb"<(?:\w+:)?f[\s>/]")
_SMALLER = "Copy the rows into a new workbook, or save the sheet as CSV UTF-8."
_AS_EXCEL = "Open it, choose “Save as” and “Excel workbook (.xlsx)” or “CSV UTF-8”, and upload that file."

if not DEFUSEDXML:
    raise ImportError("Workbooks are read only with defusedxml installed.")


class Exact(str):
    """A number as the workbook holds it: digits with a point, whatever the texts of the file are written with."""

    __slots__ = ()


def sheets(content: bytes) -> list[str]:
    """The names of the visible sheets that hold something. Raises Unreadable when none does."""
    with _opened(content) as workbook:
        return _names(workbook)


def read(content: bytes, sheet: str = "") -> tuple[list[str], str, list[list[str]]]:
    """The names of the visible sheets that hold something, the one that was read, and its rows.

    Without `sheet` the first one. Raises Unreadable.
    """
    with _opened(content) as workbook:
        names = _names(workbook)
        if sheet and sheet not in names:
            raise Unreadable(f"The workbook has no sheet “{sheet[:40]}”, or it is empty. Choose another one.")
        chosen = workbook[sheet or names[0]]
        _refuse_unsolved(content, chosen)
        return names, chosen.title, list(_lines(chosen))


def _names(workbook: Workbook) -> list[str]:
    if not (names := [one.title for one in workbook.worksheets if _is_offered(one)]):
        raise Unreadable("The workbook is empty. Upload one with the names of its columns in the first row.")
    return names


@contextmanager
def _opened(content: bytes) -> Iterator[Workbook]:
    _check_archive(content)
    workbook = None
    try:
        workbook = load_workbook(io.BytesIO(content), read_only=True, data_only=True, keep_links=False)
        yield workbook
    except Unreadable:
        raise
    except MemoryError as error:
        raise Unreadable("The workbook is too large to be read. Split it into parts.") from error
    except Exception as error:
        # What a broken archive or foreign XML raises inside has no end, what defusedxml refuses among it.
        raise Unreadable(f"The workbook is damaged. {_AS_EXCEL}") from error
    finally:
        if workbook is not None:
            workbook.close()


def _check_archive(content: bytes) -> None:
    """Raise Unreadable for what is another kind of file, or would unpack to far more than a list of rows."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = {part.filename: part for part in archive.infolist()}
            opens_as = archive.read("mimetype")[:60] if "mimetype" in parts and _is_small(parts["mimetype"]) else b""
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError, OSError, EOFError) as error:
        raise Unreadable(f"The workbook is damaged. {_AS_EXCEL}") from error
    if "xl/workbook.bin" in parts:
        raise Unreadable(f"This is a binary Excel workbook (.xlsb). {_AS_EXCEL}")
    if b"opendocument.spreadsheet" in opens_as:
        raise Unreadable(f"This is an OpenDocument spreadsheet. {_AS_EXCEL}")
    if not any(name.startswith("xl/") for name in parts):
        raise Unreadable("This is an archive, not an Excel workbook. Unpack it, and upload the spreadsheet inside.")
    unpacked = sum(part.file_size for part in parts.values())
    texts = parts[SHARED_TEXTS].file_size if SHARED_TEXTS in parts else 0
    if unpacked > LARGEST_UNPACKED or texts > LARGEST_TEXTS or len(parts) > MOST_PARTS:
        raise Unreadable(
            f"The workbook unpacks to {-(-unpacked // MEGABYTE):,} MB, which is more than a list of rows needs."
            f" {_SMALLER}"
        )
    if _tags(content) > MOST_TAGS:
        raise Unreadable(f"The workbook holds more cells than a list of rows needs. {_SMALLER}")


def _tags(content: bytes) -> int:
    """How many tags there are to read, counted without reading them; more than MOST_TAGS are not counted further."""
    total = 0
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for name in {part.filename for part in archive.infolist()}:
                with archive.open(name) as part:
                    while total <= MOST_TAGS and (piece := part.read(MEGABYTE)):
                        total += piece.count(b"<")
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, ValueError, OSError, EOFError) as error:
        raise Unreadable(f"The workbook is damaged. {_AS_EXCEL}") from error
    return total


def _is_small(part: zipfile.ZipInfo) -> bool:
    return part.file_size < 1_000


def _lines(sheet: Any) -> Iterator[list[str]]:
    """The rows of a sheet, the first one first, without the empty ones at its end."""
    # Files say how large their sheets are, and some say it wrongly: nobody is believed.
    sheet.reset_dimensions()
    empty = 0
    filled = 0
    for number, row in enumerate(sheet.iter_rows(max_col=MOST_COLUMNS + 1, values_only=True), 1):
        if number > MOST_LINES:
            raise Unreadable(
                f"The sheet has something in more than {MOST_LINES:,} rows. Delete what is below your list."
            )
        cells = [_shown(value) for value in row]
        if not any(cells):
            empty += 1
            continue
        yield from ([] for _ in range(empty))
        empty, filled = 0, filled + 1
        if filled > MOST_ROWS + 1_000:
            raise Unreadable(f"The sheet has more than {MOST_ROWS:,} rows. Split it and upload each part.")
        yield _trimmed(cells)


def _is_offered(sheet: Any) -> bool:
    """Whether a sheet can be seen, is no chart, and has something in it."""
    if sheet.sheet_state != "visible" or not hasattr(sheet, "iter_rows") or len(sheet.title) > LONGEST_NAME:
        return False
    sheet.reset_dimensions()
    first = islice(sheet.iter_rows(max_col=MOST_COLUMNS, values_only=True), LOOKED_AT)
    return any(_shown(value) for row in first for value in row)


def _trimmed(cells: list[str]) -> list[str]:
    width = len(cells)
    while width and not cells[width - 1]:
        width -= 1
    return cells[:width]


def _shown(value: Any) -> str:
    """A cell as text: days as 2026-12-31, numbers with all their digits and a point."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return Exact(value)
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(" ", "minutes")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return str(value)
    # Fifteen digits are what spreadsheet programs count with; the sixteenth is the noise of binary fractions.
    digits = f"{Decimal(f'{value:.15g}'):f}"
    return Exact(digits.rstrip("0").rstrip(".") if "." in digits else digits)


def _refuse_unsolved(content: bytes, sheet: Any) -> None:
    """Raise Unreadable when a formula has no result: the workbook was made by a program that computes nothing."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        source = archive.read(sheet._worksheet_path)
    if not _FORMULA.search(source):
        return
    for _, element in iterparse(io.BytesIO(source)):
        if _name(element) != "c":
            continue
        inside = {_name(child): child.text for child in element}
        has_result = "is" in inside or bool(inside.get("v")) or (element.get("t") == "str" and "v" in inside)
        if "f" in inside and not has_result:
            raise Unreadable(
                f"The formula in cell {element.get('r', '?')} of “{sheet.title}” has no result yet."
                " Open the workbook in your spreadsheet program, save it, and upload that file."
            )
        element.clear()


def _name(element: Any) -> str:
    return str(element.tag).rpartition("}")[2]
