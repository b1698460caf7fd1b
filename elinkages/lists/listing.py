"""A list, declared: what its rows are, which columns it has, how it is narrowed, and what it can be asked."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from django.db.models import Model
from django.http import QueryDict

from elinkages.lists.actions import Action
from elinkages.lists.columns import Column
from elinkages.lists.filters import Filter, Order, Rows, Search
from elinkages.lists.scope import Scope

TEXT_LENGTH = 160
COLUMNS = "columns"
VIEW = "view"


class Listing(ABC):
    """Subclass it once for every list, in the `listings` module of an app, and `register` one of it.

    `name` is the URL name of its page, and so its key in saved views, exports and changes; `noun` is one row.
    """

    name: str
    title: str
    noun: str
    model: type[Model]
    columns: tuple[Column, ...]
    orders: tuple[Order, ...]
    right = "view"
    filters: tuple[Filter, ...] = ()
    search: Search | None = None
    actions: tuple[Action, ...] = ()

    @abstractmethod
    def rows(self, scope: Scope) -> Rows:
        """Every row that the person may see, with what its columns need and nothing else."""

    def narrow(self, rows: Rows, values: Mapping[str, str]) -> Rows:
        """What is left out unless it is asked for, whatever the filters say otherwise."""
        return rows

    def above(self, scope: Scope) -> dict[str, Any]:
        """What the page of the list shows above it, by the names that its template uses."""
        return {}

    def lines(self, rows: Sequence[Any], scope: Scope) -> Sequence[Any]:
        """What the columns are given, one for each row; figures that need a query of their own are fetched here."""
        return rows

    def default(self, name: str, asked: Mapping[str, str]) -> str:
        """What a filter is when the address does not say."""
        return ""

    def row_name(self, line: Any) -> str:
        """What a row is called, for its box."""
        return str(line)

    def ask(self, query: QueryDict, scope: Scope) -> "Asked":
        """What an address asks for."""
        given = {one.name: query.get(one.name, "") for one in self.filters}
        text = " ".join(query.get("q", "").split())[:TEXT_LENGTH] if self.search else ""
        values = {
            one.name: value if (value := given[one.name]) and one.reads(value, scope) else "" for one in self.filters
        }
        explicit = {name: value for name, value in values.items() if value}
        known = {**values, "q": text}
        settled = {name: value or self.default(name, known) for name, value in values.items()}
        order = next((one for one in self.orders if one.name == query.get("sort")), None)
        names = query.getlist(COLUMNS)
        chosen = tuple(one for one in self.columns if one.name in names) if names else ()
        return Asked(self, scope, settled, explicit, text, order, chosen, query.get(VIEW, ""))


@dataclass(frozen=True)
class Asked:
    """One reading of an address: `values` with defaults, `explicit` as it was said."""

    listing: Listing
    scope: Scope
    values: Mapping[str, str]
    explicit: Mapping[str, str]
    text: str
    sort: Order | None
    chosen: tuple[Column, ...]
    view: str

    @cached_property
    def order(self) -> Order:
        """The order of the rows."""
        search, orders = self.listing.search, self.listing.orders
        if self.sort is None and self.text and search and search.order:
            return next(one for one in orders if one.name == search.order)
        return self.sort or orders[0]

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """The columns that are shown: those chosen, else all that are no extras; the first one always."""
        usual = tuple(one for one in self.listing.columns if not one.is_extra)
        if not self.chosen:
            return usual
        first = self.listing.columns[0]
        return self.chosen if self.chosen[0] is first else (first, *self.chosen)

    @property
    def is_plain(self) -> bool:
        """Whether nothing but the usual rows were asked for."""
        return not self.text and all(value == self.listing.default(name, {}) for name, value in self.values.items())

    def rows(self) -> Rows:
        """The rows that fit, in no order yet."""
        rows = self.listing.narrow(self.listing.rows(self.scope), self.values)
        for one in self.listing.filters:
            if value := self.values[one.name]:
                rows = one.narrow(rows, value, self.scope)
        if self.text and self.listing.search:
            rows = self.listing.search.narrow(rows, self.text, self.scope)
        return rows

    def parameters(self, **changes: str) -> list[tuple[str, str]]:
        """What an address of this list says, with some of it changed; what is empty is left out."""
        said = {**self.explicit, "q": self.text, "sort": self.sort.name if self.sort else "", VIEW: self.view}
        said.update(changes)
        pairs = [(name, value) for name, value in said.items() if value]
        return pairs + [(COLUMNS, one.name) for one in self.chosen]

    def query(self, **changes: str) -> str:
        """The same as the query of an address, with its question mark."""
        return f"?{urlencode(self.parameters(**changes))}"


_listings: dict[str, Listing] = {}


def register[Kind: Listing](listing: Kind) -> Kind:
    """Make a list known by its name; raises ValueError when the name is taken."""
    if listing.name in _listings:
        raise ValueError(f"{listing.name} is a list already.")
    _listings[listing.name] = listing
    return listing


def find(name: str) -> Listing | None:
    """The list of that name; None when it is gone since."""
    return _listings.get(name)


def every() -> Iterable[Listing]:
    """All lists, in the order they were registered."""
    return _listings.values()
