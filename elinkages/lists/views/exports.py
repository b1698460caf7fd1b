"""Files of lists: asking for one, watching it being written, fetching it."""

from typing import Any
from urllib.parse import quote
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from elinkages.accounts.access import MspRequest, dashboard
from elinkages.audit import trail
from elinkages.kernel.pages import page
from elinkages.kernel.paging import paginate
from elinkages.lists import exports
from elinkages.lists.listing import Listing
from elinkages.lists.models import Export, ExportState
from elinkages.lists.own import download
from elinkages.lists.scope import Scope
from elinkages.lists.tasks import nudge_export
from elinkages.lists.wanted import Bundle, Wanted
from elinkages.lists.writing import file_name


def export_new(request: MspRequest, listing: Listing) -> HttpResponse:
    """Ask for what a list shows."""
    return take(request, exports.of_list(listing.ask(request.GET, Scope.of(request))))


def bundle_export(request: MspRequest, bundle: Bundle) -> HttpResponse:
    """Ask for what a page of its own making shows."""
    wanted = bundle.wanted(request.GET, Scope.of(request))
    if wanted is None:
        raise Http404("There is nothing to export.")
    return take(request, wanted)


def take(request: MspRequest, wanted: Wanted) -> HttpResponse:
    """Ask for a file: a short one is downloaded at once, a long one is written meanwhile."""
    export = exports.start(wanted, format_=request.POST.get("format", ""), by=request.member, at=timezone.now())
    if export.state == ExportState.DONE:
        return redirect(_file_url(export))
    nudge_export(export)
    return redirect("dashboard:export", export.pk)


@dashboard()
@require_safe
def export_list(request: MspRequest) -> HttpResponse:
    """One's own files, newest first; an owner sees who else took what along."""
    found = Export.objects.select_related("asked_by__user")
    if not request.member.is_owner:
        found = found.filter(asked_by=request.member)
    rows = paginate(found, request, order=("-asked_at", "-pk"))
    lines = [(export, _file_url(export) if _is_fetchable(request, export) else "") for export in rows.items]
    return page(request, "dashboard/lists/export_list.html", {"rows": rows, "lines": lines})


@dashboard()
@require_safe
def export_detail(request: MspRequest, export_id: UUID) -> HttpResponse:
    """How far a file is, and the link to it."""
    export = _export(request, export_id)
    return page(request, "dashboard/lists/export.html", {**_standing(request, export), "events": trail.history(export)})


@dashboard()
@require_safe
def export_progress(request: MspRequest, export_id: UUID) -> HttpResponse:
    """The bar alone; when the file is there, the page that is looked at is loaded again."""
    export = _export(request, export_id)
    answer = page(request, "dashboard/lists/_export_progress.html", _standing(request, export))
    if not export.is_unfinished:
        answer["HX-Refresh"] = "true"
    return answer


@dashboard()
@require_safe
def export_file(request: MspRequest, export_id: UUID) -> HttpResponse:
    """The file, for the one who asked and for a few minutes; without its key, the page that has a fresh link."""
    export = _export(request, export_id)
    if not (key := request.GET.get("key")):
        return redirect("dashboard:export", export.pk)
    content = exports.fetch(export, key, by=request.member, at=timezone.now())
    name = file_name(export.title, export.format, request.msp.today(export.asked_at))
    return download(content, export.format, name)


def _export(request: MspRequest, export_id: UUID) -> Export:
    found = Export.objects.select_related("asked_by__user")
    if not request.member.is_owner:
        found = found.filter(asked_by=request.member)
    export: Export = get_object_or_404(found, pk=export_id)
    return export


def _standing(request: MspRequest, export: Export) -> dict[str, Any]:
    link = _file_url(export) if _is_fetchable(request, export) else ""
    return {"export": export, "done": exports.rows_done(export), "file_url": link}


def _is_fetchable(request: MspRequest, export: Export) -> bool:
    return export.state == ExportState.DONE and export.asked_by_id == request.member.pk


def _file_url(export: Export) -> str:
    return f"{reverse('dashboard:export-file', args=[export.pk])}?key={quote(exports.ticket(export))}"
