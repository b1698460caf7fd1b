"""A person's own security: where they are logged in, and the pages between asking who it is and going on."""

from typing import Any
from uuid import UUID

from allauth.account.adapter import get_adapter
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from elinkages.accounts import closing, confirmation, factors, sessions
from elinkages.accounts.access import recent
from elinkages.accounts.models import Membership
from elinkages.kernel.pages import page
from elinkages.kernel.refusal import Refused

AFTERWARDS = "after_second_factor"


@never_cache
@login_required
@require_safe
def session_list(request: Any) -> HttpResponse:
    """Every browser that is logged in as this person."""
    lines = [
        (session, sessions.in_words(session.program), session.session_key == request.session.session_key)
        for session in sessions.of(request.user, at=timezone.now())
    ]
    context = {"lines": lines, "others": len(lines) - 1, "limits": sessions.limits_of(request.user)}
    return page(request, "account/sessions.html", context)


@login_required
@require_POST
def session_end(request: Any, session_id: UUID) -> HttpResponse:
    """Log one browser out."""
    if ended := sessions.end(request.user, session_id):
        messages.success(request, f"{sessions.in_words(ended.program)} is logged out.")
    return redirect("session-list")


@login_required
@require_POST
def session_end_others(request: Any) -> HttpResponse:
    """Log every other browser out."""
    sessions.end_all(request.user, but=request.session.session_key)
    messages.success(request, "Every other browser is logged out.")
    return redirect("session-list")


@never_cache
@recent
@login_required
def close_account(request: Any) -> HttpResponse:
    """End everything that one can open here; the page before it says what stays."""
    now, problem = timezone.now(), ""
    if request.method == "POST":
        try:
            closing.close(request.user, at=now)
            logout(request)
            messages.success(request, "Your account is closed. Thank you for your time with us.")
            return redirect("home")
        except Refused as refusal:
            problem = refusal.message
    mine = Membership.objects.active().filter(user=request.user).select_related("msp").order_by("msp__name")
    context = {"memberships": mine, "blocked": closing.only_owner_of(request.user, now), "problem": problem}
    return page(request, "account/close.html", context, status=409 if problem else 200)


@never_cache
@login_required
@require_safe
def go_on(request: Any, detour_id: UUID) -> HttpResponse:
    """After the detour: back to the page, or one more click for what was about to be sent."""
    detour = confirmation.find(request, detour_id)
    if detour is None:
        return page(request, "account/go_on.html", {"is_over": True}, status=410)
    if detour["fields"] is None:
        return redirect(detour["path"])
    if not confirmation.is_recent(request):
        return confirmation.ask(request)
    return page(request, "account/go_on.html", {"detour": detour})


@never_cache
@login_required
@require_safe
def second_factor(request: Any) -> HttpResponse:
    """Why a second factor is needed now, and the two ways to have one; with one, on to where the person was going."""
    wanted = request.GET.get("next", "")
    if wanted and get_adapter().is_safe_url(wanted):
        request.session[AFTERWARDS] = wanted
    if factors.has_one(request.user):
        return redirect(request.session.pop(AFTERWARDS, "/start/"))
    return page(request, "account/second_factor.html")
