"""Two at once: in the order that matters (`too_late`), or as chance has it (`at_once`)."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.db import connection

from elinkages.accounts.models import Msp
from elinkages.kernel import tenancy
from elinkages.kernel.refusal import Refused
from tests.worker import until


def too_late(msp: Msp, first: Callable[[], object], second: Callable[[], object]) -> str:
    """Do both, each in its own transaction, the second waiting for a lock of the first: what it is refused with.

    The second has looked before the first one's change is there. It is refused in the thread of the test, so that it
    counts as provoked (`tests/refusals.py`): nothing here is left to chance.
    """
    done = threading.Event()

    def come_first() -> None:
        try:
            with tenancy.use(msp.pk):
                first()
                done.set()
                until(_somebody_waits, "the second one waits for the first")
        finally:
            done.set()
            connection.close()

    thread = threading.Thread(target=come_first)
    thread.start()
    done.wait()
    try:
        with tenancy.use(msp.pk):
            second()
    except Refused as refusal:
        return refusal.message
    finally:
        thread.join()
    return ""


def at_once(*works: Callable[[], Any]) -> list[Any]:
    """What each of them returned or raised, all beginning together, each in a thread and on a connection of its own.

    Chance decides who is first: what is refused here does not count as provoked.
    """
    start = threading.Barrier(len(works))

    def run(work: Callable[[], Any]) -> Any:
        try:
            start.wait(20)
            return work()
        except Exception as problem:
            return problem
        finally:
            connection.close()

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))


def within[Result](msp: Msp, work: Callable[[], Result]) -> Callable[[], Result]:
    """The same work, as a unit of work of an MSP."""

    def run() -> Result:
        with tenancy.use(msp.pk):
            return work()

    return run


def _somebody_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM pg_locks WHERE pg_backend_pid() = ANY (pg_blocking_pids(pid)))")
        return bool(cursor.fetchone()[0])
