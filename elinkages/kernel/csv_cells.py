"""CSV that is safe to open in a spreadsheet: no cell is taken for a formula."""

import csv
import io
import re
from collections.abc import Iterable, Sequence

_FORMULA = re.compile(r"\s*[=+\-@\t\r\n|%\uff1d\uff0b\uff0d\uff20]|[\t\r\n]")
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")


def safe(text: str) -> str:
    """A cell's text, with an apostrophe in front where a spreadsheet would compute it; plain numbers stay."""
    if _FORMULA.match(text) and not _NUMBER.fullmatch(text):
        return f"'{text}"
    return text


def write(rows: Iterable[Sequence[str]]) -> bytes:
    """Rows as CSV in UTF-8 with CRLF (RFC 4180); the same rows always give the same bytes."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerows([safe(cell) for cell in row] for row in rows)
    return out.getvalue().encode()
