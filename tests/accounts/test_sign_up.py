"""Signing up, logging in, resetting a password: for people, and against those who only try."""

import re
from typing import Any

import pytest
from allauth.account.adapter import get_adapter
from allauth.account.models import EmailAddress
from django.contrib.auth import hashers
from django.core.mail import EmailMultiAlternatives
from django.db import connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django.fixtures import Settings

from elinkages.accounts.models import User
from elinkages.mail import tasks
from elinkages.mail.models import AccountLetter
from tests import builders

pytestmark = pytest.mark.django_db

FORM = {"name": "Nina Novak", "email": "nina@example.com", "password1": "a long enough phrase"}
HOSTILE = [
    "https://evil.example/",
    "http://evil.example/",
    "//evil.example/",
    "///evil.example/",
    "////evil.example",
    "\\\\evil.example",
    "/\\evil.example",
    "https:evil.example",
    "https:///evil.example",
    "http:/\\evil.example",
    " https://evil.example",
    "\thttps://evil.example",
    "\x00//evil.example",
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "data:text/html,<script>",
    "http://testserver@evil.example/",
    "http://localhost.evil.example/",
    "http://testserver/start/",
    "ftp://testserver/",
]


def _code() -> str:
    (letter,) = AccountLetter.objects.all()
    found = re.search(r"^([A-Z0-9]{3,}(?:-[A-Z0-9]+)*)$", letter.text, re.M)
    assert found, letter.text
    return found[1]


def test_signing_up_asks_for_the_code_in_the_letter_and_then_leads_in(client: Client) -> None:
    answer = client.post("/accounts/signup/", FORM)
    assert answer["Location"] == "/accounts/confirm-email/"
    assert client.get("/start/").status_code == 302, "not before the address is confirmed"
    answer = client.post("/accounts/confirm-email/", {"code": _code()})
    assert answer["Location"] == "/start/"
    assert client.get("/start/")["Location"] == "/new-msp/"
    user = User.objects.get()
    assert (user.name, user.email) == ("Nina Novak", "nina@example.com")


def test_a_wrong_code_opens_nothing(client: Client) -> None:
    client.post("/accounts/signup/", FORM)
    code = _code()
    wrong = "".join("Z" if letter != "Z" else "Y" for letter in code)
    assert client.post("/accounts/confirm-email/", {"code": wrong}).status_code == 200
    assert "_auth_user_id" not in client.session


def test_somebody_logs_in_with_address_and_password_and_out_again(client: Client) -> None:
    user = builders.a_user("Nina Novak", "nina@example.com")
    anonymous = client.session.session_key
    answer = client.post("/accounts/login/", {"login": "NINA@example.com", "password": builders.PASSWORD})
    assert answer["Location"] == "/start/"
    assert client.session["_auth_user_id"] == str(user.pk)
    assert client.session.session_key != anonymous
    assert client.post("/accounts/logout/").status_code == 302
    assert "_auth_user_id" not in client.session


def _reset(client: Client, email: str) -> None:
    client.post("/accounts/password/reset/", {"email": email})


def test_a_forgotten_password_is_replaced_through_the_letter(client: Client) -> None:
    user = builders.a_user("Nina Novak", "nina@example.com")
    other_session = builders.a_browser(user)
    _reset(client, user.email)
    found = re.search(r"https?://[^/]+(/accounts/password/reset/key/\S+)", AccountLetter.objects.get().text)
    assert found
    form = client.get(found[1], follow=True)
    new = {"password1": "another long phrase", "password2": "another long phrase"}
    client.post(form.request["PATH_INFO"], new)
    user.refresh_from_db()
    assert user.check_password("another long phrase")
    assert other_session.get("/start/")["Location"].startswith("/accounts/login/"), "other sessions end"
    assert Client().get(found[1], follow=True).status_code == 200, "a used link leads to a page that says so"


# --- who has an account?


def _same(known: Any, unknown: Any) -> None:
    assert known.status_code == unknown.status_code
    assert known.get("Location") == unknown.get("Location")

    def plain(answer: Any) -> str:
        text = answer.content.decode().replace("known@example.com", "X").replace("new@example.com", "X")
        return re.sub(r'(name="csrfmiddlewaretoken" value|nonce|X-CSRFToken": )[^>\s]*', "", text)

    assert plain(known) == plain(unknown)


@pytest.mark.parametrize(
    ("address", "form"),
    [
        ("/accounts/signup/", {"name": "N", "email": "{}", "password1": "a long enough phrase"}),
        ("/accounts/login/", {"login": "{}", "password": "not the password"}),
        ("/accounts/password/reset/", {"email": "{}"}),
    ],
    ids=["sign up", "log in", "reset"],
)
def test_no_page_tells_whether_an_address_has_an_account(address: str, form: dict[str, str]) -> None:
    builders.a_user("Known", "known@example.com")
    answers: list[list[Any]] = []
    for email in ("known@example.com", "new@example.com"):
        client = Client()
        posted = client.post(address, {name: value.format(email) for name, value in form.items()})
        pages = [client.get(posted["Location"])] if posted.status_code == 302 else []
        answers.append([posted, *pages])
    for known, unknown in zip(*answers, strict=True):
        _same(known, unknown)
    assert AccountLetter.objects.count() == (0 if "login" in address else 2), "both addresses get a letter, or none"


def _work(address: str, form: dict[str, str], email: str) -> tuple[list[str], list[tuple[bool, bool]]]:
    """What a request asks of which table, and the letters that it writes: whether with text, whether with HTML."""
    AccountLetter.objects.all().delete()
    with CaptureQueriesContext(connection) as asked:
        Client().post(address, {name: value.format(email) for name, value in form.items()})
    kind = re.compile(r'\b(SELECT|INSERT|UPDATE|DELETE)\b(?:.*?(?:FROM|INTO))? "(\w+)"', re.DOTALL)
    said = [found.groups() for one in asked if (found := kind.search(one["sql"]))]
    letters = AccountLetter.objects.values_list("text", "html")
    return [" ".join(words) for words in said], [(bool(text), bool(html)) for text, html in letters]


@pytest.mark.parametrize(
    ("address", "form"),
    [
        ("/accounts/login/", {"login": "{}", "password": "not the password"}),
        ("/accounts/login/code/", {"email": "{}"}),
        ("/accounts/password/reset/", {"email": "{}"}),
        ("/accounts/signup/", {"name": "N", "email": "{}", "password1": "a long enough phrase"}),
    ],
    ids=["log in", "log in by code", "reset", "sign up"],
)
def test_the_work_is_the_same_whether_or_not_an_address_has_an_account(address: str, form: dict[str, str]) -> None:
    """A clock would show the difference, after enough tries."""
    builders.a_user("Known", "known@example.com")
    known, letters = _work(address, form, "known@example.com")
    unknown, other_letters = _work(address, form, "new@example.com")
    assert letters == other_letters
    assert letters in ([], [(True, True)])
    if "signup" in address:  # a new account is read again, by index, after it was written
        known, unknown = ([one for one in asked if not one.startswith("SELECT")] for asked in (known, unknown))
    assert known
    assert known == unknown


def test_signing_up_with_a_known_address_leaves_nothing_behind() -> None:
    builders.a_user("Known", "known@example.com")
    Client().post("/accounts/signup/", FORM | {"email": "known@example.com"})
    assert User.objects.get().email == EmailAddress.objects.get().email == "known@example.com"


def test_signing_up_costs_one_hash_for_a_known_and_for_a_new_address(monkeypatch: pytest.MonkeyPatch) -> None:
    builders.a_user("Known", "known@example.com")
    hashed: list[str] = []
    hasher = type(hashers.get_hasher())
    original = hasher.encode

    def encode(self: Any, *args: Any) -> Any:
        hashed.append("one")
        return original(self, *args)

    monkeypatch.setattr(hasher, "encode", encode)
    counts = []
    for email in ("known@example.com", "new@example.com"):
        hashed.clear()
        Client().post("/accounts/signup/", FORM | {"email": email})
        counts.append(len(hashed))
    assert counts == [1, 1]


# --- limits


def test_guessing_a_password_is_stopped_and_the_page_says_so(client: Client) -> None:
    builders.a_user("Nina Novak", "nina@example.com")
    wrong = {"login": "nina@example.com", "password": "not the password"}
    statuses = [client.post("/accounts/login/", wrong).status_code for _ in range(7)]
    assert set(statuses) <= {200, 429}
    right = client.post("/accounts/login/", wrong | {"password": builders.PASSWORD})
    assert right.status_code != 302
    assert "_auth_user_id" not in client.session


@pytest.mark.parametrize(
    ("address", "form"),
    [
        ("/accounts/signup/", {"email": "x"}),
        ("/accounts/login/", {"login": "x", "password": "y"}),
        ("/accounts/password/reset/", {"email": "x@example.com"}),
    ],
)
def test_too_many_tries_from_one_address_answer_429_with_a_sentence(client: Client, address: str, form: Any) -> None:
    statuses = []
    for _ in range(31):
        answer = client.post(address, form)
        statuses.append(answer.status_code)
        if answer.status_code == 429:
            break
    assert statuses[-1] == 429
    assert len(statuses) > 5
    assert b"Too many" in answer.content


def test_the_client_cannot_choose_the_address_that_is_counted(settings: Settings) -> None:
    adapter = get_adapter()
    request = RequestFactory().get("/", REMOTE_ADDR="203.0.113.9", HTTP_X_FORWARDED_FOR="1.2.3.4")
    assert adapter.get_client_ip(request) == "203.0.113.9"
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    request = RequestFactory().get("/", REMOTE_ADDR="10.0.0.1", HTTP_X_FORWARDED_FOR="1.2.3.4, 198.51.100.7")
    assert adapter.get_client_ip(request) == "198.51.100.7"


# --- where a login leads


@pytest.mark.parametrize("address", HOSTILE)
def test_a_login_leads_to_our_own_pages_only(client: Client, address: str) -> None:
    builders.a_user("Nina Novak", "nina@example.com")
    form = {"login": "nina@example.com", "password": builders.PASSWORD, "next": address}
    assert client.post("/accounts/login/", form)["Location"] == "/start/"


def test_a_login_leads_back_to_the_page_one_came_for(client: Client) -> None:
    builders.a_user("Nina Novak", "nina@example.com")
    form = {"login": "nina@example.com", "password": builders.PASSWORD, "next": "/acme/settings/?tab=1"}
    assert client.post("/accounts/login/", form)["Location"] == "/acme/settings/?tab=1"


# --- letters


def test_a_letter_about_a_login_is_written_as_a_row_and_erased_once_it_left(
    mailoutbox: list[EmailMultiAlternatives], client: Client
) -> None:
    client.post("/accounts/signup/", FORM)
    letter = AccountLetter.objects.get()
    code = _code()
    assert mailoutbox == []
    tasks.deliver_to_person(letter_id=str(letter.pk))
    tasks.deliver_to_person(letter_id=str(letter.pk))
    (mail,) = mailoutbox
    assert code in mail.body
    letter.refresh_from_db()
    assert (letter.subject, letter.text, letter.html) == ("", "", "")
    assert letter.about == "email confirmation signup"
    assert letter.sent_at
    assert letter.sent_at <= timezone.now()
