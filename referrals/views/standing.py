"""What stands in the way of an introduction's commission: protection that ends, signs of self-dealing, a split."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from elinkages.accounts.access import MspRequest, dashboard
from elinkages.audit import trail
from elinkages.kernel.forms import attempt
from elinkages.kernel.pages import page
from elinkages.kernel.words import say_day
from referrals import protection, self_dealing, splits
from referrals.models import Flag, Split, SplitConsent
from referrals.standing_forms import ConsentForm, ExtensionForm, ReleaseForm, WindowsForm, WithholdingForm
from referrals.views.referrals import referral_of


@dashboard(can="referrals.manage")
def extension(request: MspRequest, referral_id: UUID) -> HttpResponse:
    """Give an introduction more time, with a reason that its partner reads."""
    referral = referral_of(referral_id)
    if not referral.is_open or referral.protected_until is None:
        raise protection.CannotExtend(f"There is no protection of {referral.company} to extend.")
    start = max(referral.protected_until, request.msp.today(timezone.now()))
    form = ExtensionForm(request.POST or None, initial={"until_on": start + timedelta(days=60)})
    if request.method == "POST" and form.is_valid():
        with attempt(form):
            protection.extend(referral, **form.cleaned_data, by=request.member, at=timezone.now())
            messages.success(
                request, f"{referral.company} is protected until {say_day(form.cleaned_data['until_on'])}."
            )
            return redirect("dashboard:referral", referral.pk)
    context = {"referral": referral, "form": form, "extensions": list(referral.extensions.order_by("at"))}
    return page(request, "dashboard/referrals/extension.html", context, status=422 if form.is_bound else 200)


@dashboard()
def windows(request: MspRequest) -> HttpResponse:
    """For how long introductions are protected."""
    context = {"rows": protection.windows(), "events": _changes(request)}
    return page(request, "dashboard/settings/protection.html", context)


@dashboard(can="settings.manage")
def windows_edit(request: MspRequest) -> HttpResponse:
    """Set the days, for everybody and by kind of source."""
    rules = protection.rules()
    initial = {**rules, "everyone": rules.get("")}
    form = WindowsForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        with attempt(form):
            protection.set_rules(form.days(), by=request.member, at=timezone.now(), msp=request.msp)
            messages.success(request, "The protection was saved. It applies to introductions from now on.")
            return redirect("dashboard:protection")
    context = {"form": form}
    return page(request, "dashboard/settings/protection_edit.html", context, status=422 if form.is_bound else 200)


@dashboard(can="referrals.manage")
def flag_release(request: MspRequest, flag_id: UUID) -> HttpResponse:
    """Say why a sign of self-dealing is all right."""
    flag = get_object_or_404(Flag.objects.select_related("referral__partner"), pk=flag_id)
    form = ReleaseForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with attempt(form):
            self_dealing.release(flag, note=form.cleaned_data["note"], by=request.member, at=timezone.now())
            messages.success(request, "Released. Once the last sign is released, the commission is no longer held.")
            return redirect("dashboard:referral", flag.referral_id)
    context = {"flag": flag, "referral": flag.referral, "form": form}
    return page(request, "dashboard/referrals/flag_release.html", context, status=422 if form.is_bound else 200)


@dashboard(can="referrals.manage")
def withholding(request: MspRequest, referral_id: UUID) -> HttpResponse:
    """Decide that the signs are right: no commission for the sender."""
    referral = referral_of(referral_id)
    form = WithholdingForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with attempt(form):
            self_dealing.uphold(referral, **form.cleaned_data, by=request.member, at=timezone.now())
            messages.success(request, f"{referral.partner.name} gets no commission for {referral.company}.")
            return redirect("dashboard:referral", referral.pk)
    flags = list(Flag.objects.waiting().filter(referral=referral).order_by("pk"))
    context = {"referral": referral, "form": form, "flags": flags}
    return page(request, "dashboard/referrals/withholding.html", context, status=422 if form.is_bound else 200)


@dashboard(can="referrals.manage")
def giving_back(request: MspRequest, referral_id: UUID) -> HttpResponse:
    """Give a withheld share back."""
    referral = referral_of(referral_id)
    form = WithholdingForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with attempt(form):
            self_dealing.give_back(referral, **form.cleaned_data, by=request.member, at=timezone.now())
            messages.success(request, f"{referral.company} counts for {referral.partner.name} again.")
            return redirect("dashboard:referral", referral.pk)
    context = {"referral": referral, "form": form}
    return page(request, "dashboard/referrals/giving_back.html", context, status=422 if form.is_bound else 200)


@dashboard(can="referrals.manage")
@require_POST
def split_withdrawal(request: MspRequest, split_id: UUID) -> HttpResponse:
    """Take proposed shares back."""
    split = get_object_or_404(Split, pk=split_id)
    splits.withdraw(split, by=request.member, at=timezone.now())
    messages.success(request, "The proposed shares were withdrawn. Nothing has changed.")
    return redirect("dashboard:referral", split.referral_id)


@dashboard(can="referrals.manage")
@require_POST
def consent_answer(request: MspRequest, consent_id: UUID) -> HttpResponse:
    """Write down what a partner said outside of the portal."""
    consent = get_object_or_404(SplitConsent.objects.select_related("partner", "split"), pk=consent_id)
    form = ConsentForm(request.POST)
    if not form.is_valid():
        raise splits.HowMissing("Choose what they answered, and say how.", status=422)
    agrees = form.cleaned_data["answer"] == "agree"
    split = splits.answer(consent, agrees=agrees, how=form.cleaned_data["how"], by=request.member, at=timezone.now())
    messages.success(request, f"Recorded. The proposal: {split.get_state_display().lower()}.")
    return redirect("dashboard:referral", split.referral_id)


def _changes(request: MspRequest) -> list[Any]:
    return [event for event in trail.history(request.msp) if event.action == "protection.set"]
