"""Three doors in one address space."""

import pytest
from django.test import Client
from django.urls import get_script_prefix, reverse

from elinkages.accounts import doors
from elinkages.accounts.models import Msp
from tests import builders

pytestmark = pytest.mark.django_db


@pytest.fixture
def msp() -> Msp:
    return builders.an_msp("Acme IT", "acme")


@pytest.fixture
def inside(msp: Msp) -> Client:
    return builders.a_browser(builders.a_member(msp).user)


def test_links_lead_behind_the_right_door(msp: Msp) -> None:
    assert doors.url("dashboard", msp, "dashboard:settings") == "/acme/settings/"
    assert doors.url("portal", msp, "portal:home") == "/p/acme/"
    assert doors.url("public", None, "start") == "/start/"
    assert doors.absolute("dashboard", msp, "dashboard:team") == "http://localhost:8000/acme/settings/team/"
    assert [doors.root(door, msp) for door in ("dashboard", "portal", "public")] == ["/acme/", "/p/acme/", "/"]


def test_links_for_letters_do_not_come_from_the_request(inside: Client, msp: Msp) -> None:
    answer = inside.get("/acme/settings/", HTTP_X_FORWARDED_HOST="evil.example")
    assert b"evil.example" not in answer.content
    assert inside.get("/acme/settings/", HTTP_HOST="evil.example").status_code == 400
    assert doors.absolute("public", None, "start").startswith("http://localhost:8000/")


def test_a_page_leaves_no_door_open_behind_it(inside: Client) -> None:
    assert inside.get("/acme/settings/").status_code == 200
    assert get_script_prefix() == "/"
    assert reverse("start") == "/start/"


@pytest.mark.parametrize(
    "address", ["/nobody/", "/p/nobody/", "/p/", "/p/acme", "/acme/nothing/", "/p/acme/nothing/", "/x"]
)
def test_what_is_not_there_is_404_for_everybody(inside: Client, address: str) -> None:
    assert inside.get(address).status_code in (301, 404)
    assert inside.get(address, follow=True).status_code == 404


@pytest.mark.parametrize("address", ["/acme/settings/?q=%00", "/acme/%00/", "/start/?next=%00"])
def test_a_nul_byte_is_a_bad_request(inside: Client, address: str) -> None:
    assert inside.get(address).status_code == 400


def test_pages_behind_a_door_are_not_kept_in_caches(inside: Client) -> None:
    assert inside.get("/acme/settings/")["Cache-Control"] == "private, no-store"
    assert "no-store" in inside.get("/start/")["Cache-Control"]


@pytest.mark.parametrize("path", ["email/", "2fa/", "2fa/totp/deactivate/", "2fa/webauthn/", "password/change/"])
def test_pages_of_an_account_are_not_kept_in_caches(inside: Client, path: str) -> None:
    answer = inside.get(f"/accounts/{path}")
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
