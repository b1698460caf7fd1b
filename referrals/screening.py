"""Finding out whether we know a company already: equal keys, and names that are nearly the same, with the evidence.

An MSP's introductions and clients are screened one at a time (`one_at_a_time`), so that of two registrations of
one company at the same moment the second one sees the first. The work for one name is bounded: at most five blocks,
and a block with more than BLOCK_SIZE names says nothing about a company and is left out.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Q, QuerySet

from elinkages.kernel.match_keys import block_keys, company_key, domain_key, email_key, likeness, phone_key
from elinkages.kernel.tenancy import current_msp_id
from referrals.models import OPEN_STAGES, Client, Finding, FindingState, KeyKind, MatchKey, Referral

type Key = tuple[str, str]
"""Kind and normalized text."""

ORDER = (KeyKind.COMPANY, KeyKind.DOMAIN, KeyKind.EMAIL, KeyKind.PHONE, KeyKind.SIMILAR)
ALIKE = 91
"""From this likeness (0 to 100) on, two names are shown to a person."""
BLOCK_SIZE = 200
"""A block with more names than this is a word that everybody uses."""


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
    """An older record that shares keys with an introduction, or has nearly its name (`score`, 0 to 100).

    `is_over`: its protection had ended when the later introduction was registered.
    """

    other: Referral | Client
    keys: tuple[Key, ...]
    score: int = 0
    is_over: bool = False

    @property
    def withholds(self) -> bool:
        """Whether credit waits for a decision: a client by any equal key, or more in common than the name.

        What is no longer protected keeps nobody waiting.
        """
        if self.is_over:
            return False
        kinds = {kind for kind, _ in self.keys} - {KeyKind.SIMILAR}
        return bool(kinds if isinstance(self.other, Client) else kinds - {KeyKind.COMPANY})

    @property
    def in_words(self) -> str:
        """What is the same: “the same company name and phone number”, “a similar company name (94% alike)”."""
        if self.score and len(self.keys) == 1:
            return f"a similar company name ({say_likeness(self.score)})"
        labels = list(dict.fromkeys(KeyKind(kind).label[0].lower() + KeyKind(kind).label[1:] for kind, _ in self.keys))
        return "the same " + " and ".join(filter(None, (", ".join(labels[:-1]), labels[-1])))


def say_likeness(score: int) -> str:
    """A likeness as people read it: “94% alike”, “the same letters”."""
    return "the same letters" if score >= 100 else f"{score}% alike"


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


def index_referral(*referrals: Referral) -> None:
    """Remember the keys of introductions."""
    MatchKey.objects.bulk_create(
        MatchKey(kind=kind, key=key, referral=referral)
        for referral in referrals
        for kind, key in [*identity_of(referral).keyed(), *_blocks(referral.company)]
    )


def index_again(referral: Referral) -> None:
    """An introduction that is open again is compared by its name again."""
    blocks = [MatchKey(kind=kind, key=key, referral=referral) for kind, key in _blocks(referral.company)]
    MatchKey.objects.bulk_create(blocks, ignore_conflicts=True)


def set_aside(referral: Referral) -> None:
    """A closed introduction is in no block: the work for a new one must not grow with history."""
    MatchKey.objects.filter(referral=referral, kind=KeyKind.SIMILAR).delete()


def index_client(client: Client) -> None:
    """Remember the keys of a client, anew after a change, and flag open introductions of the same company."""
    one_at_a_time()
    identity = identity_of(client)
    keys = identity.keyed()
    client.match_keys.all().delete()
    MatchKey.objects.bulk_create(
        MatchKey(kind=kind, key=key, client=client) for kind, key in [*keys, *_blocks(client.name)]
    )
    for match in _open_matches(identity):
        if match.other.pk != client.referral_id and isinstance(match.other, Referral):
            _find(match.other, Match(client, match.keys, match.score), at=client.created_at)


def screen(referral: Referral, *, at: datetime) -> list[Finding]:
    """Compare an introduction with open introductions and clients; returns what is new, oldest match first.

    The finding belongs to the introduction that was registered later, which with imported history may be the other.
    """
    found = []
    for match in matches(identity_of(referral), without=referral):
        later, earlier = referral, match.other
        if isinstance(match.other, Referral) and _age(match.other) > _age(referral):
            later, earlier = match.other, referral
        is_over = isinstance(earlier, Referral) and not earlier.is_protected(later.msp.today(later.registered_at))
        if finding := _find(later, Match(earlier, match.keys, match.score, is_over), at=at):
            found.append(finding)
    return found


def matches(identity: Identity, *, without: Referral | None = None) -> list[Match]:
    """Clients and open introductions that share a key or have nearly the name: clients first, then by age."""
    return [
        match
        for match in [*_client_matches(identity), *_open_matches(identity)]
        if without is None or match.other.pk != without.pk
    ]


def unmatched(identities: Sequence[Identity]) -> list[bool]:
    """Which of these `matches` would find nothing for, even if all the others were here already.

    Three queries for any number. It may say no where `matches` finds nothing, never the other way around.
    """
    keyed = [set(one.keyed()) for one in identities]
    blocks = [_blocks(one.company) for one in identities]
    rows = MatchKey.objects.filter(_OPEN | _CLIENT, key__in={key for keys in keyed for _, key in keys})
    taken = set(rows.exclude(kind=KeyKind.SIMILAR).values_list("kind", "key"))
    counts = Counter(key for keys in keyed for key in keys)
    names = _names_in({key for keys in blocks for key in keys})
    for one, own_blocks in zip(identities, blocks, strict=True):
        for key in own_blocks:
            names[key].append(company_key(one.company))
    found = []
    for one, keys, own_blocks in zip(identities, keyed, blocks, strict=True):
        own = company_key(one.company)
        is_known = any(key in taken or counts[key] > 1 for key in keys)
        # Every name is like itself once.
        is_alike = any(sum(likeness(own, name) >= ALIKE for name in names[key]) > 1 for key in own_blocks)
        found.append(not is_known and not is_alike)
    return found


def _names_in(blocks: set[Key]) -> dict[Key, list[str]]:
    """The names of open introductions and of clients in each block; none of a side that has too many to say a thing."""
    found: dict[Key, list[str]] = defaultdict(list)
    parameters: dict[str, Any] = {
        "msp": current_msp_id(),
        "keys": [key for _, key in blocks],
        "kind": KeyKind.SIMILAR,
        "open": [stage.value for stage in OPEN_STAGES],
        "size": BLOCK_SIZE,
    }
    with connection.cursor() as cursor:
        for query in (_BLOCKS_OF_REFERRALS, _BLOCKS_OF_CLIENTS):
            cursor.execute(query, parameters)
            for key, names in cursor.fetchall():
                found[KeyKind.SIMILAR.value, key] += names if len(names) <= BLOCK_SIZE else []
    return found


_BLOCKS_OF_REFERRALS = """
SELECT wanted.key, array_agg(met.name) FROM unnest(%(keys)s::text[]) AS wanted (key), LATERAL (
    SELECT r.company_key AS name FROM referrals_matchkey m
        JOIN referrals_referral r ON r.msp_id = %(msp)s AND r.id = m.referral_id AND r.stage = ANY(%(open)s)
    WHERE m.msp_id = %(msp)s AND m.kind = %(kind)s AND m.key = wanted.key AND m.referral_id IS NOT NULL
    LIMIT %(size)s + 1) met GROUP BY wanted.key
"""
_BLOCKS_OF_CLIENTS = """
SELECT wanted.key, array_agg(met.name) FROM unnest(%(keys)s::text[]) AS wanted (key), LATERAL (
    SELECT c.name_key AS name FROM referrals_matchkey m
        JOIN referrals_client c ON c.msp_id = %(msp)s AND c.id = m.client_id
    WHERE m.msp_id = %(msp)s AND m.kind = %(kind)s AND m.key = wanted.key AND m.client_id IS NOT NULL
    LIMIT %(size)s + 1) met GROUP BY wanted.key
"""


def withholding(referral: Referral) -> QuerySet[Finding]:
    """Findings of an introduction that keep its credit back: undecided ones with more than the name in common."""
    return referral.findings.filter(state=FindingState.OPEN, evidence__withholds=True)


def _age(referral: Referral) -> tuple[datetime, Any]:
    return referral.registered_at, referral.pk


def _open_matches(identity: Identity) -> list[Match]:
    """Open introductions, the oldest first."""
    shared: dict[Referral, list[Key]] = {}
    for row in _rows(identity.keyed(), _OPEN).select_related("referral__partner"):
        if row.referral:
            shared.setdefault(row.referral, []).append((row.kind, row.key))
    scores = _alike(identity.company, _OPEN, "referral", "company_key", without={record.pk for record in shared})
    shared |= {one: [] for one in Referral.objects.filter(pk__in=scores).select_related("partner")}
    return [_match(record, shared[record], scores.get(record.pk)) for record in sorted(shared, key=_age)]


def _client_matches(identity: Identity) -> list[Match]:
    """Clients, present and past, the oldest first."""
    shared: dict[Client, list[Key]] = {}
    for row in _rows(identity.keyed(), _CLIENT).select_related("client__referral__partner"):
        if row.client:
            shared.setdefault(row.client, []).append((row.kind, row.key))
    scores = _alike(identity.company, _CLIENT, "client", "name_key", without={record.pk for record in shared})
    shared |= {one: [] for one in Client.objects.filter(pk__in=scores).select_related("referral__partner")}
    return [
        _match(record, shared[record], scores.get(record.pk))
        for record in sorted(shared, key=lambda client: (client.since_on, client.pk))
    ]


def _match(record: Referral | Client, keys: Sequence[Key], score: int | None) -> Match:
    """The match of a record by its equal keys, or by the likeness of its name."""
    if score is None:
        return Match(record, _sorted(keys))
    name = record.company if isinstance(record, Referral) else record.name
    return Match(record, ((KeyKind.SIMILAR.value, company_key(name)),), score)


def _blocks(company: str) -> list[Key]:
    return [(KeyKind.SIMILAR.value, key) for key in block_keys(company_key(company))]


def _alike(company: str, of: Q, record: str, name: str, *, without: set[UUID]) -> dict[UUID, int]:
    """Records (`referral` or `client`) of the name's blocks whose names are alike, with their likeness.

    Each block is read by its own index range and cut off, so that a common word costs BLOCK_SIZE rows and no more.
    """
    own = company_key(company)
    found: dict[UUID, int] = {}
    for kind, key in _blocks(company):
        rows = list(_rows([(kind, key)], of).values_list(f"{record}_id", f"{record}__{name}")[: BLOCK_SIZE + 1])
        if len(rows) > BLOCK_SIZE:
            continue
        for pk, other in rows:
            if pk not in without and pk not in found and (score := likeness(own, other)) >= ALIKE:
                found[pk] = score
    return found


_OPEN = Q(referral__isnull=False, referral__stage__in=OPEN_STAGES)
_CLIENT = Q(client__isnull=False)


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
            if kind != KeyKind.SIMILAR
        ]
        + _similar(referral, match),
        "withholds": match.withholds,
        "protection_over": match.is_over,
        **_origin(match.other),
    }


def _similar(referral: Referral, match: Match) -> list[dict[str, Any]]:
    """Nearly the same name, with how near in words."""
    if not match.score:
        return []
    theirs = match.other.company if isinstance(match.other, Referral) else match.other.name
    key = dict(match.keys)[KeyKind.SIMILAR]
    return [
        {
            "kind": KeyKind.SIMILAR.value,
            "key": key,
            "ours": referral.company,
            "theirs": theirs,
            "score": match.score,
            "words": say_likeness(match.score),
        }
    ]


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
