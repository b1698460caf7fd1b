"""The settings of the MSP."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from elinkages.accounts import factors, msps, team, time_zones
from elinkages.accounts.access import MspRequest, dashboard
from elinkages.accounts.forms.msp import MspForm
from elinkages.accounts.forms.team import SecondFactorForm
from elinkages.audit import trail
from elinkages.kernel.forms import attempt
from elinkages.kernel.pages import page


@dashboard()
def settings(request: MspRequest) -> HttpResponse:
    """What is set, and what was changed."""
    approvers = list(msps.approvers())
    context = {
        "approvers": approvers,
        "can_waive": approvers == [request.member] and request.member.is_owner,
        "events": trail.history(request.msp),
    }
    return page(request, "dashboard/settings/settings.html", context)


@dashboard(can="settings.manage")
def edit(request: MspRequest) -> HttpResponse:
    """Change the MSP's name, zone, currency, smallest payout and address for answers."""
    is_fixed = msps.money_exists()
    form = MspForm(request.POST or None, msp=request.msp, currency_is_fixed=is_fixed)
    if request.method == "POST" and form.is_valid():
        wanted = {"currency": request.msp.currency, **form.cleaned_data}
        with attempt(form):
            msps.change(request.msp, **wanted, by=request.member, at=timezone.now())
            messages.success(request, "The settings were saved.")
            return redirect("dashboard:settings")
    context = {"form": form, "currency_is_fixed": is_fixed, "zones": time_zones.names()}
    return page(request, "dashboard/settings/edit.html", context, status=422 if form.is_bound else 200)


@dashboard(can="settings.manage", recent=True)
def second_factor(request: MspRequest) -> HttpResponse:
    """Who needs a second factor here, and within how many days."""
    form = SecondFactorForm(request.POST or None, msp=request.msp)
    if request.method == "POST" and form.is_valid():
        with attempt(form):
            msps.require_second_factor(request.msp, days=form.grace_days, by=request.member, at=timezone.now())
            messages.success(request, "The rule for second factors was saved.")
            return redirect("dashboard:settings")
    without = team.team().filter(~factors.of_user(), deactivated_at__isnull=True)
    context = {"form": form, "without": without}
    return page(request, "dashboard/settings/second_factor.html", context, status=422 if form.is_bound else 200)


@dashboard(can="settings.manage", recent=True)
@require_POST
def approval_waiver(request: MspRequest) -> HttpResponse:
    """Record that one person opens and approves payout runs."""
    msps.waive_second_person(request.msp, by=request.member, at=timezone.now())
    messages.success(request, "You can approve payout runs that you opened. This is on record.")
    return redirect("dashboard:settings")


@dashboard(can="settings.manage")
@require_POST
def approval_waiver_withdrawal(request: MspRequest) -> HttpResponse:
    """Require a second person again."""
    msps.require_second_person(request.msp, by=request.member, at=timezone.now())
    messages.success(request, "A second person must approve payout runs again.")
    return redirect("dashboard:settings")
