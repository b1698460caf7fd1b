"""Which letters a person wants: in the dashboard, in the portal, and by the link in a letter."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt

from elinkages.accounts.access import MspRequest, dashboard, public_of_msp
from elinkages.kernel.pages import page
from elinkages.mail import kinds, preferences
from elinkages.mail.models import Handling
from partners.access import PortalRequest, portal
from partners.models import Contact


class LettersForm(forms.Form):
    """One choice for each kind of letter that may be turned down."""

    def __init__(self, *args: Any, readers: str, chosen: dict[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.always = [kind for kind in kinds.for_readers(readers) if kind.is_essential]
        for kind in kinds.for_readers(readers):
            if not kind.is_essential:
                self.fields[kind.slug] = forms.ChoiceField(
                    label=kind.label,
                    choices=Handling.choices,
                    widget=forms.RadioSelect,
                    initial=chosen[kind.slug],
                )

    def save(self, address: str, *, partner_id: UUID | None = None, at: datetime) -> None:
        """Set every choice."""
        for slug, choice in self.cleaned_data.items():
            preferences.choose(address, slug, choice, partner_id=partner_id, at=at)


@dashboard()
def team_letters(request: MspRequest) -> HttpResponse:
    """The letters of one of the MSP's people; everybody sets their own."""
    address = request.user.email
    chosen = preferences.choices(address, readers=kinds.TEAM)
    form = LettersForm(request.POST or None, readers=kinds.TEAM, chosen=chosen)
    if request.method == "POST" and form.is_valid():
        form.save(address, at=timezone.now())
        messages.success(request, "Your choice was saved.")
        return redirect("dashboard:letters")
    context = {"form": form, "address": address}
    return page(request, "dashboard/settings/letters.html", context, status=422 if form.is_bound else 200)


@portal
def partner_letters(request: PortalRequest) -> HttpResponse:
    """The letters of one of a partner's people."""
    address = request.contact.email
    chosen = preferences.choices(address, readers=kinds.PARTNER)
    form = LettersForm(request.POST or None, readers=kinds.PARTNER, chosen=chosen)
    if request.method == "POST" and form.is_valid():
        form.save(address, partner_id=request.partner.pk, at=timezone.now())
        messages.success(request, "Your choice was saved.")
        return redirect("portal:letters")
    context = {"form": form, "address": address}
    return page(request, "portal/profile/letters.html", context, status=422 if form.is_bound else 200)


@never_cache
@csrf_exempt
@public_of_msp
def unsubscribe(request: MspRequest, token: str) -> HttpResponse:
    """What the link in a letter opens: a choice; and what a mail program sends by itself: never again (RFC 8058).

    The signed token is the permission, so there is nothing that another site could send in a person's name.
    """
    address, kind = preferences.opened(request.msp, token)
    if request.method == "POST":
        _choose(request, address, kind, timezone.now())
    handling = preferences.handling(address, kind)
    context = {"kind": kind, "address": address, "handling": handling, "is_done": request.method == "POST"}
    return page(request, "public/unsubscribe.html", context)


def _choose(request: HttpRequest, address: str, kind: kinds.Kind, at: datetime) -> None:
    contact = Contact.objects.current().filter(email=address).first()
    choice = request.POST.get("choice", Handling.NEVER)
    preferences.choose(address, kind.slug, choice, partner_id=contact.partner_id if contact else None, at=at)
