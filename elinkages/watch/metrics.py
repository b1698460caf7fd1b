"""What /metrics says, for Prometheus. No label names an MSP or a person.

Requests are counted in the web's own processes (files in PROMETHEUS_MULTIPROC_DIR, see elinkages/gunicorn.py). Tasks,
queues and what waits in rows come from Redis, where workers and beat put them, so that one address tells all.
"""

import logging
import os
import time
from collections.abc import Iterator
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest, multiprocess
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from elinkages.watch import shared

logger = logging.getLogger(__name__)
METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
OWN: Final = CollectorRegistry()
"""What this process counted, where there is only one process."""
BOOKS: Final = "commissions.tasks.check_books"
ACCRUALS: Final = "commissions.tasks.accrue"

_requests = Counter("elinkages_requests", "Requests by route and answer.", ["route", "method", "status"], registry=OWN)
_seconds = Histogram(
    "elinkages_request_seconds",
    "Time from the first middleware to the answer.",
    ["route"],
    buckets=SECONDS,
    registry=OWN,
)


def count_request(*, route: str, method: str, status: int, seconds: float) -> None:
    """Count one request; a disk that is full or a folder that is gone costs the count, and never the request."""
    try:
        _requests.labels(route, method, str(status)).inc()
        _seconds.labels(route).observe(seconds)
    except OSError as problem:
        logger.warning("A request was not counted: %s", problem)


def exposition() -> bytes:
    """Everything, in the text format of Prometheus."""
    registry = OWN
    if os.path.isdir(os.environ.get("PROMETHEUS_MULTIPROC_DIR", "")):
        registry = CollectorRegistry()
        multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # half of it has types
    together = CollectorRegistry()
    together.register(Shared())
    return generate_latest(registry) + generate_latest(together)


class Shared(Collector):
    """The figures of all processes, read when asked."""

    def collect(self) -> Iterator[Metric]:
        """Tasks, queue, and the last picture of what waits."""
        yield from _tasks()
        yield _gauge(
            "elinkages_queue_messages", "Messages that wait in the queue; -1 without Redis.", shared.queue_length()
        )
        yield _gauge("elinkages_queue_taken", "Messages that a worker has taken; -1 without Redis.", shared.taken())
        yield from _picture()


def _gauge(name: str, help_text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, help_text, value=value)


def _tasks() -> Iterator[Metric]:
    ended = CounterMetricFamily("elinkages_tasks", "Tasks that ended.", labels=["task", "outcome"])
    seconds = CounterMetricFamily("elinkages_task_seconds", "Time spent in tasks.", labels=["task"])
    for key, value in sorted(shared.task_counts().items()):
        task, _, outcome = key.partition("|")
        if outcome == "seconds":
            seconds.add_metric([task], value)
        else:
            ended.add_metric([task, outcome], value)
    yield ended
    yield seconds


def _picture() -> Iterator[Metric]:
    now, picture = time.time(), shared.picture()
    if not picture:
        return
    yield _gauge("elinkages_picture_age_seconds", "How old the figures below are.", now - picture["at"])
    yield _gauge("elinkages_msps", "MSPs.", picture["msps"])
    yield _gauge("elinkages_msps_parked", "MSPs whose payouts are stopped.", picture["parked"])
    yield _gauge("elinkages_archive_fails", "1 while the database's log is not archived.", picture["archive_fails"])
    ages = {"books": shared.last_successes(BOOKS), "accruals": shared.last_successes(ACCRUALS)}
    oldest = GaugeMetricFamily(
        "elinkages_oldest_run_age_seconds",
        "Of all MSPs, the one for which this was done longest ago; +Inf where one has never been seen.",
        labels=["what"],
    )
    for what, found in ages.items():
        per_msp = [now - found[msp] if msp in found else float("inf") for msp in picture["ids"]]
        oldest.add_metric([what], max(per_msp, default=0.0))
    yield oldest
    waiting = GaugeMetricFamily("elinkages_rows_waiting", "Rows that wait for a worker.", labels=["backlog"])
    age = GaugeMetricFamily("elinkages_rows_oldest_seconds", "The age of the oldest of them.", labels=["backlog"])
    parked = GaugeMetricFamily("elinkages_rows_parked", "Rows given up after their attempts.", labels=["backlog"])
    for name, row in sorted(picture["backlogs"].items()):
        waiting.add_metric([name], row["waiting"])
        age.add_metric([name], max(now - row["oldest"], 0.0) if row["oldest"] else 0.0)
        parked.add_metric([name], row["parked"])
    yield from (waiting, age, parked)
