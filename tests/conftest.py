"""Fixtures of every test. The database is set up in tests/database.py."""

from collections.abc import Iterator

import hypothesis
import pytest
from django.test import override_settings

from tests.database import django_db_setup as django_db_setup  # a conftest's fixture wins over pytest-django's

# A timing decides nothing: a busy machine is no counter-example.
hypothesis.settings.register_profile("untimed", hypothesis.settings.default, deadline=None)
hypothesis.settings.load_profile("untimed")


@pytest.fixture(scope="session", autouse=True)
def cheap_passwords() -> Iterator[None]:
    """Hashing a password is slow on purpose; tests make many people."""
    with override_settings(PASSWORD_HASHERS=["tests.hashers.CheapArgon2"]):
        yield
