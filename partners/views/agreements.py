"""The agreement in the dashboard: written, published, superseded, withdrawn, and who signed it."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.text import slugify
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from elinkages.accounts.access import MspRequest, dashboard
from elinkages.audit import trail
from elinkages.kernel.forms import attempt
from elinkages.kernel.pages import page
from elinkages.kernel.paging import paginate
from elinkages.kernel.tasks import nudge
from partners import agreements, signatures, tasks
from partners.agreement_forms import DraftForm
from partners.agreement_outline import TITLE
from partners.markup import blocks
from partners.models import AgreementDraft, AgreementVersion, Partner, Signature, SourceKind

HOME = "dashboard:agreement-list"
SHOW = {"unsigned": "Not signed", "signed": "Signed"}


@dashboard()
def agreement_list(request: MspRequest) -> HttpResponse:
    """What is in force, what is being written, what was before."""
    versions = agreements.versions()
    context = {
        "current": [version for version in versions if version.ended_at is None],
        "past": [version for version in versions if version.ended_at is not None],
        "drafts": list(AgreementDraft.objects.select_related("edited_by__user").order_by("kind")),
    }
    return page(request, "dashboard/agreements/list.html", context)


@dashboard(can="settings.manage")
@require_http_methods(["GET", "HEAD", "POST"])
def draft_new(request: MspRequest) -> HttpResponse:
    """Begin a version, from the text of the one in force."""
    kind = request.GET.get("kind", "")
    kind = kind if kind in SourceKind.values else ""
    if existing := AgreementDraft.objects.filter(kind=kind).first():
        return redirect("dashboard:agreement-draft", existing.pk)
    before = AgreementVersion.objects.filter(kind=kind).order_by("-number").first()
    known: dict[str, Any] = {"title": TITLE, "is_required": True, "grace_days": 30}
    if before is not None:
        known |= {"title": before.title, "text": before.text, "is_required": before.is_required}
    return _edit(request, kind, known)


@dashboard(can="settings.manage")
def draft(request: MspRequest, agreement_draft_id: UUID) -> HttpResponse:
    """Continue writing a version."""
    kept = _draft_of(agreement_draft_id)
    known = {name: getattr(kept, name) for name in ("title", "text", "is_required", "grace_days")}
    return _edit(request, kept.kind, known)


def _edit(request: MspRequest, kind: str, known: dict[str, Any]) -> HttpResponse:
    form = DraftForm(request.POST or None, initial=known)
    if request.method == "POST" and form.is_valid() and request.POST.get("do") != "preview":
        with attempt(form):
            agreements.draft(kind=kind, **form.cleaned_data, by=request.member, at=timezone.now())
            messages.success(request, "The draft was saved. Partners see nothing until you publish it.")
            return redirect(HOME)
    context = {
        "form": form,
        "kind": kind,
        "for_whom": SourceKind(kind).label if kind else "every kind of source",
        "kinds": [(value, label) for value, label in SourceKind.choices] if not request.POST and not kind else [],
        "title": form["title"].value() or "",
        "blocks": blocks(str(form["text"].value() or "")),
    }
    failed = form.is_bound and not form.is_valid()
    return page(request, "dashboard/agreements/draft.html", context, status=422 if failed else 200)


@dashboard(can="settings.manage")
def publication(request: MspRequest, agreement_draft_id: UUID) -> HttpResponse:
    """Read it once more with whom it is asked of, then publish it."""
    kept = _draft_of(agreement_draft_id)
    if request.method == "POST":
        version = agreements.publish(kept, by=request.member, at=timezone.now())
        nudge(tasks.ask_to_sign, msp_id=str(request.msp.pk))
        messages.success(request, f"{version} is in force. Partners get an e-mail that asks them to sign.")
        return redirect("dashboard:agreement-version", version.pk)
    asked = Partner.objects.active().filter(**({"kind": kept.kind} if kept.kind else {}))
    before = AgreementVersion.objects.in_force().filter(kind=kept.kind).first()
    context = {
        "draft": kept,
        "blocks": blocks(kept.text),
        "blanks": agreements.blanks(kept.text),
        "asked": asked.count(),
        "before": before,
    }
    return page(request, "dashboard/agreements/publication.html", context)


@dashboard(can="settings.manage")
@require_POST
def discarding(request: MspRequest, agreement_draft_id: UUID) -> HttpResponse:
    """Throw a draft away."""
    agreements.discard(_draft_of(agreement_draft_id))
    messages.success(request, "The draft was discarded. What is in force stays in force.")
    return redirect(HOME)


@dashboard()
def version_page(request: MspRequest, agreement_version_id: UUID) -> HttpResponse:
    """One version: its words, who signed it and who has not."""
    found = _version_of(agreement_version_id)
    show = request.GET.get("show", "")
    show = show if show in SHOW else ("unsigned" if found.ended_at is None else "signed")
    signatures = Signature.objects.filter(version=found)
    context: dict[str, Any] = {
        "version": found,
        "blocks": blocks(found.text),
        "show": show,
        "shows": SHOW,
        "signed_count": signatures.count(),
        "events": trail.history(found),
    }
    if show == "signed":
        ordered = signatures.select_related("partner", "recorded_by__user")
        context["signatures"] = paginate(ordered, request, order=("-signed_at", "-pk"))
    else:
        context["unsigned"] = paginate(agreements.unsigned(found), request, order=("name_key", "pk"))
    return page(request, "dashboard/agreements/version.html", context)


@dashboard(can="settings.manage")
@require_POST
def withdrawal(request: MspRequest, agreement_version_id: UUID) -> HttpResponse:
    """Ask nobody for it anymore."""
    found = agreements.withdraw(_version_of(agreement_version_id), by=request.member, at=timezone.now())
    messages.success(request, f"{found} no longer has to be signed. Existing signatures stay.")
    return redirect(HOME)


@dashboard()
@require_safe
def signed_copy(request: MspRequest, signature_id: UUID) -> HttpResponse:
    """The PDF of a signature."""
    return pdf_answer(get_object_or_404(Signature.objects.select_related("version", "partner"), pk=signature_id))


def pdf_answer(signature: Signature) -> HttpResponse:
    """A signed copy as a file to keep."""
    name = slugify(f"{signature.version.title} {signature.version.number} {signature.partner.name}")[:80] or "agreement"
    answer = HttpResponse(signatures.copy_of(signature), content_type="application/pdf")
    answer["Content-Disposition"] = f'attachment; filename="{name}.pdf"'
    answer["Content-Security-Policy"] = "sandbox"
    return answer


def _draft_of(agreement_draft_id: UUID) -> AgreementDraft:
    return get_object_or_404(AgreementDraft.objects.all(), pk=agreement_draft_id)


def _version_of(agreement_version_id: UUID) -> AgreementVersion:
    return get_object_or_404(AgreementVersion.objects.select_related("published_by__user"), pk=agreement_version_id)
