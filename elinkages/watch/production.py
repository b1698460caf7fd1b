"""What must not serve other people's money: guessable secrets, open doors. Refused before the first request."""

import base64
import binascii
from typing import Any, Final
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register

LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1", ""})
SHORTEST: Final = {"SECRET_KEY": 50, "password": 16, "METRICS_TOKEN": 24}
FEWEST_CHARACTERS: Final = 8
"""Different ones: "aaaaaaaa…" is long and no secret."""
WELL_KNOWN: Final = ("insecure", "changeme", "change-me", "secret-key", "password", "example", "elinkages", "postgres")


class NotFitToServe(SystemExit):
    """The process ends; the message names every setting that must change."""


def is_production() -> bool:
    """Neither the demo nor a developer's DEBUG."""
    return not (settings.DEBUG or settings.DEMO)


@register(Tags.security)
def secrets_are_secrets(app_configs: Any = None, **_: Any) -> list[CheckMessage]:
    """Outside of demo and DEBUG every secret is long and nobody's default, and addresses are our own."""
    if not is_production():
        return []
    database = settings.DATABASES["default"]
    redis = urlsplit(settings.REDIS_URL)
    found = [
        (1, "SECRET_KEY", _weak(settings.SECRET_KEY, SHORTEST["SECRET_KEY"])),
        (2, "SECRETS_KEY", _no_key(settings.SECRETS_KEY)),
        (3, "the password in DATABASE_URL", database["PASSWORD"] and _weak(database["PASSWORD"], SHORTEST["password"])),
        (4, "the password in REDIS_URL", _password_of(redis.hostname or "", redis.password or "")),
        (5, "METRICS_TOKEN", settings.METRICS_TOKEN and _weak(settings.METRICS_TOKEN, SHORTEST["METRICS_TOKEN"])),
        (6, "SITE_URL", _site(settings.SITE_URL)),
        (7, "ALLOWED_HOSTS", "takes any name: list the names of this site" if "*" in settings.ALLOWED_HOSTS else ""),
        (
            8,
            "HTTP_ALLOW_LOOPBACK",
            "is for tests only: unset it" if settings.HTTP_ALLOW_LOOPBACK and _is_public() else "",
        ),
    ]
    hint = "docs/runbook.md says how each of them is made."
    return [Error(f"{name} {wrong}.", hint=hint, id=f"production.E{code:03}") for code, name, wrong in found if wrong]


def refuse_to_serve() -> None:
    """End this process when a check of this module finds anything. Called by the web, which runs no checks itself."""
    if errors := secrets_are_secrets():
        raise NotFitToServe("Elinkages does not start:\n" + "\n".join(f"- {error.msg}" for error in errors))


def _weak(secret: str, shortest: int) -> str:
    if len(secret) < shortest:
        return f"has {len(secret)} characters and needs {shortest}"
    if len(set(secret)) < FEWEST_CHARACTERS:
        return "repeats few characters"
    if any(word in secret.lower() for word in WELL_KNOWN):
        return "contains a word that everybody tries first"
    return ""


def _no_key(text: str) -> str:
    try:
        key = base64.b64decode(text, altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return "is not base64"
    if len(key) != 32:
        return "is not 32 random bytes in base64"
    return "repeats few bytes" if len(set(key)) < FEWEST_CHARACTERS else ""


def _password_of(host: str, password: str) -> str:
    if not password:
        return "" if host in LOOPBACK else "is missing"
    return _weak(password, SHORTEST["password"])


def _site(url: str) -> str:
    parts = urlsplit(url)
    is_safe = parts.scheme == "https" or (parts.hostname or "") in LOOPBACK
    return "" if is_safe else "must begin with https://: cookies would travel in the clear"


def _is_public() -> bool:
    return (urlsplit(settings.SITE_URL).hostname or "") not in LOOPBACK
