"""The public join page: choose a kind, answer the questions, confirm the mailbox."""

from datetime import datetime, timedelta
from typing import Any, Final

from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone

from elinkages.accounts.access import public_of_msp
from elinkages.kernel import spam
from elinkages.kernel.forms import attempt
from elinkages.kernel.pages import page
from elinkages.kernel.refusal import Refused
from partners.joining import applications, fields, pages
from partners.joining.forms import ApplicationForm
from partners.markup import blocks
from partners.models import JoinPage

AN_HOUR: Final = 10
"""Applications that one place on the internet may send to one MSP in an hour: an office behind one address, no more."""


@public_of_msp
def join(request: Any) -> HttpResponse:
    """Which kind of source somebody is; with one open page, straight to it."""
    found = pages.open_pages()
    if not found:
        raise Http404("This MSP takes no applications.")
    if len(found) == 1:
        return redirect("join-kind", request.msp.slug, pages.SLUGS[found[0].kind])
    return page(request, "public/join/kinds.html", {"kinds": [(one, pages.SLUGS[one.kind]) for one in found]})


@public_of_msp
def join_kind(request: Any, kind: str) -> HttpResponse:
    """The form of one kind; what is sent waits for the mailbox to be confirmed."""
    found = JoinPage.objects.filter(kind=pages.KINDS.get(kind, ""), opened_at__isnull=False).first()
    if found is None:
        raise Http404("No join page for this kind.")
    at = timezone.now()
    purpose = f"join:{request.msp.pk}"
    form = ApplicationForm(request.POST or None, questions=fields.asked(found.kind), purpose=purpose, at=at)
    if request.method == "POST" and form.is_valid():
        with attempt(form):
            _limit(request, purpose, at)
            applications.submit(kind=found.kind, details=form.details(), answers=form.answers(), at=at)
            return redirect("join-sent", request.msp.slug)
    context = {
        "form": form,
        "join_page": found,
        "welcome": blocks(found.welcome),
        "has_others": len(pages.open_pages()) > 1,
    }
    return page(request, "public/join/form.html", context, status=422 if form.is_bound else 200)


@public_of_msp
def join_sent(request: Any) -> HttpResponse:
    """The same answer for everyone: look into your mailbox."""
    return page(request, "public/join/sent.html")


@public_of_msp
def join_confirmation(request: Any, token: str) -> HttpResponse:
    """The link in the e-mail. Reading it changes nothing: programs that check mail open links too."""
    at = timezone.now()
    try:
        found = applications.find(token, at=at)
        if request.method == "POST":
            found = applications.confirm(token, at=at)
            return page(request, "public/join/confirmed.html", {"application": found})
    except Refused as refusal:
        return page(request, "public/join/over.html", {"sentence": refusal.message}, status=refusal.status)
    return page(request, "public/join/confirm.html", {"application": found})


def _limit(request: Any, purpose: str, at: datetime) -> None:
    spam.limit(purpose, spam.address_of(request), most=AN_HOUR, per=timedelta(hours=1), at=at)
