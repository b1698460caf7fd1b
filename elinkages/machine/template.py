"""Keep the migrated cluster of a test run, so that the next one with the same migrations starts from it."""

import hashlib
import json
import shutil
import subprocess
from contextlib import suppress
from pathlib import Path

from elinkages.machine import postgres
from elinkages.machine.postgres import Postgres, ServerFailed
from elinkages.machine.services import CHECKOUT, Keys, Servers, home_folder

DECIDES = (
    "*/migrations/*.py",
    "*/*/migrations/*.py",
    "*/models/*.py",
    "*/*/models/*.py",
    "*/*/models.py",
    "elinkages/kernel/tenancy.py",
    "elinkages/kernel/constraints.py",
    "elinkages/settings.py",
    "elinkages/machine/*.sql",
    "elinkages/machine/postgres.py",
    "uv.lock",
)
"""What the content of a migrated, empty database depends on."""
KEPT = 3
MIGRATED = "template.migrated"
"""The name of the note in a throw-away folder: its template database is migrated."""


def fingerprint() -> str:
    """The same text for the same migrations."""
    digest = hashlib.sha256()
    for pattern in DECIDES:
        for file in sorted(CHECKOUT.glob(pattern)):
            digest.update(f"{file.relative_to(CHECKOUT)}\n".encode())
            with suppress(OSError):
                digest.update(file.read_bytes())
    return digest.hexdigest()[:20]


def _shelf() -> Path:
    return home_folder() / "test-templates"


def take(folder: Path, server: Postgres, wanted: str) -> Keys | None:
    """Copy the kept cluster into `folder`; returns the keys it was made with, None when there is none."""
    kept = _shelf() / wanted
    try:
        keys = Keys(**json.loads((kept / "keys.json").read_text()))
        subprocess.run(["cp", "-R", "-p", str(kept / "postgres"), str(server.data)], check=True, capture_output=True)
    except (OSError, ValueError, TypeError, subprocess.CalledProcessError):
        shutil.rmtree(server.data, ignore_errors=True)
        return None
    server.account.own(server.data)
    kept.touch()
    (folder / MIGRATED).touch()
    return keys


def drop_copies(servers: Servers) -> None:
    """Leave only the template in the cluster, whose copies belong to the tests that ran."""
    copies = r"FROM pg_database WHERE datname LIKE 'elinkages\_%'"
    drop = f"SELECT format('DROP DATABASE %I WITH (FORCE)', datname) {copies} \\gexec\n"
    postgres.run_as_superuser(servers.postgres, drop)


def keep(folder: Path, servers: Servers, keys: Keys, wanted: str) -> None:
    """Move the stopped cluster of `folder` to the shelf, if it is migrated and not there yet."""
    place = _shelf() / wanted
    if place.exists() or not (folder / MIGRATED).exists():
        return
    unfinished = _shelf() / f"{folder.name}.unfinished"
    try:
        unfinished.mkdir(parents=True)
        unfinished.chmod(0o700)
        (servers.postgres.data / postgres.ROLES_MADE).unlink(missing_ok=True)
        shutil.move(servers.postgres.data, unfinished / "postgres")
        keys.keep(unfinished / "keys.json")
        unfinished.rename(place)
    except OSError:
        shutil.rmtree(unfinished, ignore_errors=True)
    for old in sorted(_shelf().iterdir(), key=lambda kept: kept.stat().st_mtime)[:-KEPT]:
        shutil.rmtree(old, ignore_errors=True)


def can_keep(folder: Path, servers: Servers, wanted: str) -> bool:
    """Whether this run made a template that is not on the shelf, and the cluster could be cleaned for it."""
    if not (folder / MIGRATED).exists() or (_shelf() / wanted).exists():
        return False
    try:
        drop_copies(servers)
    except ServerFailed:
        return False
    return True
