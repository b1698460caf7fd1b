"""Finding the partners that rows speak of: by id, then by e-mail address, then by normalized name."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db.models import Q

from elinkages.kernel.match_keys import company_key
from elinkages.kernel.refusal import Refused
from integrations.spreadsheets.rules import Importer, Rules, Values, Verdict, problem
from integrations.spreadsheets.values import shown
from partners import onboarding
from partners.models import Contact, Partner


class CannotTell(Refused):
    """Several partners fit, or none does."""


class PartnerBook:
    """The partners that could be meant by some texts, read in two queries; each is one object."""

    def __init__(self, texts: Iterable[str]) -> None:
        wanted = {text for text in texts if text}
        emails = {text.lower() for text in wanted if "@" in text}
        self.by_id: dict[str, list[Partner]] = defaultdict(list)
        self.by_email: dict[str, list[Partner]] = defaultdict(list)
        self.by_name: dict[str, list[Partner]] = defaultdict(list)
        if not wanted:
            return
        people = Contact.objects.current().filter(email__any_of=emails)
        addresses = list(people.values_list("email", "partner")) if emails else []
        found = (
            Q(external_id__any_of=wanted)
            | Q(name_key__any_of={company_key(text) for text in wanted})
            | Q(email__any_of=emails)
            | Q(pk__any_of={partner_id for _, partner_id in addresses})
        )
        here = Partner.objects.filter(found).select_related("owner__user", "msp").order_by("created_at", "pk")
        partners = {partner.pk: partner for partner in here}
        for email, partner_id in addresses:
            self.by_email[email].append(partners[partner_id])
        for partner in partners.values():
            self.add(partner)

    def add(self, partner: Partner) -> None:
        """From now on, this partner is here."""
        self.by_name[partner.name_key].append(partner)
        if partner.external_id:
            self.by_id[partner.external_id].append(partner)
        if partner.email and partner not in self.by_email[partner.email]:
            self.by_email[partner.email].append(partner)

    def partners(self) -> list[Partner]:
        """Everybody in it."""
        return [partner for found in self.by_name.values() for partner in found]

    def find(self, *, external_id: str = "", email: str = "", name: str = "") -> Partner | None:
        """The partner, or None. Raises CannotTell when several fit."""
        for found, text in (
            (self.by_id.get(external_id, []) if external_id else [], external_id),
            (self.by_email.get(email.lower(), []) if email else [], email),
            (self.by_name.get(company_key(name), []) if name else [], name),
        ):
            if len(found) > 1:
                raise CannotTell(f"{len(found)} of your partners match {shown(text)}. Give their e-mail address or id.")
            if found:
                return found[0]
        return None


def book_for(many: Iterable[Values]) -> PartnerBook:
    """The partners that rows of referrals or clients name."""
    return PartnerBook(text for values in many for text in (values.get("partner", ""), values.get("partner_email", "")))


def sender(values: Values, book: PartnerBook) -> Partner | None:
    """The partner that a row names by name, address or id, and perhaps by address in a second column.

    Raises CannotTell.
    """
    text = values.get("partner", "")
    email = values.get("partner_email", "") or (text if "@" in text else "")
    return book.find(external_id=text, email=email, name=text)


def unknown(values: Values, rules: Rules) -> Verdict | None:
    """What is wrong with naming a partner who is not here; None when they are created along."""
    name = values.get("partner") or values.get("partner_email", "")
    if not rules.creates_partners:
        return problem(
            f"{shown(name)} is not one of your partners. Import partners first, or choose to add unknown ones."
        )
    if not rules.kind:
        return problem(f"{shown(name)} would be new. Choose the kind of source of new partners under Columns.")
    return None


def senders_or_new(many: Sequence[Values], rules: Rules, *, by: Sequence[Importer], at: datetime) -> list[Partner]:
    """The partners of rows, added when the rules say so. Raises CannotTell, and what onboarding.add refuses."""
    book = book_for(many)
    found = []
    for values, one in zip(many, by, strict=True):
        partner = sender(values, book)
        if partner is None:
            partner = _new(values, rules, by=one, at=at)
            book.add(partner)
        found.append(partner)
    return found


def _new(values: Values, rules: Rules, *, by: Importer, at: datetime) -> Partner:
    if refusal := unknown(values, rules):
        raise CannotTell(refusal.reason)
    text, email = values.get("partner", ""), values.get("partner_email", "")
    email = email or (text if "@" in text else "")
    partner = onboarding.add(kind=rules.kind, name=text or email, email=email, by=by, at=at)
    by.made.append(partner)
    return partner
