"""Whether the log of the database reaches its archive (deploy/database.sh, ADR 30)."""

from typing import Final

from django.db import connection

FAILING: Final = """SELECT last_failed_time > coalesce(last_archived_time, '-infinity') IS TRUE
FROM pg_stat_archiver"""


def is_failing() -> bool:
    """True when the last file of the log could not be archived; a server without an archive does not fail."""
    with connection.cursor() as cursor:
        cursor.execute(FAILING)
        (answer,) = cursor.fetchone()
    return bool(answer)
