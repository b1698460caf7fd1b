"""What a partner's person says about themselves."""

from datetime import timedelta
from typing import Final

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from elinkages.kernel import spam
from elinkages.kernel.forms import attempt
from elinkages.kernel.pages import page
from partners import addresses, invitations, people
from partners.access import PortalRequest, portal, refuse_inactive
from partners.forms import ColleagueInvitationForm, ProfileForm
from partners.models import Contact

ADDRESSES_A_DAY: Final = 20
"""How often a person may enter another address, of their own or of colleagues."""


@portal
def profile(request: PortalRequest) -> HttpResponse:
    """Own details and where notifications go; the people of the firm to read."""
    contact = request.contact
    initial = {"name": contact.name, "email": contact.email, "phone": contact.phone}
    form = ProfileForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        with attempt(form):
            _save(request, **form.cleaned_data)
            return redirect("portal:profile")
    colleagues = Contact.objects.current().filter(partner=request.partner).exclude(pk=contact.pk)
    context = {"form": form, "colleagues": list(colleagues.order_by("name", "pk"))}
    return page(request, "portal/profile/profile.html", context, status=422 if form.is_bound else 200)


def _save(request: PortalRequest, *, name: str, email: str, phone: str) -> None:
    contact, at = request.contact, timezone.now()
    if email != contact.email:
        _limit(request)
    people.edit(contact, name=name, email=contact.email, phone=phone, by=contact, at=at)
    if addresses.ask(contact, email, user=request.user, at=at):
        messages.info(
            request, f"Open the link in the e-mail to {contact.wanted_email}. Your e-mails go there afterwards."
        )
    else:
        messages.success(request, "Your details were saved.")


@portal
@require_POST
def address_forgetting(request: PortalRequest) -> HttpResponse:
    """Keep the address that letters go to now."""
    addresses.forget(request.contact)
    messages.success(request, f"Your e-mails still go to {request.contact.email}.")
    return redirect("portal:profile")


def _limit(request: PortalRequest) -> None:
    """Whether an address is taken tells whom the MSP works with: nobody tries out a list."""
    who = str(request.contact.pk)
    spam.limit("address-of-a-firm", who, most=ADDRESSES_A_DAY, per=timedelta(days=1), at=timezone.now())


@portal
def colleague_new(request: PortalRequest) -> HttpResponse:
    """Invite a colleague into one's own firm's portal."""
    if not request.partner.is_active:
        return refuse_inactive(request)
    invitations.require_speaker(request.contact)
    form = ColleagueInvitationForm(request.POST or None, by=request.contact)
    if request.method == "POST" and form.is_valid():
        told = {"sees_earnings": False} | form.cleaned_data
        with attempt(form):
            _limit(request)
            person = invitations.invite_colleague(**told, by=request.contact, at=timezone.now())
            messages.success(request, f"The invitation is on its way to {person.email}.")
            return redirect("portal:profile")
    return page(request, "portal/profile/colleague.html", {"form": form}, status=422 if form.is_bound else 200)
