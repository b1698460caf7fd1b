"""The lists of introductions and of clients: their columns, filters and what can be done to many at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.db.models import Exists, OuterRef, QuerySet
from django.utils.safestring import SafeString

from elinkages.accounts.models import Membership
from elinkages.accounts.rights import Role
from elinkages.kernel.actors import Actor
from elinkages.kernel.figures import day_html
from elinkages.kernel.form_fields import DayField
from elinkages.kernel.icons import badge_html
from elinkages.kernel.match_keys import company_key
from elinkages.lists import columns
from elinkages.lists.actions import Action
from elinkages.lists.columns import Column, Field, Kind, muted, row_link, sub, together
from elinkages.lists.filters import Filter, Options, Order, Rows, Search, choices, equals
from elinkages.lists.listing import Listing, register
from elinkages.lists.scope import Scope
from partners.kinds import source_html
from partners.models import SourceKind
from referrals import mrr, pipeline, sla
from referrals.models import OPEN_STAGES, Channel, Client, ClientState, Finding, Referral, Stage
from referrals.protection import REMIND_BEFORE

STAGES = (
    ("open", "Open"),
    *((stage.value, stage.label) for stage in Stage),
    ("all", "All"),
)
STAGE_NAMES: dict[str, str] = dict(Stage.choices)
"""Their labels at once: Django searches the choices for every row."""
ATTENTION = (
    ("untouched", "No contact yet"),
    ("late", "First contact late"),
    ("overdue", "Due today or overdue"),
    ("stale", "Quiet for two weeks"),
    ("undecided", "To decide"),
    ("ending", "Protection ends soon"),
    ("review", "Held for a check"),
)


def team(scope: Scope) -> QuerySet[Membership]:
    """Who can look after an introduction."""
    members = Membership.objects.active().filter(msp=scope.msp).exclude(role=Role.READ_ONLY)
    return members.order_by("user__name", "user__email")


def is_undecided() -> Exists:
    """Whether somebody has to decide about a match."""
    return Exists(Finding.objects.waiting().filter(referral=OuterRef("pk")))


def by_name(field: str) -> Any:
    """Rows whose normalized name begins like what was typed; a prefix reaches an index, an infix does not."""

    def narrow(rows: Rows, text: str, scope: Scope) -> Rows:
        key = company_key(text)
        return rows.filter(**{f"{field}__prefix": key}) if key else rows.none()

    return narrow


# Introductions


def _stage(rows: Rows, value: str, scope: Scope) -> Rows:
    if value == "open":
        return rows.filter(stage__in=OPEN_STAGES)
    return rows if value == "all" else rows.filter(stage=value)


def _needs(rows: Any, value: str, scope: Scope) -> Any:
    match value:
        case "untouched":
            return rows.untouched()
        case "late":
            return rows.late(sla.late_before(scope.at, scope.zone))
        case "overdue":
            return rows.due(scope.today)
        case "stale":
            return rows.stale(sla.stale_before(scope.at))
    if value == "ending":
        return rows.ending(scope.today + timedelta(days=max(REMIND_BEFORE)))
    if value == "review":
        return rows.filter(review_waits=True)
    return rows.open().filter(is_undecided())


def _owner(rows: Rows, value: str, scope: Scope) -> Rows:
    if value == "nobody":
        return rows.filter(owner__isnull=True)
    return rows.filter(owner=scope.member.pk if value == "me" else UUID(value))


def _owners(scope: Scope) -> Options:
    return [("me", "Mine"), ("nobody", "Nobody’s"), *_names_of(scope)]


def _names_of(scope: Scope) -> Options:
    people = team(scope).values_list("pk", "user__name", "user__email")
    return [(str(pk), name or email) for pk, name, email in people]


def _is_owner(value: str, scope: Scope) -> bool:
    if value in {"me", "nobody"}:
        return True
    try:
        return bool(UUID(value))
    except ValueError:
        return False


def _company(referral: Referral, scope: Scope) -> str:
    link = row_link(scope, "referral", referral.pk, referral.company)
    if warning := sla.warning(referral, at=scope.at, zone=scope.zone):
        return link + sub(warning, warns=True)
    return link + sub(referral.contact_name) if referral.contact_name else link


def _partner(referral: Referral, scope: Scope) -> str:
    return together(referral.partner.name, sub(source_html(referral.source_kind)))


def _at_stage(referral: Any, scope: Scope) -> str:
    badge = badge_html(STAGE_NAMES[referral.stage], referral.tone)
    return together(badge, SafeString(" "), badge_html("To decide", "warn")) if referral.is_undecided else badge


def _next(referral: Referral, scope: Scope) -> str:
    if not referral.next_action:
        return muted("None") if referral.is_open else ""
    if referral.next_action_on is None:
        return referral.next_action
    is_late = referral.next_action_on < scope.today
    due = SafeString("Overdue, " if is_late else "Due ") + day_html(referral.next_action_on)
    return together(referral.next_action, sub(due, warns=is_late))


def _looked_after(referral: Referral, scope: Scope) -> str:
    return referral.owner_name or (muted("Nobody") if referral.is_open else "")


class Assign(Action):
    """Give introductions to somebody of the team."""

    name, label, verb, icon = "assign", "Assign", "Assign", "user-plus"
    right = "referrals.manage"
    note = "The new owner is told by e-mail once for each. What is next and when it is due stays as it is."
    can_undo = True

    def form(self, data: Any, scope: Scope) -> forms.Form:
        """To whom."""
        return OwnerForm(data, scope=scope)

    def do(self, row: Referral, facts: Mapping[str, Any], *, by: Membership, scope: Scope) -> dict[str, Any]:
        """One introduction."""
        before = {"owner": str(row.owner_id or ""), "now": facts["owner"]}
        _assign(row, facts["owner"], by=by, scope=scope)
        return before

    def undo(self, row: Referral, before: Mapping[str, Any], *, by: Actor, scope: Scope) -> None:
        """Back to who had it, unless it has passed on since."""
        if str(row.owner_id or "") != before["now"]:
            raise pipeline.StageChanged(f"{row.company} has another owner by now.")
        _assign(row, before["owner"], by=by, scope=scope)


def _assign(row: Referral, owner_id: str, *, by: Actor, scope: Scope) -> None:
    owner = Membership.objects.get(msp=scope.msp, pk=UUID(owner_id)) if owner_id else None
    action, due = row.next_action, row.next_action_on
    pipeline.assign(row, owner=owner, next_action=action, next_action_on=due, by=by, at=scope.at)


class OwnerForm(forms.Form):
    """To whom introductions are given."""

    owner = forms.ChoiceField(label="New owner", required=False)

    def __init__(self, data: Any, *, scope: Scope) -> None:
        super().__init__(data)
        self.fields["owner"].choices = [("", "Nobody"), *_names_of(scope)]  # type: ignore[attr-defined]


class Plan(Action):
    """Say what is next."""

    name, label, verb, icon = "next", "Set next action", "Set the next action of", "calendar-plus"
    right = "referrals.manage"
    note = "What was planned for them before is replaced."
    can_undo = True

    def form(self, data: Any, scope: Scope) -> forms.Form:
        """What, and by when."""
        return NextForm(data)

    def facts(self, cleaned: Mapping[str, Any]) -> dict[str, Any]:
        """The day in ISO."""
        due = cleaned["next_action_on"]
        return {"action": cleaned["next_action"], "on": due.isoformat() if due else ""}

    def do(self, row: Referral, facts: Mapping[str, Any], *, by: Membership, scope: Scope) -> dict[str, Any]:
        """One introduction."""
        due = row.next_action_on.isoformat() if row.next_action_on else ""
        before = {"action": row.next_action, "on": due, "now": facts["action"]}
        _set_next(row, facts["action"], facts["on"], by=by, scope=scope)
        return before

    def undo(self, row: Referral, before: Mapping[str, Any], *, by: Actor, scope: Scope) -> None:
        """Back to what was planned, unless something else is by now."""
        if row.next_action != before["now"]:
            raise pipeline.StageChanged(f"Something else is planned for {row.company} by now.")
        _set_next(row, before["action"], before["on"], by=by, scope=scope)


def _set_next(row: Referral, action: str, on: str, *, by: Actor, scope: Scope) -> None:
    due = date.fromisoformat(on) if on else None
    pipeline.assign(row, owner=row.owner, next_action=action, next_action_on=due, by=by, at=scope.at)


class NextForm(forms.Form):
    """What is next for several introductions."""

    next_action = forms.CharField(label="Next action", max_length=200)
    next_action_on = DayField(label="Due on", required=False)


class Touch(Action):
    """Record that somebody spoke to them."""

    name, label, verb, icon = "contact", "Record contact", "Record contact with", "phone"
    right = "referrals.manage"
    note = "The first contact stops the clock of the first business day. It cannot be taken back."

    def form(self, data: Any, scope: Scope) -> forms.Form:
        """What was said."""
        return NoteForm(data)

    def do(self, row: Referral, facts: Mapping[str, Any], *, by: Membership, scope: Scope) -> dict[str, Any]:
        """One introduction."""
        pipeline.touch(row, note=facts["note"], by=by, at=scope.at)
        return {}


class NoteForm(forms.Form):
    """What was said to several."""

    note = forms.CharField(label="Note", max_length=1_000, required=False, widget=forms.Textarea(attrs={"rows": 3}))


class Referrals(Listing):
    """Every introduction, newest first."""

    name, title, noun, model = "referral-list", "Referrals", "referral", Referral
    columns = (
        Column(
            "company",
            "Company",
            _company,
            (Field("Company", lambda one: one.company), Field("Contact", lambda one: one.contact_name)),
            sorts=("name", "-name"),
        ),
        Column(
            "partner",
            "Partner",
            _partner,
            (
                Field("Partner", lambda one: one.partner.name),
                Field("Kind of source", lambda one: one.get_source_kind_display()),
            ),
        ),
        Column("stage", "Stage", _at_stage, (Field("Stage", lambda one: one.get_stage_display()),)),
        Column(
            "next",
            "Next action",
            _next,
            (
                Field("Next action", lambda one: one.next_action),
                Field("Due on", lambda one: one.next_action_on, Kind.DAY),
            ),
        ),
        Column("owner", "Owner", _looked_after, (Field("Owner", lambda one: one.owner_name),)),
        columns.instant("registered", "Registered", lambda one: one.registered_at, sorts=("newest", "oldest")),
        columns.money("mrr", "Expected MRR", lambda one: one.expected_mrr_minor),
        columns.text("contact", "Contact", lambda one: one.contact_name, is_extra=True),
        columns.text("email", "E-mail", lambda one: one.contact_email, is_extra=True),
        columns.text("phone", "Phone", lambda one: one.contact_phone, is_extra=True),
        columns.text("website", "Website", lambda one: one.website, is_extra=True),
        columns.text("channel", "Came by", lambda one: one.get_channel_display(), is_extra=True),
        columns.instant("touched", "First contact", lambda one: one.touched_at, is_extra=True),
        columns.instant("active", "Last news", lambda one: one.active_at, is_extra=True),
        columns.text("lost", "Why lost", lambda one: one.get_lost_reason_display(), is_extra=True),
    )
    orders = (
        Order("newest", "Newest first", ("-registered_at", "-pk")),
        Order("oldest", "Oldest first", ("registered_at", "pk")),
        Order("name", "By company", ("company_key", "pk")),
        Order("-name", "By company, Z first", ("-company_key", "-pk")),
    )
    filters = (
        Filter("stage", "Stage", choices(STAGES), _stage, shown="chips"),
        Filter("needs", "Needs attention", choices(ATTENTION), _needs, shown="chips"),
        Filter("kind", "Kind of source", choices(SourceKind.choices), equals("source_kind"), everything="Every kind"),
        Filter("owner", "Owner", _owners, _owner, everything="Every owner", accepts=_is_owner),
        Filter("channel", "How it came", choices(Channel.choices), equals("channel"), everything="Every way in"),
    )
    search = Search("Company", "Search by the beginning of the company’s name", by_name("company_key"), order="name")
    actions = (Assign(), Plan(), Touch())

    def rows(self, scope: Scope) -> Rows:
        """With the partner's name and whether somebody has to decide."""
        found = Referral.objects.annotate(is_undecided=is_undecided()).select_related("partner")
        return found.only(*_READ, "partner__name")

    def default(self, name: str, asked: Mapping[str, str]) -> str:
        """Open ones, unless something is looked for that may be closed by now."""
        if name != "stage":
            return ""
        return "all" if asked.get("q") or asked.get("needs") else "open"


_READ = (
    "msp_id",
    "partner_id",
    "source_kind",
    "channel",
    "company",
    "company_key",
    "contact_name",
    "contact_email",
    "contact_phone",
    "website",
    "stage",
    "registered_at",
    "touched_at",
    "active_at",
    "owner_id",
    "owner_name",
    "next_action",
    "next_action_on",
    "expected_mrr_minor",
    "lost_reason",
)
REFERRALS = register(Referrals())


# Clients


@dataclass(frozen=True, slots=True)
class ClientLine:
    """A client and what they pay a month today, in minor units."""

    client: Client
    mrr_minor: int


STATE_NAMES: dict[str, str] = dict(ClientState.choices)
SHOWN = (("active", "Active"), ("referred", "Referred"), ("left", "Left"), ("all", "All"))


def _show(rows: Rows, value: str, scope: Scope) -> Rows:
    match value:
        case "active":
            return rows.filter(state=ClientState.ACTIVE)
        case "left":
            return rows.filter(state=ClientState.LEFT)
        case "referred":
            return rows.filter(referral__isnull=False)
    return rows


def _client(line: ClientLine, scope: Scope) -> str:
    link = row_link(scope, "client", line.client.pk, line.client.name)
    return link + sub(line.client.website) if line.client.website else link


def _standing(line: ClientLine, scope: Scope) -> str:
    client = line.client
    if client.left_on and client.left_on > scope.today:
        return badge_html("Leaving", "warn")
    return badge_html(STATE_NAMES[client.state], client.tone)


def _introduced(line: ClientLine, scope: Scope) -> str:
    referral = line.client.referral
    if referral is None:
        return muted("Nobody")
    return together(referral.partner.name, SafeString(" "), source_html(referral.source_kind))


def _introducer(line: ClientLine) -> str:
    return line.client.referral.partner.name if line.client.referral else ""


class Clients(Listing):
    """Clients by name, with today's MRR."""

    name, title, noun, model = "client-list", "Clients", "client", Client
    columns = (
        Column(
            "client",
            "Client",
            _client,
            (Field("Client", lambda line: line.client.name), Field("Website", lambda line: line.client.website)),
            sorts=("name", "-name"),
        ),
        Column("state", "Status", _standing, (Field("Status", lambda line: line.client.get_state_display()),)),
        Column("introduced", "Introduced by", _introduced, (Field("Introduced by", _introducer),)),
        columns.day("since", "Client since", lambda line: line.client.since_on),
        columns.money("mrr", "MRR", lambda line: line.mrr_minor),
        columns.day("left", "Left on", lambda line: line.client.left_on, is_extra=True),
        columns.text("why", "Why they left", lambda line: line.client.left_reason, is_extra=True),
        columns.text("id", "Id in your system", lambda line: line.client.external_id, is_extra=True),
    )
    orders = (Order("name", "By name", ("name_key", "pk")), Order("-name", "By name, Z first", ("-name_key", "-pk")))
    filters = (Filter("show", "Filter", choices(SHOWN), _show, shown="chips"),)
    search = Search("Name begins with", "Search clients", by_name("name_key"))

    def rows(self, scope: Scope) -> Rows:
        """With who introduced them."""
        found = Client.objects.select_related("referral__partner")
        return found.only(*_CLIENT, "referral__source_kind", "referral__partner_id", "referral__partner__name")

    def lines(self, rows: Sequence[Client], scope: Scope) -> Sequence[ClientLine]:
        """With what they pay."""
        levels = mrr.by_client([client.pk for client in rows], on=scope.today)
        return [ClientLine(client, levels[client.pk]) for client in rows]

    def default(self, name: str, asked: Mapping[str, str]) -> str:
        """Those who are with us."""
        return "active" if name == "show" else ""

    def row_name(self, line: ClientLine) -> str:
        """Their name."""
        return line.client.name


_CLIENT = (
    "msp_id",
    "name",
    "name_key",
    "website",
    "referral_id",
    "state",
    "since_on",
    "left_on",
    "left_reason",
    "external_id",
)
CLIENTS = register(Clients())
