"""Promises that Postgres keeps, written where Django keeps its other constraints.

`makemigrations` writes and tracks them like any constraint; see docs/adr/0001.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from django.db import IntegrityError
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.backends.ddl_references import Statement
from django.db.models import BaseConstraint, CheckConstraint, Model, Q

Quote = Callable[[str], str]


def only(name: str, error: IntegrityError) -> None:
    """Go on only when it was the constraint of this name that Postgres kept; anything else is a fault of ours."""
    if name not in str(error):
        raise error


class SqlConstraint(BaseConstraint):
    """A constraint made of our own SQL: never inlined into CREATE TABLE, checked by Postgres alone."""

    create: ClassVar[str]
    remove: ClassVar[str]
    arguments: ClassVar[tuple[str, ...]] = ()

    def parts(self, model: type[Model], quote: Quote) -> Mapping[str, str]:
        """The placeholders of `create` and `remove` beyond %(table)s and %(name)s."""
        return {}

    def constraint_sql(self, model: Any, schema_editor: Any) -> str:
        """Nothing inside CREATE TABLE."""
        self.create_sql(model, schema_editor)
        return ""

    def create_sql(self, model: Any, schema_editor: Any) -> str:
        """Run at the end of the migration, like Django's own foreign keys: by then every table and key is there."""
        schema_editor.deferred_sql.append(self._statement(self.create, model, schema_editor))
        return ""

    def remove_sql(self, model: Any, schema_editor: Any) -> Any:
        """The SQL that takes it back."""
        return self._statement(self.remove, model, schema_editor)

    def validate(self, *args: Any, **kwargs: Any) -> None:
        """Postgres checks; there is nothing to check in Python."""

    def deconstruct(self) -> tuple[str, Sequence[Any], dict[str, Any]]:
        """How a migration writes this constraint."""
        path, args, kwargs = super().deconstruct()
        return path, args, {**kwargs, **{name: getattr(self, name) for name in self.arguments}}

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.deconstruct() == other.deconstruct()

    def __hash__(self) -> int:
        return hash((type(self), self.name))

    def _statement(self, sql: str, model: type[Model], schema_editor: BaseDatabaseSchemaEditor) -> Statement:
        quote = schema_editor.quote_name
        return Statement(sql, table=quote(model._meta.db_table), name=quote(self.name), **self.parts(model, quote))


class EveryMspAlike(SqlConstraint):
    """The planner takes every MSP for one of two hundred, those included that came after its last count.

    It would take such a one for a single row, and then any index that starts with the MSP is as good as the right one.
    """

    create = "ALTER TABLE %(table)s ALTER COLUMN msp_id SET STATISTICS 0"
    remove = "ALTER TABLE %(table)s ALTER COLUMN msp_id SET STATISTICS -1"


class OneMspAtFirst(SqlConstraint):
    """Until the rows of a new table are counted, the planner takes all of them for those of one MSP.

    It would take an MSP for a single row, and then any index that starts with the MSP is as good as the key: foreign
    keys that point here would search one to its end, row by row, and keep doing so as long as their connection lives.
    """

    create = """
        SELECT pg_restore_attribute_stats('schemaname', current_schema()::text, 'relname', %(text)s,
            'attname', 'msp_id', 'inherited', false, 'null_frac', 0::real, 'avg_width', 16, 'n_distinct', 1::real)"""
    remove = "SELECT pg_clear_attribute_stats(current_schema()::text, %(text)s, 'msp_id', false)"

    def parts(self, model: type[Model], quote: Quote) -> Mapping[str, str]:
        """The table as a text."""
        return {"text": f"'{model._meta.db_table}'"}


def column_of(model: type[Model], name: str) -> str:
    """The column of a field."""
    field: Any = model._meta.get_field(name)
    return str(field.column)


class AppendOnly(SqlConstraint):
    """Rows are written once: no delete, and no update except of the `mutable` columns.

    Two locks: a trigger refuses everybody, and the serving role lacks the privilege.
    TRUNCATE is revoked, not triggered, so that tests can flush as the owner (decisions 18).
    """

    arguments = ("mutable",)
    create = """
        CREATE TRIGGER %(name)s BEFORE %(events)s ON %(table)s
            FOR EACH ROW EXECUTE FUNCTION elinkages_refuse_change();
        REVOKE UPDATE, DELETE, TRUNCATE ON %(table)s FROM elinkages_app;
        %(grant)s"""
    remove = """
        DROP TRIGGER %(name)s ON %(table)s;
        GRANT UPDATE, DELETE ON %(table)s TO elinkages_app"""

    def __init__(self, *, name: str, mutable: Sequence[str] = ()) -> None:
        super().__init__(name=name)
        self.mutable = tuple(mutable)

    def parts(self, model: type[Model], quote: Quote) -> Mapping[str, str]:
        """Without mutable columns updates are refused by the trigger too."""
        if not self.mutable:
            return {"events": "UPDATE OR DELETE", "grant": ""}
        columns = ", ".join(quote(column_of(model, field)) for field in self.mutable)
        grant = f"GRANT UPDATE ({columns}) ON {quote(model._meta.db_table)} TO elinkages_app"
        return {"events": "DELETE", "grant": grant}


class Transitions(SqlConstraint):
    """A state column starts in `initial` and moves only along `allowed` (a mapping from → to's)."""

    arguments = ("field", "initial", "allowed")
    create = """
        CREATE TRIGGER %(moves)s BEFORE UPDATE ON %(table)s FOR EACH ROW
            WHEN (OLD.%(column)s IS DISTINCT FROM NEW.%(column)s
                  AND OLD.%(column)s || '>' || NEW.%(column)s NOT IN (%(pairs)s))
            EXECUTE FUNCTION elinkages_refuse_transition('%(raw)s');
        CREATE TRIGGER %(starts)s BEFORE INSERT ON %(table)s FOR EACH ROW
            WHEN (NEW.%(column)s NOT IN (%(initials)s))
            EXECUTE FUNCTION elinkages_refuse_transition('%(raw)s')"""
    remove = "DROP TRIGGER %(moves)s ON %(table)s; DROP TRIGGER %(starts)s ON %(table)s"

    def __init__(self, *, name: str, field: str, initial: Sequence[str], allowed: Mapping[str, Sequence[str]]) -> None:
        super().__init__(name=name)
        self.field = field
        self.initial = tuple(initial)
        self.allowed = {source: tuple(targets) for source, targets in allowed.items()}

    def parts(self, model: type[Model], quote: Quote) -> Mapping[str, str]:
        """The legal moves become the WHEN clause: a legal update costs no function call."""
        column = column_of(model, self.field)
        pairs = [f"'{source}>{target}'" for source, targets in self.allowed.items() for target in targets]
        return {
            "column": quote(column),
            "raw": column,
            "pairs": ", ".join(pairs),
            "initials": ", ".join(f"'{state}'" for state in self.initial),
            "moves": quote(f"{self.name}_moves"),
            "starts": quote(f"{self.name}_starts"),
        }


def paired(verb: str, *, name: str) -> CheckConstraint:
    """`<verb>_at` and `<verb>_by` are set together or not at all."""
    at, by = f"{verb}_at__isnull", f"{verb}_by__isnull"
    return CheckConstraint(condition=Q(**{at: True, by: True}) | Q(**{at: False, by: False}), name=name)


def one_of(field: str, values: Sequence[str], *, name: str) -> CheckConstraint:
    """A text column holds one of these values; text and a check, never an enum (it is not leakproof)."""
    return CheckConstraint(condition=Q(**{f"{field}__in": list(values)}), name=name)
