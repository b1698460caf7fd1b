"""Many rows into Postgres at once: COPY to a temporary table, then INSERT … SELECT from there.

COPY into a table under row security is refused by Postgres (decisions 19).
"""

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connection


def copy_to_temporary(table: str, columns: str, names: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Fill the temporary table `table` (made from the SQL `columns`, emptied first) with rows of `names`.

    `table`, `columns` and `names` are ours, never a person's. The table lives as long as the connection.
    """
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TEMPORARY TABLE IF NOT EXISTS {table} ({columns}) ON COMMIT DELETE ROWS")
        cursor.execute(f"TRUNCATE {table}")
        with cursor.copy(f"COPY {table} ({', '.join(names)}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
