"""A visitor follows every link behind a door, on a wide window and on a phone, and meets no fault."""

import re
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from commissions import accruals
from elinkages.accounts.models import Msp
from elinkages.kernel import tenancy
from partners.models import SourceKind
from tests import builders
from tests.browser import DESKTOP, PHONE, is_too_wide, logged_in, serious

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

NOW = datetime(2026, 6, 15, 15, 0, tzinfo=UTC)
NAMES = (
    "Harbor & Finch CPAs",
    "Brightwater Dental",
    "Summit Peak Networks of Colorado Springs, LLC",
    "Stackhouse Backup",
)
KINDS = (SourceKind.CENTRE, SourceKind.CLIENT, SourceKind.PEER, SourceKind.VENDOR)


@pytest.fixture
def msp() -> Msp:
    """An MSP with partners, open introductions, clients and five months of commissions."""
    found = builders.an_msp("Northwind IT", slug="northwind")
    with tenancy.use(found.pk):
        plan = builders.a_plan()
        for name, kind in zip(NAMES, KINDS, strict=True):
            partner = builders.a_partner(name, kind)
            builders.a_referral(partner)
            builders.a_deal(partner, plan=plan, mrr_minor=185_000)
        accruals.accrue(today=NOW.date(), at=NOW)
        accruals.release(today=NOW.date(), at=NOW)
    return found


def _shape(address: str) -> str:
    return re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "*", urlsplit(address).path)


def _faults(page: Page) -> list[str]:
    """What is wrong with the page that is open, in either window: its width, and what axe finds serious."""
    faults = []
    for name, window in (("desktop", DESKTOP), ("phone", PHONE)):
        page.set_viewport_size(window)
        found = (["wider than the window"] if is_too_wide(page) else []) + serious(page)
        faults += [f"{name}: {fault}" for fault in found]
    return faults


def _tour(context: BrowserContext, start: str) -> dict[str, list[str]]:
    """The faults of every page that links lead to from `start`, one page of each shape."""
    page, told = context.new_page(), list[str]()
    page.on("console", lambda message: told.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: told.append(str(error)))
    waiting, seen, faults = [start], {_shape(start)}, dict[str, list[str]]()
    while waiting:
        address = waiting.pop(0)
        answer = page.goto(address)
        if answer is None or answer.status != 200:
            told.append(f"status {answer and answer.status}")
        if wrong := told + _faults(page):
            faults[_shape(address)] = wrong
        told.clear()
        links = page.eval_on_selector_all("a[href]:not([download])", "links => links.map(link => link.href)")
        for link in links:
            if link.startswith(start) and _shape(link).endswith("/") and _shape(link) not in seen:
                seen.add(_shape(link))
                waiting.append(link)
    assert faults or len(seen) > 3, "the tour ended at the door"
    return faults


def test_every_page_of_the_dashboard_that_a_link_leads_to_is_sound(
    browser: Browser, live_server: Any, msp: Msp
) -> None:
    owner = builders.a_member(msp)
    context = logged_in(browser, owner.user, live_server.url)
    assert _tour(context, f"{live_server.url}/northwind/") == {}


def test_every_page_of_the_portal_that_a_link_leads_to_is_sound(browser: Browser, live_server: Any, msp: Msp) -> None:
    with tenancy.use(msp.pk):
        partner = builders.a_partner("Lakeside Advisory")
        builders.a_deal(partner)
        builders.a_referral(partner, "Alder Legal")
        login = builders.a_login(partner)
        accruals.accrue(today=date(2026, 6, 15), at=NOW)
    context = logged_in(browser, login.user, live_server.url)
    assert _tour(context, f"{live_server.url}/p/northwind/") == {}
