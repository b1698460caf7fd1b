"""What a list can be asked for: filters, search and orders. Whatever an address cannot mean is left out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from django.db.models import QuerySet

from elinkages.lists.scope import Scope

Rows = QuerySet[Any]
Options = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Filter:
    """One parameter of the address.

    `options` are its values with their labels; `accepts` says whether another value may be asked for, such as an id.
    As `chips` the values are links and "" is called `everything` (left out of the chips when that is empty), as a
    `select` they are chosen from, and as a `link` the filter is only there once something has led to it.
    """

    name: str
    label: str
    options: Callable[[Scope], Options]
    narrow: Callable[[Rows, str, Scope], Rows]
    shown: Literal["chips", "select", "link"] = "select"
    everything: str = ""
    accepts: Callable[[str, Scope], bool] | None = None
    called: Callable[[str, Scope], str] | None = None

    def reads(self, value: str, scope: Scope) -> bool:
        """Whether the address may say this."""
        if self.accepts is not None:
            return self.accepts(value, scope)
        return any(value == option for option, _ in self.options(scope))


def choices(found: Options) -> Callable[[Scope], Options]:
    """Options that are the same for everybody."""
    return lambda _: found


def equals(field: str) -> Callable[[Rows, str, Scope], Rows]:
    """Rows whose field has the value."""
    return lambda rows, value, _: rows.filter(**{field: value})


def of_row(name: str, label: str, rows: Callable[[], Rows], field: str) -> Filter:
    """A filter that another page leads to with the id of one row of something: the rows whose `field` it is."""

    def find(value: str, scope: Scope) -> Any:
        key = f"{name}={value}"
        if key not in scope.kept:
            try:
                scope.kept[key] = rows().filter(pk=UUID(value)).first()
            except ValueError:
                scope.kept[key] = None
        return scope.kept[key]

    return Filter(
        name,
        label,
        choices(()),
        equals(field),
        shown="link",
        accepts=lambda value, scope: find(value, scope) is not None,
        called=lambda value, scope: str(find(value, scope)),
    )


@dataclass(frozen=True, slots=True)
class Search:
    """The box of a list: `narrow` must reach an index under row security, `order` is the order of what is found."""

    placeholder: str
    label: str
    narrow: Callable[[Rows, str, Scope], Rows]
    order: str = ""


@dataclass(frozen=True, slots=True)
class Order:
    """One order: of columns that are never null and have an index, one direction throughout, ending with the key."""

    name: str
    label: str
    by: tuple[str, ...]

    @property
    def is_descending(self) -> bool:
        """Whether the largest or newest comes first."""
        return self.by[0].startswith("-")
