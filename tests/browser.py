"""A real Chromium for tests marked `browser` (a pytest plugin)."""

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from elinkages.machine import chromium

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize

    from elinkages.accounts.models import User

DESKTOP: "ViewportSize" = {"width": 1280, "height": 900}
PHONE: "ViewportSize" = {"width": 390, "height": 844}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip browser tests where there is no Chromium, with one line that says how to get it."""
    if chromium.find() or os.environ.get("REQUIRE_BROWSER") == "1":
        return
    for item in items:
        if item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.skip(reason=f"no Chromium: {chromium.HOW_TO_GET}"))


@pytest.fixture(scope="session")
def _chromium() -> "Iterator[Browser]":
    from playwright.sync_api import sync_playwright

    executable = chromium.find()
    if not executable:
        pytest.fail(f"REQUIRE_BROWSER=1 and there is no Chromium: {chromium.HOW_TO_GET}")
    # Playwright's event loop lives in this thread, which Django would take for asynchronous code.
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        running = playwright.chromium.launch(executable_path=executable, args=list(chromium.QUIET))
        yield running
        running.close()


@pytest.fixture
def browser(_chromium: "Browser") -> "Iterator[Browser]":
    """A Chromium; open `browser.new_context(viewport=PHONE)` per visitor. The windows are closed after the test."""
    yield _chromium
    for window in _chromium.contexts:
        window.close()


def logged_in(browser: "Browser", user: "User", url: str, **options: Any) -> "BrowserContext":
    """A window at the site in which somebody has logged in already."""
    from django.test import Client

    client = Client()
    client.force_login(user)
    context = browser.new_context(**options)
    context.add_cookies([{"name": "session", "value": client.cookies["session"].value, "url": url}])
    return context


def serious(page: "Page") -> list[str]:
    """What axe finds serious on the page that is open: each rule with the first elements that break it."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    return [
        f"{fault['id']}: {[node['html'][:200] for node in fault['nodes'][:3]]}"
        for fault in found
        if fault["impact"] in {"serious", "critical"}
    ]


def is_too_wide(page: "Page") -> bool:
    """Whether the page that is open must be pushed sideways to be read."""
    return bool(page.evaluate("document.documentElement.scrollWidth > innerWidth"))
