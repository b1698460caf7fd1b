"""Many rows into Postgres at once: COPY to a temporary table, then INSERT … SELECT or UPDATE … FROM there.

COPY into a table under row security is refused by Postgres (decisions 19).
"""

from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection
from django.db.models import Model

from elinkages.kernel import plain
from elinkages.kernel.tenancy import current_msp_id

# In a new transaction it is empty anyway. TRUNCATE would make a new file each time, which costs more than few rows.
_EMPTY = "CREATE TEMPORARY TABLE IF NOT EXISTS {table} ({columns}) ON COMMIT DELETE ROWS; DELETE FROM {table}"
_STAGED = "CREATE TEMPORARY TABLE IF NOT EXISTS {staged} ON COMMIT DELETE ROWS AS SELECT * FROM {table} WITH NO DATA"
_INSERT = "{into} SELECT %s, {names} FROM {staged}"
_UPDATE = "UPDATE {table} row SET {changes} FROM {staged} new WHERE row.msp_id = %s AND row.id = new.id"
FEW = 20
"""Up to so many rows, one INSERT … VALUES or an UPDATE each costs less than a COPY."""


def copy_to_temporary(table: str, columns: str, names: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Fill the temporary table `table` (made from the SQL `columns`, emptied first) with rows of `names`.

    `table`, `columns` and `names` are ours, never a person's. The table lives as long as the connection.
    """
    with connection.cursor() as cursor:
        cursor.execute(_EMPTY.format(table=table, columns=columns))
        with cursor.copy(f"COPY {table} ({', '.join(names)}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)


def insert_many(model: type[Model], columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Insert rows of the active MSP into a model's table, without instances; `columns` are those of the database.

    JSON is given as text. Columns that are not named get their database default, so name all that have none.
    """
    if not rows:
        return
    table, names, msp_id = model._meta.db_table, ", ".join(f'"{name}"' for name in columns), current_msp_id()
    into = f"INSERT INTO {table} (msp_id, {names})"
    with connection.cursor() as cursor:
        if len(rows) <= FEW:
            one = f"({', '.join(['%s'] * (len(columns) + 1))})"
            values = [value for row in rows for value in (msp_id, *row)]
            cursor.execute(f"{into} VALUES {', '.join([one] * len(rows))}", values)
            return
        staged = _stage(cursor, table, names, rows)
        cursor.execute(_INSERT.format(into=into, names=names, staged=staged), [msp_id])


def update_many(model: type[Model], columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Give rows of the active MSP new values: each is its id and what `columns`, those of the database, become.

    No id may come twice: which of two values would stay is not said.
    """
    if len(rows) <= FEW:
        for pk, *values in rows:
            model._default_manager.filter(pk=pk).update(**dict(zip(columns, values, strict=True)))
        return
    table, names = model._meta.db_table, ", ".join(f'"{name}"' for name in ("id", *columns))
    changes = ", ".join(f'"{name}" = new."{name}"' for name in columns)
    with connection.cursor() as cursor:
        staged = _stage(cursor, table, names, rows)
        cursor.execute(_UPDATE.format(table=table, changes=changes, staged=staged), [current_msp_id()])


def _stage(cursor: Any, table: str, names: str, rows: Iterable[Sequence[Any]]) -> str:
    """Put rows into a temporary table like `table`; returns its name."""
    staged = f"incoming_{table}"
    cursor.execute(_STAGED.format(staged=staged, table=table))
    cursor.execute(f"TRUNCATE {staged}")
    with cursor.copy(f"COPY {staged} ({names}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)
    return staged


def insert_all(objects: Sequence[Model]) -> None:
    """Insert new objects of one model of the active MSP; they get their ids. Raises TypeError for JSON and secrets.

    What `bulk_create` does, at a tenth of its price: it asks every field of every object how it is written.
    """
    if not objects:
        return
    model = type(objects[0])
    fields = [field for field in plain.columns(model) if field.name not in {"id", "msp"}]
    for one, pk in zip(objects, new_ids(len(objects)), strict=True):
        one.pk = pk
        one._state.adding, one._state.db = False, connection.alias
    values = attrgetter("pk", *(field.attname for field in fields))
    insert_many(model, ("id", *(str(field.column) for field in fields)), [values(one) for one in objects])


class Ids(NamedTuple):
    """Ids for many rows, of which Postgres gave the first: the others count on, in the order of their numbers.

    In SQL the id of a number from 0 is `(prefix || to_hex(start + number))::uuid`. A random one each would cost a
    third of what it costs to write a row.
    """

    prefix: str
    start: int

    def of(self, number: int) -> UUID:
        """The id of a number."""
        return UUID(f"{self.prefix}{self.start + number:x}")

    def after(self, count: int) -> "Ids":
        """Those after the first `count`, numbered from 0 again."""
        return self._replace(start=self.start + count)


def fresh_ids() -> Ids:
    """Ids that nobody else has: 26 bits of a random one and the time are in the prefix, 46 more begin the count."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT uuidv7()")
        first: UUID = cursor.fetchone()[0]
    # The start has twelve digits for good: a one in front, and room to count.
    return Ids(str(first)[:24], 1 << 46 | first.int & (1 << 46) - 1)


def new_ids(count: int) -> list[UUID]:
    """Ids for rows that are not written yet, in the order of time."""
    ids = fresh_ids()
    return [ids.of(number) for number in range(count)]
