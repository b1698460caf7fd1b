"""A backup is whole, of one moment, and becomes the same database again; nothing is ever overwritten."""

import json
import os
import re
import secrets
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from elinkages.accounts.models import Msp
from elinkages.accounts.rights import Role
from elinkages.machine import dumps, services
from elinkages.machine.services import CHECKOUT
from tests import builders
from tests.machine.servers import a_server

SERVERS = (
    "DATABASE_URL",
    "DATABASE_OWNER_URL",
    "DATABASE_BACKUP_URL",
    "REDIS_URL",
    "SECRET_KEY",
    "SECRETS_KEY",
    "ELINKAGES_ROLE",
)


def run(module: str, *arguments: str | Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    plain = {name: value for name, value in os.environ.items() if name not in SERVERS}
    return subprocess.run(
        [sys.executable, "-m", f"elinkages.machine.{module}", *map(str, arguments)],
        cwd=CHECKOUT,
        env={**plain, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
    )


@contextmanager
def backed_up(folder: Path) -> Iterator[Path]:
    answer = run("backup", folder / "backups", DATABASE_BACKUP_URL=os.environ["DATABASE_BACKUP_URL"])
    assert answer.returncode == 0, answer.stderr
    assert "SECRETS_KEY is not in it" in answer.stdout
    (file,) = (folder / "backups").glob("*.tar")
    yield file


@pytest.fixture
def acme(transactional_db: None) -> Msp:
    msp = builders.an_msp("Acme IT", "acme")
    builders.a_member(msp, Role.OWNER, "Olga Owner")
    builders.a_member(builders.an_msp("Rival", "rival"), Role.OWNER)
    return msp


def test_a_backup_becomes_the_same_database_and_is_proven(acme: Msp, folder: Path) -> None:
    home = folder / "home"
    with backed_up(folder) as file:
        assert file.stat().st_mode & 0o077 == 0
        assert file.with_suffix(".tar.sha256").read_text().startswith(dumps.checksum(file))
        restored = run("restore", file, ELINKAGES_HOME=str(home), SECRETS_KEY=os.environ["SECRETS_KEY"])
        assert restored.returncode == 0, restored.stdout + restored.stderr
        for proof in (
            "Every row is there",
            "The walls between MSPs stand",
            "Sealed values can be opened",
            "The books hold",
            "Nobody is logged in anymore",
        ):
            assert re.search(f"{proof}.*: yes", restored.stdout), proof
        again = run("restore", file, ELINKAGES_HOME=str(home))
        assert again.returncode == 1
        assert "A backup is only restored into an empty one" in again.stderr
        second = run("backup", folder / "second", ELINKAGES_HOME=str(home))
        assert second.returncode == 0, second.stderr
        (copy,) = (folder / "second").glob("*.tar")
        assert tables(copy) == tables(file)
        assert tables(file)["accounts_msp"].startswith("2|")


def test_a_backup_without_the_key_that_sealed_its_values_is_no_proof(acme: Msp, folder: Path) -> None:
    with backed_up(folder) as file:
        restored = run("restore", file, ELINKAGES_HOME=str(folder / "home"))
    assert restored.returncode == 1
    assert "Sealed values can be opened: NO" in restored.stdout
    assert "Add the key that sealed them to SECRETS_KEY" in restored.stderr


def tables(file: Path) -> dict[str, str]:
    with tarfile.open(file) as archive:
        manifest = archive.extractfile("manifest.json")
        assert manifest
        found: dict[str, str] = json.load(manifest)["tables"]
        return found


def test_a_damaged_file_changes_nothing(acme: Msp, folder: Path) -> None:
    with backed_up(folder) as file:
        broken = folder / "broken.tar"
        content = bytearray(file.read_bytes())
        content[len(content) // 2] ^= 0xFF
        broken.write_bytes(content)
        home = folder / "home"
        answer = run("restore", broken, ELINKAGES_HOME=str(home))
        assert answer.returncode == 1
        assert "damaged" in answer.stderr or "not a backup" in answer.stderr
        assert not (home / "postgres").exists()
    (folder / "letter.txt").write_text("hello")
    assert "not a backup of ours" in run("restore", folder / "letter.txt", ELINKAGES_HOME=str(folder / "home")).stderr


def test_a_database_of_ones_own_is_made_with_its_roles_and_not_overwritten(acme: Msp, folder: Path) -> None:
    """As in compose: a server that somebody else started, its superuser, and passwords from the environment."""
    with backed_up(folder) as file, a_server(folder) as (server, redis):
        names = ("OWNER_PASSWORD", "APP_PASSWORD", "BACKUP_PASSWORD")
        passwords = {name: secrets.token_urlsafe(24) for name in names}
        url = f"127.0.0.1:{server.port}/elinkages"
        environment = {
            **passwords,
            "DATABASE_URL": f"postgresql://elinkages_app:{passwords['APP_PASSWORD']}@{url}",
            "DATABASE_OWNER_URL": f"postgresql://elinkages_owner:{passwords['OWNER_PASSWORD']}@{url}",
            "DATABASE_RESTORE_URL": server.superuser_url,
            "REDIS_URL": redis,
            "SECRET_KEY": secrets.token_urlsafe(50),
            "SECRETS_KEY": os.environ["SECRETS_KEY"],
        }
        assert "Set OWNER_PASSWORD too" in run("restore", file, **environment | {"OWNER_PASSWORD": ""}).stderr
        restored = run("restore", file, **environment)
        assert restored.returncode == 0, restored.stdout + restored.stderr
        again = run("restore", file, **environment)
        assert (again.returncode, "only restored into an empty one" in again.stderr) == (1, True)


def test_nothing_to_back_up_is_said(folder: Path) -> None:
    answer = run("backup", folder / "backups", ELINKAGES_HOME=str(folder / "home"))
    assert answer.returncode == 1
    assert "There is no database in" in answer.stderr


def test_a_database_of_ones_own_wants_its_backup_role(folder: Path) -> None:
    answer = run("backup", folder, DATABASE_URL=os.environ["DATABASE_URL"])
    assert "set DATABASE_BACKUP_URL too" in answer.stderr
    answer = run("restore", folder, DATABASE_URL=os.environ["DATABASE_URL"])
    assert answer.returncode == 1


def test_the_backup_role_reads_every_tenant_and_writes_nothing(acme: Msp) -> None:
    with psycopg.connect(os.environ["DATABASE_BACKUP_URL"], autocommit=True) as connection:
        assert connection.execute("SELECT count(*) FROM accounts_membership").fetchone() == (2,)
        with pytest.raises(psycopg.Error):
            connection.execute("DELETE FROM accounts_membership")
        connection.execute("SET default_transaction_read_only = off")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("DELETE FROM accounts_membership")
    with psycopg.connect(os.environ["DATABASE_URL"]) as app, pytest.raises(psycopg.errors.InsufficientPrivilege):
        app.execute("SET ROLE elinkages_backup")


def test_everything_uploaded_is_in_the_database_and_so_in_the_backup() -> None:
    from django.apps import apps
    from django.db.models import FileField

    kept = [field for model in apps.get_models() for field in model._meta.get_fields() if isinstance(field, FileField)]
    assert kept == [], "A file beside the database is in no backup: keep its bytes in a row (ADR 29)."


def test_keys_of_a_home_from_before_are_completed(tmp_path: Path) -> None:
    old = {"secret_key": "s", "superuser": "a", "owner": "b", "app": "c", "redis": "d"}
    (tmp_path / "keys.json").write_text(json.dumps(old))
    keys = services.Keys.kept(tmp_path / "keys.json")
    assert keys.backup
    assert keys.secrets_key
