"""Where a person is logged in: listed, ended one by one or all at once, and ended by what ends trust."""

from datetime import timedelta
from io import StringIO

import pytest
import time_machine
from django.core.cache import cache
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from elinkages.accounts import sessions
from elinkages.accounts.models import Membership, User, UserSession
from elinkages.accounts.rights import Role
from tests import builders

pytestmark = pytest.mark.django_db

MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 Chrome/140.0 Safari/537.36"
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Mobile Safari/604.1"


@pytest.fixture(autouse=True)
def _alone() -> None:
    cache.clear()


@pytest.fixture
def nina() -> User:
    return builders.a_user("Nina Novak", "nina@example.com")


def _browser(user: User, program: str = MAC) -> Client:
    client = Client(headers={"user-agent": program})
    client.post("/accounts/login/", {"login": user.email, "password": builders.PASSWORD})
    return client


def test_the_list_says_which_browser_from_where_and_when(nina: User) -> None:
    mine = _browser(nina)
    _browser(nina, PHONE)
    _browser(builders.a_user("Oscar Other"))
    html = mine.get("/accounts/sessions/").content.decode()
    assert html.count("127.0.0.1</td>") == 2
    assert all(text in html for text in ("Chrome on Mac", "Safari on iPhone", "This one", "Log out everywhere else"))


def test_one_session_is_ended_and_the_other_goes_on(nina: User) -> None:
    mine, phone = _browser(nina), _browser(nina, PHONE)
    line = UserSession.objects.get(session_key=phone.session.session_key)
    assert mine.post(f"/accounts/sessions/{line.pk}/end/").status_code == 302
    assert phone.get("/start/")["Location"].startswith("/accounts/login/")
    assert mine.get("/accounts/sessions/").status_code == 200
    assert mine.post(f"/accounts/sessions/{line.pk}/end/").status_code == 302, "once more does no harm"


def test_all_others_are_ended_at_once(nina: User) -> None:
    mine, others = _browser(nina), [_browser(nina, PHONE) for _ in range(3)]
    mine.post("/accounts/sessions/others/end/")
    assert all(other.get("/start/")["Location"].startswith("/accounts/login/") for other in others)
    assert b"You are logged in only here" in mine.get("/accounts/sessions/").content


def test_everybody_logs_in_again_when_the_database_went_back_to_a_moment_before(nina: User) -> None:
    mine, out = _browser(nina), StringIO()
    cache.set("figures", "of rows that are gone")
    call_command("end_sessions", stdout=out)
    assert out.getvalue() == "1 login ended.\n"
    assert mine.get("/start/")["Location"].startswith("/accounts/login/")
    assert not UserSession.objects.exists()
    assert cache.get("figures") is None


def test_logins_end_without_redis_too_and_it_is_said(nina: User, settings: Settings) -> None:
    mine, told = _browser(nina), StringIO()
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:1/0"}}
    call_command("end_sessions", stdout=StringIO(), stderr=told)
    assert "empty it before you serve" in told.getvalue()
    assert mine.get("/start/")["Location"].startswith("/accounts/login/")


def test_nobody_ends_the_session_of_somebody_else(nina: User) -> None:
    mine, theirs = _browser(nina), _browser(builders.a_user("Oscar Other"))
    line = UserSession.objects.get(session_key=mine.session.session_key)
    theirs.post(f"/accounts/sessions/{line.pk}/end/")
    theirs.post("/accounts/sessions/others/end/")
    assert mine.get("/accounts/sessions/").status_code == 200
    for address in (f"/accounts/sessions/{line.pk}/end/", "/accounts/sessions/others/end/"):
        assert Client().post(address)["Location"].startswith("/accounts/login/")
        assert mine.get(address).status_code == 405


def test_logging_out_and_another_password_leave_no_line_behind(nina: User) -> None:
    first, second = _browser(nina), _browser(nina, PHONE)
    first.post("/accounts/logout/")
    assert UserSession.objects.filter(user=nina).count() == 1
    new = "another long enough phrase"
    form = {"oldpassword": builders.PASSWORD, "password1": new, "password2": new}
    assert second.post("/accounts/password/change/", form).status_code == 302
    assert not UserSession.objects.filter(user=nina).exists()


def test_last_seen_is_written_every_few_minutes_and_not_with_every_page(nina: User) -> None:
    client = _browser(nina)
    client.get("/accounts/sessions/")
    before = UserSession.objects.get().seen_at
    client.get("/accounts/sessions/")
    assert UserSession.objects.get().seen_at == before
    session = client.session
    session["seen_at"] -= 301
    session.save()
    UserSession.objects.update(seen_at=timezone.now() - timedelta(hours=3))
    client.get("/accounts/sessions/", REMOTE_ADDR="203.0.113.9")
    line = UserSession.objects.get()
    assert line.seen_at > before
    assert line.address == "203.0.113.9"


def test_a_session_is_another_one_after_the_login(nina: User) -> None:
    """Fixation: whoever planted a session before the login has nothing after it."""
    client = Client()
    client.get("/accounts/login/")
    session = client.session
    session["planted"] = "1"
    session.save()
    before = str(session.session_key)
    client.cookies["session"] = before
    client.post("/accounts/login/", {"login": nina.email, "password": builders.PASSWORD})
    assert client.session.session_key != before
    thief = Client()
    thief.cookies["session"] = before
    assert thief.get("/accounts/sessions/")["Location"].startswith("/accounts/login/")


@pytest.mark.parametrize(
    ("who", "limits"), [("staff", sessions.STAFF), ("team", sessions.TEAM), ("partner", sessions.PARTNER)]
)
def test_a_login_ends_by_itself(nina: User, who: str, limits: sessions.Limits) -> None:
    if who == "staff":
        User.objects.filter(pk=nina.pk).update(is_staff=True)
    if who == "team":
        Membership.objects.create(msp=builders.an_msp(), user=nina, role=Role.READ_ONLY)
    day, used = timezone.now(), timedelta(0)
    with time_machine.travel(day, tick=False) as clock:
        idle, busy = _browser(nina), _browser(nina, PHONE)
        assert limits.words in idle.get("/accounts/sessions/").content.decode()
        while (used := used + limits.idle - timedelta(minutes=6)) < limits.whole:
            clock.move_to(day + used)
            assert busy.get("/accounts/sessions/").status_code == 200, "it was used in time"
            if used < limits.idle:
                clock.move_to(day + limits.idle + timedelta(minutes=1))
                answer = idle.get("/accounts/sessions/", follow=True)
                assert answer.redirect_chain[0][0].startswith("/accounts/login/")
                assert b"You were logged out because your session was too old" in answer.content
        clock.move_to(day + limits.whole)
        assert busy.get("/accounts/sessions/")["Location"].startswith("/accounts/login/"), "it has lasted too long"
        busy.post("/accounts/login/", {"login": nina.email, "password": builders.PASSWORD})
        clock.move_to(day + limits.whole + limits.idle - timedelta(minutes=6))
        assert busy.get("/accounts/sessions/").status_code == 200, "a new login begins anew"


def test_somebody_who_is_locked_out_is_out_with_the_next_page(nina: User) -> None:
    client = _browser(nina)
    User.objects.filter(pk=nina.pk).update(is_active=False)
    assert client.get("/accounts/sessions/")["Location"].startswith("/accounts/login/")


@pytest.mark.parametrize(
    ("program", "words"),
    [(MAC, "Chrome on Mac"), (PHONE, "Safari on iPhone"), ("curl/8.5.0", "curl"), ("", "Unknown program"),
     ("Elinkages-Agent/2", "Elinkages"), ("X11; Linux x86_64; rv:140.0 Firefox/140.0", "Firefox on Linux")],
)  # fmt: skip
def test_a_browser_is_called_as_people_call_it(program: str, words: str) -> None:
    assert sessions.in_words(program) == words
