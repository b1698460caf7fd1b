"""A sealed value opens in its own row, with our key, unchanged; and nowhere else."""

import base64
import os
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.core.exceptions import FieldError, ImproperlyConfigured
from django.db import models
from django.test.utils import isolate_apps
from pytest_django.fixtures import Settings

from elinkages.kernel import secrets
from elinkages.kernel.secrets import CannotOpen, Place, Sealed, SealedField

MSP, OTHER_MSP, ROW = (UUID(int=number) for number in (1, 2, 3))
HERE = Place(MSP, "integrations_connection", "token", ROW)


def _key() -> str:
    return base64.b64encode(os.urandom(32)).decode()


@pytest.fixture(autouse=True)
def key(settings: Settings) -> str:
    text = _key()
    settings.SECRETS_KEY, settings.SECRETS_KEY_FALLBACKS = text, []
    return text


def test_what_is_sealed_opens_in_its_place() -> None:
    sealed = secrets.seal("sk_live_ü", place=HERE)
    assert "sk_live" not in sealed
    assert secrets.open(sealed, place=HERE) == "sk_live_ü"
    assert secrets.seal("sk_live_ü", place=HERE) != sealed, "every sealing has its own nonce"


@pytest.mark.parametrize(
    "elsewhere",
    [
        Place(OTHER_MSP, HERE.table, HERE.column, ROW),
        Place(MSP, "partners_partner", HERE.column, ROW),
        Place(MSP, HERE.table, "refresh_token", ROW),
        Place(MSP, HERE.table, HERE.column, uuid4()),
    ],
    ids=["another MSP", "another table", "another column", "another row"],
)
def test_a_sealed_value_that_was_moved_does_not_open(elsewhere: Place) -> None:
    with pytest.raises(CannotOpen):
        secrets.open(secrets.seal("secret", place=HERE), place=elsewhere)


def test_a_sealed_value_does_not_open_with_any_byte_changed() -> None:
    head, kid, body = secrets.seal("secret", place=HERE).split(".")
    raw = base64.urlsafe_b64decode(body)
    for position in range(len(raw)):
        changed = raw[:position] + bytes([raw[position] ^ 1]) + raw[position + 1 :]
        with pytest.raises(CannotOpen):
            secrets.open(f"{head}.{kid}.{base64.urlsafe_b64encode(changed).decode()}", place=HERE)


@pytest.mark.parametrize(
    "text", ["", "secret", "v1.x", "v2.a.b", "v1.000000000000.AAAA", "v1..", "v1.{kid}.%%%", "v1.{kid}."]
)
def test_what_was_never_sealed_does_not_open(text: str) -> None:
    kid = secrets.seal("x", place=HERE).split(".")[1]
    with pytest.raises(CannotOpen):
        secrets.open(text.replace("{kid}", kid), place=HERE)


def test_after_a_rotation_old_values_open_and_are_known_to_be_old(settings: Settings) -> None:
    old = secrets.seal("secret", place=HERE)
    settings.SECRETS_KEY, settings.SECRETS_KEY_FALLBACKS = _key(), [settings.SECRETS_KEY]
    assert secrets.open(old, place=HERE) == "secret"
    assert not secrets.is_current(old)
    new = secrets.seal("secret", place=HERE)
    assert secrets.is_current(new)
    settings.SECRETS_KEY_FALLBACKS = []
    assert secrets.open(new, place=HERE) == "secret"
    with pytest.raises(CannotOpen, match="no longer configured"):
        secrets.open(old, place=HERE)


@pytest.mark.parametrize("text", ["", "short", base64.b64encode(b"too short").decode(), "%%%"])
def test_a_key_that_protects_nothing_is_refused(settings: Settings, text: str) -> None:
    settings.SECRETS_KEY = text
    with pytest.raises(ImproperlyConfigured, match="SECRETS_KEY"):
        secrets.seal("secret", place=HERE)


@pytest.fixture
def connection_model() -> Any:
    with isolate_apps("elinkages.accounts"):

        class Connection(models.Model):
            id = models.UUIDField(primary_key=True, db_default=models.functions.UUID7())
            msp_id = models.UUIDField(default=MSP)
            token = SealedField(blank=True)

            class Meta:
                app_label = "accounts"

            def __str__(self) -> str:
                return str(self.pk)

        return Connection


def test_a_field_is_sealed_when_it_is_saved_and_opened_when_it_is_read(connection_model: Any) -> None:
    row = connection_model(token="sk_live")
    assert isinstance(row.pk, UUID), "the row has its id before it is sealed"
    field = connection_model._meta.get_field("token")
    stored = field.pre_save(row, True)
    assert stored.startswith("v1.")
    assert row.token == "sk_live"
    loaded = connection_model(id=row.pk, msp_id=MSP, token=field.from_db_value(str(stored)))
    assert loaded.token == "sk_live"
    assert field.pre_save(loaded, False) == stored, "an untouched value is not sealed again"
    moved = connection_model(id=uuid4(), msp_id=MSP, token=Sealed(stored))
    with pytest.raises(CannotOpen):
        _ = moved.token


def test_an_empty_field_stays_empty_and_no_field_can_be_searched(connection_model: Any) -> None:
    row = connection_model()
    field = connection_model._meta.get_field("token")
    assert field.pre_save(row, True) == ""
    assert field.from_db_value("") == ""
    assert connection_model.token is field
    with pytest.raises(FieldError, match="cannot be searched"):
        connection_model._default_manager.filter(token="sk_live")
