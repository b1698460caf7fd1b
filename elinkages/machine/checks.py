"""`bin/test` and `bin/check`: every check that CI runs, one readable line each, stopping at the first failure.

What only looks at the code runs side by side; what is `live` waits until all before it has passed.
"""

import argparse
import os
import subprocess
import sys
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from elinkages.machine import chromium, services, throw_away
from elinkages.machine.account import NoOrdinaryUser
from elinkages.machine.binaries import Missing
from elinkages.machine.postgres import ServerFailed

PROGRAMS = Path(sys.executable).parent
PACKAGES = ("elinkages", "partners", "referrals", "commissions", "integrations", "tests")
NO_TESTS_COLLECTED = 5


@dataclass(frozen=True, slots=True)
class Step:
    """One check: what it is called, what it runs, and whether its output is worth reading while it runs."""

    name: str
    command: tuple[str, ...]
    live: bool = False
    may_be_empty: bool = False


def quick_steps() -> list[Step]:
    """What needs no database."""
    return [
        Step("Format", (_program("ruff"), "format", "--check", "--output-format", "concise", ".")),
        Step("Lint", (_program("ruff"), "check", "--output-format", "concise", ".")),
        Step("Import contracts", (_program("lint-imports"),)),
        Step("Types", (_program("mypy"), *PACKAGES)),
    ]


def full_steps(*, workers: str) -> list[Step]:
    """Everything."""
    manage = (sys.executable, "manage.py")
    pytest = (sys.executable, "-m", "pytest", "-q")
    spread = ("-n", workers, "--dist", "worksteal")  # the slow tests stand together: who is done takes some over
    return [
        *quick_steps(),
        Step("Migrations match the models", (*manage, "makemigrations", "--check", "--dry-run")),
        Step("Migrations serve beside the release before", (*manage, "check_migrations")),
        Step("System checks", (*manage, "check", "--fail-level", "WARNING")),
        Step("Database of the tests", (sys.executable, "-m", "tests.database")),
        Step("Static files", (*manage, "collectstatic", "--noinput", "--verbosity", "0")),
        Step("Tests", (*pytest, *spread, "-m", "not browser"), live=True),
        Step("Every refusal is provoked", (sys.executable, "-m", "tests.refusals"), live=True),
        Step("Browser tests", (*pytest, *spread, "-m", "browser"), live=True, may_be_empty=True),
    ]


def main(arguments: list[str]) -> int:
    """Run the steps; returns 0 when all of them pass."""
    parser = argparse.ArgumentParser(prog="bin/test", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="format, lint, imports and types only (bin/check)")
    parser.add_argument("-n", default=str(os.cpu_count() or 2), metavar="WORKERS", help="processes that run tests")
    options = parser.parse_args(arguments)
    throw_away.leave_on_signals()
    steps = quick_steps() if options.quick else full_steps(workers=options.n)
    try:
        # The settings want addresses even where nothing connects: the real ones cost a second.
        with throw_away.running() as environment:
            return _run(steps, {**os.environ, **environment})
    except (ServerFailed, Missing, NoOrdinaryUser) as problem:
        print(problem, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _run(steps: list[Step], environment: dict[str, str]) -> int:
    started = time.monotonic()
    with _Lanes(environment) as lanes:
        answers = {step: lanes.begin(step) for step in steps if not step.live}
        for number, step in enumerate(steps, 1):
            print(f"{number}/{len(steps)} {step.name} ", end="\n" if step.live else "", flush=True)
            answer = lanes.run(step) if step.live else answers[step].result()
            if not answer.passed:
                print(f"\n{answer.output.rstrip()}" if answer.output else "")
                print(f"{step.name} failed after {answer.seconds:.1f} s: {' '.join(step.command)}")
                return 1
            print(f"{'    ' if step.live else ''}ok ({answer.seconds:.1f} s)", flush=True)
    if len(steps) > len(quick_steps()) and not chromium.find():
        print(f"The browser tests were skipped, because there is no Chromium: {chromium.HOW_TO_GET}.")
    print(f"All {len(steps)} checks passed in {time.monotonic() - started:.0f} s.")
    return 0


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a step."""

    passed: bool
    output: str
    seconds: float


class _Lanes:
    """Runs as many steps beside each other as there are processors; whatever still runs at the end is stopped."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._environment = environment
        self._pool = ThreadPoolExecutor(os.cpu_count() or 2)
        self._processes: list[subprocess.Popen[str]] = []
        self._starting = threading.Lock()
        self._is_over = False

    def __enter__(self) -> "_Lanes":
        return self

    def __exit__(self, *_: object) -> None:
        with self._starting:
            self._is_over = True
        for process in self._processes:
            process.terminate()
        self._pool.shutdown(cancel_futures=True)

    def begin(self, step: Step) -> "Future[Answer]":
        """Run it as soon as a processor is free."""
        return self._pool.submit(self.run, step)

    def run(self, step: Step) -> Answer:
        """Run it now, and wait for it."""
        before = time.monotonic()
        with self._starting:
            if self._is_over:
                return Answer(passed=False, output="", seconds=0.0)
            process = subprocess.Popen(
                step.command,
                cwd=services.CHECKOUT,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=None if step.live else subprocess.PIPE,
                stderr=None if step.live else subprocess.STDOUT,
                text=True,
            )
            self._processes.append(process)
        output, _ = process.communicate()
        passed = process.returncode == 0 or (step.may_be_empty and process.returncode == NO_TESTS_COLLECTED)
        return Answer(passed, output or "", time.monotonic() - before)


def _program(name: str) -> str:
    return str(PROGRAMS / name)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
