"""The invoices and payments of a client as a file."""

from collections.abc import Sequence
from uuid import UUID

from django.http import QueryDict

from commissions import facts
from commissions.models import FactKind
from elinkages.lists.columns import Field, Kind
from elinkages.lists.scope import Scope
from elinkages.lists.short import Short
from elinkages.lists.wanted import register
from referrals.models import Client


def _open(one: facts.Standing) -> int | None:
    return one.open_minor if one.fact.kind == FactKind.INVOICE and not one.fact.is_void else None


class Billing(Short):
    """`?client=<id>`: everything that was invoiced, paid, credited and paid back for a client."""

    name, title = "client-billing", "Invoices and payments"
    fields = (
        Field("Dated", lambda one: one.fact.dated_on, Kind.DAY),
        Field("Document", lambda one: one.fact.get_kind_display()),
        Field("Number", lambda one: one.fact.number),
        Field("For invoice", lambda one: ", ".join(one.invoices)),
        Field("Amount", lambda one: one.fact.minor, Kind.MONEY),
        Field("Open", _open, Kind.MONEY),
        Field("Status", lambda one: "Taken back" if one.fact.is_void else ""),
        Field("Version", lambda one: one.fact.version, Kind.COUNT),
        Field("From", lambda one: one.fact.source),
    )

    def lines(self, query: QueryDict, scope: Scope) -> Sequence[facts.Standing] | None:
        """Newest first."""
        try:
            client = Client.objects.filter(pk=UUID(query.get("client", ""))).first()
        except ValueError:
            return None
        return facts.of_client(client) if client else None


BILLING = register(Billing())
