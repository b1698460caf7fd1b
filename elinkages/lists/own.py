"""Files of what a partner sees in the portal: their own rows, written while the page waits.

The portal's database role reads one partner's rows and writes nothing, so nothing is kept of such a file and no worker
is asked; what one partner has is little enough.
"""

import tempfile
from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import quote

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from elinkages.accounts.models import Msp
from elinkages.kernel.refusal import Refused
from elinkages.lists.columns import Field
from elinkages.lists.models import CONTENT_TYPES, ExportFormat
from elinkages.lists.writing import AT_ONCE, Lines, Sheet, file_name, write_sheet

MOST = 5_000


class TooLong(Refused):
    """More rows than are written while somebody waits."""


def own_file(
    request: HttpRequest, msp: Msp, title: str, fields: Sequence[Field], rows: QuerySet[Any], lines: Lines | None = None
) -> HttpResponse:
    """The rows as CSV, or as Excel with `?format=xlsx`. Raises TooLong."""
    if rows.order_by()[: MOST + 1].count() > MOST:
        raise TooLong(f"A file can have {MOST:,} rows, and this would have more. Ask {msp} for the whole list.")
    format_ = ExportFormat.XLSX if request.GET.get("format") == ExportFormat.XLSX else ExportFormat.CSV
    sheet = Sheet(title, fields, msp.currency, msp.zone)
    with tempfile.TemporaryFile() as file:
        write_sheet(
            sheet, rows.iterator(chunk_size=AT_ONCE), lines or _as_they_are, format_, file, progress=lambda _: None
        )
        file.seek(0)
        return download(file.read(), format_, file_name(title, format_, msp.today(timezone.now())))


def download(content: bytes, format_: str, name: str) -> HttpResponse:
    """A file to keep under a name."""
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}"}
    return HttpResponse(content, content_type=CONTENT_TYPES[ExportFormat(format_)], headers=headers)


def _as_they_are(rows: Sequence[Any]) -> Iterable[Any]:
    return rows
