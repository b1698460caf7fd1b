"""What Prometheus asks."""

import hmac

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache

from elinkages.watch.metrics import exposition

LOOPBACK = frozenset({"127.0.0.1", "::1"})
PASSED_ON = ("X-Forwarded-For", "Forwarded", "X-Real-IP")
"""What a reverse proxy adds: with one of these the request came from elsewhere, though the proxy is on this machine."""


@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """The figures, for this machine and for whoever knows METRICS_TOKEN; for everybody else there is no such page."""
    if not (_is_local(request) or _has_token(request)):
        raise Http404("For the monitor.")
    return HttpResponse(exposition(), content_type="text/plain; version=0.0.4; charset=utf-8")


def _is_local(request: HttpRequest) -> bool:
    return request.META.get("REMOTE_ADDR") in LOOPBACK and not any(name in request.headers for name in PASSED_ON)


def _has_token(request: HttpRequest) -> bool:
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    return bool(settings.METRICS_TOKEN) and hmac.compare_digest(given.encode(), settings.METRICS_TOKEN.encode())
