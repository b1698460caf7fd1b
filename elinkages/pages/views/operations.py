"""For operations staff: every MSP at a glance, queues, and what may be set going again."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.validators import MinLengthValidator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from elinkages.accounts.access import ops
from elinkages.accounts.models import Msp
from elinkages.accounts.ops import visits
from elinkages.kernel.pages import page
from elinkages.kernel.refusal import Refused
from elinkages.kernel.words import say_count
from elinkages.pages.operations import health, repairs
from elinkages.pages.views.health import states
from elinkages.watch import shared


class UnparkForm(forms.Form):
    """Why payouts may go on."""

    reason = forms.CharField(
        label="Reason",
        max_length=300,
        validators=[
            MinLengthValidator(10, "Give a reason of at least ten characters: the MSP sees it in its history.")
        ],
        help_text="What was wrong and what set it right. The MSP sees it in its history.",
    )


@require_safe
@ops
def overview(request: HttpRequest) -> HttpResponse:
    """Every MSP, those that somebody should look at first."""
    rows = health.overview(timezone.now())
    context = {
        "rows": rows,
        "measured_at": health.measured_at(),
        "parked": sum(row.msp.is_parked for row in rows),
        "complaining": sum(bool(row.complaints) for row in rows),
        "parts": states(),
        "queue": shared.queue_length(),
        "failures": health.failures(timezone.now()),
        "here": "health",
        "visit": visits.current(request),
    }
    return page(request, "ops/overview.html", context)


@require_safe
@ops
def queues(request: HttpRequest) -> HttpResponse:
    """What waits, what was given up, and which tasks failed."""
    now = timezone.now()
    context = {
        "lines": health.totals(),
        "measured_at": health.measured_at(),
        "queue": shared.queue_length(),
        "taken": shared.taken(),
        "oldest": shared.oldest_message(),
        "failures": health.failures(now)[:100],
        "here": "queues",
        "visit": visits.current(request),
    }
    return page(request, "ops/queues.html", context)


@require_safe
@ops
def msp(request: HttpRequest, msp_id: UUID) -> HttpResponse:
    """One MSP: its figures, why its payouts are stopped, and what may be done about it."""
    return _msp_page(request, msp_id, UnparkForm())


@require_POST
@ops
def unpark(request: Any, msp_id: UUID) -> HttpResponse:
    """Let payouts go on."""
    found, form = _found(msp_id), UnparkForm(request.POST)
    if form.is_valid():
        visit, reason = visits.current(request), form.cleaned_data["reason"]
        try:
            repairs.unpark(found, visit=visit, reason=reason, by=request.user, at=timezone.now())
        except Refused as refusal:
            form.add_error(None, refusal.message)
    if not form.is_valid():
        return _msp_page(request, msp_id, form, status=422)
    messages.success(request, f"Payouts of {found} have resumed. The reason is in its history.")
    return redirect("ops-msp", msp_id)


@require_POST
@ops
def retry(request: Any, name: str) -> HttpResponse:
    """Let parked rows of one kind be tried again: those of the entered MSP, or those that belong to none."""
    visit = visits.current(request)
    try:
        count = repairs.retry(name, visit=visit, by=request.user, at=timezone.now())
        messages.success(request, f"{say_count(count, 'row')} will be tried again within a minute.")
    except Refused as refusal:
        messages.error(request, refusal.message)
    return redirect("ops-msp", visit.msp.pk) if visit and request.POST.get("from") == "msp" else redirect("ops-queues")


def _found(msp_id: UUID) -> Msp:
    if found := Msp.objects.filter(pk=msp_id).first():
        return found
    raise Http404("No such MSP.")


def _msp_page(request: HttpRequest, msp_id: UUID, form: UnparkForm, *, status: int = 200) -> HttpResponse:
    found, now, visit = _found(msp_id), timezone.now(), visits.current(request)
    context = {
        "row": next(row for row in health.overview(now) if row.msp.pk == found.pk),
        "form": form,
        "visit": visit,
        "is_inside": visit is not None and visit.msp.pk == found.pk,
        "failures": [one for one in health.failures(now) if one["msp"] == str(found.pk)][:50],
        "measured_at": health.measured_at(),
    }
    return page(request, "ops/msp.html", context, status=status)
