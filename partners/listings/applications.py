"""The list of applications."""

from collections.abc import Mapping
from typing import Any

from django import forms

from elinkages.accounts.models import Membership
from elinkages.kernel import figures
from elinkages.kernel.icons import badge_html
from elinkages.kernel.match_keys import company_key
from elinkages.lists import columns
from elinkages.lists.actions import Action
from elinkages.lists.columns import Column, Field, row_link, sub
from elinkages.lists.filters import Filter, Order, Rows, Search, choices, equals
from elinkages.lists.listing import Listing, register
from elinkages.lists.scope import Scope
from partners.joining import applications
from partners.joining.forms import DeclineForm
from partners.kinds import source_html
from partners.models import Application, ApplicationState, JoinPage, SourceKind

EVERYTHING = "all"
STATES = (
    (ApplicationState.WAITING.value, "Waiting"),
    (ApplicationState.APPROVED.value, "Approved"),
    (ApplicationState.DECLINED.value, "Declined"),
    (EVERYTHING, "All"),
)
LISTS = (("mine", "On my list"), ("everyone", "On everyone’s list"))


def _applicant(one: Application, scope: Scope) -> str:
    link = row_link(scope, "application", one.pk, one.name)
    return link + sub(f"{one.contact_name}, {one.email}")


def _given_to(one: Application, scope: Scope) -> str:
    if one.state != ApplicationState.WAITING:
        return figures.NONE
    return str(one.assigned_to or "Everyone")


def _in_state(rows: Rows, value: str, scope: Scope) -> Rows:
    return rows if value == EVERYTHING else rows.filter(state=value)


def _on_list(rows: Rows, value: str, scope: Scope) -> Rows:
    if value == "mine":
        return rows.filter(assigned_to=scope.member)
    return rows.filter(assigned_to__isnull=True)


def _called(rows: Rows, text: str, scope: Scope) -> Rows:
    """By a whole e-mail address, or by how the firm's name begins."""
    if "@" in text:
        return rows.filter(email=text.lower())
    key = company_key(text)
    return rows.filter(name_key__prefix=key) if key else rows.none()


class Decline(Action):
    """Say no to several, with one reason."""

    name, label, verb, icon, tone = "decline", "Decline", "Decline", "x", "danger"
    right = "partners.manage"
    note = "Each gets an e-mail from you with the reason."

    def form(self, data: Any, scope: Scope) -> forms.Form:
        """Why not."""
        return DeclineForm(data)

    def do(self, row: Application, facts: Mapping[str, Any], *, by: Membership, scope: Scope) -> dict[str, Any]:
        """One application; raises what `applications.decline` raises."""
        applications.decline(row, reason=facts["reason"], by=by, at=scope.at)
        return {}


class Applications(Listing):
    """Who asked to become a partner, newest first."""

    name, title, noun, model = "application-list", "Applications", "application", Application
    columns = (
        Column(
            "applicant",
            "Applicant",
            _applicant,
            (
                Field("Firm or person", lambda one: one.name),
                Field("Person", lambda one: one.contact_name),
                Field("E-mail", lambda one: one.email),
            ),
        ),
        Column(
            "state",
            "Status",
            lambda one, _: badge_html(one.get_state_display(), one.tone),
            (Field("Status", lambda one: one.get_state_display()),),
        ),
        Column(
            "kind",
            "Kind",
            lambda one, _: source_html(one.kind),
            (Field("Kind of source", lambda one: one.get_kind_display()),),
        ),
        Column(
            "list",
            "Assigned to",
            _given_to,
            (Field("Assigned to", lambda one: str(one.assigned_to or "")),),
        ),
        columns.instant("sent", "Sent", lambda one: one.sent_at, sorts=("newest", "oldest")),
        columns.text("phone", "Phone", lambda one: one.phone, is_extra=True),
        columns.text("website", "Website", lambda one: one.website, is_extra=True),
        columns.text("city", "City", lambda one: one.city, is_extra=True),
        columns.text("reason", "Reason they were told", lambda one: one.decline_reason, is_extra=True),
    )
    orders = (
        Order("newest", "Newest first", ("-sent_at", "-pk")),
        Order("oldest", "Oldest first", ("sent_at", "pk")),
    )
    filters = (
        Filter("state", "State", choices(STATES), _in_state, shown="chips"),
        Filter(
            "kind", "Kind of source", choices(SourceKind.choices), equals("kind"), shown="chips", everything="All kinds"
        ),
        Filter("list", "Assigned to", choices(LISTS), _on_list, everything="Assigned to anyone"),
    )
    search = Search(
        "Name or e-mail address",
        "Find applications by the beginning of the firm’s name or by a full e-mail address",
        _called,
    )
    actions = (Decline(),)

    def rows(self, scope: Scope) -> Rows:
        """Those whose mailbox is confirmed, without their answers."""
        found: Rows = Application.objects.confirmed().defer("answers").select_related("assigned_to__user")
        return found

    def above(self, scope: Scope) -> dict[str, Any]:
        """Whether there is a page to share."""
        return {"has_page": JoinPage.objects.filter(opened_at__isnull=False).exists()}

    def default(self, name: str, asked: Mapping[str, str]) -> str:
        """Those that wait, unless somebody is looked for."""
        if name != "state":
            return ""
        return EVERYTHING if asked.get("q") else ApplicationState.WAITING.value


APPLICATIONS = register(Applications())
