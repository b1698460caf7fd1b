"""What is sent is refused by its size before any of it is kept: by anybody, at any address."""

from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django.fixtures import Settings

pytestmark = pytest.mark.django_db


def _send(size: int) -> int:
    client = Client(raise_request_exception=False)
    return int(client.post("/accounts/login/", {"file": SimpleUploadedFile("large.bin", b"0" * size)}).status_code)


def test_a_stranger_fills_no_disk(settings: Settings, tmp_path: Path) -> None:
    settings.FILE_UPLOAD_TEMP_DIR = str(tmp_path)
    settings.FILE_UPLOAD_MAX_MEMORY_SIZE = 0
    settings.LARGEST_REQUEST = 100_000
    assert _send(90_000) == 200
    assert _send(200_000) == 400
    assert not list(tmp_path.iterdir())


def test_a_file_that_an_import_refuses_with_a_sentence_gets_as_far_as_that(settings: Settings) -> None:
    from integrations.spreadsheets.limits import LARGEST_BYTES

    assert settings.LARGEST_REQUEST > 2 * LARGEST_BYTES
