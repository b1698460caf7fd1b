"""Two people at once, in the order that matters: the second has looked before the first one's change is there."""

import threading
from collections.abc import Callable

from django.db import connection

from elinkages.accounts.models import Msp
from elinkages.kernel import tenancy
from elinkages.kernel.refusal import Refused
from tests.worker import until


def too_late(msp: Msp, first: Callable[[], object], second: Callable[[], object]) -> str:
    """Do both, each in its own transaction, the second waiting for a lock of the first: what it is refused with."""
    refused: list[str] = []

    def come_second() -> None:
        try:
            with tenancy.use(msp.pk):
                second()
        except Refused as refusal:
            refused.append(refusal.message)
        finally:
            connection.close()

    thread = threading.Thread(target=come_second)
    with tenancy.use(msp.pk):
        first()
        thread.start()
        until(_somebody_waits, "the second one waits for the first")
    thread.join()
    return "".join(refused)


def _somebody_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM pg_locks WHERE pg_backend_pid() = ANY (pg_blocking_pids(pid)))")
        return bool(cursor.fetchone()[0])
