"""The second factor: set up, asked for, never in the way of nobody and never gone around."""

import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from elinkages.accounts import factors, team
from elinkages.accounts.models import Membership, Msp, User
from elinkages.accounts.rights import Role
from elinkages.kernel import tenancy
from elinkages.mail.models import AccountLetter
from tests import builders

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _alone() -> Iterator[None]:
    """Nobody else has used up the tries, and no half minute ends between reading a code and typing it."""
    cache.clear()
    with time_machine.travel(datetime.now(UTC), tick=False):
        yield


@pytest.fixture
def commit(django_capture_on_commit_callbacks: Any) -> Any:
    """What happens after commit, now."""
    return django_capture_on_commit_callbacks


@pytest.fixture
def nina() -> User:
    """Somebody with an authenticator app."""
    user = builders.a_user("Nina Novak", "nina@example.com")
    builders.a_second_factor(user)
    return user


def code(secret: str = builders.TOTP_SECRET, *, periods: int = 0) -> str:
    """What the app shows now."""
    return str(format_hotp_value(hotp_value(secret, int(time.time()) // 30 + periods)))


def log_in(user: User, client: Client | None = None) -> tuple[Client, Any]:
    client = client or Client()
    return client, client.post("/accounts/login/", {"login": user.email, "password": builders.PASSWORD})


def recovery_codes(user: User) -> list[str]:
    return list(Authenticator.objects.get(user=user, type=Authenticator.Type.RECOVERY_CODES).wrap().get_unused_codes())


def _told(user: User) -> list[str]:
    return list(AccountLetter.objects.filter(to=user.email).order_by("pk").values_list("about", flat=True))


# --- setting it up


def test_an_app_is_set_up_with_its_code_its_secret_is_sealed_and_the_person_is_told(commit: Any) -> None:
    user = builders.a_user("Paul Plain")
    client = builders.a_browser(user)
    html = client.get("/accounts/2fa/totp/activate/").content.decode()
    secret = re.search(r'id="totp-secret" value="([A-Z2-7]+)"', html)
    assert secret
    assert 'src="data:image/svg+xml;base64,' in html
    assert client.post("/accounts/2fa/totp/activate/", {"code": "000000"}).status_code == 200
    with commit(execute=True):
        answer = client.post("/accounts/2fa/totp/activate/", {"code": code(secret[1])})
    assert answer["Location"] == "/accounts/2fa/recovery-codes/"
    kept = Authenticator.objects.get(user=user, type=Authenticator.Type.TOTP)
    assert secret[1] not in str(kept.data)
    assert str(kept.data["secret"]).startswith("v1.")
    assert factors.MFAAdapter().decrypt(kept.data["secret"]) == secret[1]
    shown = client.get("/accounts/2fa/recovery-codes/").content.decode()
    codes = recovery_codes(user)
    assert len(codes) == 10
    assert all(one in shown for one in codes)
    assert not any(one in str(Authenticator.objects.values_list("data")) for one in codes)
    assert client.get("/accounts/2fa/recovery-codes/download/").content.decode().split()[-10:] == codes
    assert _told(user) == ["totp activated"]


def test_turning_it_off_is_told_and_takes_the_recovery_codes_along(nina: User, commit: Any) -> None:
    client = builders.a_browser(nina)
    with commit(execute=True):
        assert client.post("/accounts/2fa/recovery-codes/generate/").status_code == 302
    assert client.get("/accounts/2fa/").status_code == 200
    assert client.post("/accounts/2fa/totp/deactivate/").status_code == 302
    assert not Authenticator.objects.filter(user=nina).exists()
    assert _told(nina) == ["recovery codes generated", "totp deactivated"]


def test_a_session_that_was_left_open_changes_no_factor(nina: User) -> None:
    client = builders.a_browser(nina)
    session = client.session
    session["confirmed_at"] = time.time() - 901
    session.save()
    for address in ("totp/deactivate/", "recovery-codes/generate/", "webauthn/add/", "recovery-codes/"):
        answer = client.post(f"/accounts/2fa/{address}")
        assert answer.status_code in (302, 404, 405), address
        if answer.status_code == 302:
            assert answer["Location"].startswith("/accounts/reauthenticate/"), address
    assert Authenticator.objects.filter(user=nina).count() == 1


# --- being asked for it


def test_after_the_password_comes_the_code_and_only_then_the_session(nina: User) -> None:
    client, answer = log_in(nina)
    assert answer["Location"].startswith("/accounts/2fa/authenticate/")
    assert b"six digits" in client.get("/accounts/2fa/authenticate/").content
    assert client.get("/start/").status_code == 302
    assert b"Incorrect code" in client.post("/accounts/2fa/authenticate/", {"code": "000000"}).content
    before = client.session.session_key
    assert client.post("/accounts/2fa/authenticate/", {"code": code()})["Location"] == "/start/"
    assert client.session.session_key != before
    assert client.get("/accounts/sessions/").status_code == 200


def test_a_code_is_good_once(nina: User) -> None:
    now = code()
    client, _ = log_in(nina)
    assert client.post("/accounts/2fa/authenticate/", {"code": now}).status_code == 302
    other, _ = log_in(nina)
    assert other.post("/accounts/2fa/authenticate/", {"code": now}).status_code == 200
    assert other.get("/accounts/sessions/").status_code == 302


@pytest.mark.parametrize("periods", [-2, 2])
def test_a_code_of_another_minute_is_not_taken(nina: User, periods: int) -> None:
    client, _ = log_in(nina)
    assert client.post("/accounts/2fa/authenticate/", {"code": code(periods=periods)}).status_code == 200


def test_guessing_the_code_is_stopped_even_with_the_right_one_and_from_another_browser(nina: User) -> None:
    client, _ = log_in(nina)
    for _ in range(5):
        client.post("/accounts/2fa/authenticate/", {"code": "000000"})
    other, _ = log_in(nina)
    assert b"Too many attempts" in other.post("/accounts/2fa/authenticate/", {"code": code()}).content
    assert other.get("/accounts/sessions/").status_code == 302


def test_a_recovery_code_lets_in_once_and_its_owner_is_told(nina: User) -> None:
    client = builders.a_browser(nina)
    client.post("/accounts/2fa/recovery-codes/generate/")
    one, two, *_ = recovery_codes(nina)
    other, _ = log_in(nina)
    assert other.post("/accounts/2fa/authenticate/", {"code": one})["Location"] == "/start/"
    third, _ = log_in(nina)
    assert third.post("/accounts/2fa/authenticate/", {"code": one}).status_code == 200
    assert third.post("/accounts/2fa/authenticate/", {"code": two})["Location"] == "/start/"
    assert _told(nina).count("recovery code used") == 2


# --- ways around it


def test_a_code_by_mail_does_not_replace_the_second_factor(nina: User) -> None:
    client = Client()
    answer = client.post("/accounts/login/code/", {"email": nina.email})
    assert answer["Location"].startswith("/accounts/login/code/confirm/")
    mailed = re.search(r"^([A-Z0-9-]{4,})$", AccountLetter.objects.get().text, re.M)
    assert mailed
    answer = client.post("/accounts/login/code/confirm/", {"code": mailed[1]})
    assert answer["Location"].startswith("/accounts/2fa/authenticate/")
    assert client.get("/accounts/sessions/").status_code == 302
    assert client.post("/accounts/2fa/authenticate/", {"code": code()})["Location"] == "/start/"


def test_a_new_password_by_mail_does_not_replace_the_second_factor(nina: User) -> None:
    client = Client()
    client.post("/accounts/password/reset/", {"email": nina.email})
    link = re.search(r"(/accounts/password/reset/key/\S+)", AccountLetter.objects.get().text)
    assert link
    form = client.get(link[1])["Location"]
    new = "another long enough phrase"
    assert client.post(form, {"password1": new, "password2": new}).status_code == 302
    assert client.get("/accounts/sessions/").status_code == 302
    answer = client.post("/accounts/login/", {"login": nina.email, "password": new})
    assert answer["Location"].startswith("/accounts/2fa/authenticate/")


def test_an_invitation_does_not_replace_the_second_factor(nina: User) -> None:
    owner = builders.a_member(builders.an_msp("Acme IT", "acme"))
    with tenancy.use(owner.msp.pk):
        token = team.invite(email=nina.email, role=Role.FINANCE, by=owner, at=timezone.now())
    client = Client()
    address = f"/invitation/acme/{token}/"
    assert client.post(address, {"name": "X", "password": "a long enough phrase"}).status_code == 422
    _, answer = log_in(nina, client)
    assert answer["Location"].startswith("/accounts/2fa/authenticate/")
    assert client.post(address).status_code == 422
    assert not Membership.objects.filter(user=nina).exists()


def test_half_a_login_opens_no_door(nina: User) -> None:
    msp = builders.an_msp("Acme IT", "acme")
    builders.a_member(msp, user=nina)
    with tenancy.use(msp.pk):
        builders.a_login(builders.a_partner(), nina)
    client, _ = log_in(nina)
    for address in ("/acme/", "/p/acme/", "/start/", "/ops/", "/accounts/2fa/", "/accounts/second-factor/"):
        assert client.get(address)["Location"].startswith(("/accounts/login/", "/ops/login/")), address


def test_somebody_who_lost_everything_is_helped_by_us_and_told(nina: User) -> None:
    client = builders.a_browser(nina)
    call_command("forget_second_factor", "Nina@example.com", reason="Called back at the number on file")
    assert not Authenticator.objects.filter(user=nina).exists()
    assert client.get("/accounts/sessions/")["Location"].startswith("/accounts/login/")
    assert _told(nina) == ["second factor removed"]
    _, answer = log_in(nina)
    assert answer["Location"] == "/start/"
    with pytest.raises(CommandError, match="Nobody has"):
        call_command("forget_second_factor", "nobody@example.com", reason="x")


# --- who needs one


@pytest.fixture
def owner() -> Membership:
    return builders.a_member(builders.an_msp("Acme IT", "acme"), factor=False)


def _browser(member: Membership) -> Client:
    return builders.a_browser(member.user)


def test_an_owner_looks_around_for_a_week_and_then_sets_one_up(owner: Membership) -> None:
    client = _browser(owner)
    assert b"You can pay once you have a second factor" in client.get("/acme/").content
    Membership.objects.update(created_at=timezone.now() - factors.GRACE - timedelta(minutes=1))
    answer = client.get("/acme/settings/?tab=1")
    assert answer["Location"].startswith("/accounts/second-factor/?next=%2Faccounts%2Fgo-on%2F")
    assert b"Add a passkey" in client.get(answer["Location"]).content
    builders.a_second_factor(owner.user)
    back = client.get("/accounts/second-factor/")["Location"]
    assert client.get(back)["Location"] == "/acme/settings/?tab=1"


def test_a_manager_needs_none_until_the_msp_asks_everybody(owner: Membership) -> None:
    manager = builders.a_member(owner.msp, Role.MANAGER, "Mona Manager")
    Membership.objects.update(created_at=timezone.now() - timedelta(days=300))
    client = _browser(manager)
    assert b"second factor." not in client.get("/acme/").content
    Msp.objects.update(second_factor_required_at=timezone.now(), second_factor_grace_days=3)
    assert b"Acme IT asks everybody for a second factor" in client.get("/acme/").content
    Msp.objects.update(second_factor_required_at=timezone.now() - timedelta(days=4))
    assert client.get("/acme/")["Location"].startswith("/accounts/second-factor/")
    builders.a_second_factor(manager.user)
    assert client.get("/acme/").status_code == 200


def test_our_staff_needs_one_at_once() -> None:
    staff = builders.a_user("Olga Ops", is_staff=True)
    client = builders.a_browser(staff)
    assert client.get("/ops/").status_code == 200
    Authenticator.objects.all().delete()
    for address in ("/ops/", "/ops/enter/", "/ops/accounts/msp/", "/ops/mail/"):
        assert client.get(address)["Location"].startswith("/accounts/second-factor/"), address


def test_recovery_codes_alone_are_no_second_factor(owner: Membership) -> None:
    Authenticator.objects.create(user=owner.user, type=Authenticator.Type.RECOVERY_CODES, data={})
    assert factors.is_missing(owner.user)


def test_only_the_demos_own_people_and_only_in_demo_mode_are_exempt(owner: Membership, settings: Settings) -> None:
    demo = builders.a_user("Olivia Hart", "olivia@northbeam.example")
    assert factors.is_missing(demo)
    settings.DEMO = True
    assert not factors.is_missing(demo)
    assert factors.is_missing(owner.user)
    assert factors.due_at(builders.a_member(owner.msp, user=demo, factor=False)) is None
