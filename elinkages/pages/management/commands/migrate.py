"""`manage.py migrate`: Django's, which never keeps others waiting for a lock, and tries again instead."""

import time
from collections.abc import Callable
from typing import Any, Final

from django.core.management.commands import migrate
from django.db import OperationalError, connection
from psycopg import errors

from elinkages.pages.migration_folding import Folding

PATIENCE: Final = "2s"
"""How long a migration waits for a lock, and so how long everybody else waits behind it."""
PAUSE_SECONDS: Final = 3.0
MOST_TRIES: Final = 40
"""About three minutes in all: longer than any transaction of ours may last."""


class Command(migrate.Command):
    """Each migration is one transaction, so that one which gave up left nothing, and can be tried again."""

    autodetector = Folding

    def handle(self, *args: Any, **options: Any) -> None:
        """Migrate, stepping back whenever a table is busy."""
        patiently(lambda: super(Command, self).handle(*args, **options), say=self.stderr.write)


def patiently(work: Callable[[], Any], *, say: Callable[[str], Any], tries: int = MOST_TRIES) -> None:
    """Do `work` with a short lock_timeout, again after a pause while a lock is not to be had; then let it fail."""
    for left in reversed(range(tries)):
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('lock_timeout', %s, false)", [PATIENCE])
        try:
            work()
            return
        except OperationalError as problem:
            if not isinstance(problem.__cause__, errors.LockNotAvailable) or not left:
                raise
            say(f"A table is busy; nothing was changed by this try. Trying again in {PAUSE_SECONDS:.0f} s.")
            time.sleep(PAUSE_SECONDS)
        finally:
            if connection.connection is not None and not connection.in_atomic_block:
                with connection.cursor() as cursor:
                    cursor.execute("RESET lock_timeout")
