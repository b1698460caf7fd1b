"""The host name of an MSP's portal."""

from urllib.parse import urlsplit

from django.conf import settings as project
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from elinkages.accounts import domains, hosts
from elinkages.accounts.access import MspRequest, dashboard
from elinkages.accounts.forms.msp import DomainForm
from elinkages.kernel.forms import attempt
from elinkages.kernel.pages import page


@dashboard(can="settings.manage", recent=True)
def domain(request: MspRequest) -> HttpResponse:
    """The name, the records to set, and how far it has come."""
    form = DomainForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with attempt(form, field="host"):
            added = domains.add(request.msp, host=form.cleaned_data["host"], by=request.member, at=timezone.now())
            domains.check_soon(added)
            messages.success(request, f"{added.host} was added. Set the two records next.")
            return redirect("dashboard:domain")
    context = {
        "form": form,
        "domain": domains.current(request.msp),
        "target": urlsplit(project.SITE_URL).hostname,
        "address": hosts.address(request.msp) if request.msp.portal_host else "",
    }
    return page(request, "dashboard/settings/domain.html", context, status=422 if form.is_bound else 200)


@dashboard(can="settings.manage")
@require_POST
def domain_check(request: MspRequest) -> HttpResponse:
    """Look now instead of in ten minutes."""
    if found := domains.current(request.msp):
        domains.check_soon(found)
        messages.success(request, "We are checking. Reload this page in a few seconds.")
    return redirect("dashboard:domain")


@dashboard(can="settings.manage")
@require_POST
def domain_removal(request: MspRequest) -> HttpResponse:
    """Back to our address."""
    domains.remove(request.msp, by=request.member, at=timezone.now())
    messages.success(request, "The host name was removed. Your portal is at our address.")
    return redirect("dashboard:domain")
