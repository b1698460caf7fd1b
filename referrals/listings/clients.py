"""The list of clients, with today's MRR."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import F

from elinkages.kernel.icons import badge_html
from elinkages.lists import columns
from elinkages.lists.columns import Column, Field, muted, row_link, sub, together
from elinkages.lists.filters import Filter, Order, Rows, Search, choices
from elinkages.lists.listing import Listing, register
from elinkages.lists.scope import Scope
from partners.kinds import source_html
from referrals import mrr
from referrals.listings.search import by_name
from referrals.models import Client, ClientState


@dataclass(frozen=True, slots=True)
class ClientLine:
    """A client and what they pay a month today, in minor units."""

    client: Any
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
    if line.client.referral_id is None:
        return muted("Nobody")
    return together(line.client.introducer, sub(source_html(line.client.source_kind)))


def _introducer(line: ClientLine) -> str:
    return str(line.client.introducer or "")


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
        found = Client.objects.annotate(introducer=F("referral__partner__name"), source_kind=F("referral__source_kind"))
        return found.only(*_CLIENT)

    def lines(self, rows: Sequence[Client], scope: Scope) -> Sequence[ClientLine]:
        """With what they pay."""
        levels = mrr.by_client([client.pk for client in rows], on=scope.today)
        return [ClientLine(client, levels[client.pk]) for client in rows]

    def default(self, name: str, asked: Mapping[str, str]) -> str:
        """Those who are with us."""
        return "active" if name == "show" else ""

    def row_name(self, line: ClientLine) -> str:
        """Their name."""
        return str(line.client.name)


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
