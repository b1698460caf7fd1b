"""An import from the upload to the last row: what people do about it. The worker's part is in running.py."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db.models import Count

from elinkages.accounts.models import Membership
from elinkages.audit import trail
from elinkages.kernel.refusal import Refused
from integrations.models import Fate, Import, ImportKind, ImportRow, ImportState
from integrations.spreadsheets import files
from integrations.spreadsheets.fields import FIELDS
from integrations.spreadsheets.headers import guess
from integrations.spreadsheets.values import column, guess_date_order, guess_decimal_mark

IMPORTED = (Fate.CREATE, Fate.UPDATE)
"""The fates of rows that change something."""


class UnknownKind(Refused):
    """Not one of the kinds of spreadsheet."""


class MovedOn(Refused):
    """The import is not where the page showed it."""


class ColumnsRefused(Refused):
    """The chosen columns cannot be read."""


class NothingToImport(Refused):
    """Every row is here already, or cannot be imported."""


def upload(*, kind: str, file_name: str, content: bytes, by: Membership, at: datetime) -> Import:
    """Keep a file and guess what its columns are; nothing is imported yet. Raises UnknownKind, files.Unreadable."""
    if kind not in ImportKind.values:
        raise UnknownKind("Choose what the rows are: partners, referrals or won clients.")
    files.check_size(len(content))
    table = files.read(content)
    columns = guess(kind, table.header)
    batch = Import.objects.create(
        kind=kind,
        file_name=" ".join(file_name.split())[-200:] or "file.csv",
        content=content,
        encoding=table.encoding,
        delimiter=table.delimiter,
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


def table_of(batch: Import) -> files.Table:
    """The file of an import, read again. Raises files.Unreadable."""
    return files.read(bytes(batch.content))


def guess_options(table: files.Table, kind: str, columns: Mapping[str, int]) -> dict[str, Any]:
    """Date order and decimal mark, by the cells of the columns; "" where they leave a choice."""
    cells = [cells for _, cells in table.rows]
    found = {"day": list[str](), "amount": list[str]()}
    for field in FIELDS[kind]:
        if field.reads in found and field.name in columns:
            found[field.reads] += column(cells, columns[field.name])
    return {"date_order": guess_date_order(found["day"]), "decimal_mark": guess_decimal_mark(found["amount"])}


def choose(
    batch: Import, *, columns: Mapping[str, int], options: Mapping[str, Any], by: Membership, at: datetime
) -> Import:
    """Say which column is what (field → place) and have every row checked, anew after a change.

    Raises ColumnsRefused, or MovedOn once it is being checked or imported.
    """
    _check_columns(batch, columns)
    _claim(
        batch,
        (ImportState.UPLOADED, ImportState.CHECKED),
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
    _claim(batch, (ImportState.CHECKED,), ImportState.IMPORTING, at, total=waiting, done=0, attempts=0, started_by=by)
    if not waiting:
        raise NothingToImport("No row of this file would change anything. Nothing was imported.")
    trail.record("import.started", batch, by=by, at=at, rows=waiting)
    return batch


def discard(batch: Import, *, by: Membership, at: datetime) -> Import:
    """Forget the file and its rows before anything was imported. Raises MovedOn."""
    before_import = (ImportState.UPLOADED, ImportState.CHECKING, ImportState.CHECKED)
    _claim(batch, before_import, ImportState.DISCARDED, at, content=b"", finished_at=at)
    batch.rows.all().delete()
    trail.record("import.discarded", batch, by=by, at=at)
    return batch


def counts(batch: Import) -> dict[str, int]:
    """Fate → rows."""
    found = dict(batch.rows.values_list("fate").annotate(rows=Count("pk")).order_by("fate"))
    return {fate: found.get(fate, 0) for fate in Fate.values}


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


def _claim(batch: Import, sources: tuple[ImportState, ...], target: ImportState, at: datetime, **fields: Any) -> None:
    """Move an import on; whoever comes second is told where it stands."""
    fields |= {"state": target, "moved_at": at}
    if not Import.objects.filter(pk=batch.pk, state__in=sources).update(**fields):
        now = Import.objects.only("state").get(pk=batch.pk)
        raise MovedOn(
            f"{batch.file_name} is at “{now.get_state_display()}” now. Reload its page to see where it stands."
        )
    for name, value in fields.items():
        setattr(batch, name, value)
