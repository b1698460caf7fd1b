"""One log line and two metrics for every request, by the name of its route: addresses can carry tokens."""

import time
from collections.abc import Callable
from typing import Any

import structlog
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django_structlog.celery.signals import modify_context_before_task_publish
from django_structlog.middlewares import RequestMiddleware

from elinkages.watch import metrics, person

UNROUTED = "(none)"


def route_name(request: Any) -> str:
    """`dashboard:partner-list`; never the address."""
    match = getattr(request, "resolver_match", None)
    return match.view_name or UNROUTED if match else UNROUTED


class RequestLog(RequestMiddleware):
    """Binds a request id to every line that is logged on the way, and to the tasks that the request causes.

    The answer carries the id as X-Request-ID, so that whoever reports an error can name it.
    """

    def __call__(self, request: Any) -> Any:
        """Log the end of the request, with its time."""
        request._began = time.perf_counter()
        return super().__call__(request)

    def prepare(self, request: Any) -> None:
        """A fresh id; one from outside is not believed."""
        structlog.contextvars.clear_contextvars()
        person.request.set(request)
        super().prepare(request)

    def handle_response(self, request: Any, response: Any) -> None:
        """Say whose request it was: known only now, because doors and visits open on the way."""
        bound = structlog.contextvars.get_contextvars()
        response.headers["X-Request-ID"] = bound.get("request_id", "")
        structlog.contextvars.bind_contextvars(ms=round((time.perf_counter() - request._began) * 1000))
        if msp := _msp_id(request):
            structlog.contextvars.bind_contextvars(msp=msp)
        super().handle_response(request, response)
        person.request.set(None)

    @staticmethod
    def format_request(request: HttpRequest) -> str:
        """Method and route."""
        return f"{request.method} {route_name(request)}"

    @staticmethod
    def bind_user_id(request: Any) -> None:
        """Not here: the middleware of the library asks the session. `logs.add_person` says it, once it is known."""


@receiver(modify_context_before_task_publish)
def tell_the_task(context: dict[str, Any], **_: Any) -> None:
    """A task is told who caused it."""
    if found := person.id_():
        context["user_id"] = found


def _msp_id(request: Any) -> str:
    msp = getattr(request, "msp", None)
    if msp is None and (visit := getattr(request, "visit", None)) is not None:
        msp = visit.msp
    return str(msp.pk) if msp else ""


class RequestMetrics:
    """Counts requests and their time."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: Any) -> HttpResponse:
        """Measure one request, from the first middleware to the answer."""
        began = time.perf_counter()
        response = self.get_response(request)
        metrics.count_request(
            route=route_name(request),
            method=request.method if request.method in metrics.METHODS else "OTHER",
            status=response.status_code,
            seconds=time.perf_counter() - began,
        )
        return response
