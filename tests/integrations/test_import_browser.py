"""An owner brings a file in a real browser, with a real worker: with scripts and without."""

from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.contrib.staticfiles import finders
from django.test import Client
from playwright.sync_api import Browser, Locator, Page, expect

from elinkages.accounts.models import Msp
from elinkages.kernel import tenancy
from partners.models import Partner
from referrals import service_lines
from tests import builders
from tests.browser import DESKTOP, PHONE
from tests.worker import worker

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PATIENCE = 30_000


@pytest.fixture
def msp() -> Msp:
    found = builders.an_msp("Northwind IT", slug="northwind")
    with tenancy.use(found.pk):
        service_lines.seed(builders.AT)
    return found


def open_as_owner(browser: Browser, msp: Msp, url: str, **options: Any) -> Page:
    client = Client()
    client.force_login(builders.a_member(msp).user)
    context = browser.new_context(**options)
    context.add_cookies([{"name": "session", "value": client.cookies["session"].value, "url": url}])
    return context.new_page()


def is_sound(page: Page) -> None:
    """No wider than its window, and nothing that keeps people out."""
    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")
    faults = [fault for fault in Axe().run(page).response["violations"] if fault["impact"] in {"serious", "critical"}]
    assert faults == []


def upload(page: Page, url: str, path: str) -> None:
    page.goto(f"{url}/northwind/imports/new/")
    page.get_by_label("Partners", exact=True).check()
    page.get_by_label("File").set_input_files(path)
    page.get_by_role("button", name="Upload and choose columns").click()


def reload_until(page: Page, name: str) -> Locator:
    place = page.get_by_text(name)
    for _ in range(150):
        if place.count():
            break
        page.get_by_role("link", name="reload this page").click()
        page.wait_for_timeout(200)
    return place


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_a_file_is_brought_and_every_page_on_the_way_is_sound(
    browser: Browser, live_server: Any, msp: Msp, tmp_path: Path, viewport: Any
) -> None:
    page = open_as_owner(browser, msp, live_server.url, viewport=viewport)
    example = finders.find("examples/partners.csv")
    assert isinstance(example, str)
    with worker(tmp_path):
        page.goto(f"{live_server.url}/northwind/imports/new/")
        is_sound(page)
        upload(page, live_server.url, example)
        is_sound(page)
        page.get_by_role("button", name="Check all rows").click()
        start = page.get_by_role("button", name="Import 5 rows")
        expect(start).to_be_visible(timeout=PATIENCE)
        is_sound(page)
        start.click()
        expect(page.get_by_role("link", name="Import another")).to_be_visible(timeout=PATIENCE)
        is_sound(page)
    with tenancy.use(msp.pk):
        assert Partner.objects.count() == 5


def test_without_scripts_a_reload_shows_how_far_it_is(
    browser: Browser, live_server: Any, msp: Msp, tmp_path: Path
) -> None:
    page = open_as_owner(browser, msp, live_server.url, viewport=DESKTOP, java_script_enabled=False)
    example = finders.find("examples/partners.csv")
    assert isinstance(example, str)
    upload(page, live_server.url, example)
    page.get_by_role("button", name="Check all rows").click()
    with worker(tmp_path):
        reload_until(page, "Import 5 rows").click()
        reload_until(page, "Import another")
    with tenancy.use(msp.pk):
        assert Partner.objects.count() == 5
