"""The list of partners: it reads partners, referrals and MRR together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.safestring import SafeString

from elinkages.accounts.models import Membership
from elinkages.kernel.actors import Actor
from elinkages.kernel.icons import badge_html
from elinkages.kernel.markup import fill
from elinkages.kernel.match_keys import company_key
from elinkages.lists import columns
from elinkages.lists.actions import Action
from elinkages.lists.columns import Column, Field, row_link, sub
from elinkages.lists.filters import Filter, Order, Rows, Search, choices, equals
from elinkages.lists.listing import Listing, register
from elinkages.lists.scope import Scope
from elinkages.pages import program
from partners import invitations, onboarding
from partners.kinds import source_html
from partners.models import Contact, Partner, PartnerInvitation, PartnerState, SourceKind

STATE_NAMES: dict[str, str] = dict(PartnerState.choices)


@dataclass(frozen=True, slots=True)
class Line:
    """A partner with what they sent."""

    partner: Partner
    figures: program.PartnerFigures


def _partner(line: Line, scope: Scope) -> str:
    partner = line.partner
    link = row_link(scope, "partner", partner.pk, partner.name)
    return link + sub(source_html(partner.kind) + SafeString(" ") + fill("{}", partner.city))


def _state(line: Line, scope: Scope) -> str:
    return badge_html(STATE_NAMES[line.partner.state], line.partner.tone)


def _next(line: Line, scope: Scope) -> str:
    partner, may = line.partner, scope.member.may
    if partner.state == PartnerState.PROSPECT and may("partners.manage"):
        return _button(scope.url("partner-invitation", partner.pk), "Invite")
    if partner.is_active and may("referrals.manage"):
        return _button(f"{scope.path('referral-new')}?partner={partner.pk}", "Log referral")
    return ""


def _button(url: str, label: str) -> SafeString:
    return fill('<span class="row-actions"><a class="button small" href="{}">{}</a></span>', url, label)


def _called(rows: Rows, text: str, scope: Scope) -> Rows:
    """By a whole e-mail address of one of their people, or by how their name begins."""
    if "@" in text:
        people = Contact.objects.current().filter(email=text.lower())
        return rows.filter(pk__in=people.values("partner"))
    key = company_key(text)
    return rows.filter(name_key__prefix=key) if key else rows.none()


class Invite(Action):
    """Invite several partners to the portal."""

    name, label, verb, icon = "invite", "Invite", "Invite", "send"
    right = "partners.manage"
    note = "The first person at each partner who has an e-mail address gets a link that is good for 14 days."
    can_undo = True

    def form(self, data: Any, scope: Scope) -> forms.Form:
        """What the letter says beside the link."""
        return MessageForm(data)

    def do(self, row: Partner, facts: Mapping[str, Any], *, by: Membership, scope: Scope) -> dict[str, Any]:
        """One partner; raises what `invitations.invite` raises."""
        invitations.invite(row, message=facts["message"], by=by, at=scope.at)
        newest = PartnerInvitation.objects.waiting().filter(contact__partner=row).order_by("-invited_at", "-pk")[0]
        return {"invitation": str(newest.pk)}

    def undo(self, row: Partner, before: Mapping[str, Any], *, by: Actor, scope: Scope) -> None:
        """Take the invitation back; a link that was used stays used."""
        invitations.revoke(PartnerInvitation.objects.get(pk=before["invitation"]), by=by, at=scope.at)


class MessageForm(forms.Form):
    """A few words to several."""

    message = forms.CharField(
        label="A few words of your own",
        required=False,
        max_length=invitations.MESSAGE_LIMIT,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="Everyone gets the same message; leave it empty for the standard e-mail.",
    )


class Suspend(Action):
    """Suspend several partners."""

    name, label, verb, icon, tone = "suspend", "Suspend", "Suspend", "pause", "danger"
    right = "partners.manage"
    note = "They cannot refer or be paid until they are reinstated. Nothing they earned is lost."
    can_undo = True

    def form(self, data: Any, scope: Scope) -> forms.Form:
        """Why."""
        return ReasonForm(data)

    def do(self, row: Partner, facts: Mapping[str, Any], *, by: Membership, scope: Scope) -> dict[str, Any]:
        """One partner."""
        onboarding.suspend(row, reason=facts["reason"], by=by, at=scope.at)
        return {"reason": row.suspended_reason}

    def undo(self, row: Partner, before: Mapping[str, Any], *, by: Actor, scope: Scope) -> None:
        """Reinstate them, unless they were suspended for something else since."""
        if row.suspended_reason != before["reason"]:
            raise onboarding.NotInThatState(f"{row.name} has changed in the meantime.")
        onboarding.reinstate(row, by=by, at=scope.at)


class ReasonForm(forms.Form):
    """Why several are suspended."""

    reason = forms.CharField(
        label="Why",
        max_length=300,
        help_text="Your team sees it.",
        error_messages={"required": "Say why; your team sees it."},
    )


class Partners(Listing):
    """Partners by name, with what each one sent."""

    name, title, noun, model = "partner-list", "Partners", "partner", Partner
    columns = (
        Column(
            "partner",
            "Partner",
            _partner,
            (
                Field("Partner", lambda line: line.partner.name),
                Field("Kind of source", lambda line: line.partner.get_kind_display()),
                Field("City", lambda line: line.partner.city),
            ),
            sorts=("name", "-name"),
        ),
        Column("state", "Status", _state, (Field("Status", lambda line: STATE_NAMES[line.partner.state]),)),
        columns.count("referrals", "Referrals", lambda line: line.figures.referrals),
        columns.count("won", "Won", lambda line: line.figures.won),
        columns.money("mrr", "MRR", lambda line: line.figures.mrr_minor),
        columns.instant("last", "Last referral", lambda line: line.figures.last_at),
        Column("do", "", _next, ()),
        columns.text("email", "E-mail", lambda line: line.partner.email, is_extra=True),
        columns.text("phone", "Phone", lambda line: line.partner.phone, is_extra=True),
        columns.text("website", "Website", lambda line: line.partner.website, is_extra=True),
        columns.instant(
            "since", "With you since", lambda line: line.partner.created_at, sorts=("newest", "oldest"), is_extra=True
        ),
        columns.text("id", "Id in your system", lambda line: line.partner.external_id, is_extra=True),
    )
    orders = (
        Order("name", "By name", ("name_key", "pk")),
        Order("newest", "Newest first", ("-created_at", "-pk")),
        Order("-name", "By name, Z first", ("-name_key", "-pk")),
        Order("oldest", "Oldest first", ("created_at", "pk")),
    )
    filters = (
        Filter("state", "State", choices(PartnerState.choices), equals("state"), shown="chips", everything="All"),
        Filter(
            "kind", "Kind of source", choices(SourceKind.choices), equals("kind"), shown="chips", everything="All kinds"
        ),
    )
    search = Search(
        "Name or e-mail address",
        "Find partners by the beginning of their name or by a full e-mail address",
        _called,
    )
    actions = (Invite(), Suspend())

    def rows(self, scope: Scope) -> Rows:
        """All partners."""
        return Partner.objects.all()

    def lines(self, rows: Sequence[Partner], scope: Scope) -> Sequence[Line]:
        """With what they sent."""
        figures = program.partner_figures([partner.pk for partner in rows], on=scope.today)
        return [Line(partner, figures.get(partner.pk, program.PartnerFigures())) for partner in rows]

    def row_name(self, line: Line) -> str:
        """Their name."""
        return line.partner.name


PARTNERS = register(Partners())
