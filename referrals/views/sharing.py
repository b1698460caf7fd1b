"""The referral page, partners' links and status links, for the team and for partners."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from elinkages.accounts import doors
from elinkages.accounts.access import MspRequest, dashboard
from elinkages.audit import trail
from elinkages.kernel.forms import attempt
from elinkages.kernel.pages import page
from elinkages.lists.pages import list_page
from partners.access import PortalRequest, portal
from partners.models import Partner
from referrals import inquiries, links, statuses
from referrals.forms import sender_called, which_partner
from referrals.listings import LINKS
from referrals.models import Channel, Referral, ReferralLink, StatusLink
from referrals.public_forms import AddressForm, ReferralPageForm
from referrals.views.referrals import referral_of

LATELY = timedelta(days=30)


@dashboard()
@require_safe
def referral_page(request: MspRequest) -> HttpResponse:
    """The public page: whether it is on, its words, its address."""
    events = [event for event in trail.history(request.msp) if event.action == "page.changed"]
    context = {
        "settings": inquiries.settings(),
        "address": doors.absolute("public", None, "refer", request.msp.slug),
        "events": events,
    }
    return page(request, "dashboard/settings/referral_page.html", context)


@dashboard(can="settings.manage")
def referral_page_edit(request: MspRequest) -> HttpResponse:
    """Turn the page on or off, and word it."""
    now = inquiries.settings()
    initial = {"is_on": now.is_on, "intro": now.intro, "consent": now.consent}
    form = ReferralPageForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        inquiries.change_settings(**form.cleaned_data, by=request.member, at=timezone.now(), msp=request.msp)
        messages.success(request, "The referral page was saved.")
        return redirect("dashboard:referral-page")
    context = {"form": form}
    return page(request, "dashboard/settings/referral_page_edit.html", context, status=422 if form.is_bound else 200)


@dashboard()
def link_list(request: MspRequest) -> HttpResponse:
    """Every partner's link with its visitors and what came through it; a new one by the partner's name."""
    return _links(request)


@dashboard(can="referrals.manage")
@require_POST
def link_new(request: MspRequest) -> HttpResponse:
    """Make a partner's link."""
    name = request.POST.get("partner_name", "").replace("\0", "")[:160]
    partner, choices = sender_called(_uuid(request.POST.get("partner", "")), name) if name.strip() else (None, [])
    if partner is None:
        problem = which_partner(name, choices) if name.strip() else "Enter the partner who gets a link."
        return _links(request, problem=problem, name=name, choices=choices, status=422)
    link = links.make(partner, by=request.member, at=timezone.now())
    messages.success(request, f"{partner.name} has the link {links.address(link, request.msp)}")
    return redirect("dashboard:link-list")


@dashboard(can="referrals.manage")
def status_link_new(request: MspRequest, referral_id: UUID) -> HttpResponse:
    """Send somebody a link that shows where an introduction stands."""
    referral = referral_of(referral_id)
    form = AddressForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with attempt(form):
            statuses.issue(referral, email=form.cleaned_data["email"], by=request.member, at=timezone.now())
            messages.success(request, f"The link is on its way to {form.cleaned_data['email']}.")
            return redirect("dashboard:referral", referral.pk)
    context = {"referral": referral, "form": form}
    return page(request, "dashboard/referrals/status_link.html", context, status=422 if form.is_bound else 200)


@dashboard(can="referrals.manage")
@require_POST
def status_link_revocation(request: MspRequest, status_link_id: UUID) -> HttpResponse:
    """Switch a status link off."""
    link = get_object_or_404(StatusLink.objects.select_related("referral"), pk=status_link_id)
    statuses.revoke(link, by=request.member, at=timezone.now())
    messages.success(request, f"The link of {link.email} no longer shows anything.")
    return redirect("dashboard:referral", link.referral_id)


@portal
def my_link(request: PortalRequest) -> HttpResponse:
    """A partner's own link: to copy, to print as a QR code, with its visitors."""
    if request.method == "POST":
        links.make(request.partner, by=request.contact, at=timezone.now())
        return redirect("portal:link")
    link = _link_of(request.partner)
    today = request.msp.today(timezone.now())
    sent = Referral.objects.filter(partner=request.partner, channel=Channel.PUBLIC)
    context: dict[str, Any] = {
        "is_on": inquiries.settings().is_on,
        "link": link,
        "address": links.address(link, request.msp) if link else "",
        "clicks": links.clicks(link) if link else 0,
        "lately": links.clicks(link, since=today - LATELY) if link else 0,
        "sent_count": sent.count(),
    }
    return page(request, "portal/link.html", context)


@portal
@require_safe
def my_link_qr(request: PortalRequest) -> HttpResponse:
    """A partner's own link as a QR code: an image must come from the name that its page is read at."""
    link = _link_of(request.partner)
    if link is None:
        raise Http404("No link yet.")
    return HttpResponse(links.qr_svg(links.address(link, request.msp)), content_type="image/svg+xml")


def _link_of(partner: Partner) -> ReferralLink | None:
    return ReferralLink.objects.open().filter(partner=partner).first()


def _links(request: MspRequest, *, status: int = 200, **form: Any) -> HttpResponse:
    around = {"settings": inquiries.settings(), "sender": None, **form}
    return list_page(request, LINKS, "dashboard/referrals/links.html", around=around, status=status)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
