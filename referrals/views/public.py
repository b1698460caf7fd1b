"""Introductions without a login: the referral page, its partners' links, the confirmation, the status."""

from datetime import timedelta
from typing import Any, Final

from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from elinkages.accounts.access import public_of_msp
from elinkages.kernel import spam
from elinkages.kernel.actors import System
from elinkages.kernel.forms import attempt
from elinkages.kernel.pages import page
from elinkages.kernel.refusal import Refused
from referrals import history, inquiries, links, statuses
from referrals.models import OPEN_STAGES, ReferralLink, Stage
from referrals.public_forms import InquiryForm

AN_HOUR: Final = 10
"""Introductions, and confirmations, that one network may send to one MSP in an hour."""
LOOKS: Final = 60
"""Status pages that one network may open in an hour: a token is too long to guess, and need not be tried."""
SENDER = System("The sender of the introduction")
PLAIN_WON = "They signed. Thank you!"
PLAIN_LOST = "It did not work out this time. Thank you for thinking of us."


@public_of_msp
def refer(request: Any) -> HttpResponse:
    """The MSP's own page: whoever sends somebody becomes a partner to talk to."""
    return _form(request, None)


@public_of_msp
def refer_link(request: Any, code: str) -> HttpResponse:
    """A partner's link; one that is closed leads to the general page."""
    link = links.find(code)
    if link is None:
        return redirect("refer", request.msp.slug)
    if request.method == "GET" and "bot" not in request.headers.get("user-agent", "").lower():
        links.count(link, who=spam.address_of(request), on=request.msp.today(timezone.now()))
    return _form(request, link)


@require_safe
@public_of_msp
@cache_control(public=True, max_age=86_400)
def refer_qr(request: Any, code: str) -> HttpResponse:
    """The link as a QR code, at an address of its own because our pages allow no inline styles."""
    link = links.find(code)
    if link is None:
        raise Http404("No such link.")
    return HttpResponse(links.qr_svg(links.address(link, request.msp)), content_type="image/svg+xml")


@public_of_msp
def refer_sent(request: Any) -> HttpResponse:
    """The same answer for everyone: look into your mailbox."""
    return page(request, "public/refer/sent.html")


@public_of_msp
def refer_confirmation(request: Any, token: str) -> HttpResponse:
    """A button, because mail scanners open links; pressing it registers the introduction."""
    at = timezone.now()
    try:
        inquiry = inquiries.find(token, at=at)
        if request.method == "POST":
            _limit(request, "confirm", AN_HOUR)
            confirmed = inquiries.confirm(token, at=at)
            return redirect("status", request.msp.slug, confirmed.token)
    except Refused as refusal:
        return page(request, "public/refer/over.html", {"sentence": refusal.message}, status=refusal.status)
    return page(request, "public/refer/confirm.html", {"inquiry": inquiry})


@public_of_msp
def status(request: Any, token: str) -> HttpResponse:
    """Where an introduction stands, without a name; its sender can switch the link off."""
    at = timezone.now()
    try:
        _limit(request, "status", LOOKS)
        link = statuses.find(token, at=at)
        if request.method == "POST":
            statuses.revoke(link, by=SENDER, at=at)
            return page(request, "public/refer/over.html", {"sentence": "This link is now turned off. Thank you."})
    except Refused as refusal:
        return page(request, "public/refer/over.html", {"sentence": refusal.message}, status=refusal.status)
    referral = link.referral
    words = history.PLAIN[referral.stage]
    context = {
        "link": link,
        "name": words.name,
        "meaning": {Stage.WON: PLAIN_WON, Stage.LOST: PLAIN_LOST}.get(Stage(referral.stage), words.meaning),
        "following": words.following if referral.stage in OPEN_STAGES else "",
        "sent_at": referral.registered_at,
        "steps": history.steps(referral, list(referral.moves.all()), plain=True),
    }
    return page(request, "public/refer/status.html", context)


def _form(request: Any, link: ReferralLink | None) -> HttpResponse:
    settings, at = inquiries.settings(), timezone.now()
    if not settings.is_on:
        raise Http404("This MSP has no referral page.")
    purpose = f"refer:{request.msp.pk}"
    form = InquiryForm(request.POST or None, is_link=link is not None, consent=settings.consent, purpose=purpose, at=at)
    if request.method == "POST" and form.is_valid():
        with attempt(form):
            _limit(request, "refer", AN_HOUR)
            inquiries.send(link=link, **form.facts(), at=at)
            return redirect("refer-sent", request.msp.slug)
    context = {"form": form, "link": link, "intro": settings.intro}
    return page(request, "public/refer/form.html", context, status=422 if form.is_bound else 200)


def _limit(request: Any, what: str, most: int) -> None:
    who = spam.address_of(request)
    spam.limit(f"{what}:{request.msp.pk}", who, most=most, per=timedelta(hours=1), at=timezone.now())
