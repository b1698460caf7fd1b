"""`bin/backup [FOLDER]`: everything in the database, as of one moment, in one file that proves itself.

The demo's database by default, running or not; with DATABASE_BACKUP_URL the one that it names. SECRETS_KEY is not in
the file, on purpose: whoever finds the backup cannot read what MSPs have sealed, and neither can you without the key.
"""

import argparse
import json
import os
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from elinkages.machine import binaries, dumps, postgres, processes, services, throw_away
from elinkages.machine.account import NoOrdinaryUser, ordinary_account
from elinkages.machine.binaries import Missing
from elinkages.machine.dumps import DumpFailed, Target
from elinkages.machine.postgres import ServerFailed
from elinkages.machine.services import Keys, Servers

FORMAT = 1
DUMP, MANIFEST = "database.dump", "manifest.json"


class CannotBackUp(RuntimeError):
    """There is nothing to back up, or nowhere to put it; the message says which."""


def main(arguments: list[str]) -> int:
    """Write one backup; returns 0 when it is complete and proven."""
    parser = argparse.ArgumentParser(prog="bin/backup", description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=services.home_folder() / "backups", help="where to")
    options = parser.parse_args(arguments)
    throw_away.leave_on_signals()
    try:
        with source() as target:
            file = write(target, options.folder)
    except (CannotBackUp, DumpFailed, ServerFailed, Missing, NoOrdinaryUser, OSError) as problem:
        print(problem, file=sys.stderr)
        return 1
    print(f"SHA-256 {dumps.checksum(file)}")
    print("SECRETS_KEY is not in it. Keep the key elsewhere: without it nobody can read what MSPs have sealed.")
    return 0


def write(target: Target, folder: Path) -> Path:
    """One moment of the database as a file in `folder`, with its checksum beside it; returns the file."""
    now = datetime.now(UTC)
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"elinkages-{now:%Y%m%dT%H%M%SZ}.tar"
    with tempfile.TemporaryDirectory(prefix=".unfinished-", dir=folder) as place:
        dump = Path(place) / DUMP
        with dumps.snapshot(target) as (name, tables):
            if not tables:
                raise CannotBackUp(f"The database {target.database} has no tables: there is nothing to back up.")
            dumps.dump(target, dump, snapshot_name=name)
        manifest = {
            "format": FORMAT,
            "made_at": now.isoformat(),
            "postgres": target.ask("SHOW server_version;"),
            "migrations": target.ask("SELECT string_agg(app || '.' || name, ',' ORDER BY id) FROM django_migrations;"),
            "sha256": dumps.checksum(dump),
            "tables": tables,
        }
        (Path(place) / MANIFEST).write_text(json.dumps(manifest, indent=1))
        unfinished = Path(place) / file.name
        with tarfile.open(unfinished, "w") as archive:
            for part in (MANIFEST, DUMP):
                archive.add(Path(place) / part, arcname=part)
        unfinished.chmod(0o600)
        unfinished.rename(file)
    file.with_suffix(".tar.sha256").write_text(f"{dumps.checksum(file)}  {file.name}\n")
    rows = sum(int(text.split("|")[0]) for text in tables.values())
    print(
        f"{file}: {len(tables)} tables, {rows:,} rows, {file.stat().st_size:,} bytes, as of {now:%Y-%m-%d %H:%M:%S} UTC"
    )
    return file


@contextmanager
def source() -> Iterator[Target]:
    """What is to be backed up, as the role that reads everything and writes nothing."""
    account, home = ordinary_account(), services.home_folder()
    if url := os.environ.get("DATABASE_BACKUP_URL"):
        yield Target(url, binaries.postgres_programs(account, spare=home))
        return
    if os.environ.get("DATABASE_URL"):
        raise CannotBackUp("DATABASE_URL is set: set DATABASE_BACKUP_URL too, the role that reads for backups.")
    with embedded(home) as servers:
        yield Target(servers.postgres.backup_url, servers.postgres.programs)


@contextmanager
def embedded(home: Path, *, may_be_new: bool = False) -> Iterator[Servers]:
    """The database of the demo in `home`: the running one, or started for as long as this takes."""
    keys = Keys.kept(home / "keys.json")
    servers = services.describe(home, home, keys, ordinary_account())
    if not may_be_new and not (servers.postgres.data / "PG_VERSION").exists():
        raise CannotBackUp(f"There is no database in {home}. Start bin/demo once, or set DATABASE_BACKUP_URL.")
    try:
        lock = processes.hold(home)
    except processes.Taken:
        postgres.make_roles(servers.postgres)  # a home from before the backup role
        yield servers
        return
    with lock:
        keys.postgres_port = postgres.free_port(keys.postgres_port)
        keys.keep(home / "keys.json")
        servers = services.describe(home, home, keys, ordinary_account())
        process = postgres.start(servers.postgres)
        try:
            postgres.make_roles(servers.postgres)
            yield servers
        finally:
            postgres.stop(servers.postgres, process)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
