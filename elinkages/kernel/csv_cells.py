"""CSV that is safe to open in a spreadsheet: no cell is taken for a formula."""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from typing import TextIO

_FORMULA = re.compile(r"\s*[=+\-@\t\r\n|%\uff1d\uff0b\uff0d\uff20]|[\t\r\n]")
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")


def safe(text: str) -> str:
    """A cell's text, with an apostrophe in front where a spreadsheet would compute it; plain numbers stay."""
    if _FORMULA.match(text) and not _NUMBER.fullmatch(text):
        return f"'{text}"
    return text


def add(rows: Iterable[Sequence[str]], text: TextIO) -> None:
    """Write rows with CRLF (RFC 4180) to an open text, which must not translate newlines."""
    csv.writer(text, lineterminator="\r\n").writerows([safe(cell) for cell in row] for row in rows)


def write(rows: Iterable[Sequence[str]]) -> bytes:
    """Rows as CSV in UTF-8; the same rows always give the same bytes."""
    out = io.StringIO(newline="")
    add(rows, out)
    return out.getvalue().encode()
