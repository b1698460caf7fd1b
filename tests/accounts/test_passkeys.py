"""Passkeys in a real Chromium, with a device that Chromium plays: made, named, used, asked for, removed."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from allauth.mfa.models import Authenticator
from django.core.cache import cache
from pytest_django.fixtures import Settings

from elinkages.accounts.models import User
from elinkages.accounts.rights import Role
from tests import builders
from tests.browser import DESKTOP, PHONE, is_too_wide, serious

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

DEVICE = {
    "protocol": "ctap2", "ctap2Version": "ctap2_1", "transport": "internal", "hasResidentKey": True,
    "hasUserVerification": True, "isUserVerified": True, "automaticPresenceSimulation": True,
}  # fmt: skip


@pytest.fixture
def site(live_server: Any, settings: Settings) -> str:
    """The address in the browser; a passkey is made for localhost, never for a number."""
    cache.clear()
    address = f"http://localhost:{urlsplit(live_server.url).port}"
    settings.SITE_URL = address
    return address


@pytest.fixture
def nina() -> User:
    return builders.a_user("Nina Novak", "nina@example.com")


@pytest.fixture
def page(browser: "Browser", site: str) -> "Iterator[Page]":
    """A browser with a device of its own; what breaks the content policy fails the test."""
    context = browser.new_context(viewport=DESKTOP, base_url=site)
    page, faults = context.new_page(), []
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda problem: faults.append(str(problem)))
    yield page
    context.close()
    assert [fault for fault in faults if "Content Security" in fault or "TypeError" in fault] == []


def _device(page: "Page", **different: Any) -> tuple[Any, str]:
    devices = page.context.new_cdp_session(page)
    devices.send("WebAuthn.enable")
    added = devices.send("WebAuthn.addVirtualAuthenticator", {"options": {**DEVICE, **different}})
    return devices, added["authenticatorId"]


def _log_in(page: "Page", user: User) -> None:
    page.goto("/accounts/login/")
    page.fill("input[name=login]", user.email)
    page.fill("input[name=password]", builders.PASSWORD)
    page.press("input[name=password]", "Enter")
    page.wait_for_url(lambda url: "/accounts/login/" not in url)


def _add(page: "Page", name: str) -> None:
    page.goto("/accounts/2fa/webauthn/add/")
    page.fill("input[name=name]", name)
    page.click("text=Add passkey")
    page.wait_for_url("**/recovery-codes/")


def _log_out(page: "Page") -> None:
    page.goto("/accounts/logout/")
    page.click("main button:has-text('Log out')")
    page.wait_for_url(lambda url: "logout" not in url)


def test_a_passkey_is_made_named_used_to_log_in_and_removed(page: "Page", nina: User) -> None:
    _device(page)
    _log_in(page, nina)
    _add(page, "Work laptop")
    assert Authenticator.objects.get(user=nina, type="webauthn").wrap().name == "Work laptop"
    page.goto("/accounts/2fa/")
    assert page.locator("main", has_text="Work laptop").is_visible()
    _log_out(page)
    page.goto("/accounts/login/?next=/accounts/sessions/")
    page.click("text=Log in with a passkey")
    page.wait_for_url(lambda url: urlsplit(url).path == "/accounts/sessions/")
    page.goto("/accounts/2fa/webauthn/")
    page.click("main >> text=Rename")
    page.fill("input[name=name]", "Old laptop")
    page.click("button:has-text('Rename')")
    page.wait_for_url("**/webauthn/")
    assert page.locator("td", has_text="Old laptop").is_visible()
    page.click("main >> text=Remove")
    page.click("button:has-text('Remove')")
    page.wait_for_url("**/webauthn/")
    assert page.locator("text=No passkeys yet").is_visible()
    assert not Authenticator.objects.filter(user=nina).exists()


def test_after_the_password_the_passkey_is_asked_for_and_nothing_opens_without_it(page: "Page", nina: User) -> None:
    devices, device = _device(page)
    _log_in(page, nina)
    _add(page, "Phone")
    _log_out(page)
    _log_in(page, nina)
    assert page.url.endswith("/accounts/2fa/authenticate/")
    devices.send("WebAuthn.setUserVerified", {"authenticatorId": device, "isUserVerified": False})
    page.click("text=Use a passkey")
    page.wait_for_selector("text=Your device did not confirm")
    page.goto("/accounts/sessions/")
    assert "/accounts/login/" in page.url or "/accounts/2fa/authenticate/" in page.url
    devices.send("WebAuthn.setUserVerified", {"authenticatorId": device, "isUserVerified": True})
    page.goto("/accounts/2fa/authenticate/")
    page.click("text=Use a passkey")
    page.wait_for_url(lambda url: "2fa" not in url)
    page.goto("/accounts/sessions/")
    assert page.locator("text=This one").is_visible()


def test_a_passkey_confirms_before_power_changes_hands_and_what_was_typed_is_done(
    page: "Page", nina: User, settings: Settings
) -> None:
    owner = builders.a_member(builders.an_msp("Acme IT", "acme"), user=nina, factor=False)
    reader = builders.a_member(owner.msp, Role.READ_ONLY, "Rita Role")
    _device(page)
    _log_in(page, nina)
    _add(page, "Phone")
    settings.ACCOUNT_REAUTHENTICATION_TIMEOUT = 0
    page.goto(f"/acme/settings/team/{reader.pk}/role/")
    page.check("input[value=finance]")
    page.click("button:has-text('Change role')")
    page.wait_for_url("**/accounts/reauthenticate/**")
    settings.ACCOUNT_REAUTHENTICATION_TIMEOUT = 900
    page.click("text=Use a passkey")
    page.click("button:has-text('Use a passkey')")
    page.wait_for_url("**/acme/settings/team/")
    reader.refresh_from_db()
    assert reader.role == Role.FINANCE


def test_a_passkey_that_was_removed_here_lets_nobody_in(page: "Page", nina: User) -> None:
    _device(page)
    _log_in(page, nina)
    _add(page, "Phone")
    _log_out(page)
    Authenticator.objects.all().delete()
    page.goto("/accounts/login/")
    page.click("text=Log in with a passkey")
    page.wait_for_selector("text=Incorrect code")
    page.goto("/accounts/sessions/")
    assert "/accounts/login/" in page.url


def test_every_page_of_security_is_readable_by_everybody_and_fits_a_phone(page: "Page", nina: User) -> None:
    _device(page)
    _log_in(page, nina)
    _add(page, "A laptop with a rather long name that goes on and on")
    for path in (
        "/accounts/2fa/", "/accounts/2fa/webauthn/", "/accounts/2fa/webauthn/add/", "/accounts/2fa/totp/activate/",
        "/accounts/2fa/recovery-codes/", "/accounts/2fa/recovery-codes/generate/", "/accounts/sessions/",
        "/accounts/close/", "/accounts/email/", "/accounts/password/change/",
    ):  # fmt: skip
        for window in (DESKTOP, PHONE):
            page.set_viewport_size(window)
            page.goto(path)
            assert not is_too_wide(page), path
        assert serious(page) == [], path
