"""Who shares a key, and who of them is looked at when they are very many.

A key that more than CROWD open introductions and clients have, such as the domain of a chain, says little about one
company, and to compare all of them with each other would cost their square. Of a crowd, the oldest are compared, those
that share a second crowd, and those that came later and have room for one more match; the others are counted (ADR 50).
"""

from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from itertools import combinations, islice
from uuid import UUID

from referrals.matching.identities import Key
from referrals.matching.places import Place

CROWD = 50
"""A key that more than this have is a crowd's."""
MOST = 20
"""So many matches of one introduction wait for a decision at a time; the next come up when one is decided."""


@dataclass(slots=True)
class Sharers:
    """The open introductions and clients that have one key, in the order of their places."""

    places: list[Place] = field(default_factory=list)
    members: set[UUID] = field(default_factory=set)
    _roomy: list[Place] | None = None
    """Those that were not full when it was last asked; None before that."""

    @property
    def is_crowd(self) -> bool:
        """Whether they are too many to compare each with each."""
        return len(self.places) > CROWD

    def add(self, one: Place) -> None:
        """From now on, this one has the key too."""
        insort(self.places, one)
        self.members.add(one.pk)
        if self._roomy is not None:
            insort(self._roomy, one)

    def oldest(self) -> list[UUID]:
        """The first of them, or all that are no crowd."""
        return [one.pk for one in self.places[:CROWD]]

    def oldest_of_both(self, other: "Sharers") -> Iterable[UUID]:
        """The first of those that have another key too."""
        return islice((one.pk for one in self.places if one.pk in other.members), CROWD)

    def before(self, one: Place) -> Iterable[UUID]:
        """Those that came earlier."""
        return (found.pk for found in self.places[: bisect_left(self.places, one)])

    def roomy_after(self, one: Place, full: Collection[UUID]) -> Iterable[UUID]:
        """Those that came later and are not full: what is full stays so, and is not asked for again."""
        waiting = self.places if self._roomy is None else self._roomy
        self._roomy = [found for found in waiting if found.pk not in full]
        return (found.pk for found in self._roomy[bisect_left(self._roomy, one) :])


class KeyIndex:
    """Who has which key, and which introductions are `full`: have no room for another match."""

    def __init__(self) -> None:
        self.full = set[UUID]()
        self._sharers: defaultdict[Key, Sharers] = defaultdict(Sharers)

    def add(self, key: Key, one: Place) -> None:
        """From now on, this one has the key."""
        self._sharers[key].add(one)

    def known(self, keys: Iterable[Key]) -> tuple[Key, ...]:
        """Those of some keys that somebody has."""
        return tuple(key for key in keys if key in self._sharers)

    def shared(self, keys: Iterable[Key], pk: UUID) -> list[Key]:
        """Those of some keys that one record has."""
        return [key for key in self.known(keys) if pk in self._sharers[key].members]

    def is_crowd(self, key: Key) -> bool:
        """Whether so many have the key that not all of them are looked at."""
        return key in self._sharers and self._sharers[key].is_crowd

    def oldest(self, key: Key) -> list[UUID]:
        """Those who have a key, the first of a crowd."""
        return self._sharers[key].oldest() if key in self._sharers else []

    def looked_at(self, keys: Iterable[Key], since: Place | None) -> set[UUID]:
        """Who is looked at because of some keys; of a crowd also, `since` a place, those that are not full."""
        sharing = [self._sharers[key] for key in self.known(keys)]
        found = {pk for sharers in sharing for pk in sharers.oldest()}
        crowds = [sharers for sharers in sharing if sharers.is_crowd]
        for one, other in combinations(crowds, 2):
            found.update(one.oldest_of_both(other))
        if since is not None:
            for crowd in crowds:
                found.update(crowd.roomy_after(since, self.full))
        return found

    def before(self, keys: Iterable[Key], one: Place) -> set[UUID]:
        """All who have one of some keys and came earlier, whether or not they are looked at."""
        return {pk for key in self.known(keys) for pk in self._sharers[key].before(one)}
