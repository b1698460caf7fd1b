"""Handing over, leaving, closing."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from elinkages.accounts import msps, ownership, team
from elinkages.accounts.access import MspRequest, dashboard
from elinkages.accounts.forms.msp import ClosingForm
from elinkages.accounts.forms.team import OwnershipForm
from elinkages.accounts.models import OwnershipTransfer
from elinkages.kernel.forms import attempt
from elinkages.kernel.pages import page


@dashboard(can="team.manage", recent=True)
def ownership_offer(request: MspRequest, member_id: UUID) -> HttpResponse:
    """Offer a member one's own place as owner."""
    person = get_object_or_404(team.team(), pk=member_id)
    form = OwnershipForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with attempt(form):
            ownership.offer(person, **form.cleaned_data, by=request.member, at=timezone.now())
            messages.success(request, f"{person} gets an e-mail. You stay the owner until they accept.")
            return redirect("dashboard:team")
    context = {"form": form, "person": person}
    return page(request, "dashboard/settings/ownership.html", context, status=422 if form.is_bound else 200)


@dashboard(recent=True)
@require_POST
def ownership_acceptance(request: MspRequest) -> HttpResponse:
    """Take the offered place."""
    ownership.accept(_transfer(), by=request.member, at=timezone.now())
    messages.success(request, f"You are the owner of {request.msp} now.")
    return redirect("dashboard:team")


@dashboard()
@require_POST
def ownership_end(request: MspRequest) -> HttpResponse:
    """Decline an offer, or take it back."""
    ownership.end(_transfer(), by=request.member, at=timezone.now())
    messages.success(request, "The offer was withdrawn. Nothing has changed.")
    return redirect("dashboard:team")


@dashboard()
def leave(request: MspRequest) -> HttpResponse:
    """Leave the team; the page before it says what that means."""
    if request.method == "POST":
        team.leave(request.member, at=timezone.now())
        messages.success(request, f"You left {request.msp}.")
        return redirect("/start/")
    return page(request, "dashboard/settings/leave.html")


@dashboard(can="settings.manage", recent=True)
def msp_closing(request: MspRequest) -> HttpResponse:
    """Set the day on which this account is closed; the page before it says what that means."""
    form = ClosingForm(request.POST or None, msp=request.msp)
    if request.method == "POST" and form.is_valid():
        with attempt(form):
            msps.close(request.msp, reason=form.cleaned_data["reason"], by=request.member, at=timezone.now())
            messages.success(request, "The closing day is set. Until then, any owner can call it off.")
            return redirect("dashboard:settings")
    context: dict[str, Any] = {"form": form, "days": msps.CLOSES_AFTER}
    return page(request, "dashboard/settings/closing.html", context, status=422 if form.is_bound else 200)


@dashboard(can="settings.manage")
@require_POST
def msp_closing_withdrawal(request: MspRequest) -> HttpResponse:
    """Stay."""
    msps.keep_open(request.msp, by=request.member, at=timezone.now())
    messages.success(request, f"{request.msp} stays open.")
    return redirect("dashboard:settings")


def _transfer() -> OwnershipTransfer:
    found = ownership.current(timezone.now())
    if found is None:
        raise Http404("No offer is waiting.")
    return found
