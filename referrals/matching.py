"""What may be the same company: equal keys, and names that are nearly the same, compared in memory.

`Known` reads what is here about any number of companies in a handful of queries. The work for one name is bounded: at
most five blocks, and a block with more than BLOCK_SIZE names says nothing about a company and is left out.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any
from uuid import UUID

from django.db import connection

from elinkages.kernel.match_keys import block_keys, company_key, domain_key, email_key, likeness, phone_key
from elinkages.kernel.tenancy import current_msp_id
from referrals.models import Client, KeyKind, Referral

type Key = tuple[str, str]
"""Kind and normalized text."""

ORDER = (KeyKind.COMPANY, KeyKind.DOMAIN, KeyKind.EMAIL, KeyKind.PHONE, KeyKind.SIMILAR)
ALIKE = 91
"""From this likeness (0 to 100) on, two names are shown to a person."""
BLOCK_SIZE = 200
"""A block with more names than this is a word that everybody uses."""


@dataclass(frozen=True)
class Identity:
    """What a company is known by, as it was written down."""

    company: str
    website: str = ""
    email: str = ""
    phone: str = ""

    @cached_property
    def name(self) -> str:
        """The normalized name."""
        return company_key(self.company)

    @cached_property
    def keyed(self) -> dict[Key, str]:
        """Every key with the text that it was made of; the first text wins."""
        found: dict[Key, str] = {}
        for kind, key, text in (
            (KeyKind.COMPANY, self.name, self.company),
            (KeyKind.DOMAIN, domain_key(self.website) if self.website else "", self.website),
            (KeyKind.DOMAIN, domain_key(self.email) if email_key(self.email) else "", self.email),
            (KeyKind.EMAIL, email_key(self.email), self.email),
            (KeyKind.PHONE, phone_key(self.phone) if self.phone else "", self.phone),
        ):
            if key:
                found.setdefault((kind.value, key[:254]), text)
        return found

    @cached_property
    def blocks(self) -> tuple[Key, ...]:
        """The blocks that the name belongs to."""
        return tuple((KeyKind.SIMILAR.value, key) for key in block_keys(self.name))


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


def identity_of(record: Referral | Client) -> Identity:
    """What an introduction or a client is known by; a client also by the person it was introduced with."""
    if isinstance(record, Referral):
        return Identity(record.company, record.website, record.contact_email, record.contact_phone)
    source = record.referral
    if source is None:
        return Identity(record.name, record.website)
    return Identity(record.name, record.website or source.website, source.contact_email, source.contact_phone)


def age(referral: Referral) -> tuple[datetime, UUID]:
    """Introductions by this: the earlier one counts."""
    return referral.registered_at, referral.pk


class Known:
    """The clients and open introductions that may be one of some companies, read in at most seven queries.

    It follows what is registered afterwards by `add`, without asking again.
    """

    def __init__(self, identities: Sequence[Identity]) -> None:
        shared = _sharing({key for one in identities for key in one.keyed})
        blocks = {key for one in identities for _, key in one.blocks}
        self._referrals = _blocks_of(blocks, _REFERRALS, _open_names)
        self._clients = _blocks_of(blocks, _CLIENTS, _client_names)
        sides = (self._referrals, self._clients)
        met = {pk for one in identities for names in sides for pk in self._alike(one, names)}
        self._records = _records(met | {pk for _, pk in shared})
        self._by_key: dict[Key, dict[UUID, Referral | Client]] = defaultdict(dict)
        for key, pk in shared:
            if pk in self._records:
                self._by_key[key][pk] = self._records[pk]

    def add(self, record: Referral | Client) -> None:
        """From now on, this open introduction or client is here."""
        identity = identity_of(record)
        for key in identity.keyed:
            self._by_key[key][record.pk] = record
        names = self._referrals if isinstance(record, Referral) else self._clients
        for key in identity.blocks:
            names[key][record.pk] = identity.name
        self._records[record.pk] = record

    def matches(self, identity: Identity, *, without: UUID | None = None) -> list[Match]:
        """What shares a key or has nearly the name: clients first, then open introductions, each by age."""
        shared: dict[UUID, tuple[Referral | Client, list[Key]]] = {}
        for key in identity.keyed:
            for pk, record in self._by_key.get(key, {}).items():
                shared.setdefault(pk, (record, []))[1].append(key)
        found = [Match(record, _sorted(keys)) for record, keys in shared.values()]
        for names in (self._clients, self._referrals):
            for pk, (name, score) in self._alike(identity, names).items():
                if pk not in shared:
                    found.append(Match(self._records[pk], ((KeyKind.SIMILAR.value, name),), score))
        return sorted((one for one in found if one.other.pk != without), key=_place)

    def _alike(self, identity: Identity, names: "_Blocks") -> dict[UUID, tuple[str, int]]:
        """Those of the name's blocks whose names are alike, with their names and likeness."""
        found: dict[UUID, tuple[str, int]] = {}
        compared = set[UUID]()
        for block in identity.blocks:
            members = names.get(block, {})
            if len(members) > BLOCK_SIZE:
                continue
            for pk, name in members.items():
                if pk not in compared:
                    compared.add(pk)
                    if (score := likeness(identity.name, name)) >= ALIKE:
                        found[pk] = (name, score)
        return found


type _Blocks = dict[Key, dict[UUID, str]]
type Names = Callable[[set[UUID]], Iterable[tuple[UUID, str]]]


def matches(identity: Identity, *, without: Referral | None = None) -> list[Match]:
    """Clients and open introductions that share a key or have nearly the name: clients first, then by age."""
    return Known([identity]).matches(identity, without=without.pk if without else None)


def _sharing(keys: set[Key]) -> list[tuple[Key, UUID]]:
    """Clients and open introductions by their equal keys."""
    if not keys:
        return []
    columns = {"kinds": [kind for kind, _ in keys], "keys": [key for _, key in keys]}
    with connection.cursor() as cursor:
        cursor.execute(_SHARING, {**columns, "msp": current_msp_id()})
        return [((kind, key), pk) for kind, key, pk in cursor.fetchall()]


def _records(ids: set[UUID]) -> dict[UUID, Referral | Client]:
    if not ids:
        return {}
    clients: dict[UUID, Client] = Client.objects.select_related("referral__partner").in_bulk(ids)
    still_open = Referral.objects.open().select_related("partner__msp")
    referrals: dict[UUID, Referral] = still_open.in_bulk(ids - clients.keys())
    return {**clients, **referrals}


def _blocks_of(blocks: set[str], query: str, names: Names) -> _Blocks:
    """The records in each block with their normalized names, one more than BLOCK_SIZE of a block that has too many."""
    found: _Blocks = defaultdict(dict)
    if not blocks:
        return found
    parameters: dict[str, Any] = {
        "msp": current_msp_id(),
        "keys": list(blocks),
        "kind": KeyKind.SIMILAR,
        "size": BLOCK_SIZE,
    }
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        met: list[tuple[str, UUID]] = cursor.fetchall()
    known = dict(names({pk for _, pk in met})) if met else {}
    for key, pk in met:
        if pk in known:
            found[KeyKind.SIMILAR.value, key][pk] = known[pk]
    return found


def _open_names(ids: set[UUID]) -> Iterable[tuple[UUID, str]]:
    found: Iterable[tuple[UUID, str]] = Referral.objects.open().filter(pk__in=ids).values_list("pk", "company_key")
    return found


def _client_names(ids: set[UUID]) -> Iterable[tuple[UUID, str]]:
    found: Iterable[tuple[UUID, str]] = Client.objects.filter(pk__in=ids).values_list("pk", "name_key")
    return found


def _sorted(keys: Sequence[Key]) -> tuple[Key, ...]:
    return tuple(sorted(keys, key=lambda key: (ORDER.index(KeyKind(key[0])), key[1])))


def _place(match: Match) -> tuple[bool, date | datetime, UUID]:
    other = match.other
    return (True, *age(other)) if isinstance(other, Referral) else (False, other.since_on, other.pk)


# Only keys are joined, because the planner knows nothing yet of an MSP that is new: it would read all that the MSP has,
# once for each key. Each block is read by its own index range and cut off, so that a common word costs BLOCK_SIZE rows.
_SHARING = """
SELECT wanted.kind, wanted.key, met.id FROM unnest(%(kinds)s::text[], %(keys)s::text[]) AS wanted (kind, key), LATERAL (
    SELECT m.referral_id AS id FROM referrals_matchkey m
    WHERE m.msp_id = %(msp)s AND m.kind = wanted.kind AND m.key = wanted.key AND m.referral_id IS NOT NULL
    UNION ALL SELECT m.client_id FROM referrals_matchkey m
    WHERE m.msp_id = %(msp)s AND m.kind = wanted.kind AND m.key = wanted.key AND m.client_id IS NOT NULL
    OFFSET 0) met
"""
_REFERRALS = """
SELECT wanted.key, met.id FROM unnest(%(keys)s::text[]) AS wanted (key), LATERAL (
    SELECT m.referral_id AS id FROM referrals_matchkey m
    WHERE m.msp_id = %(msp)s AND m.kind = %(kind)s AND m.key = wanted.key AND m.referral_id IS NOT NULL
    LIMIT %(size)s + 1) met
"""
_CLIENTS = """
SELECT wanted.key, met.id FROM unnest(%(keys)s::text[]) AS wanted (key), LATERAL (
    SELECT m.client_id AS id FROM referrals_matchkey m
    WHERE m.msp_id = %(msp)s AND m.kind = %(kind)s AND m.key = wanted.key AND m.client_id IS NOT NULL
    LIMIT %(size)s + 1) met
"""
