"""Three doors, one address space: `/<msp>/…` the dashboard, `/p/<msp>/…` the portal, the rest public.

The middleware finds the MSP, moves its part of the path into the script prefix and picks the URLconf, so that
`{% url %}` inside a door needs no MSP. It opens no transaction; the door's view decorator does.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.urls import get_script_prefix, get_urlconf, reverse, set_script_prefix

from elinkages.accounts import hosts
from elinkages.accounts.models import Msp, PortalDomain
from elinkages.kernel.prepared import Prepared

DASHBOARD = "elinkages.urls.dashboard"
PORTAL = "elinkages.urls.portal"
PUBLIC = "elinkages.urls"
URLCONFS = {"dashboard": DASHBOARD, "portal": PORTAL, "public": PUBLIC}

PUBLIC_SEGMENTS = frozenset(
    {
        "",
        "accounts",
        "arrival",
        "brand",
        "letters",
        "start",
        "ops",
        "healthz",
        "metrics",
        "static",
        "styleguide",
        "favicon.ico",
        "robots.txt",
        "invitation",
        "join",
        "refer",
        "status",
        "new-msp",
        "theme",
        "demo",
    }
)
"""First path segments that belong to the public URLconf."""
_ANY = UUID(int=0)
RESERVED_SLUGS = PUBLIC_SEGMENTS | {
    "p",
    "api",
    "admin",
    "www",
    "app",
    "help",
    "docs",
    "status",
    "blog",
    "pricing",
    "login",
    "signup",
    "portal",
}
"""Addresses that no MSP may take."""


FOR_MONITORS = frozenset({"/healthz", "/metrics"})
"""Nobody's addresses: a session cookie that comes along is not looked up, so that they answer without a database."""


class DoorRequest(HttpRequest):
    """A request after the middleware; typing only."""

    door: str
    msp: Msp | None


class DoorMiddleware:
    """Sets `request.door`, `request.msp` and `request.urlconf`."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: Any) -> HttpResponse:
        """Route to the door that the path names; an unknown MSP is 404 like any unknown page.

        A NUL byte is in no address of ours, and PostgreSQL takes none: 400 before anybody asks with it.
        """
        if "%00" in request.META.get("QUERY_STRING", "") or "\0" in request.path_info:
            raise BadRequest("A NUL byte in the address.")
        request.door, request.msp = "public", None
        if request.path_info in FOR_MONITORS:
            request.session = type(request.session)()
        _forget_sessions_of_other_hosts(request)
        if domain := getattr(request, "portal_domain", None):
            return self._at_own_host(request, domain)
        door, slug, rest = _split(request.path_info)
        if slug and (msp := _msps.first(slug=slug)):
            prefix = request.path_info[: len(request.path_info) - len(rest)]
            request.door, request.msp = door, msp
            request.urlconf = URLCONFS[door]
            request.path_info = rest
            with _prefix(f"{prefix}/"):
                return self.get_response(request)
        return self.get_response(request)

    def _at_own_host(self, request: Any, domain: PortalDomain) -> HttpResponse:
        """The portal of one MSP at the root of its own host name, and the few public pages that belong to it."""
        first = request.path_info.removeprefix("/").partition("/")[0]
        request.msp = domain.msp
        if first not in hosts.PUBLIC_HERE and request.path_info != hosts.LOGOUT:
            request.door, request.urlconf = "portal", PORTAL
        return self.get_response(request)


_msps = Prepared(lambda slug: Msp.objects.filter(slug=slug), slug=str)


def _forget_sessions_of_other_hosts(request: Any) -> None:
    """A session lives at the host name where it began: whoever gets hold of that name can use it nowhere else."""
    domain = getattr(request, "portal_domain", None)
    here = domain.host if domain else ""
    if request.session.get(hosts.HOST_KEY, "") != here and request.session.session_key:
        request.session = type(request.session)()


def _split(path: str) -> tuple[str, str, str]:
    """(door, slug, rest of the path with its leading slash); slug is "" for the public door."""
    first, _, rest = path.removeprefix("/").partition("/")
    if first == "p":
        slug, slash, rest = rest.partition("/")
        return ("portal", slug, slash + rest) if slash else ("public", "", path)
    if first in PUBLIC_SEGMENTS or "/" not in path.removeprefix("/"):
        return "public", "", path
    return "dashboard", first, f"/{rest}"


@contextmanager
def _prefix(prefix: str) -> Iterator[None]:
    before = get_script_prefix()
    set_script_prefix(prefix)
    try:
        yield
    finally:
        set_script_prefix(before)


def root(door: str, msp: Msp | None) -> str:
    """The path at which a door begins: `/acme/`, `/p/acme/`, `/`."""
    return {"dashboard": "/{}/", "portal": "/p/{}/", "public": "/"}[door].format(msp.slug if msp else "")


def here(name: str) -> str:
    """The path of a named page without arguments, behind the door of this request; raises NoReverseMatch."""
    return get_script_prefix() + _below(get_urlconf(), name)


def around(name: str) -> tuple[str, str]:
    """What stands before and after the id in the path of a named page of one thing, behind the door of this request."""
    before, after = _around(get_urlconf(), name)
    return get_script_prefix() + before, after


@cache
def _below(urlconf: str | None, name: str) -> str:
    """Every page asks for the same dozen."""
    return reverse(name, urlconf=urlconf).removeprefix(get_script_prefix())


@cache
def _around(urlconf: str | None, name: str) -> tuple[str, str]:
    before, _, after = (
        reverse(name, urlconf=urlconf, args=[_ANY]).removeprefix(get_script_prefix()).partition(str(_ANY))
    )
    return before, after


def url(door: str, msp: Msp | None, name: str, *args: Any) -> str:
    """The path of a named page behind a door: `url("portal", msp, "portal:home")`."""
    prefix, urlconf = root(door, msp), URLCONFS[door]
    with _prefix(prefix):
        match args:
            case ():
                return prefix + _below(urlconf, name)
            case (UUID() as pk,):
                before, after = _around(urlconf, name)
                return f"{prefix}{before}{pk}{after}"
        return reverse(name, urlconf=urlconf, args=args)


def absolute(door: str, msp: Msp | None, name: str, *args: Any) -> str:
    """The same with the site's own address, or the portal's, for e-mails; never built from a request's Host header."""
    if door == "portal" and msp and msp.portal_host:
        with _prefix("/"):
            return hosts.address(msp) + reverse(name, urlconf=PORTAL, args=args)
    return settings.SITE_URL + url(door, msp, name, *args)
