"""Taking times side by side, and printing them as ratios: absolute times on a shared machine are noise."""

import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from django.db import connection

RUNS = 5


class Measured(NamedTuple):
    """The times of one piece of work in seconds."""

    seconds: list[float]

    @property
    def median(self) -> float:
        """What is compared."""
        return statistics.median(self.seconds)


def measured(work: Callable[[], object], runs: int = RUNS) -> Measured:
    """Run the work several times and keep every time."""
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return Measured(times)


def computed() -> float:
    """Seconds that this process and its own one in Postgres have computed so far, whoever else used the machine."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (backend,) = cursor.fetchone()
    return time.process_time() + int(Path(f"/proc/{backend}/schedstat").read_text().split()[0]) / 1e9


def row(name: str, ours: Measured, floor: Measured, goal: float | None) -> None:
    """One line of the table: ours, the floor, the ratio and its goal."""
    ratio = ours.median / floor.median
    aim = f"≤ {goal:g} ×" if goal else "–"
    verdict = "" if not goal else "met" if ratio <= goal else "MISSED"
    print(
        f"{name:<46} {ours.median * 1000:>10.1f} {floor.median * 1000:>10.1f} {ratio:>7.2f} × {aim:>8} {verdict}",
        flush=True,
    )


def limit(name: str, ours: Measured, seconds: float | None) -> None:
    """One line that has no floor: a time that a person or another MSP waits, and the most that it may be."""
    verdict = "" if seconds is None else "met" if ours.median <= seconds else "MISSED"
    aim = "–" if seconds is None else f"≤ {seconds:g} s"
    print(f"{name:<46} {ours.median * 1000:>10.1f} {'':>10} {'':>9} {aim:>8} {verdict}", flush=True)


def limits(title: str, *columns: str) -> None:
    """The head of a table of what has a limit instead of a floor; `columns` are told beside it."""
    more = "".join(f"{column:>11}" for column in columns)
    print(f"\n{title}\n{'':<46} {'found':>13} {'limit':>8}{more}", flush=True)


def beside(name: str, found: float, limit: float, unit: str, *columns: str) -> None:
    """One line of that table."""
    more = "".join(f"{column:>11}" for column in columns)
    verdict = "met" if found <= limit else "MISSED"
    print(f"{name:<46} {found:>10,.2f} {unit} {f'≤ {limit:g}':>8}{more} {verdict}", flush=True)


def head(title: str) -> None:
    """The head of a table."""
    print(f"\n{title}\n{'':<46} {'ours, ms':>10} {'floor, ms':>10} {'ratio':>9} {'goal':>8}", flush=True)


def say(text: str) -> None:
    """What is being prepared."""
    print(text, file=sys.stderr, flush=True)
