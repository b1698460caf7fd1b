"""The MSP's service lines, in its settings."""

from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from elinkages.accounts.access import MspRequest, dashboard
from elinkages.kernel.forms import attempt
from elinkages.kernel.pages import page
from referrals import service_lines
from referrals.models import ServiceLine


class ServiceLineForm(forms.Form):
    """What a service line is called."""

    name = forms.CharField(label="Name", max_length=service_lines.NAME_LENGTH)


@dashboard()
def every(request: MspRequest) -> HttpResponse:
    """All service lines, archived ones too."""
    return page(request, "dashboard/settings/service_lines.html", {"lines": list(service_lines.every())})


@dashboard(can="settings.manage")
def new(request: MspRequest) -> HttpResponse:
    """Add one."""
    form = ServiceLineForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with attempt(form, field="name"):
            line = service_lines.add(form.cleaned_data["name"], by=request.member, at=timezone.now())
            messages.success(request, f"{line.name} was added.")
            return redirect("dashboard:service-lines")
    return _form(request, form, None)


@dashboard(can="settings.manage")
def rename(request: MspRequest, line_id: UUID) -> HttpResponse:
    """Change its name."""
    line = get_object_or_404(ServiceLine, pk=line_id)
    form = ServiceLineForm(request.POST or None, initial={"name": line.name})
    if request.method == "POST" and form.is_valid():
        with attempt(form, field="name"):
            service_lines.rename(line, name=form.cleaned_data["name"], by=request.member, at=timezone.now())
            messages.success(request, f"{line.name} was saved.")
            return redirect("dashboard:service-lines")
    return _form(request, form, line)


@dashboard(can="settings.manage")
@require_POST
def archiving(request: MspRequest, line_id: UUID) -> HttpResponse:
    """Keep it from new contracts."""
    line = get_object_or_404(ServiceLine, pk=line_id)
    service_lines.archive(line, by=request.member, at=timezone.now())
    messages.success(request, f"{line.name} is no longer offered for new contracts.")
    return redirect("dashboard:service-lines")


@dashboard(can="settings.manage")
@require_POST
def restoring(request: MspRequest, line_id: UUID) -> HttpResponse:
    """Offer it again."""
    line = get_object_or_404(ServiceLine, pk=line_id)
    service_lines.restore(line, by=request.member, at=timezone.now())
    messages.success(request, f"{line.name} is offered for new contracts again.")
    return redirect("dashboard:service-lines")


def _form(request: MspRequest, form: ServiceLineForm, line: ServiceLine | None) -> HttpResponse:
    context = {"form": form, "line": line}
    return page(request, "dashboard/settings/service_line.html", context, status=422 if form.is_bound else 200)
