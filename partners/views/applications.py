"""The queue of applications: read, given to somebody, approved, declined."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from elinkages.accounts.access import MspRequest, dashboard
from elinkages.accounts.models import Membership
from elinkages.accounts.rights import RIGHTS
from elinkages.audit import trail
from elinkages.kernel.forms import attempt
from elinkages.kernel.pages import page
from elinkages.lists.pages import list_page
from partners.joining import applications, lookalikes
from partners.joining.forms import ApprovalForm, AssignmentForm, DeclineForm
from partners.listings import APPLICATIONS
from partners.models import Application, ApplicationState, PartnerState


@dashboard()
@require_safe
def application_list(request: MspRequest) -> HttpResponse:
    """Who asked to become a partner."""
    return list_page(request, APPLICATIONS, "dashboard/applications/list.html")


@dashboard()
def application(request: MspRequest, application_id: UUID) -> HttpResponse:
    """One application: what was answered, who it may be, what can be done."""
    found = application_of(application_id)
    alike = lookalikes.among_partners(found) if found.state == ApplicationState.WAITING else []
    context = {
        "application": found,
        "alike": alike,
        "others": lookalikes.others(found),
        "assignment": AssignmentForm(initial={"member": str(found.assigned_to_id or "")}, team=deciders(request)),
        "events": trail.history(found),
    }
    return page(request, "dashboard/applications/application.html", context)


@dashboard(can="partners.manage")
def approval(request: MspRequest, application_id: UUID) -> HttpResponse:
    """Make the applicant a partner, or a person of one that is here."""
    found = application_of(application_id)
    alike = [
        one
        for one in lookalikes.among_partners(found)
        if one.partner.state not in (PartnerState.SUSPENDED, PartnerState.PARTED)
    ]
    known = [(str(one.partner.pk), f"{one.partner} ({one.reasons})") for one in alike]
    form = ApprovalForm(request.POST or None, name=found.name, known=known)
    if request.method == "POST" and form.is_valid():
        chosen = form.cleaned_data["partner"]
        partner = next((one.partner for one in alike if str(one.partner.pk) == chosen), None)
        with attempt(form):
            message = form.cleaned_data["message"]
            joined = applications.approve(found, partner=partner, message=message, by=request.member, at=timezone.now())
            messages.success(request, f"{found.contact_name} is invited to the portal, for {joined}.")
            return redirect("dashboard:partner", joined.pk)
    context = {"form": form, "application": found, "known": known}
    return page(request, "dashboard/applications/approval.html", context, status=422 if form.is_bound else 200)


@dashboard(can="partners.manage")
def decline(request: MspRequest, application_id: UUID) -> HttpResponse:
    """Say no, with the reason that they read."""
    found = application_of(application_id)
    form = DeclineForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with attempt(form):
            applications.decline(found, reason=form.cleaned_data["reason"], by=request.member, at=timezone.now())
            messages.success(request, f"{found.contact_name} gets your reason by e-mail.")
            return redirect("dashboard:application-list")
    context = {"form": form, "application": found}
    return page(request, "dashboard/applications/decline.html", context, status=422 if form.is_bound else 200)


@dashboard(can="partners.manage")
@require_POST
def assignment(request: MspRequest, application_id: UUID) -> HttpResponse:
    """Put it on somebody's list."""
    found, team = application_of(application_id), deciders(request)
    form = AssignmentForm(request.POST, team=team)
    chosen = form.cleaned_data["member"] if form.is_valid() else ""
    member = next((member for member in team if str(member.pk) == chosen), None)
    applications.assign(found, member=member, by=request.member, at=timezone.now())
    messages.success(request, f"The application is on the list of {member or 'everyone'}.")
    return redirect("dashboard:application", found.pk)


def application_of(application_id: UUID) -> Application:
    """A confirmed application, or 404."""
    found = Application.objects.confirmed().select_related("assigned_to__user", "decided_by__user", "partner")
    return get_object_or_404(found, pk=application_id)


def deciders(request: MspRequest) -> list[Membership]:
    """The people of the team who may decide about partners."""
    team = Membership.objects.active().filter(msp=request.msp, role__in=RIGHTS["partners.manage"])
    return list(team.select_related("user").order_by("user__name", "pk"))
