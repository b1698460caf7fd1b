"""The people of the MSP."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from elinkages.accounts import factors, ownership, team
from elinkages.accounts.access import MspRequest, dashboard
from elinkages.accounts.forms.team import InviteForm, RoleForm
from elinkages.accounts.models import Invitation, Membership
from elinkages.accounts.rights import ROLE_SENTENCES, Role
from elinkages.kernel.forms import attempt
from elinkages.kernel.pages import page


@dashboard()
def people(request: MspRequest) -> HttpResponse:
    """Who works here, as what, and who is invited."""
    now = timezone.now()
    context = {
        "members": list(team.team().annotate(has_second_factor=factors.of_user())),
        "transfer": ownership.current(now),
        "invitations": [(invitation, invitation.is_open(now)) for invitation in team.invitations()],
        "roles": [(role.label, ROLE_SENTENCES[role]) for role in Role],
    }
    return page(request, "dashboard/settings/team.html", context)


@dashboard(can="team.manage", recent=True)
def invitation_list(request: MspRequest) -> HttpResponse:
    """Invite a person by e-mail."""
    form = InviteForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with attempt(form, field="email"):
            team.invite(**form.cleaned_data, by=request.member, at=timezone.now())
            messages.success(request, f"An invitation is on its way to {form.cleaned_data['email']}.")
            return redirect("dashboard:team")
    return page(request, "dashboard/settings/invite.html", {"form": form}, status=422 if form.is_bound else 200)


@dashboard(can="team.manage", recent=True)
@require_POST
def invitation_resending(request: MspRequest, invitation_id: UUID) -> HttpResponse:
    """Send an invitation again, with a new link."""
    invitation = get_object_or_404(Invitation, pk=invitation_id)
    team.resend(invitation, by=request.member, at=timezone.now())
    messages.success(request, f"{invitation.email} gets a new link. The one before it no longer works.")
    return redirect("dashboard:team")


@dashboard(can="team.manage")
@require_POST
def invitation_revocation(request: MspRequest, invitation_id: UUID) -> HttpResponse:
    """Take an invitation back."""
    invitation = get_object_or_404(Invitation, pk=invitation_id)
    team.revoke(invitation, by=request.member, at=timezone.now())
    messages.success(request, f"The invitation to {invitation.email} was revoked. Its link no longer works.")
    return redirect("dashboard:team")


@dashboard(can="team.manage", recent=True)
def member_role(request: MspRequest, member_id: UUID) -> HttpResponse:
    """Give a person another role."""
    member = _member(request, member_id)
    form = RoleForm(request.POST or None, initial={"role": member.role})
    if request.method == "POST" and form.is_valid():
        with attempt(form):
            team.change_role(member, role=form.cleaned_data["role"], by=request.member, at=timezone.now())
            messages.success(request, f"{member} is {member.get_role_display().lower()} now.")
            return redirect("dashboard:team")
    context = {"form": form, "person": member}
    return page(request, "dashboard/settings/role.html", context, status=422 if form.is_bound else 200)


@dashboard(can="team.manage")
def member_deactivation(request: MspRequest, member_id: UUID) -> HttpResponse:
    """End a person's access; the page before it says what that means."""
    member = _member(request, member_id)
    if request.method == "POST":
        team.deactivate(member, by=request.member, at=timezone.now())
        messages.success(request, f"{member} can no longer open this dashboard.")
        return redirect("dashboard:team")
    return page(request, "dashboard/settings/deactivate.html", {"person": member})


@dashboard(can="team.manage", recent=True)
@require_POST
def member_reactivation(request: MspRequest, member_id: UUID) -> HttpResponse:
    """Give a deactivated person their access back."""
    member = _member(request, member_id)
    team.reactivate(member, by=request.member, at=timezone.now())
    messages.success(request, f"{member} is back, as {member.get_role_display().lower()}.")
    return redirect("dashboard:team")


def _member(request: MspRequest, member_id: UUID) -> Membership:
    return get_object_or_404(team.team(), pk=member_id)
