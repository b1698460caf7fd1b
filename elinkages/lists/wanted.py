"""What a file is to hold: the rows of a list, or papers that an app makes itself (a bundle)."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import IO

from django.http import QueryDict

from elinkages.lists import listing as listings
from elinkages.lists.models import ExportFormat
from elinkages.lists.scope import Scope

Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Wanted:
    """One file to be: of the list or bundle `name`, for what `query` says.

    `count` says how many rows it will have, up to a number and one more. `write` is called in a unit of work that is
    one snapshot, tells its progress in rows, and returns how many it wrote. Up to `at_once` rows are written while the
    page waits; more than `most` are refused with `too_long`.
    """

    name: str
    title: str
    query: str
    right: str
    formats: Sequence[str]
    at_once: int
    most: int
    too_long: str
    count: Callable[[int], int]
    write: Callable[[str, IO[bytes], Progress], int]


class Bundle(ABC):
    """Papers that are no list. Subclass it in the `listings` module of an app and `register` one of it."""

    name: str
    right = "view"
    formats: Sequence[str] = (ExportFormat.ZIP,)

    @abstractmethod
    def wanted(self, query: QueryDict, scope: Scope) -> Wanted | None:
        """What an address asks for; None when there is no such thing (anymore)."""


_bundles: dict[str, Bundle] = {}


def register[Kind: Bundle](bundle: Kind) -> Kind:
    """Make a bundle known by its name; raises ValueError when a list or another bundle has it."""
    if bundle.name in _bundles or listings.find(bundle.name):
        raise ValueError(f"{bundle.name} is taken.")
    _bundles[bundle.name] = bundle
    return bundle


def find(name: str) -> Bundle | None:
    """The bundle of that name; None when there is none (anymore)."""
    return _bundles.get(name)
