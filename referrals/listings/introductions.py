"""The list of introductions: its columns and filters."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db.models import Exists, F, OuterRef, Q
from django.utils.safestring import SafeString

from elinkages.kernel.figures import day_html
from elinkages.kernel.icons import badge_html
from elinkages.lists import columns
from elinkages.lists.columns import Column, Field, Kind, muted, row_link, sub, together
from elinkages.lists.filters import Filter, Options, Order, Rows, Search, choices, equals, of_row
from elinkages.lists.listing import Listing, register
from elinkages.lists.scope import Scope
from partners.kinds import source_html
from partners.models import Partner, SourceKind
from referrals import sla
from referrals.listings.actions import Assign, Plan, Touch, names_of
from referrals.listings.search import by_name
from referrals.models import OPEN_STAGES, Channel, Finding, FindingState, Referral, Stage
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


def is_undecided() -> Q:
    """Whether somebody has to decide about a match: as `Finding.waiting`, without asking for the introduction again."""
    return Q(stage__in=OPEN_STAGES) & Q(
        Exists(Finding.objects.filter(state=FindingState.OPEN, referral=OuterRef("pk")))
    )


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
    return rows.filter(is_undecided())


def _owner(rows: Rows, value: str, scope: Scope) -> Rows:
    if value == "nobody":
        return rows.filter(owner__isnull=True)
    return rows.filter(owner=scope.member.pk if value == "me" else UUID(value))


def _owners(scope: Scope) -> Options:
    return [("me", "Mine"), ("nobody", "Nobody’s"), *names_of(scope)]


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


def _partner(referral: Any, scope: Scope) -> str:
    return together(referral.partner_name, sub(source_html(referral.source_kind)))


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
                Field("Partner", lambda one: one.partner_name),
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
        of_row("partner", "Partner", Partner.objects.all, "partner"),
    )
    search = Search("Company", "Search by the beginning of the company’s name", by_name("company_key"), order="name")
    actions = (Assign(), Plan(), Touch())

    def rows(self, scope: Scope) -> Rows:
        """With the partner's name and whether somebody has to decide."""
        found = Referral.objects.annotate(is_undecided=is_undecided(), partner_name=F("partner__name"))
        return found.only(*_READ)

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
