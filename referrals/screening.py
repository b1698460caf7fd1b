"""Finding out whether we know a company already: exact matches of normalized keys, with the evidence.

An MSP's introductions and clients are screened one at a time (`one_at_a_time`), so that of two registrations of
one company at the same moment the second one sees the first.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Q, QuerySet

from elinkages.kernel.match_keys import company_key, domain_key, email_key, phone_key
from elinkages.kernel.tenancy import current_msp_id
from referrals.models import OPEN_STAGES, Client, Finding, FindingState, KeyKind, MatchKey, Referral

type Key = tuple[str, str]
"""Kind and normalized text."""

ORDER = (KeyKind.COMPANY, KeyKind.DOMAIN, KeyKind.EMAIL, KeyKind.PHONE)


@dataclass(frozen=True, slots=True)
class Identity:
    """What a company is known by, as it was written down."""

    company: str
    website: str = ""
    email: str = ""
    phone: str = ""

    def keyed(self) -> dict[Key, str]:
        """Every key with the text that it was made of; the first text wins."""
        found: dict[Key, str] = {}
        for kind, key, text in (
            (KeyKind.COMPANY, company_key(self.company), self.company),
            (KeyKind.DOMAIN, domain_key(self.website), self.website),
            (KeyKind.DOMAIN, domain_key(self.email) if email_key(self.email) else "", self.email),
            (KeyKind.EMAIL, email_key(self.email), self.email),
            (KeyKind.PHONE, phone_key(self.phone), self.phone),
        ):
            if key:
                found.setdefault((kind.value, key[:254]), text)
        return found


@dataclass(frozen=True, slots=True)
class Match:
    """An older record that shares keys with an introduction."""

    other: Referral | Client
    keys: tuple[Key, ...]

    @property
    def withholds(self) -> bool:
        """Whether credit waits for a decision: a client, or more in common than the company's name."""
        return isinstance(self.other, Client) or any(kind != KeyKind.COMPANY for kind, _ in self.keys)

    @property
    def in_words(self) -> str:
        """What is the same: “company name and phone number”."""
        labels = list(dict.fromkeys(KeyKind(kind).label[0].lower() + KeyKind(kind).label[1:] for kind, _ in self.keys))
        return " and ".join(filter(None, (", ".join(labels[:-1]), labels[-1])))


def one_at_a_time() -> None:
    """Wait until no other unit of work of this MSP is registering or adding a client; held until the end of ours."""
    with connection.cursor() as cursor:
        name = f"screening:{current_msp_id()}"
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])


def identity_of(record: Referral | Client) -> Identity:
    """What an introduction or a client is known by; a client also by the person it was introduced with."""
    if isinstance(record, Referral):
        return Identity(record.company, record.website, record.contact_email, record.contact_phone)
    source = record.referral
    if source is None:
        return Identity(record.name, record.website)
    return Identity(record.name, record.website or source.website, source.contact_email, source.contact_phone)


def index_referral(referral: Referral) -> None:
    """Remember the keys of an introduction."""
    MatchKey.objects.bulk_create(
        MatchKey(kind=kind, key=key, referral=referral) for kind, key in identity_of(referral).keyed()
    )


def index_client(client: Client) -> None:
    """Remember the keys of a client, anew after a change, and flag open introductions of the same company."""
    one_at_a_time()
    keys = identity_of(client).keyed()
    client.match_keys.all().delete()
    MatchKey.objects.bulk_create(MatchKey(kind=kind, key=key, client=client) for kind, key in keys)
    for referral, shared in _matching_referrals(keys):
        if referral.pk != client.referral_id:
            _find(referral, Match(client, shared), at=client.created_at)


def screen(referral: Referral, *, at: datetime) -> list[Finding]:
    """Compare an introduction with open introductions and clients; returns what is new, oldest match first.

    The finding belongs to the introduction that was registered later, which with imported history may be the other.
    """
    found = []
    for match in matches(identity_of(referral), without=referral):
        later, earlier = referral, match.other
        if isinstance(match.other, Referral) and _age(match.other) > _age(referral):
            later, earlier = match.other, referral
        if finding := _find(later, Match(earlier, match.keys), at=at):
            found.append(finding)
    return found


def matches(identity: Identity, *, without: Referral | None = None) -> list[Match]:
    """Clients and open introductions that share a key, clients first, then the oldest introduction."""
    keys = identity.keyed()
    clients = [Match(client, shared) for client, shared in _matching_clients(keys)]
    referrals = [
        Match(referral, shared)
        for referral, shared in _matching_referrals(keys)
        if without is None or referral.pk != without.pk
    ]
    return clients + referrals


def withholding(referral: Referral) -> QuerySet[Finding]:
    """Findings of an introduction that keep its credit back: undecided ones with more than the name in common."""
    return referral.findings.filter(state=FindingState.OPEN, evidence__withholds=True)


def _age(referral: Referral) -> tuple[datetime, Any]:
    return referral.registered_at, referral.pk


def _matching_referrals(keys: Iterable[Key]) -> list[tuple[Referral, tuple[Key, ...]]]:
    rows = _rows(keys, Q(referral__isnull=False, referral__stage__in=OPEN_STAGES)).select_related("referral__partner")
    shared: dict[Referral, list[Key]] = {}
    for row in rows:
        if row.referral:
            shared.setdefault(row.referral, []).append((row.kind, row.key))
    return [(referral, _sorted(shared[referral])) for referral in sorted(shared, key=_age)]


def _matching_clients(keys: Iterable[Key]) -> list[tuple[Client, tuple[Key, ...]]]:
    rows = _rows(keys, Q(client__isnull=False)).select_related("client__referral__partner")
    shared: dict[Client, list[Key]] = {}
    for row in rows:
        if row.client:
            shared.setdefault(row.client, []).append((row.kind, row.key))
    return [(client, _sorted(shared[client])) for client in sorted(shared, key=lambda client: client.since_on)]


def _rows(keys: Iterable[Key], of: Q) -> QuerySet[MatchKey]:
    condition = Q(pk__in=[])
    for kind, key in keys:
        condition |= Q(kind=kind, key=key)
    return MatchKey.objects.filter(condition, of)


def _sorted(keys: Sequence[Key]) -> tuple[Key, ...]:
    return tuple(sorted(keys, key=lambda key: (ORDER.index(KeyKind(key[0])), key[1])))


def _find(referral: Referral, match: Match, *, at: datetime) -> Finding | None:
    """Write down a match once, whatever was decided about it since."""
    target = {"other_referral": match.other} if isinstance(match.other, Referral) else {"other_client": match.other}
    finding, is_new = Finding.objects.get_or_create(
        referral=referral, **target, defaults={"evidence": _evidence(referral, match), "found_at": at}
    )
    return finding if is_new else None


def _evidence(referral: Referral, match: Match) -> dict[str, Any]:
    """The keys in common with both texts (the key itself where a text has changed since), and who was first."""
    ours, theirs = identity_of(referral).keyed(), identity_of(match.other).keyed()
    return {
        "keys": [
            {"kind": kind, "key": key, "ours": ours.get((kind, key), key), "theirs": theirs.get((kind, key), key)}
            for kind, key in match.keys
        ],
        "withholds": match.withholds,
        **_origin(match.other),
    }


def _origin(other: Referral | Client) -> dict[str, str]:
    source = other if isinstance(other, Referral) else other.referral
    if source is None:
        return {"name": str(other), "registered_at": "", "registered_by": "", "partner": ""}
    return {
        "name": str(other),
        "registered_at": source.registered_at.isoformat(),
        "registered_by": source.registered_by_name,
        "partner": source.partner.name,
    }
