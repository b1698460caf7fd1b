"""Domains and phone numbers that many companies share: set aside where a match rests on one, and taken back."""

from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from elinkages.accounts.access import MspRequest, dashboard
from elinkages.kernel.forms import attempt
from elinkages.kernel.pages import page
from elinkages.kernel.tasks import nudge
from referrals import common_keys, tasks
from referrals.models import CommonKey

HOME = "dashboard:common-keys"


class ShownForm(forms.Form):
    """How many matches the person was told that this closes."""

    shown = forms.IntegerField(widget=forms.HiddenInput, min_value=0)


@dashboard()
def every(request: MspRequest) -> HttpResponse:
    """What is set aside, and what was."""
    return page(request, "dashboard/settings/common_keys.html", {"rows": common_keys.every()})


@dashboard(can="referrals.manage")
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: MspRequest) -> HttpResponse:
    """Say what setting a key aside does, then do it."""
    kind, key = request.GET.get("kind", ""), request.GET.get("key", "")
    if not key:
        messages.info(request, "Choose a match first: what it rests on can be set aside from there.")
        return redirect(HOME)
    effect = common_keys.effect(kind, key)
    form = ShownForm(request.POST or None, initial={"shown": effect.matches})
    if request.method == "POST" and form.is_valid():
        with attempt(form):
            common = common_keys.set_aside(kind, key, **form.cleaned_data, by=request.member, at=timezone.now())
            messages.success(request, f"{key} is set aside.{_and_the_rest(request, common)}")
            return redirect(HOME)
    context = {"form": form, "kind": CommonKey.Kind(kind), "key": key, "effect": effect}
    return page(request, "dashboard/settings/common_key_new.html", context, status=422 if form.is_bound else 200)


@dashboard(can="referrals.manage")
def taking_back(request: MspRequest, common_key_id: UUID) -> HttpResponse:
    """Let it count again."""
    common = get_object_or_404(CommonKey.objects.in_force(), pk=common_key_id)
    if request.method == "POST":
        common = common_keys.take_back(common, by=request.member, at=timezone.now())
        messages.success(request, f"{common} counts again.{_and_the_rest(request, common)}")
        return redirect(HOME)
    context = {"common": common, "again": common_keys.to_bring_back(common)}
    return page(request, "dashboard/settings/common_key_return.html", context)


def _and_the_rest(request: MspRequest, common: CommonKey) -> str:
    """Ask a worker for what there was no room for, and say so."""
    if common.settled_at is not None:
        return ""
    nudge(tasks.follow_common_keys, msp_id=str(request.msp.pk))
    return " The rest of its introductions follow within minutes."
