"""Before anything is written: which new rows will look like a company that we know (referrals/screening.py)."""

from collections import defaultdict
from collections.abc import Iterable

from elinkages.kernel.match_keys import company_key
from integrations.spreadsheets.rules import Values
from partners.models import Partner
from referrals.models import MatchKey
from referrals.screening import Identity, Key

WORDS = {
    "company": "name",
    "domain": "web or mail domain",
    "email": "e-mail address",
    "phone": "phone number",
    "similar": "nearly identical name",
}


def identity(values: Values, company: str) -> Identity:
    """What the company of a row is known by."""
    told = (values.get(name, "") for name in ("website", "contact_email", "contact_phone"))
    return Identity(company, *told)


class Lookalikes:
    """Clients and open introductions that share a key with some rows, in one query."""

    def __init__(self, many: Iterable[Identity]) -> None:
        keys = {key for one in many for _, key in one.keyed()}
        rows = MatchKey.objects.filter(key__in=keys).select_related("client", "referral__partner").order_by("pk")
        self.by_key: dict[Key, list[MatchKey]] = defaultdict(list)
        for row in rows if keys else ():
            self.by_key[row.kind, row.key].append(row)

    def sentence(self, one: Identity, partner: Partner | None) -> str:
        """“It has the name of Elm Dental, who is a client already.”; "" when it looks like nobody."""
        own = company_key(one.company)
        for key in one.keyed():
            for row in self.by_key.get(key, []):
                if row.client:
                    return f"It has the {WORDS[row.kind]} of {row.client.name}, who is a client already."
                other = row.referral
                if other is None or not other.is_open:
                    continue
                if partner is None or (other.partner_id, other.company_key) != (partner.pk, own):
                    return f"It has the {WORDS[row.kind]} of {other.company}, introduced by {other.partner.name}."
        return ""
