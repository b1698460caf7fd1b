"""The scripts of deploy/ take a server back to any moment since its base, on real servers that are killed."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg
import pytest

from elinkages.machine import postgres, processes, services
from elinkages.machine.account import ordinary_account
from elinkages.machine.postgres import Postgres
from elinkages.machine.processes import Running
from elinkages.watch.archive import FAILING

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Archived:
    """A server that deploy/database.sh started, and its archive."""

    server: Postgres
    archive: Path
    process: Running | None = None

    def start(self) -> "Archived":
        """As compose does: the program behind the script that adds the archive."""
        with self.server.log.open("ab") as log:
            self.process = processes.start(
                "postgres",
                [
                    *("sh", ROOT / "deploy/database.sh", self.server.programs / "postgres", "-D", self.server.data),
                    *("-c", "listen_addresses=127.0.0.1", "-c", f"port={self.server.port}"),
                    *("-c", "unix_socket_directories="),
                ],
                run_folder=self.server.run_folder,
                environment=self.environment(),
                output=log,
                folder=self.server.data,
                account=self.server.account,
            )
        postgres.wait_until_ready(self.server, self.process)
        return self

    def kill(self) -> None:
        """As when the power goes."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait(10)

    def environment(self) -> dict[str, str]:
        """What the container of compose would have."""
        return {
            "PATH": f"{self.server.programs}:{os.environ['PATH']}",
            "LC_ALL": "C",
            "TZ": "UTC",
            "ARCHIVE": str(self.archive),
            "PGDATA": str(self.server.data),
            "PGHOST": "127.0.0.1",
            "PGPORT": str(self.server.port),
            "PGPASSWORD": self.server.passwords.superuser,
        }

    def script(self, name: str, *arguments: str | Path) -> "subprocess.CompletedProcess[str]":
        """Run deploy/NAME as the server's user."""
        return subprocess.run(
            ["sh", str(ROOT / "deploy" / name), *map(str, arguments)],
            env=self.environment(),
            cwd=self.archive,
            capture_output=True,
            text=True,
            check=False,
            **self.server.account.identity(),
        )

    def ask(self, query: str) -> str:
        """The first value of the last statement, as the superuser."""
        with psycopg.connect(self.server.superuser_url.rpartition("/")[0] + "/postgres", autocommit=True) as connection:
            cursor = connection.execute(query.encode())
            row = cursor.fetchone() if cursor.description else None
        return str(row[0]) if row else ""

    def until(self, query: str) -> None:
        """Wait until the answer is true."""
        deadline = time.monotonic() + 60
        while self.ask(query) != "True":
            assert time.monotonic() < deadline, query
            time.sleep(0.05)

    def archive_what_was_written(self) -> None:
        """Close the file of the log that is open, and wait until it lies in the archive."""
        file = self.ask("SELECT pg_walfile_name(pg_switch_wal())")
        self.until(f"SELECT last_archived_wal >= '{file}' FROM pg_stat_archiver")


@pytest.fixture
def archived(folder: Path) -> Iterator[Archived]:
    """A server with a table of a hundred introductions."""
    keys = services.Keys.fresh()
    keys.postgres_port = postgres.free_port()
    server = services.describe(folder / "server", folder / "server", keys, ordinary_account()).postgres
    server.data.parent.chmod(0o711)
    postgres.make_cluster(server)
    archive = folder / "archive"
    server.account.own(archive)
    running = Archived(server, archive)
    try:
        running.start()
        running.ask("CREATE TABLE introduction (id int)")
        running.ask("INSERT INTO introduction SELECT generate_series(1, 100)")
        yield running
    finally:
        running.kill()


def rewound(archived: Archived, base: Path, *moment: str) -> int:
    """How many introductions there are on a new server that was taken to a moment, or as far as the log goes."""
    data = archived.server.data.with_name(f"data-{len(moment)}")
    server = replace(archived.server, data=data, port=postgres.free_port())
    copy = Archived(server, archived.archive)
    archived.server.account.own(data)
    made = copy.script("rewind.sh", base, *moment)
    assert made.returncode == 0, made.stderr
    try:
        copy.start().until("SELECT NOT pg_is_in_recovery()")
        return int(copy.ask("SELECT count(*) FROM introduction"))
    finally:
        copy.kill()


def test_a_server_goes_back_to_the_moment_before_a_mistake_or_to_the_end_of_the_log(archived: Archived) -> None:
    assert archived.script("base.sh").returncode == 0
    (base,) = archived.archive.glob("base-*Z")
    archived.ask("INSERT INTO introduction SELECT generate_series(101, 300)")
    before_the_mistake = archived.ask("SELECT clock_timestamp()")
    archived.ask("DELETE FROM introduction WHERE id > 7")
    archived.archive_what_was_written()
    archived.kill()
    assert rewound(archived, base, before_the_mistake) == 300
    assert rewound(archived, base) == 7


def test_a_log_that_cannot_be_archived_rings(archived: Archived) -> None:
    archived.ask("INSERT INTO introduction VALUES (101)")
    archived.archive_what_was_written()
    assert archived.ask(FAILING) == "False"
    archived.archive.rename(archived.archive.with_name("gone"))
    archived.ask("INSERT INTO introduction VALUES (102)")
    archived.ask("SELECT pg_switch_wal()")
    archived.until(FAILING)


def test_data_is_never_overwritten_and_a_damaged_base_is_refused(archived: Archived) -> None:
    archived.script("base.sh")
    (base,) = archived.archive.glob("base-*Z")
    refused = archived.script("rewind.sh", base)
    assert (refused.returncode, "is not empty" in refused.stderr) == (1, True)
    (base / "base.tar.gz").write_bytes((base / "base.tar.gz").read_bytes()[:-1000])
    empty = Archived(replace(archived.server, data=archived.server.data.with_name("empty")), archived.archive)
    refused = empty.script("rewind.sh", base)
    assert refused.returncode == 1
    assert not empty.server.data.exists()


def test_two_bases_stay_with_the_log_since_the_older(archived: Archived) -> None:
    for number in range(101, 104):
        archived.ask(f"INSERT INTO introduction VALUES ({number})")
        archived.archive_what_was_written()
        made = archived.script("base.sh")
        assert made.returncode == 0, made.stderr
        time.sleep(1)  # a base is named by its second
    bases = sorted(archived.archive.glob("base-*Z"))
    assert len(bases) == 2
    archived.ask("INSERT INTO introduction SELECT generate_series(104, 300)")
    archived.archive_what_was_written()
    logs = sorted(path.name for path in archived.archive.glob("0*"))
    assert not any(name.endswith("000000000001") for name in logs), "what came before the older base is gone"
    archived.kill()
    assert rewound(archived, bases[0]) == 300
