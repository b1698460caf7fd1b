"""Queries that every request makes: built and compiled by the ORM once for each process, then run with other values.

For a row by its key, building and compiling costs three times what asking and reading does. What is prepared is a
queryset; its values are named, and are UUIDs, lists of them (for the lookup `any_of`), texts, days or
instants.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import Any, Final
from uuid import UUID, uuid4

from django.db import connection
from django.db.models import Model, QuerySet

from elinkages.kernel import plain, tenancy

type Value = UUID | Sequence[UUID] | str | date | datetime
type Kind = type[UUID] | type[list[UUID]] | type[str] | type[date] | type[datetime]

_TENANT: Final = "the MSP of the unit of work"


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a named value stands among the parameters."""

    name: str


@dataclass(frozen=True, slots=True)
class _Statement:
    """SQL, and for each of its parameters a value of its own or the place of a named one."""

    sql: str
    parameters: Sequence[Any]

    @property
    def is_walled(self) -> bool:
        """Whether it asks for rows of an MSP."""
        return _Place(_TENANT) in self.parameters


class _Question:
    """A queryset that is built and compiled when it is asked for the first time."""

    def __init__(self, build: Callable[..., QuerySet[Any, Any]], kinds: Mapping[str, Kind]) -> None:
        self.build = build
        self.kinds = kinds

    def ask(self, values: Mapping[str, Value]) -> list[tuple[Any, ...]]:
        """The tuples. Raises NoTenant where the query is of an MSP's rows and none is active."""
        statement = self._statement
        given = {**values, _TENANT: tenancy.current_msp_id()} if statement.is_walled else values
        parameters: list[Any] = [given[one.name] if isinstance(one, _Place) else one for one in statement.parameters]
        with connection.cursor() as cursor:
            cursor.execute(statement.sql, parameters)
            return list(cursor.fetchall())

    @cached_property
    def _statement(self) -> _Statement:
        marks: dict[str, Any] = {name: _mark(kind, index) for index, (name, kind) in enumerate(self.kinds.items())}
        sql, parameters = self.as_tuples(self.build(**marks)).query.sql_with_params()
        if tenancy.active():
            marks[_TENANT] = tenancy.current_msp_id()
        return _Statement(sql, [_placed(value, marks) for value in parameters])

    def as_tuples(self, rows: QuerySet[Any, Any]) -> QuerySet[Any, Any]:
        """What is compiled: the queryset with its columns in an order that is known."""
        return rows


class PreparedValues(_Question):
    """Of a queryset that ends in `values_list`: call it with the values of `build`, by name; gives plain tuples.

    They are as psycopg reads them: what `Sum` adds up of whole numbers is a Decimal.
    """

    def __init__(self, build: Callable[..., QuerySet[Any, Any]], **kinds: Kind) -> None:
        super().__init__(build, kinds)

    def __call__(self, **values: Value) -> list[tuple[Any, ...]]:
        """The tuples. Raises NoTenant as `ask` does."""
        return self.ask(values)


class Prepared[Row: Model](_Question):
    """Of a queryset of one model without `select_related`: call it likewise; gives rows, with their annotations."""

    model: type[Row]
    fields: Sequence[str]
    annotations: Sequence[str]

    def __init__(self, build: Callable[..., QuerySet[Row]], **kinds: Kind) -> None:
        super().__init__(build, kinds)

    def __call__(self, **values: Value) -> list[Row]:
        """The rows. Raises NoTenant as `ask` does."""
        return [self._row(found) for found in self.ask(values)]

    def first(self, **values: Value) -> Row | None:
        """The first of them."""
        return next(iter(self(**values)), None)

    def as_tuples(self, rows: QuerySet[Any, Any]) -> QuerySet[Any, Any]:
        """Every column, then every annotation."""
        self.model, self.annotations = rows.model, list(rows.query.annotations)
        columns = plain.columns(self.model)
        self.fields = [column.attname for column in columns]
        return rows.values_list(*self.fields, *self.annotations)

    def _row(self, values: Sequence[Any]) -> Row:
        size = len(self.fields)
        row = self.model.from_db(connection.alias, self.fields, values[:size])
        for name, value in zip(self.annotations, values[size:], strict=True):
            setattr(row, name, value)
        return row


def _mark(kind: Kind, index: int) -> Value:
    """A value that no query has of its own."""
    if kind is date:
        return date.max - timedelta(days=index)
    if kind is datetime:
        return datetime.max.replace(tzinfo=UTC) - timedelta(days=1 + index)
    if kind is str:
        return str(uuid4())
    return uuid4() if kind is UUID else [uuid4()]


def _placed(value: Any, marks: Mapping[str, Any]) -> Any:
    return next((_Place(name) for name, mark in marks.items() if mark == value), value)
