"""Comparisons that reach an index under row security, where `LIKE` and `ILIKE` do not."""

from typing import Any

from django.db.models import CharField, Field, ForeignKey, Lookup, TextField


@CharField.register_lookup
@TextField.register_lookup
class Prefix(Lookup):
    """`name_key__prefix="harb"`: the stored text begins with it, case and all; a leakproof range of the index."""

    lookup_name = "prefix"
    prepare_rhs = True

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        """`column ^@ 'prefix'`."""
        column, column_values = self.process_lhs(compiler, connection)
        prefix, prefix_values = self.process_rhs(compiler, connection)
        return f"{column} ^@ {prefix}", (*column_values, *prefix_values)


@Field.register_lookup
@ForeignKey.register_lookup
class AnyOf(Lookup):
    """`company_key__any_of=keys`: what `__in` says, in one array; a thousand placeholders cost more than the answer."""

    lookup_name = "any_of"
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        """`column = ANY(array)`."""
        column, values = self.process_lhs(compiler, connection)
        return f"{column} = ANY(%s)", (*values, list(self.rhs))
