"""/healthz tells a monitor what works, without telling anyone why something does not."""

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client

from elinkages import celery
from tests import builders

ALL_WELL = {"database": "ok", "redis": "ok", "worker": "ok", "beat": "ok"}


@pytest.fixture
def signs_of_life() -> None:
    for part in ("worker", "beat"):
        celery.redis_client().set(f"elinkages:alive:{part}", 1)


@pytest.fixture
def unreachable_redis(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "REDIS_URL", "redis://127.0.0.1:1/0")


@pytest.mark.django_db
@pytest.mark.usefixtures("signs_of_life")
def test_everything_running_is_200_with_four_states(client: Client) -> None:
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, ALL_WELL)
    assert "no-store" in answer.headers["Cache-Control"]


@pytest.mark.django_db
def test_a_missing_worker_is_told_and_keeps_the_web_up(client: Client) -> None:
    answer = client.get("/healthz")
    assert answer.status_code == 200
    assert answer.json() == {**ALL_WELL, "worker": "missing", "beat": "missing"}


@pytest.mark.django_db
@pytest.mark.usefixtures("unreachable_redis")
def test_without_redis_it_is_503(client: Client) -> None:
    answer = client.get("/healthz")
    assert answer.status_code == 503
    assert answer.json() == {"database": "ok", "redis": "unreachable", "worker": "unreachable", "beat": "unreachable"}


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("signs_of_life")
@pytest.mark.parametrize("is_logged_in", [False, True])
def test_without_a_database_it_is_503(client: Client, monkeypatch: pytest.MonkeyPatch, is_logged_in: bool) -> None:
    if is_logged_in:
        client.force_login(builders.a_user("Ana"))
    connection.close()
    monkeypatch.setitem(connection.settings_dict, "PORT", "1")
    answer = client.get("/healthz")
    monkeypatch.undo()
    connection.close()
    assert (answer.status_code, answer.json()) == (503, {**ALL_WELL, "database": "unreachable"})
    assert settings.DATABASES["default"]["PASSWORD"] not in answer.text
