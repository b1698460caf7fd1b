"""The link in an invitation: join with the account one has, or with a new one made here."""

from typing import Any

from django.contrib.auth import login as start_session
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone

from elinkages.accounts import doors, mailboxes
from elinkages.accounts.access import public_of_msp
from elinkages.accounts.forms.identity import JoinForm
from elinkages.kernel.forms import attempt
from elinkages.kernel.pages import page
from partners import invitations
from partners.models import PartnerInvitation, PartnerLogin, PartnerState

TEMPLATE = "portal/welcome/invitation.html"


@public_of_msp
def invitation(request: Any, token: str) -> HttpResponse:
    """What the link leads to: accepting it, an account first, or why it is over."""
    user = request.user if request.user.is_authenticated else None
    found = invitations.find(token)
    if found is None:
        return page(request, TEMPLATE, {"step": "unknown"}, status=404)
    partner, address = found.contact.partner, found.contact.email
    context: dict[str, Any] = {"invitation": found, "partner": partner, "address": address}
    if user and found.accepted_at and PartnerLogin.objects.filter(user=user, contact=found.contact).exists():
        return redirect(_portal(request))
    if sentence := _why_not(request, found):
        return page(request, TEMPLATE, context | {"step": "over", "sentence": sentence}, status=410)
    if user is None:
        return _join_signed_out(request, token, context)
    if not mailboxes.holds_address(user, address):
        return page(request, TEMPLATE, context | {"step": "other", "person": user}, status=_unless_read(request, 409))
    if request.method == "POST":
        invitations.accept(token, user=user, at=timezone.now())
        return redirect(_portal(request))
    return page(request, TEMPLATE, context | {"step": "confirm", "person": user})


def _why_not(request: Any, found: PartnerInvitation) -> str:
    if found.contact.partner.state in (PartnerState.SUSPENDED, PartnerState.PARTED):
        return f"{request.msp.name} is not taking introductions from {found.contact.partner.name} right now."
    return invitations.why_over(found, timezone.now())


def _join_signed_out(request: Any, token: str, context: dict[str, Any]) -> HttpResponse:
    """The token proves the mailbox: an account is made here, or the person logs in to the one they have."""
    address = context["address"]
    if mailboxes.is_known(address):
        return page(request, TEMPLATE, context | {"step": "login"}, status=_unless_read(request, 409))
    form = JoinForm(request.POST or None, email=address, initial={"name": context["invitation"].contact.name})
    if request.method == "POST" and form.is_valid():
        with attempt(form):
            user = mailboxes.open_account(address, **form.cleaned_data)
            invitations.accept(token, user=user, at=timezone.now())
            start_session(request, user)
            return redirect(_portal(request))
    return page(request, TEMPLATE, context | {"step": "join", "form": form}, status=_unless_read(request, 422))


def _portal(request: Any) -> str:
    return doors.url("portal", request.msp, "portal:home")


def _unless_read(request: HttpRequest, status: int) -> int:
    """A page that is only read is fine; the same page as the answer to a form says what went wrong."""
    return 200 if request.method in {"GET", "HEAD"} else status
