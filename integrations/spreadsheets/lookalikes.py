"""Before anything is written: which new rows will look like a company that we know (referrals/matching)."""

from collections.abc import Iterable
from dataclasses import dataclass

from integrations.spreadsheets.rules import Values
from partners.models import Partner
from referrals import matching
from referrals.matching import Identity, Known, Match, say_likeness
from referrals.models import Client

WORDS = {
    "company": "name",
    "domain": "web or mail domain",
    "email": "e-mail address",
    "phone": "phone number",
}


def identity(values: Values, company: str) -> Identity:
    """What the company of a row is known by."""
    return matching.identity(
        company, values.get("website", ""), values.get("contact_email", ""), values.get("contact_phone", "")
    )


@dataclass(frozen=True, slots=True)
class Likeness:
    """What a row has in common with a company that is here, in a sentence; `is_name_only`: names that are alike."""

    sentence: str
    is_name_only: bool


class Lookalikes:
    """Clients and open introductions that may be the companies of some rows, in a handful of queries."""

    def __init__(self, many: Iterable[Identity]) -> None:
        self._known = Known(list(many))

    def find(self, one: Identity, partner: Partner | None) -> Likeness | None:
        """“It has the name of Elm Dental, who is already a client.”; None when it looks like nobody.

        The partner's own introduction of that name is no likeness. Equal keys tell more than alike names.
        """
        found = [match for match in self._known.matches(one) if not _is_own(match, one, partner)]
        if not found:
            return None
        match = min(found, key=lambda match: bool(match.score))
        other = match.other
        who = ", who is already a client" if isinstance(other, Client) else f", introduced by {other.partner.name}"
        if match.score:
            return Likeness(f"Its name is like that of {other}{who} ({say_likeness(match.score)}).", is_name_only=True)
        return Likeness(f"It has the {WORDS[match.keys[0][0]]} of {other}{who}.", is_name_only=False)


def _is_own(match: Match, one: Identity, partner: Partner | None) -> bool:
    other = match.other
    if isinstance(other, Client) or partner is None:
        return False
    return (other.partner_id, other.company_key) == (partner.pk, one.name)
