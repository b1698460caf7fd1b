"""How lists of money are narrowed to partners."""

from elinkages.kernel.match_keys import company_key
from elinkages.lists.filters import Rows, of_row
from elinkages.lists.scope import Scope
from partners.models import Partner

PARTNERS_FOUND = 50
PARTNER = of_row("partner", "Partner", Partner.objects.all, "partner")


def of_partners(rows: Rows, words: str, scope: Scope) -> Rows:
    """Those of the partners whose name begins like what was typed."""
    key = company_key(words) or words.lower()
    found = Partner.objects.filter(name_key__prefix=key).order_by("name_key", "pk")
    return rows.filter(partner__in=list(found.values_list("pk", flat=True)[:PARTNERS_FOUND]))
