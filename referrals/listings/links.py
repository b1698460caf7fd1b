"""The list of partners' links: who came by each, and what came of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Sum

from elinkages.accounts import doors
from elinkages.accounts.models import Membership
from elinkages.kernel.markup import breakable, fill
from elinkages.lists import columns
from elinkages.lists.actions import Action
from elinkages.lists.columns import Column, Field, row_link
from elinkages.lists.filters import Filter, Order, Rows, choices
from elinkages.lists.listing import Listing, register
from elinkages.lists.scope import Scope
from referrals import links
from referrals.models import Channel, LinkDay, Referral, ReferralLink

SHOWN = (("open", "In use"), ("closed", "Closed"), ("all", "All"))


@dataclass(frozen=True, slots=True)
class LinkLine:
    """A link, its address, who came by it and how many companies its partner sent that way."""

    link: ReferralLink
    address: str
    visitors: int
    sent: int


def _show(rows: Rows, value: str, scope: Scope) -> Rows:
    return rows if value == "all" else rows.filter(closed_at__isnull=value == "open")


def _address(line: LinkLine, scope: Scope) -> str:
    if line.link.closed_at is not None:
        return fill('<span class="muted">{}</span>', line.address)
    code = doors.url("public", None, "refer-qr", scope.msp.slug, line.link.code)
    return fill('{} <a href="{}">QR code</a>', breakable(line.address), code)


def _do(line: LinkLine, scope: Scope) -> str:
    if line.link.closed_at is not None or not scope.member.may("referrals.manage"):
        return ""
    url = f"{scope.path('link-list-close')}?id={line.link.pk}"
    name = f"Close the link of {line.link.partner.name}"
    return fill(
        '<span class="row-actions"><a class="button small" href="{}" aria-label="{}">Close</a></span>', url, name
    )


class Close(Action):
    """Let links lead nowhere special from now on."""

    name, label, verb, icon, tone = "close", "Close", "Close", "link-2-off", "danger"
    right = "referrals.manage"
    note = "From then on, they lead to the general page. Introductions that came through them keep their credit."

    def do(self, row: ReferralLink, facts: Mapping[str, Any], *, by: Membership, scope: Scope) -> dict[str, Any]:
        """One link."""
        links.close(row, by=by, at=scope.at)
        return {}

    def called(self, row: Any) -> str:
        """Whose it is."""
        return str(row.partner)


class Links(Listing):
    """Every partner's link, the newest first."""

    name, title, noun, model = "link-list", "Referral links", "link", ReferralLink
    columns = (
        Column(
            "partner",
            "Partner",
            lambda line, scope: row_link(scope, "partner", line.link.partner_id, line.link.partner.name),
            (Field("Partner", lambda line: line.link.partner.name),),
        ),
        Column("link", "Link", _address, (Field("Link", lambda line: line.address),)),
        columns.count("visitors", "Visitors", lambda line: line.visitors),
        columns.count("sent", "Introductions", lambda line: line.sent),
        columns.instant("made", "Made", lambda line: line.link.made_at, sorts=("newest", "oldest")),
        Column("do", "", _do, ()),
        columns.instant("closed", "Closed", lambda line: line.link.closed_at, is_extra=True),
        columns.text("by", "Made by", lambda line: line.link.made_by_name, is_extra=True),
    )
    orders = (
        Order("newest", "Newest first", ("-made_at", "-pk")),
        Order("oldest", "Oldest first", ("made_at", "pk")),
    )
    filters = (Filter("show", "Which links", choices(SHOWN), _show, shown="chips"),)
    actions = (Close(),)

    def rows(self, scope: Scope) -> Rows:
        """With whose they are."""
        return ReferralLink.objects.select_related("partner")

    def lines(self, rows: Sequence[ReferralLink], scope: Scope) -> Sequence[LinkLine]:
        """With who came by them, in two queries."""
        days = LinkDay.objects.filter(link__in=[link.pk for link in rows]).order_by().values_list("link_id")
        visitors = dict(days.annotate(clicks=Sum("clicks")))
        public = Referral.objects.filter(partner__in={link.partner_id for link in rows}, channel=Channel.PUBLIC)
        sent = dict(public.order_by().values_list("partner_id").annotate(count=Count("pk")))
        return [
            LinkLine(link, links.address(link, scope.msp), visitors.get(link.pk, 0), sent.get(link.partner_id, 0))
            for link in rows
        ]

    def default(self, name: str, asked: Mapping[str, str]) -> str:
        """Those in use."""
        return "open" if name == "show" else ""

    def row_name(self, line: LinkLine) -> str:
        """Whose it is."""
        return f"the link of {line.link.partner.name}"


LINKS = register(Links())
