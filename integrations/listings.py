"""The list of files that were brought."""

from elinkages.kernel.icons import badge_html
from elinkages.lists import columns
from elinkages.lists.columns import Column, Field, row_link, sub
from elinkages.lists.filters import Filter, Order, Rows, choices, equals
from elinkages.lists.listing import Listing, register
from elinkages.lists.scope import Scope
from integrations.models import Fate, Import, ImportKind, ImportState
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
