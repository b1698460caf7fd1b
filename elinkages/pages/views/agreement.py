"""The agreement where apps meet: its words are partners', the terms beside it commissions', the days referrals'."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from commissions import offers
from elinkages.accounts.access import MspRequest, dashboard
from elinkages.kernel.forms import attempt
from elinkages.kernel.pages import page
from partners import agreement_outline, agreements, signatures
from partners.access import PortalRequest, ip_address_of, portal
from partners.agreement_forms import PaperForm, SignForm
from partners.markup import blocks
from partners.models import AgreementVersion, Contact, Signature, SourceKind
from partners.views.agreements import pdf_answer
from partners.views.dashboard import partner_of
from referrals import protection


@portal
def agreement(request: PortalRequest) -> HttpResponse:
    """What is to be signed, with the partner's own commission terms; or what was signed, and by whom."""
    at = timezone.now()
    standing = agreements.standing(request.partner, on=request.msp.today(at))
    if standing is None or standing.signature is not None:
        return page(request, "portal/agreement/signed.html", {"standing": standing, "signed": _signed(request)})
    terms = offers.shown(request.partner, currency=request.msp.currency, on=request.msp.today(at))
    form = SignForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with attempt(form):
            _sign(request, standing.version, terms, form.cleaned_data, at)
            messages.success(request, f"Signed. An e-mail about your copy is on its way to {request.contact.email}.")
            return redirect("portal:agreement")
    context = {
        "form": form,
        "standing": standing,
        "version": standing.version,
        "blocks": blocks(standing.version.text),
        "terms": terms,
        "terms_hash": signatures.terms_sha256(terms),
        "signers": Contact.objects.current().filter(partner=request.partner, can_sign=True).order_by("name", "pk"),
        "signed": _signed(request),
    }
    return page(request, "portal/agreement/sign.html", context, status=422 if form.is_bound else 200)


def _signed(request: PortalRequest) -> list[Signature]:
    signatures = Signature.objects.filter(partner=request.partner).select_related("version")
    return list(signatures.order_by("-signed_at", "-pk"))


def _sign(
    request: PortalRequest,
    version: AgreementVersion,
    terms: Sequence[signatures.Terms],
    answers: dict[str, Any],
    at: datetime,
) -> Signature:
    return signatures.sign(
        version,
        name=answers["name"],
        text_hash=answers["text_hash"],
        terms=terms,
        terms_hash=answers["terms_hash"],
        ip_address=ip_address_of(request),
        user_agent=request.headers.get("User-Agent", ""),
        by=request.contact,
        at=at,
    )


@portal
@require_safe
def own_copy(request: PortalRequest, signature_id: UUID) -> HttpResponse:
    """The PDF of the firm's own signature."""
    found = Signature.objects.filter(partner=request.partner).select_related("version", "partner")
    return pdf_answer(get_object_or_404(found, pk=signature_id))


@dashboard(can="settings.manage")
@require_POST
def outline(request: MspRequest) -> HttpResponse:
    """Begin the agreement from the outline, as a draft with today's numbers of the MSP."""
    kind = request.POST.get("kind", "")
    kind = kind if kind in SourceKind.values else ""
    windows = [(window.kind.label, window.days) for window in protection.windows() if kind in ("", window.kind)]
    draft = agreement_outline.begin(request.msp, kind=kind, windows=windows, by=request.member, at=timezone.now())
    messages.success(request, "The outline is your draft, with the numbers of your settings. Partners see nothing yet.")
    return redirect("dashboard:agreement-draft", draft.pk)


@dashboard(can="settings.manage")
@require_http_methods(["GET", "HEAD", "POST"])
def on_paper(request: MspRequest, partner_id: UUID) -> HttpResponse:
    """Record that a partner signed on paper."""
    partner, at = partner_of(partner_id), timezone.now()
    standing = agreements.standing(partner, on=request.msp.today(at))
    if standing is None or standing.signature is not None:
        messages.info(request, f"There is nothing that {partner.name} has to sign.")
        return redirect("dashboard:partner", partner.pk)
    terms = offers.shown(partner, currency=request.msp.currency, on=request.msp.today(at))
    form = PaperForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with attempt(form):
            answers = form.cleaned_data
            signatures.record_on_paper(standing.version, partner, **answers, terms=terms, by=request.member, at=at)
            messages.success(request, f"The signature of {partner.name} is on record.")
            return redirect("dashboard:partner", partner.pk)
    context = {"form": form, "partner": partner, "version": standing.version, "terms": terms}
    return page(request, "dashboard/agreements/paper.html", context, status=422 if form.is_bound else 200)
