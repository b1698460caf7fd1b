"""Fixtures of every test. The database is set up in tests/database.py."""

from collections.abc import Iterator

import pytest
from django.test import override_settings
from hypothesis import settings as hypothesis_settings

from tests.database import django_db_setup as django_db_setup  # a conftest's fixture wins over pytest-django's

# No test is decided by a clock.
hypothesis_settings.register_profile("unhurried", deadline=None)
hypothesis_settings.load_profile("unhurried")


@pytest.fixture(scope="session", autouse=True)
def static_files_by_plain_names() -> Iterator[None]:
    """Hashed names need `collectstatic`; tests read style sheets and modules where they stand."""
    from django.conf import settings

    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    with override_settings(STORAGES={**settings.STORAGES, "staticfiles": plain}):
        yield
