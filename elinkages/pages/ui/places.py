"""The places a door leads to: the rail of the dashboard and the bar of the portal."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from django.http import HttpRequest
from django.urls import NoReverseMatch, get_script_prefix
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from elinkages.accounts import doors
from elinkages.kernel.icons import icon_html

HOME = "home"
EARNINGS = "earnings"
"""What a person of a partner may be without: sight of amounts."""


@dataclass(frozen=True)
class Way:
    """A place by its URL name, the right that its page asks for, and what else stands below it."""

    name: str
    label: str
    icon: str
    right: str = "view"
    also: tuple[str, ...] = ()


DASHBOARD = (
    Way("dashboard:home", "Home", "house"),
    Way("dashboard:partner-list", "Partners", "users", also=("people/",)),
    Way("dashboard:referral-list", "Referrals", "send", also=("cases/", "findings/", "flags/", "splits/")),
    Way("dashboard:client-list", "Clients", "building-2", also=("contracts/", "billing/")),
    Way("dashboard:commission-list", "Commissions", "percent"),
    Way("dashboard:plan-list", "Plans", "scroll-text"),
    Way("dashboard:payout-run-list", "Payouts", "banknote"),
    Way("dashboard:import-list", "Import", "upload", "imports.manage"),
    Way("dashboard:settings", "Settings", "settings"),
)
PORTAL = (
    Way("portal:home", "Home", "house"),
    Way("portal:referral-list", "Referrals", "send", also=("refer/", "link/", "credit/")),
    Way("portal:earnings", "Earnings", "coins", EARNINGS, also=("service-credit/",)),
    Way("portal:statement-list", "Statements", "file-text", EARNINGS),
)


@dataclass(frozen=True)
class Place:
    """A link of a navigation; `current` is what `aria-current` says (`page`, `true`, or nothing)."""

    url: str
    label: str
    icon: str
    current: str = ""


def address(name: str) -> str:
    """The address of a URL name, or an empty string where this door does not have it."""
    try:
        return doors.here(name)
    except NoReverseMatch:
        return ""


def places(request: HttpRequest, ways: Iterable[Way]) -> tuple[Place, ...]:
    """The places behind this door that the reader may open, with the one they are in marked."""
    member = getattr(request, "member", None)
    sees_earnings = getattr(getattr(request, "contact", None), "sees_earnings", True)
    found = []
    for way in ways:
        url = address(way.name)
        if url and (member.may(way.right) if member else sees_earnings or way.right != EARNINGS):
            current = _current(request.path, url, way)
            found.append(Place(url, way.label, way.icon, current))
    return tuple(found)


@lru_cache(maxsize=512)
def places_html(found: tuple[Place, ...]) -> SafeString:
    """Links in a list; the same few for every page of an MSP."""
    lines = format_html_join(
        "",
        '\n  <li><a href="{}"{}>{}<span>{}</span></a></li>',
        ((place.url, _mark(place), icon_html(place.icon), place.label) for place in found),
    )
    return format_html('<ul class="places">{}\n</ul>\n', lines)


def _mark(place: Place) -> SafeString | str:
    return format_html(' aria-current="{}"', place.current) if place.current else ""


def _current(path: str, url: str, way: Way) -> str:
    if path == url:
        return "page"
    below = tuple(f"{get_script_prefix()}{first}" for first in way.also)
    is_home = way.name.endswith(f":{HOME}")
    return "true" if not is_home and path.startswith((url, *below)) else ""
