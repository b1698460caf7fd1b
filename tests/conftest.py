"""Fixtures of every test. The database is set up in tests/database.py."""

import tempfile
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from django.db import transaction
from django.test import override_settings

from tests import world
from tests.database import django_db_setup as django_db_setup  # a conftest's fixture wins over pytest-django's
from tests.world import World

# A timing decides nothing: a busy machine is no counter-example.
hypothesis.settings.register_profile("untimed", hypothesis.settings.default, deadline=None)
hypothesis.settings.load_profile("untimed")


@pytest.fixture(scope="session", autouse=True)
def cheap_passwords() -> Iterator[None]:
    """Hashing a password is slow on purpose; tests make many people."""
    with override_settings(PASSWORD_HASHERS=["tests.hashers.CheapArgon2"]):
        yield


@pytest.fixture(scope="module")
def _built_once(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    around = transaction.atomic()
    around._from_testcase = True  # type: ignore[attr-defined]  # a unit of work may begin inside, as inside a test's
    with django_db_blocker.unblock():
        around.__enter__()
        built = world.build()
    yield built
    with django_db_blocker.unblock():
        transaction.set_rollback(True)
        around.__exit__(None, None, None)


@pytest.fixture
def cast(_built_once: World, db: None) -> World:
    """Both MSPs of tests/world.py, built once for a module's tests: each starts from them and is rolled back."""
    return deepcopy(_built_once)


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that the servers' user can enter, which pytest's own is not."""
    with tempfile.TemporaryDirectory(prefix="elinkages-test-") as folder:
        Path(folder).chmod(0o711)
        yield Path(folder)
