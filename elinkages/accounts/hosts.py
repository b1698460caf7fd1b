"""Whose host name a request came by: ours, or the one of a portal. Everybody else's is refused before anything else.

ALLOWED_HOSTS stays the list of our own names. A proved name of a portal is let in for this one request, by its row;
links in letters come from rows too, never from a request.
"""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.request import split_domain_port

from elinkages.accounts import domain_checks, domains
from elinkages.accounts.models import Msp

HOST_KEY = "portal_host"
"""In a session: the host name that it began at. It is worth nothing at any other."""
PUBLIC_HERE = frozenset({"arrival", "brand", "letters", "static"})
"""First path segments of the public door that a portal's own host name answers to."""
LOGOUT = "/accounts/logout/"
OURS = ("/accounts/", "/address/", "/invitation/", "/join/", "/p/", "/refer/", "/status/")
"""How paths begin that lead to our own address from there."""


class HostMiddleware:
    """Sets `request.portal_domain`: the row of the name that was asked by, None for our own names."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: Any) -> HttpResponse:
        """A name that nobody proved is 400, as Django does; the check that a name leads here is answered at once."""
        request.portal_domain = None
        try:
            request.get_host()
        except DisallowedHost:
            host, _ = split_domain_port(str(request.META.get("HTTP_HOST", "")).lower())
            name = host.rstrip(".")
            if request.path == domain_checks.WELL_KNOWN and (asked := domains.pending(name) if name else None):
                return HttpResponse(asked.record_value, content_type="text/plain")
            if not name or (domain := domains.served(name)) is None:
                raise
            shown = domain.host + _port()
            request.portal_domain, request.get_host = domain, lambda: shown
            if elsewhere := _elsewhere(request.path_info, domain.msp):
                return HttpResponseRedirect(elsewhere)
        return self.get_response(request)


def address(msp: Msp) -> str:
    """Scheme and host of an MSP's portal, when it has a name of its own in use."""
    return f"{urlsplit(settings.SITE_URL).scheme}://{msp.portal_host}{_port()}"


def _port() -> str:
    port = urlsplit(settings.SITE_URL).port
    return f":{port}" if port else ""


def _elsewhere(path: str, msp: Msp) -> str:
    """Where a path of our own site leads from a portal's name: accounts, other portals and dashboards stay with us."""
    own = f"/p/{msp.slug}/"
    if path.startswith(own):
        return "/" + path.removeprefix(own).lstrip("/")
    if path.startswith("/start/"):
        return "/"
    if path.startswith(OURS) and path != LOGOUT:
        return settings.SITE_URL + path
    return ""
