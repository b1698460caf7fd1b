"""Who shares a key, and who of them is looked at when they are very many.

A key that more than CROWD open introductions and clients have, such as the domain of a chain, says little about one
company, and to compare all of them with each other would cost their square. Of a crowd, the oldest are compared, those
that share a second crowd, and those that came later and have room for one more match; the others are counted (ADR 50).
"""

from bisect import bisect_left, insort
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from referrals.models import Client, Referral

type Place = tuple[bool, date | datetime, UUID]
"""Clients come before introductions, and each by age."""

CROWD = 50
"""A key that more than this have is a crowd's."""
MOST = 20
"""So many matches of one introduction wait for a decision at a time; the next come up when one is decided."""


def place(record: Referral | Client) -> Place:
    """Where a record stands among those that may be the same company: the first of them counts."""
    if isinstance(record, Referral):
        return True, record.registered_at, record.pk
    return False, record.since_on, record.pk


def place_at(registered_at: datetime) -> Place:
    """The place before all introductions of that instant."""
    return True, registered_at, UUID(int=0)


@dataclass(slots=True)
class Sharers:
    """The open introductions and clients that have one key, in the order of their places."""

    places: list[Place] = field(default_factory=list)
    members: set[UUID] = field(default_factory=set)
    _roomy: list[Place] | None = None

    @property
    def is_crowd(self) -> bool:
        """Whether they are too many to compare each with each."""
        return len(self.places) > CROWD

    def add(self, one: Place) -> None:
        """From now on, this one has the key too."""
        insort(self.places, one)
        self.members.add(one[2])
        if self._roomy is not None:
            insort(self._roomy, one)

    def oldest(self) -> list[UUID]:
        """The first of them, or all that are no crowd."""
        return [pk for _, _, pk in self.places[:CROWD]]

    def oldest_of_both(self, other: "Sharers") -> list[UUID]:
        """The first of those that have another key too."""
        both: list[UUID] = []
        for _, _, pk in self.places:
            if pk in other.members:
                both.append(pk)
                if len(both) == CROWD:
                    break
        return both

    def before(self, one: Place) -> list[UUID]:
        """Those that came earlier."""
        return [pk for _, _, pk in self.places[: bisect_left(self.places, one)]]

    def roomy_after(self, one: Place, full: Collection[UUID]) -> list[UUID]:
        """Those that came later and are not full: what is full stays so, and is not asked for again."""
        waiting = self.places if self._roomy is None else self._roomy
        self._roomy = [found for found in waiting if found[2] not in full]
        return [pk for _, _, pk in self._roomy[bisect_left(self._roomy, one) :]]
