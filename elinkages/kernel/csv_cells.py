"""CSV that is safe to open in a spreadsheet: no cell is taken for a formula."""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from typing import TextIO

_FORMULA = re.compile(r"\s*[=+\-@\t\r\n|%\uff1d\uff0b\uff0d\uff20]|[\t\r\n]")
_WITHIN = re.compile(r"([;|\t\r\n]\s*)(?=[=+\-@|%\uff1d\uff0b\uff0d\uff20])")
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")


def safe(text: str) -> str:
    """A cell's text, with an apostrophe in front where a spreadsheet would compute it; plain numbers stay.

    Where decimals have a comma, Excel divides our lines at semicolons, tabs and line ends within a cell too: what would
    begin a formula there gets an apostrophe as well. Whoever wants the text as it is takes the Excel file.
    """
    if _NUMBER.fullmatch(text):
        return text
    guarded = _WITHIN.sub(r"\1'", text)
    return f"'{guarded}" if _FORMULA.match(text) else guarded


def add(rows: Iterable[Sequence[str]], text: TextIO) -> None:
    """Write rows with CRLF (RFC 4180) to an open text, which must not translate newlines."""
    csv.writer(text, lineterminator="\r\n").writerows([safe(cell) for cell in row] for row in rows)


def write(rows: Iterable[Sequence[str]]) -> bytes:
    """Rows as CSV in UTF-8; the same rows always give the same bytes."""
    out = io.StringIO(newline="")
    add(rows, out)
    return out.getvalue().encode()
