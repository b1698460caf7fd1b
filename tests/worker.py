"""A real Celery worker beside a test: another process, the same database and Redis."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from elinkages.celery import redis_client

ROOT = Path(__file__).resolve().parents[1]
PATIENCE_SECONDS = 240  # of a busy machine: a worker starts anew and writes row by row what another one died of


@contextmanager
def worker(folder: Path) -> "Iterator[subprocess.Popen[bytes]]":
    """A worker that writes its e-mails and its log into `folder`; stopped at the end, in an orderly way if it can."""
    mail = "django.core.mail.backends.filebased.EmailBackend"
    environment = {**os.environ, "ELINKAGES_HOME": str(folder), "EMAIL_BACKEND": mail}
    command = [sys.executable, "-m", "celery", "-A", "elinkages", "worker", "--pool=solo", "--loglevel=INFO"]
    redis_client().delete("elinkages:alive:worker")
    with (folder / "worker.log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, cwd=ROOT, stdout=log, stderr=subprocess.STDOUT)
        try:
            until(lambda: bool(redis_client().exists("elinkages:alive:worker")), "the worker has started")
            yield process
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def until(is_so: Callable[[], bool], what: str) -> None:
    """Wait for something that another process does; a failure names it. Waiting decides nothing else."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        if time.monotonic() > end:
            raise AssertionError(f"Waited {PATIENCE_SECONDS} seconds until {what}.")
        time.sleep(0.05)


def is_idle() -> bool:
    """Nothing waits in the queue and nothing is being done."""
    client = redis_client()
    return not client.llen("celery") and not client.hlen("unacked")
