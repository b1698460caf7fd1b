"""Logging in with a code by e-mail: once, soon, for the one who asked, and without telling who has an account."""

import re

import pytest
from allauth.account.models import EmailAddress
from django.core.cache import cache
from django.test import Client

from elinkages.accounts.models import User
from elinkages.mail.models import AccountLetter
from tests import builders

pytestmark = pytest.mark.django_db
ASK, CONFIRM = "/accounts/login/code/", "/accounts/login/code/confirm/"


@pytest.fixture(autouse=True)
def _alone() -> None:
    cache.clear()


@pytest.fixture
def nina() -> User:
    return builders.a_user("Nina Novak", "nina@example.com")


def _ask(email: str = "nina@example.com", **more: str) -> Client:
    client = Client()
    assert client.post(ASK, {"email": email, **more})["Location"].startswith(CONFIRM)
    return client


def _code() -> str:
    newest = AccountLetter.objects.order_by("-created_at", "-pk")[0]
    found = re.search(r"^([A-Z0-9]{3,}(?:-[A-Z0-9]+)*)$", newest.text, re.M)
    assert found, newest.text
    return found[1]


def test_the_code_of_the_letter_lets_in_and_leads_on(nina: User) -> None:
    client = _ask(next="/accounts/sessions/")
    answer = client.post(CONFIRM, {"code": _code(), "next": "/accounts/sessions/"})
    assert answer["Location"] == "/accounts/sessions/"
    assert client.get("/accounts/sessions/").status_code == 200


def test_a_code_is_good_once_and_in_the_browser_that_asked(nina: User) -> None:
    client, code = _ask(), _code()
    other = Client()
    assert other.post(CONFIRM, {"code": code})["Location"].startswith("/accounts/login/")
    assert client.post(CONFIRM, {"code": code})["Location"] == "/start/"
    client.post("/accounts/logout/")
    assert client.post(CONFIRM, {"code": code})["Location"].startswith("/accounts/login/")
    assert client.get("/accounts/sessions/").status_code == 302


def test_three_wrong_codes_end_it_even_for_the_right_one(nina: User) -> None:
    client, code = _ask(), _code()
    for _ in range(3):
        client.post(CONFIRM, {"code": "WRONG-CODE"})
    client.post(CONFIRM, {"code": code})
    assert client.get("/accounts/sessions/").status_code == 302


def test_a_code_of_ten_minutes_ago_is_too_old(nina: User) -> None:
    client, code = _ask(), _code()
    session = client.session
    stashed = session["account_login"]
    text = str(stashed)
    assert "'at': " in text
    stashed["state"]["stages"]["login_by_code"]["data"]["at"] -= 601
    session["account_login"] = stashed
    session.save()
    client.post(CONFIRM, {"code": code})
    assert client.get("/accounts/sessions/").status_code == 302


def test_asking_again_and_again_is_stopped(nina: User) -> None:
    statuses = [Client().post(ASK, {"email": nina.email}).status_code for _ in range(5)]
    assert statuses[0] == 302
    assert AccountLetter.objects.count() <= 3
    assert set(statuses[3:]) <= {200, 429}


def test_an_unknown_address_looks_the_same(nina: User) -> None:
    known, unknown = Client().post(ASK, {"email": nina.email}), Client().post(ASK, {"email": "nobody@example.com"})
    assert (known.status_code, known["Location"]) == (unknown.status_code, unknown["Location"])
    client = _ask("nobody@elsewhere.example")
    assert client.post(CONFIRM, {"code": "ABCD-EFGH"}).status_code == 200
    assert client.get("/accounts/sessions/").status_code == 302
    letter = AccountLetter.objects.filter(to="nobody@example.com").get()
    assert not re.search(r"^[A-Z0-9]{3,}-[A-Z0-9]+$", letter.text, re.M)


@pytest.mark.parametrize("hostile", ["https://evil.example/", "//evil.example/", "/\\evil.example"])
def test_the_way_on_never_leads_away(nina: User, hostile: str) -> None:
    client = _ask(next=hostile)
    assert client.post(CONFIRM, {"code": _code(), "next": hostile})["Location"] == "/start/"


def test_a_stranger_who_signed_up_with_somebodys_address_is_not_let_in_by_its_holders_code() -> None:
    """They chose a password for an address that is not theirs, and wait until its holder proves it."""
    stranger, password = Client(), "a long and unusual phrase"
    stranger.post("/accounts/signup/", {"email": "nina@example.com", "name": "Nina", "password1": password})
    assert not EmailAddress.objects.get(email="nina@example.com").verified
    holder = _ask()
    assert holder.post(CONFIRM, {"code": _code()})["Location"] == "/start/"
    assert holder.get("/accounts/sessions/").status_code == 200
    assert EmailAddress.objects.get(email="nina@example.com").verified
    for client in (stranger, Client()):
        client.get("/accounts/confirm-email/")
        client.post("/accounts/login/", {"login": "nina@example.com", "password": password})
        assert client.get("/accounts/sessions/").status_code == 302
    assert not User.objects.get(email="nina@example.com").has_usable_password()


def test_a_code_leaves_the_password_of_a_proven_address_alone(nina: User) -> None:
    client = _ask()
    client.post(CONFIRM, {"code": _code()})
    nina.refresh_from_db()
    assert nina.check_password(builders.PASSWORD)
