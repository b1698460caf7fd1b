"""Log lines say which request, MSP and person, and nothing that belongs to one."""

import io
import json
import logging
import logging.config
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django.fixtures import Settings

from elinkages.accounts.models import Membership
from elinkages.accounts.rights import Role
from elinkages.kernel import tenancy
from elinkages.mail import tasks as mail_tasks
from elinkages.mail.models import Message
from elinkages.pages.views import home
from elinkages.watch import logs
from partners.models import Partner
from tests import builders

pytestmark = pytest.mark.django_db
TIN = "912-84-7733"
CANARIES = ("canary", "Zx81Qp9876543210", builders.PASSWORD, TIN)


@pytest.fixture
def written(settings: Settings) -> Iterator[io.StringIO]:
    """What the production's handler writes; every logger's level as in production."""
    lines = io.StringIO()
    config = logs.configure(human=False)
    formatter = dict(config["formatters"]["line"])
    handler = logging.StreamHandler(lines)
    handler.setFormatter(formatter.pop("()")(**formatter))
    root = logging.getLogger()
    root.addHandler(handler)
    before, root.level = root.level, logging.INFO
    yield lines
    root.removeHandler(handler)
    root.level = before


def told(written: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in written.getvalue().splitlines()]


@pytest.fixture
def olga() -> Membership:
    return builders.a_member(builders.an_msp("Acme IT", "acme"), Role.OWNER, "Olga Owner")


def test_a_request_is_one_line_with_its_route_its_msp_and_its_person(olga: Membership, written: io.StringIO) -> None:
    browser = builders.a_browser(olga.user)
    answer = browser.get("/acme/partners/", {"q": "canary"})
    (line,) = [line for line in told(written) if line["message"] == "request_finished"]
    assert line["request"] == "GET dashboard:partner-list"
    assert (line["code"], line["msp"], line["user_id"]) == (200, str(olga.msp_id), str(olga.user_id))
    assert line["request_id"] == answer.headers["X-Request-ID"]
    assert line["ms"] >= 0


def test_an_id_from_outside_is_not_believed(written: io.StringIO) -> None:
    answer = Client().get("/", headers={"X-Request-ID": "chosen"})
    assert answer.headers["X-Request-ID"] != "chosen"


def test_asking_for_health_asks_nobody_who_they_are(olga: Membership, written: io.StringIO) -> None:
    browser = builders.a_browser(olga.user)
    with CaptureQueriesContext(connection) as asked:
        browser.get("/healthz")
    assert not [query for query in asked.captured_queries if "accounts_user" in query["sql"]]


def test_a_line_inside_a_unit_of_work_names_its_msp(olga: Membership, written: io.StringIO) -> None:
    with tenancy.use(olga.msp_id):
        logging.getLogger("commissions").error("Something about %s", "a contract")
    (line,) = told(written)
    assert (line["msp"], line["message"], line["level"]) == (str(olga.msp_id), "Something about a contract", "error")


def test_no_secret_and_no_person_is_ever_written(
    olga: Membership, written: io.StringIO, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    """Through the doors that see most of them, and through everything that can break on the way."""
    stranger = Client(raise_request_exception=False)
    stranger.post("/accounts/login/", {"login": "canary@example.com", "password": "canary-password"})
    stranger.post("/accounts/signup/", {"email": "canary2@example.com", "password1": "canary-password-2"})
    stranger.post("/accounts/password/reset/", {"email": olga.user.email})
    stranger.get("/invitation/acme/Zx81Qp9876543210canary/")
    stranger.get("/acme/?token=Zx81Qp9876543210")
    stranger.get("/nowhere/Zx81Qp9876543210/", headers={"User-Agent": "canary", "X-Forwarded-For": "canary"})
    browser = Client(raise_request_exception=False)
    browser.force_login(olga.user)
    browser.post("/acme/settings/team/invitations/", {"email": "canary3@example.com", "role": "finance"})

    def crash(*_: object) -> None:
        named = "canary"  # not in the line below, which the traceback quotes
        fields = {"name": named, "name_key": named, "kind": named, "state": "active", "created_at": builders.AT}
        Partner.objects.bulk_create([Partner(**fields)])

    monkeypatch.setattr(home, "page", crash)
    browser.get("/acme/")
    with tenancy.use(olga.msp_id):
        letter = Message.objects.create(
            to="canary4@example.com", subject="canary", text="canary", key="k", created_at=builders.AT
        )

    def refuse(_letter: object) -> None:
        raise RuntimeError(f"550 no such user <{letter.to}> code: 4711-canary")

    monkeypatch.setattr(mail_tasks, "compose", refuse)
    mail_tasks.deliver.run(msp_id=str(olga.msp_id), message_id=str(letter.pk))
    structlog.get_logger("any").warning("sent", to="canary", tin=TIN, reset_token="canary", note="canary@example.com")
    lines = told(written)
    assert len(lines) > 8
    (crashed,) = [line for line in lines if "exception" in line and line["message"] == "request_failed"]
    assert "violates check constraint" in crashed["exception"]
    assert any(line["message"].startswith("Letter") for line in lines)
    for line in lines:
        for canary in CANARIES:
            assert canary not in json.dumps(line), line


def test_the_demo_writes_for_people() -> None:
    config = logs.configure(human=True)
    formatter = dict(config["formatters"]["line"])
    record = logging.makeLogRecord({"msg": "Month accrued for canary@example.com", "levelname": "INFO", "name": "x"})
    line = formatter.pop("()")(**formatter).format(record)
    assert "Month accrued for [e-mail]" in line
    assert not line.startswith("{")
