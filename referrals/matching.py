"""What may be the same company: equal keys, and names that are nearly the same, compared in memory.

`Known` reads what is here about any number of companies in a handful of queries. The work for one name is bounded: at
most five blocks, and a block with more than BLOCK_SIZE names says nothing about a company and is left out.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property, lru_cache
from itertools import combinations
from typing import Any
from uuid import UUID

from django.db import connection

from elinkages.kernel.match_keys import alike, blocks, company_key, domain_key, email_key, phone_key, spelling
from elinkages.kernel.tenancy import current_msp_id
from partners.models import Partner
from referrals.crowds import CROWD, MOST, Place, Sharers, place, place_at
from referrals.models import Client, Finding, KeyKind, MatchKeys, Referral

type Key = tuple[str, str]
"""Kind and normalized text."""
type _Alike = dict[str, int]
"""Names that are alike, with the likeness."""

ORDER = (KeyKind.COMPANY, KeyKind.DOMAIN, KeyKind.EMAIL, KeyKind.PHONE, KeyKind.SIMILAR)
ALIKE = 91
"""From this likeness (0 to 100) on, two names are shown to a person."""
_EXACT = tuple(kind.value for kind in MatchKeys.EXACT.values())
_BLOCKS = tuple(MatchKeys.BLOCKS.values())
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
    def columns(self) -> tuple[str, ...]:
        """The keys in the order of MatchKeys.EXACT and BLOCKS, "" for what it has not."""
        email = email_key(self.email) if self.email else ""
        website, mail = domain_key(self.website) if self.website else "", domain_key(self.email) if email else ""
        phone = phone_key(self.phone) if self.phone else ""
        exact = (self.name, website, mail if mail != website else "", email, phone)
        return *(key[:254] for key in exact), *blocks(self.name)

    @cached_property
    def keyed(self) -> dict[Key, str]:
        """Every key that is met by being equal, with the text that it was made of."""
        texts = (self.company, self.website, self.email, self.email, self.phone)
        return {(kind, key): text for kind, key, text in zip(_EXACT, self.columns, texts, strict=False) if key}

    @cached_property
    def blocks(self) -> list[Key]:
        """The blocks that the name belongs to."""
        return [(block, key) for block, key in zip(_BLOCKS, self.columns[len(_EXACT) :], strict=True) if key]


@dataclass(frozen=True, slots=True)
class Match:
    """An older record that shares keys with an introduction, or has nearly its name (`score`, 0 to 100).

    `is_over`: its protection had ended when the later introduction was registered. `is_alike`: it shares a key, and has
    nearly the name too.
    """

    other: Referral | Client
    keys: tuple[Key, ...]
    score: int = 0
    is_over: bool = False
    is_alike: bool = False

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


@lru_cache(maxsize=4_000)
def identity(company: str, website: str = "", email: str = "", phone: str = "") -> Identity:
    """The same object for the same texts: a company of a spreadsheet is asked for its keys at every step."""
    return Identity(company, website, email, phone)


def identity_of(record: Referral | Client) -> Identity:
    """What an introduction or a client is known by; a client also by the person it was introduced with."""
    if isinstance(record, Referral):
        return identity(record.company, record.website, record.contact_email, record.contact_phone)
    source = record.referral
    if source is None:
        return identity(record.name, record.website)
    return identity(record.name, record.website or source.website, source.contact_email, source.contact_phone)


def age(referral: Referral) -> tuple[datetime, UUID]:
    """Introductions by this: the earlier one counts."""
    return referral.registered_at, referral.pk


class Known:
    """The clients and open introductions that may be one of some companies, read in a handful of queries.

    It follows what is registered afterwards by `add`, without asking again; `besides` are left out. Of a crowd
    (referrals/crowds.py), those registered from `since` on that are not `full` of matches are read too.
    """

    def __init__(
        self, identities: Sequence[Identity], *, besides: Collection[UUID] = (), since: datetime | None = None
    ) -> None:
        self._here = _blocks_of({key for one in identities for key in one.blocks})
        self._since: dict[Key, _Block] = defaultdict(_Block)
        self._met = {one: self._compared(one, self._here) for one in identities} if self._here else {}
        alike = {_named(name) for found in self._met.values() for name in found}
        sharing = _sharing(alike.union(*(one.keyed for one in identities)))
        self.full = set[UUID]()
        self._sharers: dict[Key, Sharers] = defaultdict(Sharers)
        few = self._read_crowds(sharing, besides, since)
        looked_at = {pk for _, pk in few}
        if self._sharers:
            looked_at |= {pk for key in alike if key in self._sharers for pk in self._sharers[key].oldest()}
            crowds = {tuple(key for key in one.keyed if key in self._sharers): one for one in identities}
            looked_at |= {pk for one in crowds.values() for pk in self._sharing(one, since)}
        self._records = _records(looked_at.difference(besides))
        for key, pk in few:
            if pk in self._records:
                self._sharers[key].add(place(self._records[pk]))

    def _read_crowds(
        self, sharing: Sequence[tuple[Key, UUID]], besides: Collection[UUID], since: datetime | None
    ) -> list[tuple[Key, UUID]]:
        """Read who is in each crowd, and who of them is full; returns those who share a key that is no crowd's."""
        sizes = Counter(key for key, _ in sharing)
        many = [(key, pk) for key, pk in sharing if sizes[key] > CROWD]
        if not many:
            return list(sharing)
        places = _places({pk for _, pk in many}.difference(besides))
        for key, pk in sorted(((key, pk) for key, pk in many if pk in places), key=lambda one: places[one[1]]):
            self._sharers[key].add(places[pk])
        if since is not None:
            self.full |= Finding.objects.full(list(places), most=MOST)
        return [(key, pk) for key, pk in sharing if sizes[key] <= CROWD]

    def add(self, record: Referral | Client) -> None:
        """From now on, this open introduction or client is here."""
        identity, where = identity_of(record), place(record)
        for key in identity.keyed:
            self._sharers[key].add(where)
        for key in identity.blocks:
            self._since[key].add(identity.name)
        self._records[record.pk] = record

    def sent_by(self, partner: Partner, company: str) -> Referral | None:
        """The oldest open introduction of a partner with this `company_key`, which is that of one of the companies."""
        sharers = self._sharers.get(_named(company))
        if sharers is None:
            return None
        if sharers.is_crowd:
            here = Referral.objects.open().filter(partner=partner, company_key=company)
            return here.order_by("registered_at", "pk").first()
        own = (self._records[pk] for pk in sharers.oldest())
        return next((one for one in own if isinstance(one, Referral) and one.partner_id == partner.pk), None)

    def matches(self, identity: Identity, *, since: datetime | None = None) -> list[Match]:
        """What shares a key or has nearly the name: clients first, then open introductions, each by age.

        Of a crowd, those that are looked at, from `since` on all that are not full.
        """
        names, found = self._alike(identity), []
        alike = {
            pk: name for name in names if _named(name) in self._sharers for pk in self._sharers[_named(name)].oldest()
        }
        for pk in self._sharing(identity, since).union(alike):
            if record := self._records.get(pk):
                keys = [key for key in identity.keyed if key in self._sharers and pk in self._sharers[key].members]
                if keys:
                    found.append(Match(record, _sorted(keys), is_alike=pk in alike))
                else:
                    found.append(Match(record, ((KeyKind.SIMILAR.value, alike[pk]),), names[alike[pk]]))
        return sorted(found, key=lambda match: place(match.other))

    def count_before(self, identity: Identity, one: Place) -> int:
        """How many that share a key or have nearly the name came earlier, whether or not they are looked at."""
        keys = {*identity.keyed, *map(_named, self._alike(identity))}
        return len({pk for key in keys if key in self._sharers for pk in self._sharers[key].before(one)})

    def _sharing(self, identity: Identity, since: datetime | None) -> set[UUID]:
        """Who is looked at because of an equal key."""
        sharing = [self._sharers[key] for key in identity.keyed if key in self._sharers]
        found = {pk for sharers in sharing for pk in sharers.oldest()}
        crowds = [sharers for sharers in sharing if sharers.is_crowd]
        for one, other in combinations(crowds, 2):
            found.update(one.oldest_of_both(other))
        if since is not None:
            found.update(pk for crowd in crowds for pk in crowd.roomy_after(place_at(since), self.full))
        return found

    def _alike(self, identity: Identity) -> _Alike:
        """The names in the blocks of a name that are alike."""
        found = self._compared(identity, self._since)
        if before := self._met.get(identity):
            telling = set[str]().union(*self._telling(identity, self._here))
            found |= {name: score for name, score in before.items() if name in telling}
        return found

    def _compared(self, identity: Identity, blocks: Mapping[Key, "_Block"]) -> _Alike:
        """What is alike among all that is in the blocks of a name, each name compared once."""
        names = list(set[str]().union(*self._telling(identity, blocks)))
        if not names:
            return {}
        found = alike(spelling(identity.name), [spelling(name) for name in names], ALIKE)
        return {names[place]: score for place, score in found.items()}

    def _telling(self, identity: Identity, blocks: Mapping[Key, "_Block"]) -> list[list[str]]:
        """The names in the blocks of a name that are not words that everybody uses."""
        return [blocks[key].names for key in identity.blocks if key in blocks and self._tells(key)]

    def _tells(self, key: Key) -> bool:
        """Whether a block is not a word that everybody uses."""
        here, since = self._here.get(key), self._since.get(key)
        return (here.size if here else 0) + (since.size if since else 0) <= BLOCK_SIZE


@dataclass(slots=True)
class _Block:
    """How many open introductions and clients are in a block, and their names; only so many as are compared."""

    size: int = 0
    names: list[str] = field(default_factory=list)

    def add(self, name: str) -> None:
        self.size += 1
        if self.size <= BLOCK_SIZE:
            self.names.append(name)


def _sharing(keys: set[Key]) -> list[tuple[Key, UUID]]:
    """Clients and introductions by their equal keys."""
    arms = [(_SHARING, column, kind.value) for column, kind in MatchKeys.EXACT.items()]
    return [((kind, key), pk) for kind, key, pk in _look_up(arms, keys)]


def _blocks_of(keys: set[Key]) -> dict[Key, _Block]:
    """What is in each block, of one that has too many only how many."""
    arms = [(_BLOCK, block, block) for block in dict.fromkeys(MatchKeys.BLOCKS.values())]
    return {(kind, key): _Block(size, names or []) for kind, key, size, names in _look_up(arms, keys, size=BLOCK_SIZE)}


def _named(name: str) -> Key:
    """The key of those with a name."""
    return KeyKind.COMPANY.value, name


def _look_up(arms: Sequence[tuple[str, str, str]], keys: set[Key], **more: int) -> list[Any]:
    """Run one query of an arm (SQL, column, kind) for every kind that there are keys of."""
    wanted: dict[str, list[str]] = defaultdict(list)
    for kind, key in keys:
        wanted[kind].append(key)
    queries = [sql.format(column=column, kind=kind, rows=_rows(column)) for sql, column, kind in arms if kind in wanted]
    if not queries:
        return []
    with connection.cursor() as cursor:
        texts = {kind: json.dumps(keys) for kind, keys in wanted.items()}  # a list costs psycopg more than the query
        cursor.execute(" UNION ALL ".join(queries), {**texts, **more, "msp": current_msp_id()})
        found: list[Any] = cursor.fetchall()
    return found


def _rows(block: str) -> str:
    """The records of a block, whichever of its columns they have the key in."""
    columns = [column for column, name in MatchKeys.BLOCKS.items() if name == block]
    return " UNION ALL ".join(_ROWS.format(column=column) for column in columns)


def _records(ids: set[UUID]) -> dict[UUID, Referral | Client]:
    if not ids:
        return {}
    clients: dict[UUID, Client] = Client.objects.select_related("referral__partner").in_bulk(ids)
    still_open = Referral.objects.open().select_related("partner__msp")
    referrals: dict[UUID, Referral] = still_open.in_bulk(ids - clients.keys())
    return {**clients, **referrals}


def _places(ids: set[UUID]) -> dict[UUID, Place]:
    """Where those of some clients and introductions stand that are clients or open."""
    clients = Client.objects.filter(pk__any_of=ids).values_list("pk", "since_on")
    still_open = Referral.objects.open().filter(pk__any_of=ids).values_list("pk", "registered_at")
    found: dict[UUID, Place] = {pk: (False, day, pk) for pk, day in clients}
    return found | {pk: (True, registered_at, pk) for pk, registered_at in still_open}


def _sorted(keys: Sequence[Key]) -> tuple[Key, ...]:
    return tuple(sorted(keys, key=lambda key: (ORDER.index(KeyKind(key[0])), key[1])))


# Only keys are joined, because the planner knows nothing yet of an MSP that is new: it would read all that the MSP has,
# once for each key. Each block is read by its own index range and cut off, so that a common word costs BLOCK_SIZE rows.
_SHARING = """
(SELECT '{kind}' AS kind, wanted.key, met.id FROM json_array_elements_text(%({kind})s) AS wanted (key), LATERAL (
    SELECT coalesce(m.referral_id, m.client_id) AS id FROM referrals_matchkeys m
    WHERE m.msp_id = %(msp)s AND m.{column} = wanted.key AND m.{column} <> '' OFFSET 0) met)
"""
_BLOCK = """
(SELECT '{kind}' AS kind, wanted.key, met.size, CASE WHEN met.size <= %(size)s THEN met.names END AS names
FROM json_array_elements_text(%({kind})s) AS wanted (key), LATERAL (
    SELECT count(*) AS size, array_agg(one.company) AS names
    FROM ({rows} LIMIT %(size)s + 1) one) met
WHERE met.size > 0)
"""
_ROWS = """
SELECT m.company FROM referrals_matchkeys m
WHERE m.msp_id = %(msp)s AND m.{column} = wanted.key AND m.{column} <> ''
"""
