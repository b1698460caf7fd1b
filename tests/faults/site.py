"""A product of its own for a drill: durable servers, web and worker under the supervisor that bin/demo uses."""

import os
import random
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from elinkages.machine import postgres, processes, redis_server, services, supervisor, template
from elinkages.machine.account import ordinary_account, temporary_root
from elinkages.machine.processes import Running
from elinkages.machine.services import CHECKOUT, Keys, Servers
from elinkages.machine.supervisor import Part

PARTS = ("worker", "web", "redis", "postgres")
MAIL = "django.core.mail.backends.filebased.EmailBackend"


@dataclass(slots=True)
class Kill:
    """One kill -9, and how long the part was away."""

    part: str
    during: str
    away: float


@dataclass(slots=True)
class Site:
    """The running product."""

    folder: Path
    port: int
    environment: dict[str, str]
    parts: dict[str, Part]
    rng: random.Random
    kills: list[Kill] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Where the web answers."""
        return f"http://127.0.0.1:{self.port}"

    def kill(self, name: str, *, during: str) -> None:
        """kill -9, and wait until the supervisor has brought it back. Worker and web die with their children."""
        process = self.parts[name].process
        while process is None or process.poll() is not None:
            time.sleep(0.05)
            process = self.parts[name].process
        began = time.monotonic()
        if name in ("worker", "web"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            os.kill(process.pid, signal.SIGKILL)  # of PostgreSQL the postmaster: its children must find out themselves
        until(lambda: self._is_back(name, process), f"{name} is back")
        self.kills.append(Kill(name, during, time.monotonic() - began))

    def _is_back(self, name: str, before: Running) -> bool:
        now = self.parts[name].process
        if now is None or now.pid == before.pid or now.poll() is not None:
            return False
        return self.is_well() if name != "worker" else True

    def is_well(self) -> bool:
        """Whether the web serves, with its database and Redis."""
        with suppress(OSError), urllib.request.urlopen(f"{self.url}/healthz", timeout=3) as answer:  # noqa: S310 - ours
            return bool(answer.status == 200)
        return False


def until(is_so: Callable[[], Any], what: str, seconds: float = 120.0) -> None:
    """Wait for something that other processes do."""
    end = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > end:
            raise AssertionError(f"Waited {seconds:.0f} s until {what}.")
        time.sleep(0.05)


@contextmanager
def running(seed: int, say: Callable[[str], None]) -> Iterator[Site]:
    """Servers that sync to disk, migrated and empty; web and worker; gone afterwards."""
    account = ordinary_account()
    folder = Path(tempfile.mkdtemp(prefix="elinkages-drill-", dir=temporary_root(account)))
    folder.chmod(0o711)
    empty = services.describe(folder, folder, Keys.fresh(), account)
    kept = template.take(folder, empty.postgres, template.fingerprint())
    keys = kept or Keys.fresh()
    keys.postgres_port, keys.redis_port, port = (postgres.free_port() for _ in range(3))
    servers = services.describe(folder, folder, keys, account)
    environment = {
        **os.environ,
        **servers.environment(keys, folder),
        "DATABASE_BACKUP_URL": servers.postgres.backup_url,
        "SITE_URL": f"http://127.0.0.1:{port}",
        "EMAIL_BACKEND": MAIL,
        "SECRET_KEY": secrets.token_urlsafe(64),
        "DJANGO_SETTINGS_MODULE": "elinkages.settings",
        "LOG_FORMAT": "json",
    }
    parts = {part.name: part for part in _parts(servers, folder, port, environment)}
    ended = threading.Event()
    watch = threading.Thread(target=_watch, args=(list(parts.values()), ended, say), daemon=True)
    supervisor.LONGEST_PAUSE_SECONDS = 2.0  # a drill kills one part many times; nobody waits 30 s for each
    try:
        for name in ("postgres", "redis"):
            supervisor.begin(parts[name])
        migrate = [] if kept else [["migrate", "--verbosity=0"]]  # the template of the last test run is migrated
        for command in (*migrate, ["collectstatic", "--noinput", "--verbosity=0"]):
            role = {"ELINKAGES_ROLE": "owner"} if command[0] == "migrate" else {}
            subprocess.run(
                [sys.executable, "manage.py", *command], env={**environment, **role}, cwd=CHECKOUT, check=True
            )
        for name in ("web", "worker"):
            supervisor.begin(parts[name])
        watch.start()
        site = Site(folder, port, environment, parts, random.Random(seed))
        until(site.is_well, "the web serves")
        yield site
    finally:
        ended.set()
        if watch.is_alive():
            watch.join(30)
        supervisor.stop([part for part in parts.values() if part.process is not None])
        shutil.rmtree(folder, ignore_errors=True)


def _watch(parts: list[Part], ended: threading.Event, say: Callable[[str], None]) -> None:
    while not ended.wait(0.1):
        supervisor.check(parts, say=say)


def _parts(servers: Servers, folder: Path, port: int, environment: dict[str, str]) -> Iterator[Part]:
    database, redis = servers.postgres, servers.redis
    yield Part(
        "postgres", lambda: postgres.start(database), lambda process: postgres.stop(database, process), database.log
    )
    yield Part("redis", lambda: redis_server.start(redis), lambda process: redis_server.stop(redis, process), redis.log)
    gunicorn = ["gunicorn", "-c", "python:elinkages.gunicorn", "elinkages.wsgi:application"]
    celery = [
        "celery",
        "--skip-checks",
        "-A",
        "elinkages.celery:app",
        "worker",
        "--concurrency",
        "2",
        "--without-mingle",
    ]
    yield _program("web", [*gunicorn, "--bind", f"127.0.0.1:{port}"], folder, environment)
    yield _program("worker", celery, folder, environment)


def _program(name: str, command: list[str], folder: Path, environment: dict[str, str]) -> Part:
    log = folder / "logs" / f"{name}.log"

    def start() -> Running:
        with log.open("ab") as output:
            return processes.start(
                name,
                [sys.executable, "-m", *command],
                run_folder=folder / "run",
                environment=environment,
                output=output,
                folder=CHECKOUT,
            )

    return Part(name, start, lambda process: processes.stop(process, patience=5.0), log)
