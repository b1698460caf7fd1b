"""Sealed secrets: what an MSP entrusts to us is readable only in the row it was written for.

AES-256-GCM. The key of the environment (SECRETS_KEY) never touches data: each MSP has a key derived from it. The place
of a value (MSP, table, column, row) is authenticated with it, so a sealed value that is copied into another row, or
another MSP's, does not open. A rotation puts a new SECRETS_KEY first and keeps the old one in SECRETS_KEY_FALLBACKS
until every row is sealed anew (`is_current`).
"""

import base64
import binascii
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, overload
from uuid import UUID, uuid4

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.core.exceptions import FieldError, ImproperlyConfigured
from django.db import models
from django.db.models.expressions import DatabaseDefault

FORMAT = "v1"
KEY_BYTES = 32
NONCE_BYTES = 12


class CannotOpen(ValueError):
    """A sealed value was changed, moved, or sealed with a key that is gone."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a sealed value lives; it opens nowhere else."""

    msp_id: UUID
    table: str
    column: str
    row_id: UUID

    @property
    def associated_data(self) -> bytes:
        """The place as bytes that are authenticated with the value."""
        return f"{self.msp_id}|{self.table}.{self.column}|{self.row_id}".encode()


def seal(plaintext: str, *, place: Place) -> str:
    """Encrypt a text for its place: `v1.<key id>.<base64 of nonce and ciphertext>`."""
    master = _masters()[0]
    nonce = os.urandom(NONCE_BYTES)
    sealed = AESGCM(_data_key(master, place.msp_id)).encrypt(nonce, plaintext.encode(), place.associated_data)
    return f"{FORMAT}.{_key_id(master)}.{base64.urlsafe_b64encode(nonce + sealed).decode()}"


def open(sealed: str, *, place: Place) -> str:
    """Decrypt what `seal` made for this place; raises CannotOpen for anything else."""
    master, body = _parse(sealed)
    try:
        nonce, ciphertext = body[:NONCE_BYTES], body[NONCE_BYTES:]
        return AESGCM(_data_key(master, place.msp_id)).decrypt(nonce, ciphertext, place.associated_data).decode()
    except (InvalidTag, ValueError) as problem:
        raise CannotOpen(f"The sealed {place.table}.{place.column} does not belong to this row.") from problem


def is_current(sealed: str) -> bool:
    """Whether a value is sealed with the newest key; otherwise open and seal it again."""
    return sealed.split(".")[1:2] == [_key_id(_masters()[0])]


def _masters() -> Sequence[bytes]:
    texts = [settings.SECRETS_KEY, *settings.SECRETS_KEY_FALLBACKS]
    if not texts[0]:
        raise ImproperlyConfigured("Set SECRETS_KEY to 32 random bytes in base64 before keeping secrets.")
    return [_master(text) for text in texts]


def _master(text: str) -> bytes:
    try:
        key = base64.b64decode(text, altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as problem:
        raise ImproperlyConfigured("SECRETS_KEY is not base64.") from problem
    if len(key) != KEY_BYTES:
        raise ImproperlyConfigured(f"SECRETS_KEY has {len(key)} bytes; it needs {KEY_BYTES}.")
    return key


def _key_id(master: bytes) -> str:
    return _derive(master, b"key id").hex()[:12]


def _data_key(master: bytes, msp_id: UUID) -> bytes:
    return _derive(master, f"data|{msp_id}".encode())


def _derive(master: bytes, purpose: bytes) -> bytes:
    return HKDF(SHA256(), KEY_BYTES, salt=b"elinkages secrets", info=purpose).derive(master)


def _parse(sealed: str) -> tuple[bytes, bytes]:
    parts = sealed.split(".")
    if len(parts) != 3 or parts[0] != FORMAT:
        raise CannotOpen("This is not a sealed value.")
    master = next((master for master in _masters() if _key_id(master) == parts[1]), None)
    if master is None:
        raise CannotOpen("This value was sealed with a key that is no longer configured.")
    try:
        return master, base64.b64decode(parts[2], altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as problem:
        raise CannotOpen("This sealed value is damaged.") from problem


class Sealed(str):
    """A value as the database holds it, not opened yet."""


class _Opening:
    """The attribute of a SealedField: plain text to Python, opened when it is asked for."""

    def __init__(self, field: "SealedField") -> None:
        self.field = field

    @overload
    def __get__(self, row: None, owner: Any) -> "SealedField": ...
    @overload
    def __get__(self, row: models.Model, owner: Any) -> str: ...
    def __get__(self, row: models.Model | None, owner: Any) -> Any:
        if row is None:
            return self.field
        value = row.__dict__.get(self.field.attname, "")
        return open(value, place=self.field.place(row)) if isinstance(value, Sealed) else value

    def __set__(self, row: models.Model, value: Any) -> None:
        """A new row gets its id with its first secret: the place of the secret includes it."""
        if value and not isinstance(value, Sealed) and isinstance(row.pk, DatabaseDefault | None):
            row.pk = uuid4()
        row.__dict__[self.field.attname] = value


class SealedField(models.TextField):  # type: ignore[type-arg]  # subscriptable in the stubs only
    """A text of a tenant model that is sealed for its row. It cannot be searched."""

    def contribute_to_class(self, cls: type[models.Model], name: str, private_only: bool = False) -> None:
        """Put the opening attribute in place of Django's."""
        super().contribute_to_class(cls, name, private_only)
        setattr(cls, self.attname, _Opening(self))

    def place(self, row: Any) -> Place:
        """The place of this field in a row that has its id."""
        return Place(row.msp_id, row._meta.db_table, self.attname, row.pk)

    def from_db_value(self, value: str | None, *_: Any) -> str | None:
        """Keep it sealed until somebody asks; an empty text was never sealed."""
        return Sealed(value) if value else value

    def pre_save(self, row: Any, add: bool) -> Any:
        """Seal a new text; what is sealed already stays as it is."""
        value = row.__dict__.get(self.attname, "")
        if not value or isinstance(value, Sealed):
            return value
        sealed = Sealed(seal(value, place=self.place(row)))
        row.__dict__[self.attname] = sealed
        return sealed

    def get_lookup(self, lookup_name: str) -> Any:
        """Only whether there is one can be asked."""
        if lookup_name == "isnull":
            return super().get_lookup(lookup_name)
        raise FieldError("A sealed field cannot be searched; keep a keyed hash beside it.")
