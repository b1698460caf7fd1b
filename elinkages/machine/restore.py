"""`bin/restore FILE`: make a database from a backup, and prove that it is the same and that its books hold.

Into the demo's folder (ELINKAGES_HOME) when that has no data yet; with DATABASE_RESTORE_URL, a superuser's, into the
empty database that it names, whose roles it makes from roles.sql. Data is never overwritten.
"""

import argparse
import json
import os
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from elinkages.machine import backup, binaries, dumps, processes, services, throw_away
from elinkages.machine.account import NoOrdinaryUser, ordinary_account
from elinkages.machine.backup import CannotBackUp
from elinkages.machine.binaries import Missing
from elinkages.machine.dumps import DumpFailed, Target
from elinkages.machine.postgres import ROLES, ServerFailed
from elinkages.machine.services import CHECKOUT

PROOFS = (
    ("The migrations are those of this release", "owner", ("migrate", "--check")),
    ("The walls between MSPs stand", "", ("check", "--database", "default")),
    ("Sealed values can be opened", "", ("check_secrets",)),
    ("The books hold", "", ("check_books", "--deep")),
    ("Nobody is logged in anymore", "", ("end_sessions",)),
)
NEEDED = ("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL", "SECRET_KEY")


class CannotRestore(RuntimeError):
    """The file or the place is not fit; the message says why, and nothing was changed."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where to restore: as the superuser, and the environment of the Django commands that prove it."""

    target: Target
    environment: dict[str, str]


def main(arguments: list[str]) -> int:
    """Restore and prove; returns 0 when every proof holds."""
    parser = argparse.ArgumentParser(prog="bin/restore", description=__doc__)
    parser.add_argument("file", type=Path, help="what bin/backup wrote")
    options = parser.parse_args(arguments)
    throw_away.leave_on_signals()
    try:
        with tempfile.TemporaryDirectory(prefix="elinkages-restore-") as folder:
            manifest = unpack(options.file, Path(folder))
            with destination() as place:
                return restore(place, Path(folder), manifest)
    except (CannotRestore, CannotBackUp, DumpFailed, ServerFailed, Missing, NoOrdinaryUser, OSError) as problem:
        print(problem, file=sys.stderr)
        return 1


def unpack(file: Path, folder: Path) -> dict[str, Any]:
    """The two parts of a backup in `folder`; returns what its manifest says. Refuses what is not whole."""
    try:
        with tarfile.open(file) as archive:
            archive.extractall(folder, members=map(archive.getmember, (backup.MANIFEST, backup.DUMP)), filter="data")
        manifest: dict[str, Any] = json.loads((folder / backup.MANIFEST).read_text())
    except (tarfile.TarError, KeyError, ValueError) as problem:
        raise CannotRestore(f"{file} is not a backup of ours, or a part is missing. Nothing was changed.") from problem
    if manifest.get("format") != backup.FORMAT:
        raise CannotRestore(f"{file} has format {manifest.get('format')}; this release reads {backup.FORMAT}.")
    if dumps.checksum(folder / backup.DUMP) != manifest["sha256"]:
        raise CannotRestore(f"{file} is damaged: its checksum differs. Nothing was changed. Take another backup.")
    return manifest


@contextmanager
def destination() -> Iterator[Place]:
    """An empty place for the data."""
    account, home = ordinary_account(), services.home_folder()
    if url := os.environ.get("DATABASE_RESTORE_URL"):
        missing = [
            name for name in (*NEEDED, "OWNER_PASSWORD", "APP_PASSWORD", "BACKUP_PASSWORD") if not os.environ.get(name)
        ]
        if missing:
            raise CannotRestore(f"Set {', '.join(missing)} too: the roles and the proofs of the books need them.")
        yield Place(Target(url, binaries.postgres_programs(account, spare=home)), dict(os.environ))
        return
    if os.environ.get("DATABASE_URL"):
        raise CannotRestore(
            "DATABASE_URL is set: set DATABASE_RESTORE_URL too, a superuser of the server to restore to."
        )
    home.mkdir(parents=True, exist_ok=True)
    _refuse_running(home)
    with backup.embedded(home, may_be_new=True) as servers:
        keys = services.Keys.kept(home / "keys.json")
        if sealed_with := os.environ.get("SECRETS_KEY"):  # the key is in no backup: a new home learns it here
            keys.secrets_key = sealed_with
            keys.keep(home / "keys.json")
        environment = {**os.environ, **servers.environment(keys, home), "DEMO": "1"}
        yield Place(Target(servers.postgres.superuser_url, servers.postgres.programs), environment)


def _refuse_running(home: Path) -> None:
    try:
        processes.hold(home).close()
    except processes.Taken as owner:
        raise CannotRestore(
            f"The demo runs from {home} (process {owner}), so it has data. Nothing was changed."
        ) from None


def restore(place: Place, folder: Path, manifest: dict[str, Any]) -> int:
    """Roles, data, proofs. Refuses a database that has a table."""
    database = place.target.database if place.target.database != "postgres" else "elinkages"
    target = place.target.at(database)
    if dumps.exists(target) and (found := dumps.tables(target)):
        raise CannotRestore(
            f"The database {database} has {found} tables. A backup is only restored into an empty one: make another"
            " database or another ELINKAGES_HOME, and keep this one until you are sure. Nothing was changed."
        )
    _make_roles(place, database)
    print(f"Restoring the backup of {manifest['made_at'][:19]} UTC into {database}", flush=True)
    dumps.restore(target, folder / backup.DUMP)
    target.ask("ANALYZE;")
    wrong = [name for name, told in dumps.counts(target).items() if manifest["tables"].get(name) != told]
    wrong += sorted(manifest["tables"].keys() - dumps.counts(target).keys())
    rows = sum(int(text.split("|")[0]) for text in manifest["tables"].values())
    print(
        f"Every row is there: {'NO' if wrong else 'yes'} ({len(manifest['tables'])} tables, {rows:,} rows)",
        flush=True,
    )
    if wrong:
        print(f"These tables differ from the backup: {', '.join(wrong)}", file=sys.stderr)
    failed = [title for title, role, command in PROOFS if not _proven(title, role, command, place.environment)]
    return 1 if wrong or failed else 0


def _make_roles(place: Place, database: str) -> None:
    if not os.environ.get("DATABASE_RESTORE_URL"):
        return  # the embedded server makes its own
    names = ("owner_password", "app_password", "backup_password")
    variables = {"ON_ERROR_STOP": "1", "database": database, **{name: os.environ[name.upper()] for name in names}}
    script = "".join(f"\\set {name} '{value}'\n" for name, value in variables.items()) + ROLES.read_text()
    place.target.at("postgres").run("psql", "-X", "-q", script=script)


def _proven(title: str, role: str, command: tuple[str, ...], environment: dict[str, str]) -> bool:
    answer = subprocess.run(
        [sys.executable, "manage.py", *command],
        cwd=CHECKOUT,
        env={**environment, **({"ELINKAGES_ROLE": role} if role else {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    print(f"{title}: {'yes' if answer.returncode == 0 else 'NO'}", flush=True)
    if answer.returncode:
        print(answer.stdout.strip()[-2000:], file=sys.stderr)
    return answer.returncode == 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
