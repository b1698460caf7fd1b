"""The queue: a message is only a nudge, the row behind it is the work."""

import logging.config
import os
import time
from importlib import import_module
from typing import Any

import redis
from celery import Celery
from celery.beat import PersistentScheduler
from celery.signals import before_task_publish, heartbeat_sent, setup_logging, worker_init, worker_ready
from django_structlog.celery.steps import DjangoStructLogInitStep

from elinkages.kernel import garbage

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "elinkages.settings")

app = Celery("elinkages")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.steps["worker"].add(DjangoStructLogInitStep)

ALIVE_SECONDS = 30
"""How long a sign of life of the worker or of beat counts."""


def redis_client() -> "redis.Redis":
    """A client of the broker that speaks RESP2 (the embedded server is Redis 6.2)."""
    from django.conf import settings

    return redis.Redis.from_url(settings.REDIS_URL, protocol=2, socket_timeout=2, socket_connect_timeout=2)


def _sign_of_life(part: str) -> None:
    redis_client().set(f"elinkages:alive:{part}", int(time.time()), ex=ALIVE_SECONDS)


@setup_logging.connect
def log_like_the_web(**_: Any) -> None:
    """The settings' LOGGING, instead of Celery's own."""
    from django.conf import settings

    logging.config.dictConfig(settings.LOGGING)


@before_task_publish.connect
def say_when(headers: dict[str, Any] | None = None, **_: Any) -> None:
    """Write into every message when it was sent: that is how old the queue is."""
    if headers is not None:
        headers["elinkages_sent_at"] = time.time()


@worker_init.connect
def tasks_are_watched(**_: Any) -> None:
    """Count them, and say whose they are, before the worker's children are forked."""
    import_module("elinkages.watch.tasks")


@worker_init.connect
def settle_memory(**_: Any) -> None:
    """Before the worker's children are forked; every task is loaded by now."""
    garbage.settle()


@worker_ready.connect
@heartbeat_sent.connect
def worker_is_alive(**_: Any) -> None:
    """Note in Redis that a worker is consuming."""
    _sign_of_life("worker")


class HeartbeatScheduler(PersistentScheduler):
    """Celery's own scheduler, which also leaves a sign of life that `/healthz` reads."""

    def tick(self, *args: Any, **kwargs: Any) -> float:
        """Run what is due; come back within 5 seconds to say that beat is alive."""
        _sign_of_life("beat")
        return min(super().tick(*args, **kwargs), 5.0)
