"""The link in an invitation to a team: join with the account one has, or with a new one made here."""

from typing import Any

from django.contrib.auth import login as start_session
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone

from elinkages.accounts import doors, mailboxes, team
from elinkages.accounts.access import public_of_msp
from elinkages.accounts.forms.identity import JoinForm
from elinkages.accounts.models import Invitation, User
from elinkages.accounts.rights import ROLE_SENTENCES, Role
from elinkages.kernel.forms import attempt
from elinkages.kernel.pages import page

TEMPLATE = "public/team_invitation.html"


@public_of_msp
def invitation(request: Any, token: str) -> HttpResponse:
    """What the link leads to: accepting it, an account first, or why it is over."""
    user = request.user if request.user.is_authenticated else None
    try:
        found = team.find(token, at=timezone.now())
    except team.InvitationOver as over:
        return page(request, TEMPLATE, {"step": "over", "sentence": over.message}, status=over.status)
    if user is not None:
        return _with_account(request, found, token, user)
    if mailboxes.is_known(found.email):
        return _show(request, found, "login")
    return _with_new_account(request, found, token)


def _with_account(request: Any, found: Invitation, token: str, user: User) -> HttpResponse:
    if not mailboxes.holds_address(user, found.email):
        return _show(request, found, "other")
    if request.method == "POST":
        team.accept(token, user=user, at=timezone.now())
        return redirect(doors.root("dashboard", request.msp))
    return _show(request, found, "confirm")


def _with_new_account(request: Any, found: Invitation, token: str) -> HttpResponse:
    """The token proves the mailbox, so the address needs no code."""
    form = JoinForm(request.POST or None, email=found.email)
    if request.method == "POST" and form.is_valid():
        with attempt(form):
            user = mailboxes.open_account(found.email, **form.cleaned_data)
            team.accept(token, user=user, at=timezone.now())
            start_session(request, user)
            return redirect(doors.root("dashboard", request.msp))
    return _show(request, found, "join", form=form)


def _show(request: Any, found: Invitation, step: str, **context: Any) -> HttpResponse:
    role = Role(found.role)
    context |= {"step": step, "invitation": found, "role": role.label, "role_sentence": ROLE_SENTENCES[role]}
    return page(request, TEMPLATE, context, status=200 if request.method in {"GET", "HEAD"} else 422)
