"""What a monitor or a load balancer asks: does the product work, and is anybody at the queue?"""

from collections.abc import Callable

from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from redis.exceptions import RedisError

from elinkages.celery import redis_client

NEEDED_BY_THE_WEB = ("database", "redis")


@never_cache
def healthz(_request: HttpRequest) -> JsonResponse:
    """The state of database, Redis, worker and beat: 503 only without what this page's server itself needs.

    A missing worker is 200 with `"worker": "missing"`, because taking the web down would not bring it back.
    """
    found = states()
    well = all(found[part] == "ok" for part in NEEDED_BY_THE_WEB)
    return JsonResponse(found, status=200 if well else 503)


def states() -> dict[str, str]:
    """What of the product runs: each part ok, missing or unreachable."""
    return {
        "database": _state(_database_answers),
        "redis": _state(lambda: redis_client().ping()),
        "worker": _state(lambda: redis_client().exists("elinkages:alive:worker")),
        "beat": _state(lambda: redis_client().exists("elinkages:alive:beat")),
    }


def _database_answers() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        return True


def _state(question: Callable[[], object]) -> str:
    try:
        return "ok" if question() else "missing"
    except (DatabaseError, RedisError):
        return "unreachable"
