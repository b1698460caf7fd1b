"""`bin/shots [USER …]`: every page as each demo user, 1280 and 390 wide, light and dark, in build/shots/."""

import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import django

from elinkages.machine import chromium
from tests import demo_site

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

FOLDER = demo_site.ROOT / "build" / "shots"
WINDOWS = {"1280": {"width": 1280, "height": 900}, "390": {"width": 390, "height": 844}}
SCHEMES = ("light", "dark")
Places = dict[str, str]
NEWCOMER = "nora@firstday.example"


def main(wanted: list[str]) -> None:
    """Fill the demo, serve it, walk it with a browser."""
    demo_site.fill()
    django.setup()
    everybody = {email: one for email, one in _everybody().items() if not wanted or email in wanted}
    known = {email: demo_site.cookies(email) for email in everybody if "@" in email}
    with demo_site.served() as address:
        from playwright.sync_api import sync_playwright

        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium.find(), args=list(chromium.QUIET))
            for email, places in everybody.items():
                _pictures(browser, address, email, places, known.get(email, {}))


def _everybody() -> dict[str, Places]:
    """Every demo user's pages: a name and a path each."""
    from elinkages.accounts.models import Msp
    from elinkages.pages.demo import cast

    northbeam, harborlight = Msp.objects.get(slug="northbeam"), Msp.objects.get(slug="harborlight")
    public = {"landing": "/", "login": "/accounts/login/", "signup": "/accounts/signup/"}
    return {
        "nobody": public | {"reset": "/accounts/password/reset/"},
        cast.OWNER.email: _places("dashboard", northbeam, None),
        cast.FINANCE.email: _places("dashboard", northbeam, None),
        cast.MANAGER.email: _places("dashboard", northbeam, None),
        cast.PETRA.email: {"start": "/start/"} | _places("portal", northbeam, cast.PETRAS_FIRM),
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
            page = context.new_page()
            for name, path in places.items():
                count += _picture(page, address + path, folder / f"{name}-{width}-{scheme}.png")
            context.close()
    print(f"{email}: {count} pictures in {folder.relative_to(demo_site.ROOT)}", flush=True)


def _picture(page: "Page", url: str, file: Path) -> bool:
    """One picture, of an address that answers with a page: many only take what is sent, or answer with a part."""
    answer = page.request.get(url)
    if answer.status != 200 or "<html" not in answer.text()[:500]:
        return False
    page.goto(url)
    page.screenshot(path=file, full_page=True)
    return True


if __name__ == "__main__":
    main(sys.argv[1:])
