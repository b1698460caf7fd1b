"""The demo on throw-away servers: filled, and served by gunicorn, for pictures and for load."""

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from elinkages.machine.postgres import free_port

ROOT = Path(__file__).resolve().parents[1]


def fill() -> None:
    """Migrate and tell the demo's story, in this process's environment."""
    counts = Path(os.environ["ELINKAGES_THROW_AWAY"]) / "metrics"
    counts.mkdir(exist_ok=True)
    os.environ.update(DJANGO_SETTINGS_MODULE="elinkages.settings", DEMO="1", PROMETHEUS_MULTIPROC_DIR=str(counts))
    _manage("migrate", role="owner")
    _manage("collectstatic", "--noinput")
    _manage("demo")


def _manage(*command: str, role: str = "app") -> None:
    environment = {**os.environ, "ELINKAGES_ROLE": role}
    subprocess.run([sys.executable, "manage.py", *command, "--verbosity=0"], env=environment, cwd=ROOT, check=True)


def cookies(email: str, *, host: str = "") -> dict[str, str]:
    """The cookies of somebody of the demo who has just logged in, or arrived at a portal's own host name."""
    from django.test import Client

    from elinkages.accounts.hosts import HOST_KEY
    from elinkages.accounts.models import User

    browser = Client()
    browser.force_login(User.objects.get(email=email))
    session = browser.session
    session[HOST_KEY] = host
    session.save()
    return {name: morsel.value for name, morsel in browser.cookies.items()}


@contextmanager
def served(application: str = "elinkages.wsgi", *, path: str = "/", workers: int = 1) -> Iterator[str]:
    """gunicorn in front of `application`; yields its address once `path` answers."""
    port = free_port()
    bind = f"127.0.0.1:{port}"
    command = ["gunicorn", "-c", "python:elinkages.gunicorn", application, "--bind", bind, "--workers", str(workers)]
    with program(command):
        address = f"http://{bind}"
        while not _answers(address + path):
            time.sleep(0.2)
        yield address


@contextmanager
def working(site: str) -> Iterator[None]:
    """A Celery worker and beat beside the site, once /healthz says that they live."""
    celery = ["celery", "-A", "elinkages.celery:app"]
    with ExitStack() as running:
        running.enter_context(program([*celery, "worker", "--concurrency", "2", "--loglevel", "WARNING"]))
        running.enter_context(program([*celery, "beat", "--loglevel", "WARNING", "--pidfile="]))
        while not _answers(f"{site}/healthz"):
            time.sleep(0.5)
        yield


@contextmanager
def program(command: Sequence[str]) -> Iterator["subprocess.Popen[bytes]"]:
    """`python -m command…` for as long as the block takes, quiet."""
    with subprocess.Popen(
        [sys.executable, "-m", *command], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            yield process
        finally:
            process.terminate()


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=2):  # noqa: S310 - our own server on loopback
            return True
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False
