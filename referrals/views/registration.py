"""Writing down an introduction for someone who phoned."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from elinkages.accounts.access import MspRequest, dashboard
from elinkages.kernel.forms import attempt
from elinkages.kernel.pages import page
from partners.models import Partner
from referrals import pipeline, screening
from referrals.forms import LoggedReferralForm, partners_called
from referrals.matching import MOST, Identity
from referrals.models import Channel
from referrals.views.lists import team


@dashboard(can="referrals.manage")
def new(request: MspRequest) -> HttpResponse:
    """Log an introduction; `?partner=` names the sender."""
    named = _named(request)
    form = LoggedReferralForm(
        request.POST or None,
        currency=request.msp.currency,
        team=team(request),
        initial={"partner_name": named.name if named else ""},
    )
    if request.method == "POST" and form.is_valid():
        with attempt(form):
            return _log(request, form)
    sender = form.sender or (None if form.choices else named)
    context = {
        "form": form,
        "sender": sender,
        "choices": form.choices,
        **_matches(request),
        "has_partners": form.is_bound or Partner.objects.exists(),
    }
    return page(request, "dashboard/referrals/new.html", context, status=422 if form.is_bound else 200)


@dashboard(can="referrals.manage")
@require_safe
def partner_choices(request: MspRequest) -> HttpResponse:
    """Partners whose name begins with what was typed, to choose from."""
    choices = partners_called(request.GET.get("partner_name", "")[:160])
    context = {"choices": choices, "text": request.GET.get("partner_name", "").strip()}
    return page(request, "dashboard/referrals/_partner_choices.html", context)


@dashboard(can="referrals.manage")
@require_POST
def duplicates(request: MspRequest) -> HttpResponse:
    """What we know of the company that is being typed."""
    return page(request, "dashboard/referrals/_duplicates.html", _matches(request))


def _log(request: MspRequest, form: LoggedReferralForm) -> HttpResponse:
    if form.sender is None:
        raise TypeError("A valid form has a partner.")
    referral = pipeline.submit(
        form.sender, channel=Channel.DASHBOARD, by=request.member, at=timezone.now(), **form.facts()
    )
    if screening.withholding(referral).exists():
        messages.warning(request, f"{referral.company} was logged. You may already know it: decide who has the credit.")
    else:
        messages.success(request, f"{referral.company} was logged for {form.sender.name}.")
    return redirect("dashboard:referral", referral.pk)


def _named(request: MspRequest) -> Partner | None:
    text = request.POST.get("partner") or request.GET.get("partner", "")
    try:
        return Partner.objects.filter(pk=UUID(text)).first()
    except ValueError:
        return None


def _matches(request: MspRequest) -> dict[str, Any]:
    """What the company may be, the first of them, and how many more there are."""
    names = ("company", "website", "contact_email", "contact_phone")
    # What is typed here has passed no form; PostgreSQL takes no NUL.
    typed = [request.POST.get(name, "").replace("\0", "")[:254] for name in names]
    identity = Identity(*typed)
    found = screening.matches(identity)
    left = screening.count(identity) - MOST if len(found) > MOST else 0
    return {"matches": found[:MOST], "left": left}
