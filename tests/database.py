"""Real PostgreSQL for tests, as the role that serves (a pytest plugin, loaded before Django's settings).

The roles are there before pytest starts (bin/pytest). One template is migrated as the owner: by bin/test while it looks
at the code (`python -m tests.database`), else by the first worker that needs a database. Every worker copies it; tests
log in as the app, which owns nothing.
"""

import fcntl
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
import redis

from elinkages.machine import template

WORKER = os.environ.get("PYTEST_XDIST_WORKER", "main")
TEMPLATE = "elinkages"
KEPT_WHEN_FLUSHED = ("django_migrations", "django_content_type", "auth_permission")
ROOT = Path(__file__).resolve().parent.parent


def _with_path(url: str, path: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{path}"))


def _point_at_own_database() -> None:
    """Give this worker its own database and its own Redis database, also for processes it starts."""
    if "ELINKAGES_THROW_AWAY" not in os.environ:
        raise pytest.UsageError("Run bin/pytest instead of pytest: it starts PostgreSQL and Redis around the tests.")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "elinkages.settings")
    os.environ.setdefault("ELINKAGES_TEST", "1")
    os.environ.setdefault("ELINKAGES_TEMPLATE_OWNER_URL", os.environ["DATABASE_OWNER_URL"])
    number = int(WORKER.removeprefix("gw")) + 1 if WORKER.startswith("gw") else 0
    os.environ["REDIS_URL"] = _with_path(os.environ["REDIS_URL"], str(number))
    for name in ("DATABASE_URL", "DATABASE_OWNER_URL", "DATABASE_BACKUP_URL"):
        os.environ[name] = _with_path(os.environ[name], f"{TEMPLATE}_{WORKER}")


_point_at_own_database()


def pytest_configure() -> None:
    """Serve static files as they lie in the tree: hashed names come from collectstatic, which bin/test runs."""
    from django.conf import settings

    settings.STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}


def migrate_template() -> None:
    """Make the database that every worker copies, unless it was kept from an earlier run or made in this one."""
    folder = Path(os.environ["ELINKAGES_THROW_AWAY"])
    done = folder / template.MIGRATED
    with (folder / "template.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if done.exists():
            return
        answer = subprocess.run(
            [sys.executable, "manage.py", "migrate", "--verbosity=0"],
            env={
                **os.environ,
                "DATABASE_OWNER_URL": os.environ["ELINKAGES_TEMPLATE_OWNER_URL"],
                "ELINKAGES_ROLE": "owner",
            },
            cwd=ROOT,
            check=False,
            capture_output=True,
            text=True,
        )
        if answer.returncode:
            pytest.fail(f"The test database could not be migrated:\n{answer.stdout}{answer.stderr}", pytrace=False)
        done.touch()


@pytest.fixture(scope="session")
def django_db_setup() -> None:
    """This worker's copy of the migrated template."""
    migrate_template()
    with psycopg.connect(_with_path(os.environ["DATABASE_OWNER_URL"], "postgres"), autocommit=True) as owner:
        owner.execute("SELECT pg_advisory_lock(1)")  # CREATE DATABASE wants its template to itself
        # bin/test runs pytest twice around the same servers: without the browser tests, then with nothing else.
        owner.execute(f'DROP DATABASE IF EXISTS "{TEMPLATE}_{WORKER}" WITH (FORCE)'.encode())
        owner.execute(f'CREATE DATABASE "{TEMPLATE}_{WORKER}" TEMPLATE "{TEMPLATE}" STRATEGY file_copy'.encode())


def flush_as_owner() -> None:
    """Empty every table that has ever held a row: the app may not TRUNCATE, and keeps its triggers."""
    with psycopg.connect(os.environ["DATABASE_OWNER_URL"]) as owner:
        tables = owner.execute(
            """
            SELECT string_agg(format('%%I', relname), ', ') FROM pg_class
            WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
              AND relname <> ALL(%s) AND pg_relation_size(oid) > 0
            """,
            [list(KEPT_WHEN_FLUSHED)],
        ).fetchone()
        if tables and tables[0]:
            owner.execute(f"TRUNCATE {tables[0]} RESTART IDENTITY CASCADE".encode())


@pytest.fixture(scope="session", autouse=True)
def _flush_with_the_owners_right() -> Iterator[None]:
    from django.test import TransactionTestCase

    def teardown(_self: Any) -> None:
        flush_as_owner()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", teardown)
        yield


@pytest.fixture(scope="session")
def _redis_of_this_worker() -> "Iterator[redis.Redis]":
    client = redis.Redis.from_url(os.environ["REDIS_URL"], protocol=2)
    yield client
    client.close()


@pytest.fixture(autouse=True)
def _empty_redis(_redis_of_this_worker: "redis.Redis") -> None:
    """No test sees another one's cache, rate limits or queue."""
    _redis_of_this_worker.flushdb()


if __name__ == "__main__":
    migrate_template()
