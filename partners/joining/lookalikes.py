"""Partners, people and earlier applications that an application may be: shown to whoever decides, with the reason."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from rapidfuzz import fuzz

from elinkages.kernel.match_keys import domain_key, phone_key
from elinkages.kernel.words import say_day
from partners.models import Application, Contact, Partner

ALIKE: Final = 88
"""How alike two names must be, of 100, for a person to look at them."""
LOOKED_AT: Final = 20_000
SHOWN: Final = 8


@dataclass(frozen=True, slots=True)
class Lookalike:
    """One partner who may be the applicant, and why; `is_certain` when the name or the address is the very same."""

    partner: Partner
    reason: str
    is_certain: bool


def among_partners(application: Application) -> list[Lookalike]:
    """Partners who may be the applicant, the surest first, each once."""
    found: dict[object, Lookalike] = {}
    for lookalike in _found(application):
        known = found.get(lookalike.partner.pk)
        if known is None or (lookalike.is_certain and not known.is_certain):
            found[lookalike.partner.pk] = lookalike
    return sorted(found.values(), key=lambda one: (not one.is_certain, one.partner.name))[:SHOWN]


def earlier(application: Application) -> list[Application]:
    """What this mailbox or a firm of the same name sent before, newest first."""
    others = Application.objects.confirmed().exclude(pk=application.pk)
    same = {row.pk: row for row in others.filter(email=application.email).order_by("-sent_at")[:SHOWN]}
    if application.name_key:
        same |= {row.pk: row for row in others.filter(name_key=application.name_key).order_by("-sent_at")[:SHOWN]}
    return sorted(same.values(), key=lambda row: row.sent_at, reverse=True)[:SHOWN]


def _found(application: Application) -> Iterator[Lookalike]:
    """One pass over the names: no index helps an inexact comparison under row security."""
    domain, phone = domain_key(application.email), phone_key(application.phone)
    for partner in Partner.objects.order_by("name_key", "pk")[:LOOKED_AT]:
        yield from _alike(partner, application, domain, phone)
    people = Contact.objects.current().exclude(email="").select_related("partner")
    for person in people.order_by("pk")[:LOOKED_AT]:
        if person.email == application.email:
            yield Lookalike(person.partner, f"{person.name} has this e-mail address", True)
        elif domain and person.email.endswith(f"@{domain}"):
            yield Lookalike(person.partner, f"{person.name} has an address at {domain} too", False)


def _alike(partner: Partner, application: Application, domain: str, phone: str) -> Iterator[Lookalike]:
    if partner.name_key and partner.name_key == application.name_key:
        yield Lookalike(partner, "Same name", True)
    elif fuzz.token_sort_ratio(partner.name_key, application.name_key) >= ALIKE:
        yield Lookalike(partner, "Similar name", False)
    if domain and (partner.email.endswith(f"@{domain}") or domain in partner.website.lower()):
        yield Lookalike(partner, f"Same domain, {domain}", False)
    if phone and partner.phone and phone_key(partner.phone) == phone:
        yield Lookalike(partner, "Same phone number", False)


def said(application: Application) -> str:
    """When an earlier application came and what became of it."""
    day = say_day(application.msp.today(application.sent_at))
    return f"{day}, {application.get_state_display().lower()}"
