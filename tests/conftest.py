"""Fixtures of every test. The database is set up in tests/database.py."""

from tests.database import django_db_setup as django_db_setup  # a conftest's fixture wins over pytest-django's
