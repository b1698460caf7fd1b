"""The list of files that were brought, and the rows of one with what became of them."""

from collections.abc import Callable
from functools import partial
from typing import IO
from urllib.parse import urlencode
from uuid import UUID

from django.db.models import QuerySet
from django.http import QueryDict

from elinkages.kernel.icons import badge_html
from elinkages.lists import columns, exports
from elinkages.lists.columns import Column, Field, Kind, row_link, sub
from elinkages.lists.filters import Filter, Order, Rows, choices, equals
from elinkages.lists.listing import Listing, register
from elinkages.lists.scope import Scope
from elinkages.lists.wanted import Bundle, Progress, Wanted
from elinkages.lists.wanted import register as register_bundle
from elinkages.lists.writing import AT_ONCE, Sheet, write_sheet
from integrations.models import Fate, Import, ImportKind, ImportRow, ImportState
from integrations.spreadsheets import imports

KIND_NAMES: dict[str, str] = dict(ImportKind.choices)
STATE_NAMES: dict[str, str] = dict(ImportState.choices)


def _file(batch: Import, scope: Scope) -> str:
    told = sub(f"{KIND_NAMES[batch.kind]}, {batch.uploaded_by}")
    return row_link(scope, "import", batch.pk, batch.file_name) + told


def _rows_that(fate: str, label: str) -> Column:
    return columns.count(fate, label, lambda batch: batch.summary.get(fate, 0))


class Imports(Listing):
    """Every file that was brought, newest first."""

    name, title, noun, model = "import-list", "Imports", "import", Import
    right = "imports.manage"
    columns = (
        Column(
            "file",
            "File",
            _file,
            (
                Field("File", lambda batch: batch.file_name),
                Field("Kind", lambda batch: KIND_NAMES[batch.kind]),
                Field("Uploaded by", lambda batch: str(batch.uploaded_by)),
            ),
        ),
        Column(
            "state",
            "Status",
            lambda batch, _: badge_html(STATE_NAMES[batch.state], batch.tone),
            (Field("Status", lambda batch: STATE_NAMES[batch.state]),),
        ),
        _rows_that(Fate.CREATE, "New"),
        _rows_that(Fate.UPDATE, "Updated"),
        _rows_that(Fate.DUPLICATE, "Already there"),
        _rows_that(Fate.ERROR, "Not imported"),
        columns.instant("uploaded", "Uploaded", lambda batch: batch.uploaded_at, sorts=("newest", "oldest")),
    )
    orders = (
        Order("newest", "Newest first", ("-uploaded_at", "-pk")),
        Order("oldest", "Oldest first", ("uploaded_at", "pk")),
    )
    filters = (Filter("kind", "Kind", choices(ImportKind.choices), equals("kind"), everything="Every kind"),)

    def rows(self, scope: Scope) -> Rows:
        """Of the kinds that the member may bring, without the files themselves."""
        found = Import.objects.filter(kind__in=imports.kinds_for(scope.member))
        return found.defer("content", "header", "columns").select_related("uploaded_by__user")


IMPORTS = register(Imports())


class Outcomes(Bundle):
    """`?import=<id>`: every row of a file with what becomes of it; with `&fate=` those of one fate."""

    name, right, formats = "import", "imports.manage", exports.FORMATS

    def wanted(self, query: QueryDict, scope: Scope) -> Wanted | None:
        """The rows of an import of a kind that the member may bring."""
        try:
            of_theirs = Import.objects.filter(kind__in=imports.kinds_for(scope.member)).defer("content")
            batch = of_theirs.filter(pk=UUID(query.get("import", ""))).first()
        except ValueError:
            return None
        if batch is None:
            return None
        fate = query.get("fate", "")
        rows = imports.rows_of(batch, fate)
        sheet = Sheet(batch.file_name, _outcome_fields(batch), scope.msp.currency, scope.zone)
        return Wanted(
            name=self.name,
            title=f"Rows of {batch.file_name}"[:80],
            query=urlencode({"import": batch.pk, "fate": fate}),
            right=self.right,
            formats=self.formats,
            at_once=exports.AT_ONCE,
            most=exports.MOST,
            too_long=f"A file can have {exports.MOST:,} rows, and this one has more.",
            count=lambda most: rows[: most + 1].count(),
            write=partial(_write_outcomes, sheet, rows),
        )


OUTCOMES = register_bundle(Outcomes())


def _outcome_fields(batch: Import) -> list[Field]:
    """The columns of the file as they are, and three of ours."""
    return [
        *(Field(head, _cell(place)) for place, head in enumerate(batch.header)),
        Field("Row", lambda row: row.number, Kind.COUNT),
        Field("What becomes of it", lambda row: imports.told(batch, row)[0]),
        Field("Why", lambda row: imports.told(batch, row)[1]),
    ]


def _cell(place: int) -> Callable[[ImportRow], str]:
    return lambda row: row.cells[place] if place < len(row.cells) else ""


def _write_outcomes(sheet: Sheet, rows: QuerySet[ImportRow], format_: str, file: IO[bytes], progress: Progress) -> int:
    in_order = rows.order_by("number").iterator(chunk_size=AT_ONCE)
    return write_sheet(sheet, in_order, lambda some: some, format_, file, progress=progress)
