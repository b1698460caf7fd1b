"""Queries that every request makes: built and compiled by the ORM once for each process, then run with other values.

For a row by its key, building and compiling costs three times what asking and reading does. What is prepared is a
queryset of one model without `select_related`; its values are named, and are UUIDs or texts.
"""

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, Final
from uuid import UUID, uuid4

from django.db.models import Model, QuerySet
from django.db.models.query import RawQuerySet

from elinkages.kernel import tenancy

_TENANT: Final = "the MSP of the unit of work"


class Prepared[Row: Model]:
    """Call it with the values of `build`, by name; gives the rows."""

    def __init__(self, build: Callable[..., QuerySet[Row]], **kinds: type[UUID] | type[str]) -> None:
        self.build = build
        self.kinds = kinds

    def __call__(self, **values: UUID | str) -> list[Row]:
        """The rows. Raises NoTenant where the query is of an MSP's rows and none is active."""
        model, sql, places = self._compiled
        given = {**values, _TENANT: tenancy.current_msp_id()} if self._is_walled else values
        parameters = tuple(given[value.name] if isinstance(value, _Place) else value for value in places)
        return list(RawQuerySet(sql, model=model, params=parameters))

    @cached_property
    def _is_walled(self) -> bool:
        return any(isinstance(value, _Place) and value.name == _TENANT for value in self._compiled[2])

    @cached_property
    def _compiled(self) -> tuple[type[Row], str, Sequence[Any]]:
        """The SQL, and for each of its parameters a value of its own or the place of a named one."""
        marks: dict[Any, str] = {kind(uuid4()) if kind is str else uuid4(): name for name, kind in self.kinds.items()}
        rows = self.build(**{name: mark for mark, name in marks.items()})
        sql, parameters = rows.query.sql_with_params()
        if tenancy.active():
            marks[tenancy.current_msp_id()] = _TENANT
        return rows.model, sql, [_Place(marks[value]) if value in marks else value for value in parameters]


class _Place:
    """Where a named value stands among the parameters."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name
