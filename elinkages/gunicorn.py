"""How gunicorn serves: `gunicorn -c python:elinkages.gunicorn elinkages.wsgi:application`.

The address, and the number of workers when it is not two, are given by whoever starts it. Access lines are our own
(elinkages/watch/requests.py): gunicorn's would carry addresses with tokens, and where the reader was.
"""

import os
from pathlib import Path
from typing import Any

from elinkages.kernel import garbage

workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
threads = 4
preload_app = True
graceful_timeout = 30
keepalive = 75  # seconds; longer than proxies and browsers keep one, who else may send into a connection that we close
control_socket_disable = True
accesslog = None

_home = Path(os.environ.get("ELINKAGES_HOME") or Path(__file__).resolve().parent.parent / ".elinkages")
# Before prometheus_client is imported: it looks once, and then counts in files that all workers can add up.
os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", str(_home / "metrics"))
_counts = Path(os.environ["PROMETHEUS_MULTIPROC_DIR"])
_counts.mkdir(parents=True, exist_ok=True)


def on_starting(_server: Any) -> None:
    """Forget the counts of processes that are gone. Not on a reload, when their heirs still count."""
    for file in _counts.glob("*.db"):
        file.unlink(missing_ok=True)


def when_ready(_server: Any) -> None:
    """Before the workers are forked."""
    garbage.settle()


def child_exit(_server: Any, worker: Any) -> None:
    """A worker ended: its counters stay, its gauges go."""
    from prometheus_client import multiprocess

    multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]  # half of it has types
