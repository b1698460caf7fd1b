"""`bin/load [--people 50] [--seconds 120]`: fifty people on the demo for two minutes, then the books are checked.

Prints requests, failures and the 95th percentile of every page as a ratio to the page floor, which the same
number of people read before. A request that fails, an introduction that was acknowledged and is not there,
one that is there twice, or books that do not prove themselves make it fail; no duration does.
"""

import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import django

from tests import demo_site

FLOOR_SECONDS = 20
WARM_UP_SECONDS = 20
LINE = "{:44} {:>8} {:>8} {:>9} {:>9} {:>8}"
Stats = list[dict[str, Any]]


def main() -> int:
    """Fill, serve, load, judge; returns the exit code."""
    parser = argparse.ArgumentParser(prog="bin/load", description=__doc__)
    parser.add_argument("--people", type=int, default=50, help="simulated people at once")
    parser.add_argument("--seconds", type=int, default=120, help="how long they go on")
    options = parser.parse_args()
    demo_site.fill()
    django.setup()
    from tests.load import sessions

    northbeam, people = sessions.of_the_demo()
    os.environ["FLOOR_MSP"] = str(northbeam)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["LOAD_PEOPLE"] = str(Path(folder) / "people.json")
        Path(os.environ["LOAD_PEOPLE"]).write_text(json.dumps(people))
        with demo_site.served("tests.load.floor", path="/floor/", workers=2) as floor:
            bare = _locust("floor_people.py", floor, options.people, FLOOR_SECONDS)
        with demo_site.served(workers=2) as site, demo_site.working(site):
            _locust("people.py", site, 10, WARM_UP_SECONDS)  # what a process does once in its life is not measured
            before = sessions.introductions(northbeam)
            stats = _locust("people.py", site, options.people, options.seconds)
    failed = _table(stats, floor=_percentile(bare, 0.95))
    acknowledged = sum(_passed(one) for one in stats if one["name"].endswith(", sent"))
    made = sessions.introductions(northbeam) - before
    print(f"\n{acknowledged} introductions acknowledged, {made} in the database")
    books = subprocess.run([sys.executable, "manage.py", "check_books", "--deep"], cwd=demo_site.ROOT, check=False)
    return int(bool(failed or made < acknowledged or made > acknowledged + options.people or books.returncode))


def _locust(script: str, host: str, people: int, seconds: int) -> Stats:
    """Run locust in a process of its own, because it replaces the standard library's sockets."""
    command = ["locust", "-f", str(Path(__file__).with_name(script)), "--headless", "--json", "--only-summary"]
    command += ["--host", host, "--users", str(people), "--spawn-rate", "10", "--run-time", f"{seconds}s"]
    command += ["--stop-timeout", "20", "--loglevel", "WARNING"]
    with tempfile.TemporaryDirectory() as folder:
        answer = subprocess.run(
            [sys.executable, "-m", *command, "--csv", f"{folder}/run"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            check=False,
        )
        with Path(folder, "run_failures.csv").open(newline="") as file:
            for failure in csv.DictReader(file):
                print(f"{failure['Occurrences']} × {failure['Method']} {failure['Name']}: {failure['Error']}")
    return list(json.loads(answer.stdout))


def _table(stats: Stats, *, floor: float) -> int:
    """Print what was asked and how it went; returns how many requests failed."""
    print(LINE.format("page", "requests", "failed", "p50, ms", "p95, ms", "× floor"))
    for one in sorted(stats, key=lambda one: str(one["name"])):
        p50, p95 = _percentile([one], 0.5), _percentile([one], 0.95)
        ratio = f"{p95 / floor:.1f}"
        print(LINE.format(one["name"], one["num_requests"], one["num_failures"], f"{p50:.0f}", f"{p95:.0f}", ratio))
    total, failed = sum(one["num_requests"] for one in stats), sum(one["num_failures"] for one in stats)
    p95 = _percentile(stats, 0.95)
    print(LINE.format("together", total, failed, f"{_percentile(stats, 0.5):.0f}", f"{p95:.0f}", f"{p95 / floor:.1f}"))
    print(f"The floor's p95 with as many people: {floor:.0f} ms")
    return int(failed)


def _passed(one: dict[str, Any]) -> int:
    return int(one["num_requests"]) - int(one["num_failures"])


def _percentile(stats: Stats, share: float) -> float:
    """The time in ms below which `share` of all requests stayed."""
    times: dict[float, int] = {}
    for one in stats:
        for milliseconds, count in one["response_times"].items():
            times[float(milliseconds)] = times.get(float(milliseconds), 0) + count
    left = share * sum(times.values())
    for milliseconds in sorted(times):
        left -= times[milliseconds]
        if left <= 0:
            return milliseconds
    return 0.0


if __name__ == "__main__":
    sys.exit(main())
