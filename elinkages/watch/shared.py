"""What all processes know together: small figures in Redis, which may be lost at any time.

They are for looking, never for deciding. A Redis that is away makes them unknown and stops nobody.
"""

import json
import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache, wraps
from typing import Any, Final
from uuid import UUID

import redis
from django.conf import settings
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)
TASKS: Final = "elinkages:watch:tasks"
LAST: Final = "elinkages:watch:last"
FAILURES: Final = "elinkages:watch:failures"
PICTURE: Final = "elinkages:watch:picture"
FAILURES_KEPT: Final = 500


@cache
def _client(url: str) -> "redis.Redis":
    return redis.Redis.from_url(url, protocol=2, socket_timeout=1, socket_connect_timeout=1)


def client() -> "redis.Redis":
    """One pool per process; redis-py renews it after a fork."""
    return _client(settings.REDIS_URL)


def _quietly[**P, R](otherwise: Callable[[], R]) -> Callable[[Callable[P, R]], Callable[P, R]]:
    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        @wraps(function)
        def tried(*args: P.args, **kwargs: P.kwargs) -> R:
            try:
                return function(*args, **kwargs)
            except RedisError as problem:
                logger.warning("%s: Redis is away (%s)", function.__name__, type(problem).__name__)
                return otherwise()

        return tried

    return decorate


def _nothing() -> None:
    return None


def _nothing_at() -> datetime | None:
    return None


@_quietly(_nothing)
def task_ended(task: str, *, outcome: str, seconds: float, msp_id: str = "") -> None:
    """Count one task that has ended, and note when it last succeeded for the MSP."""
    with client().pipeline(transaction=False) as pipe:
        pipe.hincrby(TASKS, f"{task}|{outcome}", 1)
        pipe.hincrbyfloat(TASKS, f"{task}|seconds", round(seconds, 4))
        if outcome == "succeeded":
            pipe.hset(LAST, f"{task}|{msp_id}", int(time.time()))
        pipe.execute()


@_quietly(_nothing)
def task_failed(task: str, *, error: str, msp_id: str, request_id: str, task_id: str) -> None:
    """Keep the newest failures: which task, of which MSP, and the kind of error, but never what it said."""
    line = {"at": time.time(), "task": task, "error": error, "msp": msp_id, "request": request_id, "id": task_id}
    with client().pipeline(transaction=False) as pipe:
        pipe.lpush(FAILURES, json.dumps(line))
        pipe.ltrim(FAILURES, 0, FAILURES_KEPT - 1)
        pipe.execute()


@_quietly(list[dict[str, Any]])
def failures(*, since: float) -> list[dict[str, Any]]:
    """The newest failures, newest first."""
    read: Any = client().lrange(FAILURES, 0, -1)
    return [line for line in map(json.loads, read) if line["at"] >= since]


@_quietly(dict[str, float])
def task_counts() -> dict[str, float]:
    """`task|outcome` → how often, and `task|seconds` → how long in all."""
    read: Any = client().hgetall(TASKS)
    return {key.decode(): float(value) for key, value in read.items()}


@_quietly(dict[str, int])
def last_successes(task: str) -> dict[str, int]:
    """MSP id (or "") → when the task last succeeded, as seconds since 1970."""
    read: Any = client().hgetall(LAST)
    found = ([*key.decode().split("|"), int(value)] for key, value in read.items())
    return {msp: at for name, msp, at in found if name == task}


@_quietly(_nothing)
def note(task: str, msp_id: UUID | str) -> None:
    """Note that something was done for an MSP just now, by whatever way."""
    client().hset(LAST, f"{task}|{msp_id}", int(time.time()))


@_quietly(_nothing)
def keep_picture(picture: dict[str, Any]) -> None:
    """Keep what was measured last."""
    client().set(PICTURE, json.dumps(picture))


@_quietly(dict[str, Any])
def picture() -> dict[str, Any]:
    """What was measured last; {} when nothing was."""
    read: Any = client().get(PICTURE)
    return dict(json.loads(read)) if read else {}


@_quietly(lambda: -1)
def queue_length(name: str = "celery") -> int:
    """Messages that wait in the queue, without those a worker has taken; -1 when Redis is away."""
    found: Any = client().llen(name)
    return int(found)


@_quietly(lambda: -1)
def taken() -> int:
    """Messages that a worker has taken and not yet acknowledged."""
    found: Any = client().hlen("unacked")
    return int(found)


@_quietly(_nothing_at)
def oldest_message(name: str = "celery") -> datetime | None:
    """When the message was sent that waits longest; None when none does."""
    read: Any = client().lindex(name, -1)
    try:
        return datetime.fromtimestamp(json.loads(read)["headers"]["elinkages_sent_at"], UTC) if read else None
    except (KeyError, TypeError, ValueError):
        return None  # garbage, or a message of another release
