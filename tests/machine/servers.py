"""Database servers of a test's own, beside the one that all tests share."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from elinkages.machine import postgres, services
from elinkages.machine.account import ordinary_account
from elinkages.machine.postgres import Postgres


@contextmanager
def a_server(folder: Path) -> Iterator[tuple[Postgres, str]]:
    """An empty PostgreSQL without our roles."""
    account = ordinary_account()
    keys = services.Keys.fresh()
    keys.postgres_port, keys.redis_port = postgres.free_port(), postgres.free_port()
    server = services.describe(folder / "server", folder / "server", keys, account).postgres
    server.data.parent.mkdir(parents=True, exist_ok=True)
    (folder / "server").chmod(0o711)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(postgres, "make_roles", lambda *_: None)
        process = postgres.start(server, settings=postgres.THROW_AWAY)
    try:
        yield server, os.environ["REDIS_URL"]
    finally:
        postgres.stop(server, process)
