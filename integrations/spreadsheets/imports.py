"""An import from the upload to the last row: what people do about it. The worker's part is in running.py."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db.models import Count, QuerySet

from elinkages.accounts.models import Membership
from elinkages.audit import trail
from elinkages.kernel.refusal import Refused
from integrations.models import Fate, Import, ImportKind, ImportRow, ImportState, Undo
from integrations.spreadsheets import files
from integrations.spreadsheets.fields import AMOUNT, DAY, FIELDS, SIGNED
from integrations.spreadsheets.headers import guess
from integrations.spreadsheets.values import column, guess_date_order, guess_decimal_mark

MOST_SHEETS = 6
"""Sheets that are looked at before one is guessed to be the list."""
IMPORTED = (Fate.CREATE, Fate.UPDATE)
"""The fates of rows that change something."""
CHOOSING = (ImportState.UPLOADED, ImportState.CHECKED)
"""When sheet and columns can be chosen."""
RIGHTS_FOR = {
    ImportKind.PARTNERS: "partners.manage",
    ImportKind.REFERRALS: "referrals.manage",
    ImportKind.CLIENTS: "clients.manage",
    ImportKind.OPENING: "billing.manage",
    ImportKind.INVOICES: "billing.manage",
    ImportKind.PAYMENTS: "billing.manage",
    ImportKind.CREDITS: "billing.manage",
}
"""What a member must be allowed by hand to bring it in a file."""


class UnknownKind(Refused):
    """Not one of the kinds of spreadsheet that the person may bring."""


class MovedOn(Refused):
    """The import is not where the page showed it."""


class ColumnsRefused(Refused):
    """The chosen columns cannot be read."""


class NothingToImport(Refused):
    """Every row is here already, or cannot be imported."""


def kinds_for(member: Membership) -> list[ImportKind]:
    """What a member may bring, and see of what others brought."""
    return [kind for kind, right in RIGHTS_FOR.items() if member.may(right)]


def upload(*, kind: str, file_name: str, content: bytes, by: Membership, at: datetime) -> Import:
    """Keep a file and guess what its columns are; nothing is imported yet. Raises UnknownKind, limits.Unreadable."""
    if kind not in kinds_for(by):
        raise UnknownKind("Choose what is in the file.")
    # Of a workbook the sheet in which most columns are known, the first one of equals.
    table = max(files.tables(content, MOST_SHEETS), key=lambda table: len(guess(kind, table.header)))
    columns = guess(kind, table.header)
    batch = Import.objects.create(
        kind=kind,
        file_name=" ".join(file_name.split())[-200:] or "file.csv",
        content=content,
        encoding=table.encoding,
        delimiter=table.delimiter,
        sheet=table.sheet,
        sheets=list(table.sheets),
        header=table.header,
        columns=columns,
        options=guess_options(table, kind, columns),
        total=len(table.rows),
        uploaded_at=at,
        uploaded_by=by,
        moved_at=at,
    )
    trail.record("import.uploaded", batch, by=by, at=at, rows=batch.total)
    return batch


def choose_sheet(batch: Import, sheet: str, *, by: Membership, at: datetime) -> Import:
    """Read another sheet of the workbook, and guess its columns. Raises MovedOn, limits.Unreadable."""
    if batch.state not in CHOOSING:
        raise MovedOn(stands_at(batch, batch.get_state_display()))
    table = files.read(bytes(batch.content), sheet)
    columns = guess(batch.kind, table.header)
    claim(
        batch,
        CHOOSING,
        ImportState.UPLOADED,
        at,
        sheet=table.sheet,
        header=table.header,
        columns=columns,
        options=guess_options(table, batch.kind, columns),
        total=len(table.rows),
        summary={},
        done=0,
        attempts=0,
    )
    batch.rows.all().delete()
    trail.record("import.sheet_chosen", batch, by=by, at=at, sheet=sheet)
    return batch


def table_of(batch: Import) -> files.Table:
    """The file of an import, read again. Raises limits.Unreadable."""
    return files.read(bytes(batch.content), batch.sheet)


def guess_options(table: files.Table, kind: str, columns: Mapping[str, int]) -> dict[str, Any]:
    """Date order and decimal mark, by the cells of the columns; "" where they leave a choice."""
    cells = [cells for _, cells in table.rows]
    found = {DAY: list[str](), AMOUNT: list[str]()}
    for field in FIELDS[kind]:
        reads = AMOUNT if field.reads == SIGNED else field.reads
        if reads in found and field.name in columns:
            found[reads] += column(cells, columns[field.name])
    return {"date_order": guess_date_order(found[DAY]), "decimal_mark": guess_decimal_mark(found[AMOUNT])}


def choose(
    batch: Import, *, columns: Mapping[str, int], options: Mapping[str, Any], by: Membership, at: datetime
) -> Import:
    """Say which column is what (field → place) and have every row checked, anew after a change.

    Raises ColumnsRefused, or MovedOn once it is being checked or imported.
    """
    _check_columns(batch, columns)
    claim(
        batch,
        CHOOSING,
        ImportState.CHECKING,
        at,
        columns=dict(columns),
        options=dict(options),
        summary={},
        done=0,
        attempts=0,
    )
    batch.rows.all().delete()
    trail.record("import.columns_chosen", batch, by=by, at=at, columns=len(columns))
    return batch


def start(batch: Import, *, by: Membership, at: datetime) -> Import:
    """Import what was checked. Raises MovedOn, NothingToImport."""
    waiting = batch.rows.filter(fate__in=IMPORTED).count()
    claim(batch, (ImportState.CHECKED,), ImportState.IMPORTING, at, total=waiting, done=0, attempts=0, started_by=by)
    if not waiting:
        raise NothingToImport("No row of this file would change anything. Nothing was imported.")
    trail.record("import.started", batch, by=by, at=at, rows=waiting)
    return batch


def discard(batch: Import, *, by: Membership, at: datetime) -> Import:
    """Forget the file and its rows before anything was imported. Raises MovedOn."""
    before_import = (ImportState.UPLOADED, ImportState.CHECKING, ImportState.CHECKED)
    claim(batch, before_import, ImportState.DISCARDED, at, content=b"", finished_at=at)
    batch.rows.all().delete()
    trail.record("import.discarded", batch, by=by, at=at)
    return batch


def counts(batch: Import) -> dict[str, int]:
    """Fate → rows; rows that belong to another one are named only where there are any."""
    found = dict(batch.rows.values_list("fate").annotate(rows=Count("pk")).order_by("fate"))
    return {fate: found.get(fate, 0) for fate in Fate.values if fate != Fate.PART or fate in found}


def rows_of(batch: Import, fate: str) -> QuerySet[ImportRow]:
    """The rows of one fate, or of one end of taking back; all of them for any other word."""
    rows: QuerySet[ImportRow] = batch.rows.all()
    if fate in (Undo.UNDONE, Undo.KEPT):
        return rows.filter(undo=fate)
    return rows.filter(fate=fate) if fate in Fate else rows


def told(batch: Import, row: ImportRow) -> tuple[str, str]:
    """What becomes of a row, or became of it, and why."""
    if row.undo:
        return row.get_undo_display(), row.undo_reason
    is_over = batch.state != ImportState.CHECKED and row.fate == Fate.UPDATE
    return "Updated" if is_over else row.get_fate_display(), row.reason


def faulty(batch: Import) -> list[ImportRow]:
    """The rows that were not imported because something is wrong with them, in the order of the file."""
    return list(batch.rows.filter(fate=Fate.ERROR).order_by("number"))


def _check_columns(batch: Import, columns: Mapping[str, int]) -> None:
    fields = FIELDS[batch.kind]
    known = {field.name for field in fields}
    if not set(columns) <= known or not all(0 <= place < len(batch.header) for place in columns.values()):
        raise ColumnsRefused("One of the columns is not in this file. Choose again.")
    missing = [field.label for field in fields if field.required and field.name not in columns]
    if missing:
        raise ColumnsRefused(f"Choose the column for: {', '.join(missing)}.")
    if len(set(columns.values())) < len(columns):
        taken = list(columns.values())
        twice = next(place for place in taken if taken.count(place) > 1)
        raise ColumnsRefused(f"“{batch.header[twice]}” is chosen twice. A column can be one thing only.")


def claim(batch: Import, sources: tuple[ImportState, ...], target: ImportState, at: datetime, **fields: Any) -> None:
    """Move an import on; whoever comes second is told where it stands. Raises MovedOn."""
    fields |= {"state": target, "moved_at": at}
    if not Import.objects.filter(pk=batch.pk, state__in=sources).update(**fields):
        now = Import.objects.only("state").get(pk=batch.pk)
        raise MovedOn(stands_at(batch, now.get_state_display()))
    for name, value in fields.items():
        setattr(batch, name, value)


def stands_at(batch: Import, state: str) -> str:
    """What is said to somebody who comes too late."""
    return f"{batch.file_name} is at “{state}” now. Reload its page to see where it stands."
