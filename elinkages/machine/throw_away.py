"""`python -m elinkages.machine.throw_away COMMAND…`: run a command with throw-away servers around it."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

from elinkages.machine import postgres, processes, redis_server, services, template
from elinkages.machine.account import NoOrdinaryUser, ordinary_account, temporary_root
from elinkages.machine.binaries import Missing
from elinkages.machine.postgres import ServerFailed
from elinkages.machine.services import Keys, Servers

PREFIX = "elinkages-throw-away-"
GRACE_SECONDS = 60


def leave_on_signals() -> None:
    """End in an orderly way, servers stopped, when the process is told to go."""
    for ending in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, _leave)


def _leave(number: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


@contextmanager
def running() -> Iterator[dict[str, str]]:
    """Both servers in a temporary folder, gone afterwards; yields the environment that reaches them."""
    account = ordinary_account()
    root = temporary_root(account)
    clear_abandoned(root)
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=root))
    folder.chmod(0o711)
    lock = processes.hold(folder)
    (folder / "static").mkdir()
    wanted = template.fingerprint()
    keys = Keys.fresh()
    servers = services.describe(folder, services.home_folder(), keys, account, data=folder)
    if kept := template.take(folder, servers.postgres, wanted):
        keys = kept
    keys.postgres_port, keys.redis_port = postgres.free_port(), postgres.free_port()
    servers = services.describe(folder, services.home_folder(), keys, account, data=folder)
    try:
        # A measurement counts what it costs to be safe: synced to disk, vacuumed, with its statistics kept.
        settings = postgres.DURABLE if os.environ.get("ELINKAGES_DURABLE") else postgres.THROW_AWAY
        servers.postgres_process = postgres.start(servers.postgres, settings=settings)
        # Tests copy one migrated template per worker, which only a role that may create databases can.
        postgres.run_as_superuser(servers.postgres, "ALTER ROLE elinkages_owner CREATEDB;")
        servers.redis_process = redis_server.start(servers.redis, durable=False)
        own = {"ELINKAGES_THROW_AWAY": str(folder), "DATABASE_BACKUP_URL": servers.postgres.backup_url}
        yield {**servers.environment(keys, folder), **own}
    finally:
        _end(folder, servers, keys, wanted)
        lock.close()


def _end(folder: Path, servers: Servers, keys: Keys, wanted: str) -> None:
    worth_keeping = template.can_keep(folder, servers, wanted)
    servers.stop()
    if worth_keeping:
        template.keep(folder, servers, keys, wanted)
    shutil.rmtree(folder, ignore_errors=True)


def clear_abandoned(root: Path) -> None:
    """Stop and remove the throw-away servers of runs that were killed before they could."""
    for folder in root.glob(f"{PREFIX}*"):
        with suppress(OSError, processes.Taken):
            young = time.time() - folder.stat().st_mtime < GRACE_SECONDS
            if young or folder.stat().st_uid != os.geteuid():
                continue
            with processes.hold(folder):
                processes.stop_orphans(folder / "run", patience=3)
                shutil.rmtree(folder, ignore_errors=True)


def main(command: list[str]) -> int:
    """Run `command` with the servers' addresses in its environment; returns its exit code."""
    leave_on_signals()
    try:
        with running() as environment:
            return _run(command, {**os.environ, **environment})
    except (ServerFailed, Missing, NoOrdinaryUser) as problem:
        print(problem, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _run(command: list[str], environment: dict[str, str]) -> int:
    with subprocess.Popen(command, env=environment, cwd=services.CHECKOUT) as process:
        try:
            return process.wait()
        except BaseException:
            process.terminate()
            raise


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
