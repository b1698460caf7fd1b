"""Rows that wait for a worker, by kind: what our staff and the monitor count, and what can be tried again.

An app that has a sweep registers its backlog in its `ready()`. Everything is asked inside one MSP's unit of work,
unless the rows belong to no MSP.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Min, QuerySet

Rows = QuerySet[Any]


@dataclass(frozen=True, slots=True)
class Backlog:
    """One kind of work.

    `waiting`: rows that a worker should take, by now or later; `since` is the column that says since when.
    `parked`: rows that were given up after their attempts; `retry` lets them be tried again and returns how many.
    `error` is the column that says why, without what belongs to a person.
    """

    name: str
    title: str
    waiting: Callable[[], Rows]
    since: str
    parked: Callable[[], Rows] | None = None
    retry: Callable[[Rows, datetime], int] | None = None
    error: str = ""
    is_walled: bool = True

    def figures(self) -> dict[str, float | int | None]:
        """How many wait, since when the oldest, and how many are parked."""
        found = self.waiting().aggregate(waiting=Count("pk"), oldest=Min(self.since))
        oldest = found["oldest"].timestamp() if found["oldest"] else None
        return {"waiting": found["waiting"], "oldest": oldest, "parked": self.parked().count() if self.parked else 0}


_known: dict[str, Backlog] = {}


def register(backlog: Backlog) -> None:
    """Add one; the same name twice is the same backlog."""
    _known[backlog.name] = backlog


def known() -> Iterator[Backlog]:
    """Every backlog, by title."""
    yield from sorted(_known.values(), key=lambda backlog: backlog.title)


def find(name: str) -> Backlog | None:
    """The backlog of this name."""
    return _known.get(name)
