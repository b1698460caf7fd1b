"""The browser that drives the browser tests."""

import pytest
from playwright.sync_api import Browser
from pytest_django.live_server_helper import LiveServer

from tests.browser import PHONE


@pytest.mark.browser
def test_chromium_reaches_the_product(browser: Browser, live_server: LiveServer) -> None:
    with browser.new_context(viewport=PHONE) as context:
        answer = context.new_page().goto(f"{live_server.url}/healthz")
        assert answer
        assert "<html" in answer.text() or "database" in answer.text()
