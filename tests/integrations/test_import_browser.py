"""An owner brings a file in a real browser, with a real worker: with scripts and without."""

import os
from pathlib import Path
from typing import Any

import pytest
from django.contrib.staticfiles import finders
from django.utils import timezone
from playwright.sync_api import Browser, Locator, Page, expect

from elinkages.accounts.models import Msp
from elinkages.kernel import tenancy
from integrations import tasks
from integrations.models import Import
from integrations.spreadsheets import imports
from partners import onboarding
from partners.models import Partner
from referrals import service_lines
from tests import builders
from tests.browser import DESKTOP, PHONE, is_too_wide, logged_in, serious
from tests.integrations.workbooks import workbook
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
    return logged_in(browser, builders.a_member(msp).user, url, **options).new_page()


def is_sound(page: Page) -> None:
    """No wider than its window, and nothing that keeps people out."""
    assert not is_too_wide(page)
    assert serious(page) == []


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


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_choosing_a_sheet_and_taking_back_are_sound_in_every_width_and_theme(
    browser: Browser, live_server: Any, msp: Msp, tmp_path: Path, viewport: dict[str, int], scheme: str
) -> None:
    rows = [["Name", "Kind", "City"], *([f"Firm {number}", "CPA", "Troy"] for number in range(12))]
    path = tmp_path / "Our partners.xlsx"
    path.write_bytes(workbook({"Partners": rows, "Old list": rows}))
    page = open_as_owner(browser, msp, live_server.url, viewport=viewport, color_scheme=scheme)
    pictures = Path(os.environ.get("PICTURES", tmp_path))
    upload(page, live_server.url, str(path))
    expect(page.get_by_role("button", name="Read this sheet")).to_be_visible()
    is_sound(page)
    page.screenshot(path=pictures / f"sheet-{viewport['width']}-{scheme}.png", full_page=True)
    page.get_by_role("button", name="Check all rows").click()
    with tenancy.use(msp.pk):
        batch = Import.objects.get()
        owner = batch.uploaded_by
    told = {"msp_id": str(msp.pk), "import_id": str(batch.pk)}
    tasks.check.run(**told)
    with tenancy.use(msp.pk):
        imports.start(imports_again(batch), by=owner, at=timezone.now())
    tasks.run.run(**told)
    with tenancy.use(msp.pk):
        onboarding.activate(Partner.objects.get(name="Firm 3"), by=owner, at=timezone.now())
    page.goto(f"{live_server.url}/northwind/imports/{batch.pk}/")
    is_sound(page)
    page.screenshot(path=pictures / f"done-{viewport['width']}-{scheme}.png", full_page=True)
    page.get_by_role("link", name="Take back").click()
    button = page.get_by_role("button", name="Take back 11 rows")
    is_sound(page)
    page.screenshot(path=pictures / f"undo-{viewport['width']}-{scheme}.png", full_page=True)
    button.click()
    expect(page.get_by_text("Taking rows back")).to_be_visible()
    tasks.undo.run(**told)
    page.goto(f"{live_server.url}/northwind/imports/{batch.pk}/?fate=kept")
    expect(page.get_by_text("11 rows were taken back")).to_be_visible()
    is_sound(page)
    page.screenshot(path=pictures / f"undone-{viewport['width']}-{scheme}.png", full_page=True)
    page.goto(f"{live_server.url}/northwind/imports/new/")
    is_sound(page)
    page.screenshot(path=pictures / f"new-{viewport['width']}-{scheme}.png", full_page=True)


def imports_again(batch: Import) -> Import:
    """The import as it is now."""
    return Import.objects.get(pk=batch.pk)
