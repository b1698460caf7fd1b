"""A new key takes the place of an old one, and nobody loses a second factor by it."""

import base64
import os
from io import StringIO

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.core.management import CommandError, call_command
from pytest_django.fixtures import Settings

from elinkages.accounts.models import User
from tests import builders

pytestmark = pytest.mark.django_db


@pytest.fixture
def nina() -> User:
    """Has an authenticator app and recovery codes, sealed with the key of before."""
    user = builders.a_user("Nina Novak")
    TOTP.activate(user, generate_totp_secret())
    RecoveryCodes.activate(user)
    return user


def _run(command: str) -> str:
    said = StringIO()
    call_command(command, stdout=said)
    return said.getvalue().strip()


def _opened(user: User) -> tuple[str, list[str]]:
    app = Authenticator.objects.get(user=user, type=Authenticator.Type.TOTP)
    codes = Authenticator.objects.get(user=user, type=Authenticator.Type.RECOVERY_CODES)
    return app.wrap().instance.data["secret"], codes.wrap().get_unused_codes()


@pytest.fixture
def rotated(nina: User, settings: Settings) -> str:
    """A new key is first, the old one still opens."""
    old = settings.SECRETS_KEY
    settings.SECRETS_KEY = base64.b64encode(os.urandom(32)).decode()
    settings.SECRETS_KEY_FALLBACKS = [old]
    return str(old)


def test_everything_is_counted(nina: User) -> None:
    assert _run("check_secrets") == "2 sealed values: 0 cannot be opened, 0 by an older key."


def test_what_an_older_key_sealed_is_sealed_again_and_the_old_key_can_go(
    nina: User, rotated: str, settings: Settings
) -> None:
    sealed, codes = _opened(nina)
    assert _run("check_secrets") == "2 sealed values: 0 cannot be opened, 2 by an older key."
    assert _run("seal_again") == "2 values sealed again."
    assert _run("seal_again") == "0 values sealed again."
    settings.SECRETS_KEY_FALLBACKS = []
    assert _run("check_secrets") == "2 sealed values: 0 cannot be opened, 0 by an older key."
    sealed_now, codes_now = _opened(nina)
    assert codes_now == codes
    assert sealed_now != sealed


def test_what_no_key_opens_is_said_and_left_alone(nina: User, rotated: str, settings: Settings) -> None:
    before = list(Authenticator.objects.order_by("pk").values_list("data", flat=True))
    settings.SECRETS_KEY_FALLBACKS = []
    with pytest.raises(CommandError, match="Add the key that sealed them"):
        _run("check_secrets")
    with pytest.raises(CommandError, match="2 values cannot be opened"):
        _run("seal_again")
    assert list(Authenticator.objects.order_by("pk").values_list("data", flat=True)) == before
