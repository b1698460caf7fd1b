"""An embedded PostgreSQL: made once, started on a free port of this machine only."""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from elinkages.machine import processes
from elinkages.machine.account import Account
from elinkages.machine.processes import Running

DATABASE = "elinkages"
ROLES_MADE = "elinkages.roles"
ROLES = Path(__file__).with_name("roles.sql")
_QUIET = ("log_min_messages=warning", "log_checkpoints=off", "max_connections=100")
DURABLE = (*_QUIET, "shared_buffers=512MB", "max_wal_size=4GB")
THROW_AWAY = (
    *_QUIET,
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "wal_level=minimal",
    "max_wal_senders=0",
    "autovacuum=off",
)


class ServerFailed(RuntimeError):
    """A server did not start; the message says what it wrote last."""


@dataclass(frozen=True, slots=True)
class Passwords:
    """Of the superuser (bootstrap only), the owner (migrations), the app (everything else), and who makes backups."""

    superuser: str
    owner: str
    app: str
    backup: str


@dataclass(frozen=True, slots=True)
class Postgres:
    """Where one embedded PostgreSQL lives, and how it is reached."""

    programs: Path
    data: Path
    run_folder: Path
    log: Path
    account: Account
    passwords: Passwords
    port: int

    def url(self, role: str, password: str, database: str = DATABASE) -> str:
        """The address for one role."""
        return f"postgresql://{role}:{password}@127.0.0.1:{self.port}/{database}"

    @property
    def app_url(self) -> str:
        """DATABASE_URL: the role that serves."""
        return self.url("elinkages_app", self.passwords.app)

    @property
    def owner_url(self) -> str:
        """DATABASE_OWNER_URL: the role that migrates."""
        return self.url("elinkages_owner", self.passwords.owner)

    @property
    def backup_url(self) -> str:
        """DATABASE_BACKUP_URL: the role that reads everything, for backups."""
        return self.url("elinkages_backup", self.passwords.backup)

    @property
    def superuser_url(self) -> str:
        """DATABASE_RESTORE_URL: who may make every object for its owner."""
        return self.url("postgres", self.passwords.superuser)


def free_port(wanted: int = 0) -> int:
    """`wanted` if nobody listens there, else a port the system picks."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise ServerFailed("No free port on 127.0.0.1.")


def start(server: Postgres, *, settings: tuple[str, ...] = DURABLE) -> "subprocess.Popen[bytes]":
    """Start the server, making its data folder and roles first where they are missing."""
    fresh = not (server.data / "PG_VERSION").exists()
    if fresh:
        make_cluster(server)
    options = [f"listen_addresses=127.0.0.1 port={server.port} unix_socket_directories=", *settings]
    flags = [flag for option in options for flag in _flags(option)]
    with server.log.open("ab") as log:
        process = processes.start(
            "postgres",
            [server.programs / "postgres", "-D", server.data, *flags],
            run_folder=server.run_folder,
            environment=_environment(),
            output=log,
            folder=server.data,
            account=server.account,
        )
    try:
        wait_until_ready(server, process)
        if fresh or not (server.data / ROLES_MADE).exists():
            make_roles(server)
            (server.data / ROLES_MADE).touch()
    except BaseException:
        stop(server, process)
        raise
    return process


def stop(server: Postgres, process: Running) -> None:
    """Stop the server: clients are cut off, what was committed stays."""
    processes.stop(process, gently=signal.SIGINT)
    processes.forget("postgres", server.run_folder)


def make_roles(server: Postgres, database: str = DATABASE) -> None:
    """Run roles.sql as the superuser; twice changes nothing."""
    variables = {
        "ON_ERROR_STOP": "1",
        "database": database,
        "owner_password": server.passwords.owner,
        "app_password": server.passwords.app,
        "backup_password": server.passwords.backup,
    }
    script = "".join(f"\\set {name} '{value}'\n" for name, value in variables.items()) + ROLES.read_text()
    run_as_superuser(server, script)


def run_as_superuser(server: Postgres, script: str) -> None:
    """Run a psql script; raises ServerFailed with what psql said.

    The script goes through standard input, because arguments can be read by every user of the machine.
    """
    command = [str(server.programs / "psql"), "-X", "-q", "-h", "127.0.0.1", "-p", str(server.port)]
    answer = subprocess.run(
        [*command, "-U", "postgres", "-d", "postgres"],
        input=script,
        env={**_environment(), "PGPASSWORD": server.passwords.superuser},
        check=False,
        capture_output=True,
        text=True,
    )
    if answer.returncode:
        raise ServerFailed(f"PostgreSQL refused the set-up of its roles: {answer.stderr.strip()}")


def _flags(option: str) -> list[str]:
    return [part for setting in option.split() for part in ("-c", setting)]


def _environment() -> Mapping[str, str]:
    # C, because the message catalogue and the zone of whoever starts us are of no use to a server.
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}


def make_cluster(server: Postgres) -> None:
    """Make an empty data folder in place of whatever is there; raises ServerFailed with what initdb said."""
    shutil.rmtree(server.data, ignore_errors=True)
    server.account.own(server.data)
    secret = server.data.parent / "superuser"
    secret.write_text(server.passwords.superuser)
    secret.chmod(0o600)
    if server.account.switch:
        os.chown(secret, server.account.uid, server.account.gid)
    try:
        answer = subprocess.run(
            [
                server.programs / "initdb",
                *("-D", server.data, "-U", "postgres", "--pwfile", secret, "--auth", "scram-sha-256", "--no-sync"),
                *("--encoding", "UTF8", "--locale-provider", "builtin", "--builtin-locale", "C.UTF-8"),
                *("--locale", "C", "--no-instructions"),
            ],
            check=False,
            capture_output=True,
            text=True,
            cwd=server.data,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            **server.account.identity(),
        )
    finally:
        secret.unlink()
    if answer.returncode:
        shutil.rmtree(server.data, ignore_errors=True)
        raise ServerFailed(f"PostgreSQL could not make its data folder {server.data}: {answer.stderr.strip()}")


def wait_until_ready(server: Postgres, process: "subprocess.Popen[bytes]", seconds: float = 60.0) -> None:
    """Wait until the server takes clients; raises ServerFailed with what it wrote last when it does not."""
    status = server.data / "postmaster.pid"
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        lines = status.read_text().splitlines() if status.exists() else []
        if len(lines) > 7 and lines[0] == str(process.pid) and lines[7].strip() == "ready":
            return
        time.sleep(0.02)
    raise ServerFailed(f"PostgreSQL did not start. It wrote: {last_lines(server.log)}")


def last_lines(log: Path, count: int = 5) -> str:
    """The end of a log, for a message: short, because the whole of it is in the file."""
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    return " | ".join(line[:160] for line in lines[-count:] if line.strip()) or "nothing"
