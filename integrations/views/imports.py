"""The pages of an import: upload, columns, what becomes of every row, and the way there."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from elinkages.accounts.access import MspRequest, dashboard
from elinkages.audit import trail
from elinkages.kernel import csv_cells
from elinkages.kernel.forms import attempt
from elinkages.kernel.pages import page
from elinkages.kernel.paging import paginate
from elinkages.lists.pages import list_page
from integrations.forms import ColumnsForm, SheetForm, UndoForm, UploadForm, shorten
from integrations.listings import IMPORTS
from integrations.models import Fate, Import, ImportKind, ImportRow, ImportState, Undo
from integrations.spreadsheets import imports, undoing
from integrations.spreadsheets.fields import FIELDS
from integrations.tasks import nudge_import
from referrals import service_lines

PATHS = {
    ImportKind.PARTNERS: "dashboard:partner",
    ImportKind.REFERRALS: "dashboard:referral",
    ImportKind.CLIENTS: "dashboard:client",
    ImportKind.OPENING: "dashboard:partner",
    ImportKind.INVOICES: "dashboard:client",
    ImportKind.PAYMENTS: "dashboard:client",
    ImportKind.CREDITS: "dashboard:client",
}
"""Where a row's target has its page."""
FATE_TONES = {
    Fate.CREATE: "good",
    Fate.UPDATE: "info",
    Fate.PART: "neutral",
    Fate.DUPLICATE: "neutral",
    Fate.ERROR: "bad",
}
MOVING = (ImportState.CHECKING, ImportState.IMPORTING, ImportState.UNDOING)
UNDO = (Undo.UNDONE, Undo.KEPT)
UNDO_TONES = {Undo.UNDONE: "neutral", Undo.KEPT: "warn"}
SHOWN = (ImportState.CHECKED, ImportState.DONE, ImportState.UNDONE)
"""When the fates of rows are listed."""


def _import(request: MspRequest, import_id: UUID, *, with_file: bool = False) -> Import:
    """One of a kind that the member may bring."""
    people = ("uploaded_by__user", "started_by__user", "undone_by__user")
    found = Import.objects.filter(kind__in=imports.kinds_for(request.member)).select_related(*people)
    batch: Import = get_object_or_404(found if with_file else found.defer("content"), pk=import_id)
    return batch


@dashboard(can="imports.manage")
@require_safe
def import_list(request: MspRequest) -> HttpResponse:
    """Every file that was brought, newest first."""
    return list_page(request, IMPORTS, "dashboard/imports/list.html")


@dashboard(can="imports.manage")
def import_new(request: MspRequest) -> HttpResponse:
    """Upload a file, and read what columns are understood."""
    kinds, initial = imports.kinds_for(request.member), {"kind": request.GET.get("kind", "")}
    sent = (request.POST, request.FILES) if request.method == "POST" else ()
    form = UploadForm(*sent, initial=initial, kinds=kinds)
    if form.is_valid():
        file, chosen = form.cleaned_data["file"], form.cleaned_data["kind"]
        with attempt(form, field="file"):
            batch = imports.upload(
                kind=chosen, file_name=file.name, content=file.read(), by=request.member, at=timezone.now()
            )
            return redirect("dashboard:import-columns", batch.pk)
    understood = [(kind.value, kind.label, FIELDS[kind]) for kind in kinds]
    examples = [(kind.value, kind.label, f"examples/{kind.value}") for kind in kinds]
    context = {"form": form, "understood": understood, "examples": examples}
    return page(request, "dashboard/imports/new.html", context, status=422 if form.is_bound else 200)


@dashboard(can="imports.manage")
def import_columns(request: MspRequest, import_id: UUID) -> HttpResponse:
    """Say which column is what, and have the rows checked."""
    batch = _import(request, import_id, with_file=True)
    if batch.state not in (ImportState.UPLOADED, ImportState.CHECKED):
        return redirect("dashboard:import", batch.pk)
    table = imports.table_of(batch)
    sent = request.POST if request.method == "POST" else None
    form = ColumnsForm(sent, batch=batch, table=table, service_lines=list(service_lines.in_use()))
    if form.is_valid():
        with attempt(form):
            imports.choose(batch, columns=form.columns, options=form.options, by=request.member, at=timezone.now())
            nudge_import(batch)
            return redirect("dashboard:import", batch.pk)
    context = {"form": form, "batch": batch, "header_row": table.header_row, "sheet_form": SheetForm(batch=batch)}
    return page(request, "dashboard/imports/columns.html", context, status=422 if form.is_bound else 200)


@dashboard(can="imports.manage")
@require_POST
def import_sheet(request: MspRequest, import_id: UUID) -> HttpResponse:
    """Read another sheet of the workbook."""
    batch = _import(request, import_id, with_file=True)
    form = SheetForm(request.POST, batch=batch)
    if form.is_valid():
        imports.choose_sheet(batch, form.cleaned_data["sheet"], by=request.member, at=timezone.now())
    else:
        messages.error(request, "Choose one of the sheets of this workbook.")
    return redirect("dashboard:import-columns", batch.pk)


@dashboard(can="imports.manage")
@require_safe
def import_detail(request: MspRequest, import_id: UUID) -> HttpResponse:
    """Where an import stands, and the fate of its rows; `?fate=` shows one fate."""
    batch = _import(request, import_id)
    if batch.state == ImportState.UPLOADED:
        return redirect("dashboard:import-columns", batch.pk)
    context = {"batch": batch, "events": trail.history(batch), "is_moving": batch.state in MOVING}
    if batch.state in SHOWN:
        context |= _rows(request, batch)
    return page(request, "dashboard/imports/import.html", context)


def _rows(request: MspRequest, batch: Import) -> dict[str, Any]:
    fate = request.GET.get("fate", "")
    listed = paginate(imports.rows_of(batch, fate), request, order=("number", "pk"))
    counts = {value: batch.summary.get(value, 0) for value in (*Fate.values, *UNDO)}
    chips = [("", "All", sum(counts[one] for one in Fate)), *((one, one.label, counts[one]) for one in Fate)]
    if batch.state == ImportState.UNDONE:
        chips += [(one, one.label, counts[one]) for one in UNDO]
    return {
        "rows": [_row(batch, row) for row in listed.items],
        "page": listed,
        "fate": fate,
        "counts": counts,
        "to_import": counts[Fate.CREATE] + counts[Fate.UPDATE],
        "written": counts[Fate.CREATE] + counts[Fate.UPDATE],
        "chips": [chip for chip in chips if chip[2] or chip[0] != Fate.PART],
    }


def _row(batch: Import, row: ImportRow) -> dict[str, Any]:
    tone = UNDO_TONES[Undo(row.undo)] if row.undo else FATE_TONES[Fate(row.fate)]
    label, reason = imports.told(batch, row)
    url = reverse(PATHS[ImportKind(batch.kind)], args=[row.target_id]) if row.target_id else ""
    is_gone = row.undo == Undo.UNDONE and batch.kind == ImportKind.PARTNERS
    title = _title(batch, row.cells)
    return {"row": row, "tone": tone, "label": label, "reason": reason, "url": "" if is_gone else url, "title": title}


def _title(batch: Import, cells: list[str]) -> tuple[str, str]:
    """What a row is called, and what else its chosen columns say, in short."""
    places = [batch.columns[field.name] for field in FIELDS[batch.kind] if field.name in batch.columns]
    texts = [shorten(" ".join(cells[place].split())) for place in places if place < len(cells)]
    return (texts[0] if texts else ""), " · ".join(text for text in texts[1:7] if text)


@dashboard(can="imports.manage")
@require_safe
def import_progress(request: MspRequest, import_id: UUID) -> HttpResponse:
    """The bar alone, for the page that asks every second; once it is over the whole page is shown anew."""
    batch = _import(request, import_id)
    if "HX-Request" not in request.headers:
        return redirect("dashboard:import", batch.pk)
    if batch.state not in MOVING:
        return HttpResponse(status=204, headers={"HX-Refresh": "true"})
    return page(request, "dashboard/imports/_progress.html", {"batch": batch})


@dashboard(can="imports.manage")
@require_POST
def import_start(request: MspRequest, import_id: UUID) -> HttpResponse:
    """Import what was checked."""
    batch = imports.start(_import(request, import_id), by=request.member, at=timezone.now())
    nudge_import(batch)
    return redirect("dashboard:import", batch.pk)


@dashboard(can="imports.manage")
def import_discard(request: MspRequest, import_id: UUID) -> HttpResponse:
    """Forget a file before anything was imported."""
    batch = _import(request, import_id)
    if request.method == "POST":
        imports.discard(batch, by=request.member, at=timezone.now())
        messages.success(request, f"{batch.file_name} was discarded. Nothing was imported.")
        return redirect("dashboard:import-list")
    return page(request, "dashboard/imports/discard.html", {"batch": batch})


@dashboard(can="imports.manage")
@require_http_methods(["GET", "HEAD", "POST"])
def import_undo(request: MspRequest, import_id: UUID) -> HttpResponse:
    """What taking an import back would do, and the button that does it."""
    batch = _import(request, import_id)
    if batch.state != ImportState.DONE:
        return redirect("dashboard:import", batch.pk)
    form = UndoForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        with attempt(form):
            undoing.start(batch, expected=form.cleaned_data["expected"], by=request.member, at=timezone.now())
            nudge_import(batch)
            return redirect("dashboard:import", batch.pk)
    outlook = undoing.outlook(batch, request.member)
    kept = [(row, *_title(batch, row.cells)) for row in outlook.examples]
    context = {"batch": batch, "form": form, "outlook": outlook, "kept": kept}
    return page(request, "dashboard/imports/undo.html", context, status=422 if form.is_bound else 200)


@dashboard(can="imports.manage")
@require_safe
def import_faults(request: MspRequest, import_id: UUID) -> HttpResponse:
    """The rows that were not imported as CSV, with their reasons: to correct and upload again."""
    batch = _import(request, import_id)
    width = len(batch.header)
    lines = [[*batch.header, "Row", "Problem"]]
    for row in imports.faulty(batch):
        lines.append([*(row.cells + [""] * width)[:width], str(row.number), row.reason])
    name = batch.file_name.rpartition(".")[0].encode("ascii", "ignore").decode().replace('"', "") or "import"
    headers = {"Content-Disposition": f'attachment; filename="{name[:60]}-not-imported.csv"'}
    # The mark tells spreadsheet programs that the text is UTF-8.
    content = b"\xef\xbb\xbf" + csv_cells.write(lines)
    return HttpResponse(content, content_type="text/csv; charset=utf-8", headers=headers)
