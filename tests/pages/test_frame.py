"""The frame of every page, in a real browser: policy, theme, keys, width, and life without scripts."""

from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.browser import DESKTOP, PHONE, is_too_wide, serious

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def guide(live_server: Any, settings: Any) -> str:
    settings.DEMO = True
    return f"{live_server.url}/styleguide/"


def _open(browser: Browser, url: str, faults: list[str], **options: Any) -> Page:
    page = browser.new_context(**options).new_page()
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(url)
    return page


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_component_obeys_the_content_policy_fits_the_window_and_satisfies_axe(
    browser: Browser, guide: str, viewport: Any, scheme: Any
) -> None:
    faults: list[str] = []
    page = _open(browser, guide, faults, viewport=viewport, color_scheme=scheme)
    page.wait_for_function("!!customElements.get('wide-tables') && !!customElements.get('theme-switch')")
    assert faults == []
    assert not is_too_wide(page)
    assert serious(page) == []


def test_axe_finds_no_serious_fault_on_the_way_in(browser: Browser, live_server: Any) -> None:
    faults: list[str] = []
    page = _open(browser, f"{live_server.url}/", faults)
    for path in ("/", "/accounts/login/", "/accounts/signup/", "/accounts/password/reset/"):
        page.goto(f"{live_server.url}{path}")
        for window in (DESKTOP, PHONE):
            page.set_viewport_size(window)
            assert serious(page) == []
            assert not is_too_wide(page)
    assert faults == []


def test_a_chosen_theme_is_there_on_the_next_page_before_any_script_runs(browser: Browser, guide: str) -> None:
    page = _open(browser, guide, [], viewport=DESKTOP, color_scheme="light")
    light = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    page.click("theme-switch label[title=Dark]")
    assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") != light
    page.reload()
    assert page.get_attribute("html", "data-theme") == "dark"
    page.click("theme-switch label[title='As on this device']")
    page.reload()
    assert page.get_attribute("html", "data-theme") is None


def test_a_list_is_walked_opened_and_searched_by_keys(browser: Browser, guide: str) -> None:
    page = _open(browser, guide, [], viewport=DESKTOP)
    page.wait_for_function("!!customElements.get('page-keys')")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    assert page.evaluate("document.activeElement.textContent") == "Harbor & Finch CPAs"
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url("**#r2")
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.type") == "search"
    page.keyboard.press("j")
    assert page.input_value("input[type=search]") == "j"


def test_without_scripts_forms_and_messages_are_there_and_dead_buttons_are_not(browser: Browser, guide: str) -> None:
    page = _open(browser, guide, [], viewport=PHONE, java_script_enabled=False)
    assert page.locator("button[type=submit]", has_text="Add partner").first.is_visible()
    assert page.locator("auto-submit button", has_text="Apply").is_visible()
    assert page.locator(".toast").is_visible()
    assert not page.locator(".toast-close").is_visible()
    assert not page.locator("copy-button button").is_visible()
    assert not page.locator("theme-switch").is_visible()


def test_on_a_phone_every_row_of_a_table_is_a_card_that_names_its_columns(browser: Browser, guide: str) -> None:
    page = _open(browser, guide, [], viewport=PHONE)
    row = page.locator("#tables tbody tr").first
    assert row.evaluate("row => getComputedStyle(row).display") == "block"
    label = "cell => getComputedStyle(cell, '::before').content"
    assert row.locator("td[data-label='Status']").evaluate(label) == '"Status"'
