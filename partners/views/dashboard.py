"""Entering partners and changing where they stand."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from elinkages.accounts.access import MspRequest, dashboard
from elinkages.accounts.models import Membership
from elinkages.kernel.forms import attempt
from elinkages.kernel.match_keys import company_key
from elinkages.kernel.pages import page
from partners import onboarding
from partners.forms import NewPartnerForm, PartnerEditForm, ReasonForm
from partners.models import Partner, PartnerState, SourceKind


def partner_of(partner_id: UUID) -> Partner:
    """The partner of an address, or 404."""
    return get_object_or_404(Partner.objects.all(), pk=partner_id)


@dashboard(can="partners.manage")
def new(request: MspRequest) -> HttpResponse:
    """Add a partner, and invite them next if that button was used."""
    form = NewPartnerForm(request.POST or None, initial={"kind": request.GET.get("kind") or SourceKind.CLIENT})
    twins: list[Partner] = []
    if request.method == "POST" and form.is_valid():
        details = dict(form.cleaned_data)
        twins = [] if details.pop("is_another") else _twins(details["name"])
        if twins:
            form.add_error(
                "name", f"{twins[0].name} is already a partner. Open that one, or confirm that this is someone else."
            )
        else:
            with attempt(form):
                partner = onboarding.add(**details, by=request.member, at=timezone.now())
                return _added(request, partner)
    asks_twice = bool(twins) or bool(request.POST.get("is_another"))
    context = {"form": form, "twins": twins, "asks_twice": asks_twice}
    return page(request, "dashboard/partners/new.html", context, status=422 if form.is_bound else 200)


def _added(request: MspRequest, partner: Partner) -> HttpResponse:
    messages.success(request, f"{partner.name} was added.")
    wants_invitation = request.POST.get("next") == "invite"
    return redirect("dashboard:partner-invitation" if wants_invitation else "dashboard:partner", partner.pk)


def _twins(name: str) -> list[Partner]:
    key = company_key(name)
    return list(Partner.objects.filter(name_key=key)[:3]) if key else []


@dashboard(can="partners.manage")
def edit(request: MspRequest, partner_id: UUID) -> HttpResponse:
    """Change what is known of a partner."""
    partner = partner_of(partner_id)
    team = list(Membership.objects.active().filter(msp=request.msp).select_related("user").order_by("user__name"))
    initial: dict[str, Any] = {field: getattr(partner, field) for field in onboarding.EDITABLE}
    initial["owner"] = str(partner.owner_id or "")
    form = PartnerEditForm(request.POST or None, initial=initial, team=team)
    if request.method == "POST" and form.is_valid():
        details = dict(form.cleaned_data)
        chosen = details.pop("owner")
        owner = next((member for member in team if str(member.pk) == chosen), None)
        with attempt(form):
            onboarding.edit(partner, owner=owner, **details, by=request.member, at=timezone.now())
            messages.success(request, f"{partner.name} was saved.")
            return redirect("dashboard:partner", partner.pk)
    context = {"form": form, "partner": partner}
    return page(request, "dashboard/partners/edit.html", context, status=422 if form.is_bound else 200)


@dashboard(can="partners.manage")
@require_POST
def activation(request: MspRequest, partner_id: UUID) -> HttpResponse:
    """Make a partner active who works without a login."""
    partner = onboarding.activate(partner_of(partner_id), by=request.member, at=timezone.now())
    messages.success(request, f"{partner.name} is active. You log what they send.")
    return redirect("dashboard:partner", partner.pk)


@dashboard(can="partners.manage")
def suspension(request: MspRequest, partner_id: UUID) -> HttpResponse:
    """Suspend a partner, with the reason that they will read."""
    partner = partner_of(partner_id)
    return _with_reason(request, partner, onboarding.suspend, "suspension", "was suspended")


@dashboard(can="partners.manage")
def parting(request: MspRequest, partner_id: UUID) -> HttpResponse:
    """Part ways with a partner, with a reason for the history."""
    partner = partner_of(partner_id)
    return _with_reason(request, partner, onboarding.part, "parting", "is no longer a partner")


def _with_reason(request: MspRequest, partner: Partner, verb: Any, name: str, done: str) -> HttpResponse:
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with attempt(form):
            verb(partner, reason=form.cleaned_data["reason"], by=request.member, at=timezone.now())
            messages.success(request, f"{partner.name} {done}.")
            return redirect("dashboard:partner", partner.pk)
    context = {"form": form, "partner": partner}
    return page(request, f"dashboard/partners/{name}.html", context, status=422 if form.is_bound else 200)


@dashboard(can="partners.manage")
@require_POST
def reinstatement(request: MspRequest, partner_id: UUID) -> HttpResponse:
    """Let a partner refer again."""
    partner = partner_of(partner_id)
    had_left = partner.state == PartnerState.PARTED
    onboarding.reinstate(partner, by=request.member, at=timezone.now())
    rest = " Invite them again so that they can log in." if had_left else ""
    messages.success(request, f"{partner.name} is active again.{rest}")
    return redirect("dashboard:partner", partner.pk)
