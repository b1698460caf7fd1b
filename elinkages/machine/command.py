"""`bin/manage COMMAND…`: a Django command with the right database, role and keys around it."""

import os
import socket
import subprocess
import sys

from elinkages.machine import services, throw_away
from elinkages.machine.account import NoOrdinaryUser, ordinary_account
from elinkages.machine.binaries import Missing
from elinkages.machine.postgres import ServerFailed
from elinkages.machine.services import Keys

OWNERS_COMMANDS = frozenset({"migrate", "makemigrations", "showmigrations", "sqlmigrate", "squashmigrations"})
NEEDS_NO_DATA = frozenset(
    {"makemigrations", "sqlmigrate", "squashmigrations", "check_migrations", "check", "help", "--help", "--version"}
)
NOT_RUNNING = (
    "The demo is not running: start bin/demo in another terminal, or set DATABASE_URL, REDIS_URL and SECRET_KEY."
)


def main(arguments: list[str]) -> int:
    """Run `manage.py` with `arguments`; returns its exit code."""
    name = arguments[0] if arguments else "help"
    role = {"ELINKAGES_ROLE": "owner"} if name in OWNERS_COMMANDS else {}
    if os.environ.get("DATABASE_URL"):
        return _manage(arguments, {**os.environ, **role})
    if name in NEEDS_NO_DATA:
        try:
            with throw_away.running() as environment:
                return _manage(arguments, {**os.environ, **environment, **role})
        except (ServerFailed, Missing, NoOrdinaryUser) as problem:
            print(problem, file=sys.stderr)
            return 1
    demo = _running_demo()
    if not demo:
        print(NOT_RUNNING, file=sys.stderr)
        return 1
    return _manage(arguments, {**demo, **os.environ, **role})


def _running_demo() -> dict[str, str]:
    """The environment of the demo of this checkout, {} when it is not running."""
    home = services.home_folder()
    if not (home / "keys.json").exists():
        return {}
    keys = Keys.kept(home / "keys.json")
    with socket.socket() as probe:
        probe.settimeout(1)
        if probe.connect_ex(("127.0.0.1", keys.postgres_port)):
            return {}
    servers = services.describe(home, home, keys, ordinary_account())
    return {**servers.environment(keys, home), "DEMO": "1"}


def _manage(arguments: list[str], environment: dict[str, str]) -> int:
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(command, env=environment, cwd=services.CHECKOUT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
