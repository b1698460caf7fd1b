"""From bytes to a table: what the file is, how its text is encoded, what separates its cells, where its header is."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from charset_normalizer import from_bytes

from integrations.spreadsheets import workbooks
from integrations.spreadsheets.headers import called, known_headers
from integrations.spreadsheets.limits import LARGEST_BYTES, MEGABYTE, MOST_COLUMNS, MOST_ROWS, Unreadable

WORKBOOK = "xlsx"
"""The “encoding” of a workbook."""
DELIMITERS = ",;\t|"
SAMPLED_ROWS = 50
HEADER_WITHIN = 10
"""Among how many of the first filled rows the header is looked for; titles may stand above it."""

_ARCHIVE = b"PK\x03\x04"
_OFFICE = b"\xd0\xcf\x11\xe0"
"""Old workbooks begin so, and every workbook that is locked with a password."""
_NOT_TEXT = (
    (
        _OFFICE,
        "This is an old Excel workbook. Open it, choose “Save as” and “Excel workbook (.xlsx)”, and upload that file.",
    ),
    (b"%PDF", "This is a PDF. Export the table as CSV from the program that made it, and upload that file."),
    (b"{\\rtf", "This is a text document. Export the table as CSV, and upload that file."),
    (b"\x1f\x8b", "This file is compressed. Unpack it, and upload the CSV inside."),
    (b"\x89PNG", "This is a picture. Upload the table itself as CSV."),
    (b"\xff\xd8\xff", "This is a picture. Upload the table itself as CSV."),
)
_MARKUP = re.compile(rb"\s*<(!doctype|html|table|\?xml|head|body|div|script)\b|\s*<!--", re.I)
_DATA = re.compile(r"[^@\s]+@[^@\s]+\.[a-z]{2,}|[$€£]?\s?-?[0-9][0-9.,/' -]*", re.I)


@dataclass(frozen=True, slots=True)
class Table:
    """A file that was read. `rows` are numbered as in a spreadsheet; the header's cells are all different.

    `sheets` are the names of a workbook's sheets, `sheet` is the one that was read.
    """

    encoding: str
    delimiter: str
    header: list[str]
    header_row: int
    rows: list[tuple[int, list[str]]]
    sheet: str = ""
    sheets: tuple[str, ...] = ()


def read(content: bytes, sheet: str = "") -> Table:
    """The table in a file, of a workbook the one in `sheet`, or in its first sheet.

    Raises Unreadable with a sentence that says what to do.
    """
    check_size(len(content))
    if content.startswith(_ARCHIVE):
        sheets, chosen, records = workbooks.read(content, sheet)
        return replace(_table(WORKBOOK, "", records), sheet=chosen, sheets=tuple(sheets))
    encoding, text = decode(content)
    return _table(encoding, *split(text))


def tables(content: bytes, most: int) -> list[Table]:
    """The tables in a file: of a workbook, those of its first sheets, `most` of them, that can be read.

    Raises Unreadable when there is none, with what is wrong with the first sheet.
    """
    check_size(len(content))
    if not content.startswith(_ARCHIVE):
        return [read(content)]
    found, refusals = [], []
    for sheet in workbooks.sheets(content)[:most]:
        try:
            found.append(read(content, sheet))
        except Unreadable as refusal:
            refusals.append(refusal)
    if not found:
        raise refusals[0]
    return found


def _table(encoding: str, delimiter: str, records: Sequence[list[str]]) -> Table:
    filled = [(number, cells) for number, cells in enumerate(records, 1) if any(cells)]
    if not filled:
        raise Unreadable("The file is empty. Upload one with the names of its columns in the first row.")
    place = _header_place(filled)
    header_row, header = filled[place]
    header = _trimmed(header)
    if len(header) > MOST_COLUMNS:
        raise Unreadable(f"The file has {len(header):,} columns; {MOST_COLUMNS} are read. Remove what you do not need.")
    rows = [(number, cells[: MOST_COLUMNS + 1]) for number, cells in filled[place + 1 :]]
    if not rows:
        raise Unreadable("The file has column names but no rows under them.")
    if len(rows) > MOST_ROWS:
        raise Unreadable(
            f"The file has {len(rows):,} rows; {MOST_ROWS:,} are read at once. Split it and upload each part."
        )
    return Table(encoding, delimiter, _distinct(header), header_row, rows)


def check_size(size: int) -> None:
    """Raise Unreadable for a file of more bytes than are read."""
    if size > LARGEST_BYTES:
        megabytes = f"{size / MEGABYTE:,.1f}"
        raise Unreadable(f"The file has {megabytes} MB; {LARGEST_BYTES // MEGABYTE} MB are read. Split it into parts.")


def decode(content: bytes) -> tuple[str, str]:
    """The encoding and the text of a file. Raises Unreadable for what is no text."""
    if content.startswith(_OFFICE) and "EncryptedPackage".encode("utf-16-le") in content:
        raise Unreadable("This workbook is locked with a password. Save it without one, and upload that file.")
    for magic, sentence in _NOT_TEXT:
        if content.startswith(magic):
            raise Unreadable(sentence)
    if _MARKUP.match(content.removeprefix(b"\xef\xbb\xbf")[:1000]):
        raise Unreadable(
            "This is a web page, even if its name says otherwise. Export the table as CSV, and upload that."
        )
    encoding = _encoding(content)
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        raise Unreadable("The file breaks off inside a character. Export it again as CSV UTF-8.") from error
    if "\0" in text:
        raise Unreadable("The file contains bytes that are not text. Export the table as CSV, and upload that file.")
    return encoding, text.removeprefix("\ufeff")


def _encoding(content: bytes) -> str:
    if content.startswith(b"\xef\xbb\xbf"):
        return "utf-8-sig"
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    if content[:2000].count(0) > len(content[:2000]) // 4:
        # Without a mark the zero bytes of plain letters tell the order.
        return "utf-16-le" if content[1:2000:2].count(0) > content[0:2000:2].count(0) else "utf-16-be"
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        best = from_bytes(content, cp_isolation=["cp1252", "latin_1"]).best()
        return best.encoding if best else "latin_1"
    return "utf-8"


def split(text: str) -> tuple[str, list[list[str]]]:
    """The delimiter and every record of a text. Raises Unreadable for quotation marks that do not pair."""
    named = re.match(r"sep=([,;\t|])\r?\n", text)
    delimiter = named[1] if named else _delimiter(text)
    records: list[list[str]] = []
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        for cells in reader:
            records.append([cell.strip() for cell in cells])
            if len(records) > MOST_ROWS + 1_000:
                raise Unreadable(f"The file has more than {MOST_ROWS:,} rows. Split it and upload each part.")
    except csv.Error as error:
        if "limit" in str(error):
            raise Unreadable(
                f"Row {len(records) + 1:,} has a cell of more than {csv.field_size_limit():,} characters."
                " Perhaps a quotation mark before it is never closed."
            ) from error
        raise Unreadable(
            f"A quotation mark in row {len(records) + 1:,} is not closed, or not doubled inside a cell."
            " Correct that row, or export the file again."
        ) from error
    if named:
        records[0] = []
    return delimiter, records


def _delimiter(text: str) -> str:
    """The one that gives most rows the same number of cells, more than one; a comma when none does."""
    best, best_score = ",", 0
    for delimiter in DELIMITERS:
        widths = Counter(len(cells) for cells in _sample(text, delimiter) if len(cells) > 1)
        score = max((count * min(width, 20) for width, count in widths.items()), default=0)
        if score > best_score:
            best, best_score = delimiter, score
    return best


def _sample(text: str, delimiter: str) -> Iterator[list[str]]:
    reader = csv.reader(io.StringIO(text[:100_000], newline=""), delimiter=delimiter)
    for _ in range(SAMPLED_ROWS):
        try:
            yield next(reader)
        except (StopIteration, csv.Error):
            return


def _header_place(filled: Sequence[tuple[int, list[str]]]) -> int:
    """Which of the first filled rows names the columns: the one with most known names, otherwise the first wide one.

    Raises Unreadable when that row is data.
    """
    top = [cells for _, cells in filled[:HEADER_WITHIN]]
    known = known_headers()
    scores = [sum(called(cell[:200]) in known for cell in cells if cell) for cells in top]
    if max(scores):
        return scores.index(max(scores))
    wide = max(sum(map(bool, cells)) for cells in top)
    place = next(place for place, cells in enumerate(top) if sum(map(bool, cells)) * 2 > wide)
    if any(_DATA.fullmatch(cell[:200]) for cell in top[place]):
        raise Unreadable(
            f"Row {filled[place][0]} looks like data, not like the names of columns."
            " Put a first row above it that names each column, such as Name, E-mail, Phone."
        )
    return place


def _trimmed(header: list[str]) -> list[str]:
    """Without the empty cells at the end that spreadsheets like to write."""
    return header[: 1 + max(place for place, cell in enumerate(header) if cell)]


def _distinct(header: list[str]) -> list[str]:
    """Every column under a name of its own: “Column D” without one, “Phone (2)” for the second of that name."""
    names: list[str] = []
    seen: Counter[str] = Counter()
    for place, cell in enumerate(header):
        name = " ".join(cell.split())[:80] or f"Column {_letter(place)}"
        seen[name.casefold()] += 1
        names.append(name if seen[name.casefold()] == 1 else f"{name} ({seen[name.casefold()]})")
    return names


def _letter(place: int) -> str:
    first, last = divmod(place, 26)
    return (chr(64 + first) if first else "") + chr(65 + last)
