"""A month of many small MSPs by two workers, alone and while large ones are accrued."""

import multiprocessing
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import date
from functools import partial
from multiprocessing.pool import Pool
from pathlib import Path
from typing import Any, Final

from django.db import connections
from django.utils import timezone

from commissions import tasks
from commissions.engine import add_months
from commissions.models import AccruedMonth
from elinkages.accounts.models import Msp
from elinkages.kernel import tenancy
from tests import builders, queue
from tests.bench import accrual, fill
from tests.bench.measure import Measured, head, limit, measured, row, say
from tests.worker import until, worker

WORKERS: Final = 2
EACH: Final = 100
type Workers = Callable[[Callable[[Any], None], Sequence[Any]], list[float]]
"""Does every job of a list; how long each took."""
LARGE: Final = 10_000
"""Contracts of a large MSP beside them: two years of months, of two pages each."""
PROBES: Final = 40
"""Small MSPs that are nudged one after the other while large ones run."""
FIRST_TENANT: Final = 10_000_000
WAITING_SECONDS: Final = 2
"""What an MSP's own run may take at p95 while large ones run."""


def run(sizes: list[int]) -> None:
    """As many MSPs of a hundred contracts as there are contracts in all, then some more beside two and three large."""
    size = max(sizes)
    count = size // EACH
    say(f"Preparing {count:,} MSPs of {EACH} contracts …")
    msps = [_small(f"Bench small {number}") for number in range(count)]
    tenants = range(FIRST_TENANT, FIRST_TENANT + count)
    for tenant in tenants:
        accrual.floor_fill(tenant, EACH, partners=10)
    fill.analyze()
    connections.close_all()  # a process begins with its own
    with multiprocessing.get_context("fork").Pool(WORKERS) as workers:
        _measure(partial(_by, workers), msps, tenants)
    for large in (2, 3):
        _beside(large, min(size, LARGE))


def _small(name: str) -> Msp:
    msp = builders.an_msp(name)
    fill.won_deals(msp, EACH, partners=10, counted=False)
    return msp


def _measure(by: Workers, msps: Sequence[Msp], tenants: Sequence[int]) -> None:
    by(partial(_accrue, 1), msps)
    by(partial(_floor, 1), tenants)
    fill.analyze()
    head(f"{len(msps):,} MSPs of {EACH} contracts, {WORKERS} workers")
    ours: list[float] = []
    floor: list[float] = []
    for month in range(2, 5):
        ours += measured(partial(by, partial(_accrue, month), msps), runs=1).seconds
        floor += measured(partial(by, partial(_floor, month), tenants), runs=1).seconds
    row("a new month of all of them", Measured(ours), Measured(floor), 4)
    row("the same month again", measured(partial(by, partial(_accrue, 4), msps), runs=3), Measured(floor), 0.5)


def _beside(count: int, size: int) -> None:
    """Nudge small MSPs one after the other, on the real queue of two real workers that have large ones to do."""
    say(f"Preparing {count} MSPs of {size:,} contracts, and {PROBES} small ones …")
    last = add_months(timezone.now().date().replace(day=1), -1)
    large = [builders.an_msp(f"Bench large {number} of {count}") for number in range(count)]
    for msp in large:
        fill.won_deals(msp, size, partners=max(10, size // 100))
    small = [_small(f"Bench probe {number} of {count}") for number in range(PROBES)]
    for msp in small:
        with tenancy.use(msp.pk):  # only the last month is left to them; the large ones have all since 2025
            AccruedMonth.objects.create(month=add_months(last, -1), accrued_at=timezone.now())
    fill.analyze()
    queue.empty()
    with ExitStack() as working:
        for _ in range(WORKERS):
            working.enter_context(worker(Path(working.enter_context(tempfile.TemporaryDirectory()))))
        for msp in large:
            tasks.accrue.delay(msp_id=str(msp.pk))
        waits = [_wait(msp, last) for msp in small if not all(_has(one, last) for one in large)]
    limit(f"{len(waits)} small ones beside {count} large, from nudge to end, p50", Measured(waits), None)
    limit("the same, p95", Measured([sorted(waits)[len(waits) * 95 // 100]]), WAITING_SECONDS)


def _wait(msp: Msp, last: date) -> float:
    start = time.perf_counter()
    tasks.accrue.delay(msp_id=str(msp.pk))
    until(lambda: _has(msp, last), "a small MSP was accrued")
    return time.perf_counter() - start


def _has(msp: Msp, month: date) -> bool:
    with tenancy.use(msp.pk):
        return AccruedMonth.objects.filter(month=month).exists()


def _accrue(month: int, msp: Msp) -> None:
    accrual.accrue_month(msp, month)


def _floor(month: int, tenant: int) -> None:
    accrual.floor_month(tenant, month)


def _by[T](workers: Pool, work: Callable[[T], None], jobs: Sequence[T]) -> list[float]:
    """Do every job in one of the workers, the next one by whoever is free; how long each took, in their order."""
    return workers.map(partial(_timed, work), jobs, chunksize=1)


def _timed(work: Callable[[Any], None], job: Any) -> float:
    start = time.perf_counter()
    work(job)
    return time.perf_counter() - start
