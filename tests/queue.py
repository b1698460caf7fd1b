"""What waits for a worker in the real queue."""

import base64
import json
from typing import Any

from elinkages.celery import redis_client

NAME = "celery"


def waiting(task: Any) -> list[dict[str, Any]]:
    """The arguments of every message for a task, in the order of sending."""
    messages: Any = redis_client().lrange(NAME, 0, -1)
    found = [json.loads(message) for message in reversed(messages)]
    mine = [message for message in found if message["headers"]["task"] == task.name]
    return [json.loads(base64.b64decode(message["body"]))[1] for message in mine]


def empty() -> None:
    """Let nothing wait."""
    redis_client().delete(NAME)
