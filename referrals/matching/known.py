"""The clients and open introductions that may be one of some companies: read once, and followed in memory."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from uuid import UUID

from partners.models import Partner
from referrals.matching import lookups
from referrals.matching.crowds import CROWD, MOST, KeyIndex
from referrals.matching.identities import Identity, Key, identity_of, name_key
from referrals.matching.matches import Match
from referrals.matching.names import Names
from referrals.matching.places import Place, place, place_at
from referrals.models import Client, CommonKey, Finding, Referral


class Known:
    """What is here about some companies, read in a handful of queries whatever their number.

    It follows what is registered afterwards by `add`, without asking again; `besides` are left out. Of a crowd, those
    registered from `since` on that have room for another match are read too: whoever came earlier is shown to them.
    """

    def __init__(
        self, identities: Sequence[Identity], *, besides: Collection[UUID] = (), since: datetime | None = None
    ) -> None:
        self._names = Names(identities)
        self._index = KeyIndex()
        self._set_aside = CommonKey.objects.keys()
        alike = [name_key(name) for name in self._names.like_any()]
        sharing = lookups.sharing({*alike, *(key for one in identities for key in one.keyed)} - self._set_aside)
        few = {key: ids for key, ids in sharing.items() if len(ids) <= CROWD}
        looked_at = set[UUID]().union(*few.values())
        if len(few) < len(sharing):
            crowds = {key: ids for key, ids in sharing.items() if len(ids) > CROWD}
            self._read_crowds(crowds, besides, ask_room=since is not None)
            looked_at |= self._looked_at(identities, alike, since)
        self._records = lookups.records(looked_at.difference(besides))
        for key, ids in few.items():
            for pk in ids:
                if record := self._records.get(pk):
                    self._index.add(key, place(record))

    def _read_crowds(self, crowds: dict[Key, list[UUID]], besides: Collection[UUID], *, ask_room: bool) -> None:
        """Of a crowd, only the places are read at first, which say who is looked at."""
        places = lookups.places(set[UUID]().union(*crowds.values()).difference(besides))
        for key, ids in crowds.items():
            for one in sorted(places[pk] for pk in ids if pk in places):
                self._index.add(key, one)
        if ask_room:
            self._index.full |= Finding.objects.full(list(places), most=MOST)

    def _looked_at(self, identities: Iterable[Identity], alike: Iterable[Key], since: datetime | None) -> set[UUID]:
        """Who of all crowds is looked at: asked once for all companies that are in the same crowds."""
        found = {pk for key in alike for pk in self._index.oldest(key)}
        for keys in {self._index.known(one.keyed) for one in identities}:
            found |= self._index.looked_at(keys, _place_of(since))
        return found

    def add(self, record: Referral | Client) -> None:
        """From now on, this open introduction or client is here."""
        identity, where = identity_of(record), place(record)
        for key in identity.keyed.keys() - self._set_aside:
            self._index.add(key, where)
        self._names.add(identity)
        self._records[record.pk] = record

    def mark_full(self, referrals: Iterable[UUID]) -> None:
        """From now on, these introductions have no room for another match."""
        self._index.full.update(referrals)

    def sent_by(self, partner: Partner, company: str) -> Referral | None:
        """The oldest open introduction of a partner with this `company_key`, which is that of one of the companies."""
        key = name_key(company)
        if self._index.is_crowd(key):
            here = Referral.objects.open().filter(partner=partner, company_key=company)
            return here.order_by("registered_at", "pk").first()
        sharers = (self._records[pk] for pk in self._index.oldest(key))
        return next((one for one in sharers if isinstance(one, Referral) and one.partner_id == partner.pk), None)

    def matches(self, identity: Identity, *, since: datetime | None = None) -> list[Match]:
        """What shares a key or has nearly the name: clients first, then open introductions, each by age.

        Of a crowd, those that are looked at, from `since` on all that have room.
        """
        likenesses = self._names.like(identity)
        alike = {pk: name for name in likenesses for pk in self._index.oldest(name_key(name))}
        found = []
        for pk in self._index.looked_at(identity.keyed, _place_of(since)).union(alike):
            if record := self._records.get(pk):
                if keys := self._shared(identity, record):
                    found.append(Match.by_keys(record, keys, is_alike=pk in alike))
                else:
                    found.append(Match.by_name(record, alike[pk], likenesses[alike[pk]]))
        return sorted(found, key=lambda match: place(match.other))

    def _shared(self, identity: Identity, record: Referral | Client) -> list[Key]:
        """The keys that a record has too; one that is set aside leads to nobody, and counts beside what does."""
        beside = self._set_aside & identity.keyed.keys() & identity_of(record).keyed.keys()
        return [*self._index.shared(identity.keyed, record.pk), *beside]

    def count_before(self, identity: Identity, one: Place) -> int:
        """How many that share a key or have nearly the name came earlier, whether or not they are looked at."""
        return len(self._index.before({*identity.keyed, *map(name_key, self._names.like(identity))}, one))


def _place_of(since: datetime | None) -> Place | None:
    return None if since is None else place_at(since)
