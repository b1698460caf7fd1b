"""A month of many small MSPs by two workers, alone and while large ones are accrued."""

import multiprocessing
import time
from collections.abc import Callable, Sequence
from functools import partial
from multiprocessing.pool import Pool
from typing import Any, Final

from django.db import connections

from elinkages.accounts.models import Msp
from tests import builders
from tests.bench import accrual, fill
from tests.bench.measure import Measured, head, limit, measured, row, say

WORKERS: Final = 2
EACH: Final = 100
type Workers = Callable[[Callable[[Any], None], Sequence[Any]], list[float]]
"""Does every job of a list; how long each took."""
FIRST_TENANT: Final = 10_000_000
WAITING_SECONDS: Final = 2
"""What an MSP's own run may take at p95 while large ones run."""


def run(sizes: list[int]) -> None:
    """As many MSPs of a hundred contracts as there are contracts in all, then again beside a large one."""
    size = max(sizes)
    count = size // EACH
    say(f"Preparing {count:,} MSPs of {EACH} contracts, and one of {size:,} …")
    msps = [builders.an_msp(f"Bench small {number}") for number in range(count)]
    for msp in msps:
        fill.won_deals(msp, EACH, partners=10, counted=False)
    large = builders.an_msp("Bench large")
    fill.won_deals(large, size, partners=max(10, size // 100))
    tenants = range(FIRST_TENANT, FIRST_TENANT + count)
    for tenant in tenants:
        accrual.floor_fill(tenant, EACH, partners=10)
    fill.analyze()
    connections.close_all()  # a process begins with its own
    with multiprocessing.get_context("fork").Pool(WORKERS) as workers:
        _measure(partial(_by, workers), msps, large, tenants)


def _measure(by: Workers, msps: Sequence[Msp], large: Msp, tenants: Sequence[int]) -> None:
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
    _, *own = by(partial(_accrue, 5), [large, *msps])
    limit("one MSP while a large one runs, p50", Measured(own), None)
    limit("one MSP while a large one runs, p95", Measured([sorted(own)[len(own) * 95 // 100]]), WAITING_SECONDS)


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
