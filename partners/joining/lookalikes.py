"""Partners, people and earlier applications that an application may be: shown to whoever decides, with the reasons."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from django.db.models import Q
from rapidfuzz import fuzz

from elinkages.kernel.match_keys import domain_key, phone_key
from elinkages.kernel.words import say_day
from partners.models import Application, Contact, Partner

ALIKE: Final = 88
"""How alike two names must be, of 100, for a person to look at them."""
LOOKED_AT: Final = 20_000
SHOWN: Final = 8


@dataclass(slots=True)
class Lookalike:
    """One partner who may be the applicant, and why.

    `surely` holds what is the very same (the name, an e-mail address), `perhaps` what many may share.
    """

    partner: Partner
    surely: list[str] = field(default_factory=list)
    perhaps: list[str] = field(default_factory=list)

    @property
    def reasons(self) -> str:
        """All of it in one line: “same name, same domain kestrel.com”."""
        return ", ".join([*self.surely, *self.perhaps])


def among_partners(application: Application) -> list[Lookalike]:
    """Partners who may be the applicant, the surest first, each once with everything that they share."""
    found: dict[UUID, Lookalike] = {}
    for partner, reason, is_certain in _found(application):
        one = found.setdefault(partner.pk, Lookalike(partner))
        reasons = one.surely if is_certain else one.perhaps
        if reason not in reasons:
            reasons.append(reason)
    return sorted(found.values(), key=lambda one: (not one.surely, one.partner.name))[:SHOWN]


def others(application: Application) -> list[tuple[Application, str]]:
    """What else this mailbox, a firm of the same name or somebody at the same domain sent, newest first.

    With each a line: when it came, what became of it, and what they share.
    """
    domain = domain_key(application.email)
    shared = Q(email=application.email)
    if application.name_key:
        shared |= Q(name_key=application.name_key)
    if domain:
        shared |= Q(email__endswith=f"@{domain}") | Q(email__endswith=f".{domain}")
    found = Application.objects.confirmed().exclude(pk=application.pk).filter(shared).order_by("-sent_at", "-pk")
    return [(other, _said(other, application, domain)) for other in found[:SHOWN]]


def _found(application: Application) -> Iterator[tuple[Partner, str, bool]]:
    """One pass over the names: no index helps an inexact comparison under row security."""
    domain, phone = domain_key(application.email), phone_key(application.phone)
    for partner in Partner.objects.order_by("name_key", "pk")[:LOOKED_AT]:
        for reason, is_certain in _alike(partner, application, domain, phone):
            yield partner, reason, is_certain
    people = Contact.objects.current().exclude(email="").select_related("partner")
    for person in people.order_by("pk")[:LOOKED_AT]:
        if person.email == application.email:
            yield person.partner, f"{person.name} has this e-mail address", True
        elif _is_at(person.email, domain):
            yield person.partner, _same_domain(domain), False


def _alike(partner: Partner, application: Application, domain: str, phone: str) -> Iterator[tuple[str, bool]]:
    if partner.name_key and partner.name_key == application.name_key:
        yield "same name", True
    elif fuzz.token_sort_ratio(partner.name_key, application.name_key) >= ALIKE:
        yield "similar name", False
    if _is_at(partner.email, domain) or _is_at(partner.website, domain):
        yield _same_domain(domain), False
    if phone and partner.phone and phone_key(partner.phone) == phone:
        yield "same phone number", False


def _same_domain(domain: str) -> str:
    return f"same domain {domain}"


def _is_at(address: str, domain: str) -> bool:
    """Whether an e-mail address or website belongs to a domain; the quick look first, it is asked of every partner."""
    return bool(domain) and domain in address.lower() and domain_key(address) == domain


def _said(other: Application, application: Application, domain: str) -> str:
    shares = []
    if application.name_key and other.name_key == application.name_key:
        shares.append("same name")
    if other.email == application.email:
        shares.append("same e-mail address")
    elif _is_at(other.email, domain):
        shares.append(_same_domain(domain))
    day = say_day(other.msp.today(other.sent_at))
    return f"{day}, {other.get_state_display().lower()}: {', '.join(shares)}"
