"""Workbooks as spreadsheet programs write them, and as nobody should."""

import io
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any

from openpyxl import Workbook
from xlsxwriter import Workbook as Written


def workbook(sheets: Mapping[str, Sequence[Sequence[Any]]], hidden: Sequence[str] = ()) -> bytes:
    """A workbook with these sheets."""
    book = Workbook()
    if book.active is not None:
        book.remove(book.active)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(list(row))
        if title in hidden:
            sheet.sheet_state = "hidden"
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def computed(rows: Sequence[Sequence[Any]], formulas: Mapping[str, tuple[str, Any]]) -> bytes:
    """One sheet with formulas and the results that were last shown: cell → (formula, result)."""
    out = io.BytesIO()
    book = Written(out)
    sheet = book.add_worksheet("List")
    for number, row in enumerate(rows):
        sheet.write_row(number, 0, row)
    for cell, (formula, result) in formulas.items():
        sheet.write_formula(cell, formula, None, result)
    book.close()
    return out.getvalue()


def with_part(content: bytes, name: str, part: bytes) -> bytes:
    """The same workbook with one part replaced or added."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for info in old.infolist():
            if info.filename != name:
                new.writestr(info, old.read(info.filename))
        new.writestr(name, part)
    return out.getvalue()


def part(content: bytes, name: str) -> bytes:
    """What one part of a workbook says."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return archive.read(name)
