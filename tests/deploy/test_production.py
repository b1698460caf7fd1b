"""Without DEBUG and DEMO nothing serves with a secret that can be guessed."""

import base64
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as current
from pytest_django.fixtures import Settings

from elinkages.watch import production

ROOT = Path(__file__).resolve().parents[2]
KEY = base64.b64encode(bytes(range(32))).decode()


def wrong() -> str:
    return " ".join(error.msg for error in production.secrets_are_secrets())


def test_what_the_tests_themselves_run_with_is_fit(settings: Settings) -> None:
    assert wrong() == ""


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("SECRET_KEY", "build", "SECRET_KEY has 5 characters"),
        ("SECRET_KEY", "a" * 60, "SECRET_KEY repeats"),
        ("SECRET_KEY", "django-insecure-0123456789abcdefghijklmnopqrstuvwxyz0123456789", "SECRET_KEY contains a word"),
        ("SECRETS_KEY", "", "SECRETS_KEY is not 32 random bytes"),
        ("SECRETS_KEY", "not base64!", "SECRETS_KEY is not base64"),
        ("SECRETS_KEY", base64.b64encode(bytes(32)).decode(), "SECRETS_KEY repeats"),
        ("REDIS_URL", "redis://redis:6379/0", "the password in REDIS_URL is missing"),
        ("REDIS_URL", "redis://:redis@redis:6379/0", "the password in REDIS_URL has 5"),
        ("METRICS_TOKEN", "secret", "METRICS_TOKEN has 6"),
        ("SITE_URL", "http://partners.example.com", "SITE_URL must begin with https://"),
        ("ALLOWED_HOSTS", ["*"], "ALLOWED_HOSTS takes any name"),
    ],
)
def test_what_is_not_fit_is_named(settings: Settings, name: str, value: Any, said: str) -> None:
    setattr(settings, name, value)
    assert said in wrong()
    assert wrong().count(".") >= 1
    with pytest.raises(SystemExit, match="Elinkages does not start"):
        production.refuse_to_serve()
    settings.DEMO = True
    assert wrong() == ""
    production.refuse_to_serve()


def test_a_short_password_of_the_database_is_named(settings: Settings) -> None:
    before = current.DATABASES["default"]["PASSWORD"]
    try:
        current.DATABASES["default"]["PASSWORD"] = "postgres"
        assert "the password in DATABASE_URL has 8 characters" in wrong()
    finally:
        current.DATABASES["default"]["PASSWORD"] = before


def test_loopback_is_not_open_to_vendors_of_a_public_site(settings: Settings) -> None:
    settings.HTTP_ALLOW_LOOPBACK, settings.SITE_URL = True, "https://partners.example.com"
    assert "HTTP_ALLOW_LOOPBACK is for tests only" in wrong()


@pytest.mark.parametrize("command", [["-c", "import elinkages.wsgi"], ["manage.py", "check"]], ids=["web", "commands"])
def test_a_process_with_a_default_secret_ends_before_it_serves(command: list[str]) -> None:
    environment = {**os.environ, "SECRET_KEY": "changeme", "SECRETS_KEY": KEY}
    answer = subprocess.run(
        [sys.executable, *command], cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    assert answer.returncode != 0
    assert "SECRET_KEY has 8 characters and needs 50" in answer.stderr
    assert "changeme" not in answer.stderr
