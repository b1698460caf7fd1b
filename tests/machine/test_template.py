"""A migrated cluster is kept for the next run, and only that."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from elinkages.machine import postgres, services, template
from elinkages.machine.account import ordinary_account, temporary_root
from elinkages.machine.services import Keys, Servers


@pytest.fixture
def shelf(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("ELINKAGES_HOME", str(tmp_path))
    return tmp_path / "test-templates"


def servers_in(folder: Path, keys: Keys) -> Servers:
    keys.postgres_port = postgres.free_port()
    return services.describe(folder, services.CHECKOUT / ".elinkages", keys, ordinary_account(), data=folder)


@pytest.fixture
def folders() -> "Iterator[list[Path]]":
    """Two folders that the servers' user can enter, which pytest's own are not."""
    with tempfile.TemporaryDirectory(prefix="elinkages-", dir=temporary_root(ordinary_account())) as name:
        root = Path(name)
        made = [root / "first", root / "second"]
        for folder in (root, *made):
            folder.mkdir(exist_ok=True)
            folder.chmod(0o711)
        yield made


def test_the_next_run_starts_from_what_the_last_one_migrated(shelf: Path, folders: "list[Path]") -> None:
    first, second = folders
    keys = Keys.fresh()
    servers = servers_in(first, keys)
    process = postgres.start(servers.postgres, settings=postgres.THROW_AWAY)
    try:
        with psycopg.connect(servers.postgres.owner_url, autocommit=True) as owner:
            owner.execute("CREATE TABLE migrated (id int)")
        postgres.make_roles(servers.postgres, "elinkages_gw0")
        assert not template.can_keep(first, servers, "abc"), "nothing has said that it is migrated"
        (first / template.MIGRATED).touch()
        assert template.can_keep(first, servers, "abc")
    finally:
        postgres.stop(servers.postgres, process)
    template.keep(first, servers, keys, "abc")
    assert [kept.name for kept in shelf.iterdir()] == ["abc"]

    taken = template.take(second, servers_in(second, Keys.fresh()).postgres, "abc")
    assert taken
    again = servers_in(second, taken)
    process = postgres.start(again.postgres, settings=postgres.THROW_AWAY)
    try:
        with psycopg.connect(again.postgres.app_url) as app:
            assert app.execute("SELECT count(*) FROM migrated").fetchone() == (0,)
            databases = app.execute("SELECT datname FROM pg_database WHERE datname LIKE 'elinkages%'").fetchall()
            assert databases == [("elinkages",)]
    finally:
        postgres.stop(again.postgres, process)


def test_other_migrations_find_nothing(shelf: Path, folders: "list[Path]") -> None:
    assert not shelf.exists()
    assert template.take(folders[0], servers_in(folders[0], Keys.fresh()).postgres, "def") is None
    assert not (folders[0] / template.MIGRATED).exists()
