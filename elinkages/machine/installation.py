"""Bring the database, the demo's data and the static files up to this checkout, doing nothing twice."""

import hashlib
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from elinkages.machine.services import CHECKOUT

STAMP = "installed"
LOGINS = "logins.txt"
FILLING = "filling"
WATCHED = (
    "*/migrations/*.py",
    "*/*/migrations/*.py",
    "elinkages/static/**/*",
    "*/management/commands/demo*.py",
    "uv.lock",
)


class StepFailed(RuntimeError):
    """A step of the set-up failed; the message holds what it said."""


def prepare(home: Path, environment: dict[str, str], *, say: Callable[[str], None]) -> str:
    """Migrate, fill and collect where something has changed; returns the demo's logins."""
    if is_current(home, environment):
        return (home / LOGINS).read_text()
    say("Migrating the database")
    _manage(environment | {"ELINKAGES_ROLE": "owner"}, "migrate", "--verbosity=0")
    say("Collecting the static files")
    _manage(environment, "collectstatic", "--noinput", "--verbosity=0")
    say("Filling the demo: eighteen months of history")
    (home / FILLING).touch()
    _manage(environment, "demo", say=say)
    (home / LOGINS).write_text(_manage(environment, "demo", "--logins"))
    (home / FILLING).unlink()
    (home / STAMP).write_text(_fingerprint(environment["DATABASE_URL"]))
    return (home / LOGINS).read_text()


def is_current(home: Path, environment: dict[str, str]) -> bool:
    """Whether nothing has changed since the last `prepare`."""
    stamp = home / STAMP
    return stamp.exists() and stamp.read_text() == _fingerprint(environment["DATABASE_URL"])


def forget(home: Path) -> None:
    """Have the next start do every step again."""
    for name in (STAMP, LOGINS, FILLING):
        (home / name).unlink(missing_ok=True)


def was_interrupted(home: Path) -> bool:
    """Whether the last start ended while it was filling the demo, which leaves a part of the story."""
    return (home / FILLING).exists()


def _fingerprint(database_url: str) -> str:
    digest = hashlib.sha256(database_url.rpartition("@")[2].rpartition("/")[2].encode())
    for pattern in WATCHED:
        for file in sorted(CHECKOUT.glob(pattern)):
            with suppress(OSError):
                status = file.stat()
                digest.update(f"{file.relative_to(CHECKOUT)} {status.st_size} {status.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def _manage(environment: dict[str, str], *command: str, say: Callable[[str], None] | None = None) -> str:
    """Run a Django command; with `say` its lines are passed on as they come."""
    lines: list[str] = []
    with subprocess.Popen(
        [sys.executable, "manage.py", *command],
        cwd=CHECKOUT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        for line in process.stdout or ():
            lines.append(line)
            if say:
                say(f"  {line.rstrip()}")
    if process.returncode:
        said = "" if say else f" It said:\n{''.join(lines[-15:])}"
        raise StepFailed(f"The step “{command[0]}” failed.{said}")
    return "".join(lines)
