"""Errors reach the Sentry that SENTRY_DSN names, and nobody's secrets with them."""

import gzip
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from elinkages.watch import errors

ROOT = Path(__file__).resolve().parents[2]
CRASH = """
import django
from django.conf import settings
storage = "django.contrib.staticfiles.storage.StaticFilesStorage"
settings.STORAGES["staticfiles"] = {"BACKEND": storage}
django.setup()
import logging
import sentry_sdk
from django.http import HttpResponse
from django.test import Client
from django.urls import path
import elinkages.urls

def crash(request, token):
    local_password = "canary-local"
    raise RuntimeError("canary@example.com has password=canary1 and TIN 123-45-6789")

elinkages.urls.urlpatterns.append(path("metrics/<str:token>/", crash, name="crash"))
headers = {"Authorization": "canary", "Cookie": "session=canary"}
browser = Client(raise_request_exception=False, SERVER_NAME="localhost", headers=headers)
browser.post("/metrics/Zx81Qp9876543210canary/?email=canary@example.com", {"password": "canary-form"})
logging.getLogger("commissions").error("The books of canary@example.com are wrong", extra={"secret": "canary"})
sentry_sdk.flush(10)
"""


def _brotli(body: bytes) -> bytes:
    import brotli  # type: ignore[import-untyped, unused-ignore]

    return bytes(brotli.decompress(body))


class Sentry(ThreadingHTTPServer):
    """Keeps what it was sent."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Taking)
        self.envelopes: list[bytes] = []


class Taking(BaseHTTPRequestHandler):
    """Takes envelopes and answers as Sentry does."""

    server: Sentry

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        # sentry-sdk takes brotli where it is installed, else gzip
        encoding = self.headers.get("Content-Encoding", "")
        body = {"br": _brotli, "gzip": gzip.decompress, "": bytes}[encoding](body)
        self.server.envelopes.append(body)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: Any) -> None:
        """Quiet."""


@pytest.fixture
def sentry() -> Iterator[Sentry]:
    server = Sentry()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


def run(script: str, **environment: str) -> str:
    """A process of its own: reporting errors is switched on once and for all."""
    answer = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, **environment},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert answer.returncode == 0, answer.stderr
    return answer.stdout + answer.stderr


@pytest.mark.django_db
def test_an_error_arrives_with_its_route_and_without_anybodys_secrets(sentry: Sentry) -> None:
    dsn = f"http://publickey@127.0.0.1:{sentry.server_address[1]}/7"
    run(CRASH, SENTRY_DSN=dsn, RELEASE="abc123", SENTRY_ENVIRONMENT="drill")
    envelopes = sentry.envelopes
    assert envelopes
    everything = b"\n".join(envelopes).decode()
    assert "canary" not in everything
    assert "Zx81" not in everything
    assert "6789" not in everything
    events = [json.loads(line) for body in envelopes for line in body.splitlines() if b'"event_id"' in line]
    (crash,) = [event for event in events if "exception" in event]
    assert crash["exception"]["values"][-1]["type"] == "RuntimeError"
    assert crash["transaction"] == "/metrics/{token}/"
    assert (crash["release"], crash["environment"]) == ("abc123", "drill")
    assert crash["tags"]["request_id"]
    assert not any("vars" in frame for frame in crash["exception"]["values"][-1]["stacktrace"]["frames"])


def test_without_a_dsn_nothing_is_loaded_and_nothing_is_sent() -> None:
    run("import django; django.setup(); import sys; assert 'sentry_sdk' not in sys.modules", SENTRY_DSN="")


def test_what_comes_with_a_request_or_a_person_stays_here() -> None:
    event = {
        "request": {"method": "POST", "url": "https://x/canary", "data": "canary", "headers": {"Cookie": "canary"}},
        "user": {"id": 7, "email": "canary", "ip_address": "canary"},
        "contexts": {"runtime": {"name": "CPython"}, "other": {"a": "canary"}},
        "extra": {"token": "canary"},
        "message": "hello",
    }
    left = errors.before_send(event, None)
    assert "canary" not in str(left)
    assert left["request"] == {"method": "POST"}
    assert left["user"] == {"id": "7"}
