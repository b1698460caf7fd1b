"""PostgreSQL's own dump and restore, from the programs in the wheel, with what proves that both say the same.

Passwords travel in the environment, because arguments can be read by every user of the machine.
"""

import hashlib
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

COUNTS = r"""
SELECT format('SELECT %L, count(*), coalesce(sum(hashtextextended(t::text, 0)::numeric), 0) FROM %I.%I t',
    tablename, schemaname, tablename)
FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename \gexec
\echo .
"""


class DumpFailed(RuntimeError):
    """A program of PostgreSQL refused; the message is what it said."""


@dataclass(frozen=True, slots=True)
class Target:
    """A database, and the programs with which we talk to it."""

    url: str
    programs: Path

    @property
    def database(self) -> str:
        """The name of the database."""
        return urlsplit(self.url).path.lstrip("/") or "elinkages"

    def at(self, database: str) -> "Target":
        """Another database of the same server."""
        return Target(urlsplit(self.url)._replace(path=f"/{database}").geturl(), self.programs)

    def environment(self) -> dict[str, str]:
        """What libpq reads."""
        parts = urlsplit(self.url)
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "LC_ALL": "C",
            "PGHOST": parts.hostname or "127.0.0.1",
            "PGPORT": str(parts.port or 5432),
            "PGUSER": unquote(parts.username or ""),
            "PGPASSWORD": unquote(parts.password or ""),
            "PGDATABASE": self.database,
            "PGCONNECT_TIMEOUT": "10",
        }

    def run(self, program: str, *arguments: str | Path, script: str = "") -> str:
        """Run one program to its end; returns what it wrote, raises DumpFailed with what it complained of."""
        answer = subprocess.run(
            [str(self.programs / program), *map(str, arguments)],
            env=self.environment(),
            input=script,
            capture_output=True,
            text=True,
            check=False,
        )
        if answer.returncode:
            raise DumpFailed(f"{program}: {answer.stderr.strip()[-2000:]}")
        return answer.stdout

    def ask(self, query: str) -> str:
        """The answer to a query, columns divided by |."""
        return self.run("psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", script=query).strip()


@contextmanager
def snapshot(target: Target) -> Iterator[tuple[str, dict[str, str]]]:
    """One moment of the database, held open: its name for `pg_dump`, and each table's `count|checksum` in it."""
    with subprocess.Popen(
        [str(target.programs / "psql"), "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1"],
        env=target.environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as session:
        try:
            yield _told(session)
        finally:
            session.kill()


def _told(session: "subprocess.Popen[str]") -> tuple[str, dict[str, str]]:
    if session.stdin is None or session.stdout is None or session.stderr is None:
        raise DumpFailed("psql has no pipes.")
    session.stdin.write("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SELECT pg_export_snapshot();\n" + COUNTS)
    session.stdin.flush()
    lines: list[str] = []
    for line in session.stdout:
        if line.strip() == ".":
            return lines[0], dict(entry.split("|", 1) for entry in lines[1:])
        if line.strip():
            lines.append(line.strip())
    raise DumpFailed(f"psql: {session.stderr.read().strip()[-2000:]}")


def counts(target: Target) -> dict[str, str]:
    """Each table's `count|checksum` now."""
    lines = target.ask(COUNTS).splitlines()
    return dict(line.split("|", 1) for line in lines if "|" in line)


def exists(target: Target) -> bool:
    """Whether there is such a database on the server."""
    return target.database in target.at("postgres").ask("SELECT datname FROM pg_database;").splitlines()


def tables(target: Target) -> int:
    """How many tables there are."""
    return int(target.ask("SELECT count(*) FROM pg_tables WHERE schemaname = 'public';"))


def dump(target: Target, file: Path, *, snapshot_name: str) -> None:
    """Write everything in PostgreSQL's own compressed format."""
    target.run("pg_dump", "--format=custom", f"--snapshot={snapshot_name}", "--file", file)


def restore(target: Target, file: Path) -> None:
    """Make everything again, or, when anything fails, nothing."""
    target.run(
        "pg_restore", "--single-transaction", "--exit-on-error", "--no-comments", "--dbname", target.database, file
    )


def checksum(file: Path) -> str:
    """SHA-256 of a file, in hex."""
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
