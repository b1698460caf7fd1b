"""The list of what service credit was applied to."""

from commissions.listings.search import PARTNER, of_partners
from commissions.models import CreditApplication
from elinkages.kernel.icons import badge_html
from elinkages.lists import columns
from elinkages.lists.columns import Column, Field, row_link
from elinkages.lists.filters import Filter, Order, Rows, Search, choices
from elinkages.lists.listing import Listing, register
from elinkages.lists.scope import Scope


def _invoice(rows: Rows, text: str, scope: Scope) -> Rows:
    """By the invoice's number in full, or by how the partner's name begins."""
    if any(letter.isdigit() for letter in text) and (found := rows.filter(reference=text)).exists():
        return found
    return of_partners(rows, text, scope)


def _undone(rows: Rows, value: str, _: Scope) -> Rows:
    return rows.filter(undone_at__isnull=value == "live")


class CreditApplications(Listing):
    """Every invoice that service credit was applied to, newest first."""

    name, title, noun, model = "credit-application-list", "Credit applied to invoices", "invoice", CreditApplication
    columns = (
        Column(
            "invoice",
            "Invoice",
            lambda row, scope: row_link(scope, "partner-credit", row.partner_id, row.reference),
            (Field("Invoice", lambda row: row.reference),),
            sorts=("newest", "oldest"),
        ),
        columns.text("partner", "Partner", lambda row: row.partner.name),
        columns.day("on", "Applied on", lambda row: row.applied_on),
        Column(
            "state",
            "Status",
            lambda row, _: badge_html("Undone", "neutral") if row.is_undone else badge_html("Applied", "good"),
            (Field("Status", lambda row: "Undone" if row.is_undone else "Applied"),),
        ),
        columns.money("amount", "Amount", lambda row: row.minor, dash=False),
        columns.text("why", "Why it was undone", lambda row: row.undone_reason, is_extra=True),
    )
    orders = (
        Order("newest", "Newest first", ("-number", "-pk")),
        Order("oldest", "Oldest first", ("number", "pk")),
    )
    filters = (
        Filter(
            "state",
            "Status",
            choices([("live", "Applied"), ("undone", "Undone")]),
            _undone,
            shown="chips",
            everything="All",
        ),
        PARTNER,
    )
    search = Search("Invoice or partner", "Search by the invoice’s number or the beginning of a name", _invoice)

    def rows(self, scope: Scope) -> Rows:
        """With whose they are."""
        return CreditApplication.objects.select_related("partner")


CREDIT_APPLICATIONS = register(CreditApplications())
