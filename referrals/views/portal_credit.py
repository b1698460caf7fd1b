"""What a partner is asked about credit: shares to agree to, a case to contribute to, a refusal to contest."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from elinkages.kernel.forms import attempt
from elinkages.kernel.pages import page
from partners.access import PortalRequest, active_portal, portal
from referrals import cases, splits
from referrals.models import Answer, Case, Referral, SplitConsent, SplitState, Stage
from referrals.standing_forms import ConsentForm, NoteForm, StatementForm


@portal
@require_safe
def questions(request: PortalRequest) -> HttpResponse:
    """Shares that wait for an answer, cases that are open, and what was answered before."""
    consents = list(SplitConsent.objects.select_related("split").order_by("-pk")[:50])
    context = {
        "waiting": [one for one in consents if _waits(one)],
        "answered": [one for one in consents if not _waits(one)],
        "cases": list(Case.objects.order_by("-opened_at", "-pk")[:50]),
    }
    return page(request, "portal/credit/questions.html", context)


@portal
@require_POST
def consent(request: PortalRequest, consent_id: UUID) -> HttpResponse:
    """Agree to a share, or not."""
    mine = SplitConsent.objects.select_related("split", "partner").filter(partner=request.partner)
    one, form = get_object_or_404(mine, pk=consent_id), ConsentForm(request.POST)
    if not form.is_valid():
        raise splits.NotAsked("Choose whether you agree.", status=422)
    agrees = form.cleaned_data["answer"] == "agree"
    splits.answer(one, agrees=agrees, by=request.contact, at=timezone.now())
    messages.success(request, "Thank you. You agreed." if agrees else "You declined: the shares stay as they are.")
    return redirect("portal:credit-questions")


@portal
def case_page(request: PortalRequest, case_id: UUID) -> HttpResponse:
    """One's own part of a case: what one said, and room for more. The others' parts are theirs."""
    case = get_object_or_404(Case.objects.filter(claims__partner=request.partner), pk=case_id)
    form = NoteForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with attempt(form):
            text = form.cleaned_data["text"]
            cases.note(case, text, partner=request.partner, by=request.contact, at=timezone.now())
            messages.success(request, "Thank you. We will read it before we decide.")
            return redirect("portal:case", case.pk)
    context: dict[str, Any] = {
        "case": case,
        "claim": case.claims.get(partner=request.partner),
        "notes": list(case.notes.filter(partner=request.partner).order_by("at", "pk")),
        "share": request.partner.credits.filter(referral=case.referral_id).first(),
        "form": form,
    }
    return page(request, "portal/credit/case.html", context, status=422 if form.is_bound else 200)


@active_portal
def contest(request: PortalRequest, referral_id: UUID) -> HttpResponse:
    """Say that an introduction of one's own, closed as known before, was first."""
    referral = get_object_or_404(Referral.objects.filter(partner=request.partner), pk=referral_id)
    form = StatementForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with attempt(form):
            case = cases.contest(referral, **form.cleaned_data, by=request.contact, at=timezone.now())
            messages.success(request, "Thank you. We will look into it and tell you what we decide.")
            return redirect("portal:case", case.pk)
    context = {"referral": referral, "form": form, "is_closed": referral.stage == Stage.LOST}
    return page(request, "portal/credit/contest.html", context, status=422 if form.is_bound else 200)


def _waits(consent: SplitConsent) -> bool:
    return consent.answer == Answer.WAITING and consent.split.state == SplitState.ASKED
