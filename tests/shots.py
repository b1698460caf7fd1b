"""`bin/shots [USER …]`: every page as each demo user, 1280 and 390 wide, light and dark, in build/shots/.

A user is an address of the demo, `nobody`, or `own-host`: the portal at the MSP's own host name.
"""

import re
import sys
from contextlib import suppress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import django

from elinkages.machine import chromium
from tests import demo_site

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from elinkages.accounts.models import Msp

FOLDER = demo_site.ROOT / "build" / "shots"
WINDOWS = {"1280": {"width": 1280, "height": 900}, "390": {"width": 390, "height": 844}}
SCHEMES = ("light", "dark")
Places = dict[str, str]
NEWCOMER = "nora@firstday.example"
OWN_HOST = "own-host"
HOST = "partners.northbeam.example"
"""What Chromium alone takes for the machine that it runs on."""
PUBLIC: Places = {
    "landing": "/",
    "login": "/accounts/login/",
    "login-code": "/accounts/login/code/",
    "signup": "/accounts/signup/",
    "reset": "/accounts/password/reset/",
    "join": "/join/northbeam/",
    "join-adviser": "/join/northbeam/adviser/",
    "join-sent": "/join/northbeam/sent/",
    "refer": "/refer/northbeam/",
    "refer-sent": "/refer/northbeam/sent/",
}
ACCOUNT: Places = {
    "account-email": "/accounts/email/",
    "account-password": "/accounts/password/change/",
    "account-second-factors": "/accounts/2fa/",
    "account-sessions": "/accounts/sessions/",
    "account-close": "/accounts/close/",
    "account-log-out": "/accounts/logout/",
    "new-msp": "/new-msp/",
}


def main(wanted: list[str]) -> None:
    """Fill the demo, serve it, walk it with a browser."""
    demo_site.fill()
    django.setup()
    everybody = {name: places for name, places in _everybody().items() if not wanted or name in wanted}
    known = {name: _cookies(name) for name in everybody}
    with demo_site.served() as address:
        from playwright.sync_api import sync_playwright

        at_own_host = f"http://{HOST}:{urlsplit(address).port}"
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=chromium.find(),
                args=[*chromium.QUIET, f"--host-resolver-rules=MAP {HOST} 127.0.0.1"],
            )
            for name, places in everybody.items():
                _pictures(browser, at_own_host if name == OWN_HOST else address, name, places, known[name])


def _cookies(name: str) -> dict[str, str]:
    from elinkages.pages.demo import cast

    if name == OWN_HOST:
        return demo_site.cookies(cast.PETRA.email, host=HOST)
    return demo_site.cookies(name) if "@" in name else {}


def _everybody() -> dict[str, Places]:
    """Every demo user's pages: a name and a path each."""
    from elinkages.accounts.models import Msp
    from elinkages.pages.demo import cast

    northbeam, harborlight = Msp.objects.get(slug="northbeam"), Msp.objects.get(slug="harborlight")
    _take_own_host(northbeam)
    petra = _places("portal", northbeam, cast.PETRAS_FIRM)
    return {
        "nobody": PUBLIC | _in_letters(northbeam),
        cast.OWNER.email: ACCOUNT | _places("dashboard", northbeam, None),
        cast.FINANCE.email: _places("dashboard", northbeam, None),
        cast.MANAGER.email: _places("dashboard", northbeam, None),
        cast.READER.email: _places("dashboard", northbeam, None),
        cast.PETRA.email: {"start": "/start/"} | petra,
        cast.COLLEAGUE.email: petra,
        OWN_HOST: {name: path.replace("/p/northbeam", "", 1) for name, path in petra.items()},
        cast.PAUL.email: _places("portal", northbeam, cast.PAULS_FIRM),
        cast.RIVAL.email: _places("dashboard", harborlight, None),
        NEWCOMER: _places("dashboard", _found_empty(), None),
        cast.STAFF.email: {
            "ops": "/ops/",
            "ops-health": "/ops/health/",
            "ops-queues": "/ops/queues/",
            "ops-mail": "/ops/mail/",
            "start": "/start/",
        },
    }


def _in_letters(msp: "Msp") -> Places:
    """The public pages that the demo's letters lead to, of each the latest: an older link may be used up."""
    from django.urls import Resolver404, resolve

    from elinkages.kernel import tenancy
    from elinkages.mail.models import Message

    with tenancy.use(msp.pk):
        texts = list(Message.objects.order_by("created_at").values_list("text", flat=True))
    found: Places = {}
    for link in re.findall(r"https?://\S+", " ".join(texts)):
        path = urlsplit(link).path
        with suppress(Resolver404):  # it lies behind the door of the dashboard or of the portal
            found[str(resolve(path).url_name)] = path
    return found


def _take_own_host(msp: "Msp") -> None:
    """As after a check that found the record and the name."""
    from django.utils import timezone

    from elinkages.accounts import domains
    from elinkages.accounts.models import PortalDomain
    from elinkages.kernel import tenancy
    from elinkages.kernel.actors import System

    at = timezone.now()
    with tenancy.use(msp.pk):
        domain = PortalDomain.objects.create(msp=msp, host=HOST, token="0" * 40, added_at=at)
        domains.record(domain, is_proved=True, is_live=True, problem="", by=System("bin/shots"), at=at)


def _found_empty() -> object:
    """An MSP on its first day: every page must be useful with nothing on it."""
    from django.utils import timezone

    from elinkages.accounts import msps
    from elinkages.kernel import tenancy
    from elinkages.pages.demo import cast, people

    owner = people.account(cast.Person("Nora Quist", NEWCOMER, "Owner of Firstday IT"))
    with tenancy.use(msps.new_id(owner)):
        return msps.found(
            name="Firstday IT",
            slug="firstday",
            time_zone="America/Chicago",
            currency="USD",
            owner=owner,
            at=timezone.now(),
        )


def _places(door: str, msp: object, firm: str | None) -> Places:
    """The pages behind a door, some once per state of what they show; without those that nothing is there for."""
    from elinkages.accounts.models import Msp
    from elinkages.kernel import tenancy
    from tests import samples, walk
    from tests.world import House

    assert isinstance(msp, Msp)
    with tenancy.use(msp.pk):
        ids, states = samples.one_of_each(firm), samples.in_every_state(firm)
    house = House(msp, "", {}, None, None)  # type: ignore[arg-type]
    places: Places = {}
    for address in walk.addresses(door):
        name = address.name.partition(":")[2]
        shown = {name: ids} | {
            f"{name}-{state}": ids | {samples.STATES[name][0]: pk} for state, pk in states.get(name, {}).items()
        }
        for title, arguments in shown.items():
            with suppress(KeyError):
                places[title] = address.url(house, arguments, door)
    return places


def _pictures(browser: "Browser", address: str, email: str, places: Places, cookies: dict[str, str]) -> None:
    folder = FOLDER / email.partition("@")[0]
    folder.mkdir(parents=True, exist_ok=True)
    count = 0
    for scheme in SCHEMES:
        for width, window in WINDOWS.items():
            phone = width == "390"
            context = browser.new_context(
                viewport=window,  # type: ignore[arg-type]
                color_scheme=scheme,  # type: ignore[arg-type]
                is_mobile=phone,
                has_touch=phone,
            )
            context.add_cookies([{"name": name, "value": value, "url": address} for name, value in cookies.items()])
            refusals: set[str] = set()  # of pages that refuse in the same words, the first is enough
            for name, path in places.items():
                page = context.new_page()  # one that was sent a file stumbles over the next address, too
                status = _visit(page, address + path)
                if status == 200 or (status == 403 and page.title() not in refusals):
                    page.screenshot(path=folder / f"{name}-{width}-{scheme}.png", full_page=True)
                    refusals |= {page.title()} if status == 403 else set()
                    count += 1
                page.close()
            context.close()
    print(f"{email}: {count} pictures in {folder.relative_to(demo_site.ROOT)}", flush=True)


def _visit(page: "Page", url: str) -> int:
    """The status of an address that answers with a page, else 0: many only take what is sent, or answer with a file."""
    from playwright.sync_api import Error

    try:
        answer = page.goto(url)
    except Error:
        return 0
    is_page = answer is not None and "html" in answer.headers.get("content-type", "")
    return answer.status if answer and is_page and page.locator("main").count() else 0


if __name__ == "__main__":
    main(sys.argv[1:])
