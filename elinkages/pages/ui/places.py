"""The places a door leads to: the rail of the dashboard and the bar of the portal."""

from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse

HOME = "home"
DASHBOARD = (
    ("dashboard:home", "Home", "house"),
    ("dashboard:partner-list", "Partners", "users"),
    ("dashboard:referral-list", "Referrals", "send"),
    ("dashboard:client-list", "Clients", "building-2"),
    ("dashboard:commission-list", "Commissions", "percent"),
    ("dashboard:plan-list", "Plans", "scroll-text"),
    ("dashboard:payout-run-list", "Payouts", "banknote"),
    ("dashboard:import-list", "Import", "upload"),
    ("dashboard:settings", "Settings", "settings"),
)
PORTAL = (
    ("portal:home", "Home", "house"),
    ("portal:referral-list", "Referrals", "send"),
    ("portal:earnings", "Earnings", "coins"),
    ("portal:statement-list", "Statements", "file-text"),
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
        return reverse(name)
    except NoReverseMatch:
        return ""


def places(request: HttpRequest, table: tuple[tuple[str, str, str], ...]) -> list[Place]:
    """The places of a table that exist behind this door, with the one the reader is in marked."""
    found = []
    for name, label, icon in table:
        if url := address(name):
            found.append(
                Place(
                    url,
                    label,
                    icon,
                    _current(request.path, url, exact=name.endswith(f":{HOME}")),
                )
            )
    return found


def _current(path: str, url: str, *, exact: bool) -> str:
    if path == url:
        return "page"
    return "true" if not exact and path.startswith(url) else ""
