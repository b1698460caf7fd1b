"""What waits for a worker in the real queue."""

import base64
import json
from typing import Any

from elinkages.celery import app, redis_client

NAME = "celery"


def waiting(task: Any) -> list[dict[str, Any]]:
    """The arguments of every message for a task, in the order of sending."""
    messages: Any = redis_client().lrange(NAME, 0, -1)
    found = [json.loads(message) for message in reversed(messages)]
    mine = [message for message in found if message["headers"]["task"] == task.name]
    return [json.loads(base64.b64decode(message["body"]))[1] for message in mine]


def take() -> str:
    """Do what has waited longest, in this process, as a worker would; whose it was, "" when nothing waits."""
    message: Any = redis_client().rpop(NAME)
    if message is None:
        return ""
    found = json.loads(message)
    ids = json.loads(base64.b64decode(found["body"]))[1]
    app.tasks[found["headers"]["task"]](**ids)
    return str(ids["msp_id"])


def empty() -> None:
    """Let nothing wait."""
    redis_client().delete(NAME)
