"""`bin/demo`: PostgreSQL, Redis, web, worker and beat on this machine, filled with a believable MSP."""

import argparse
import json
import os
import shutil
import signal
import socket
import sys
import time
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path
from types import FrameType

from elinkages.machine import installation, postgres, preloaded, processes, redis_server, services, supervisor
from elinkages.machine.account import NoOrdinaryUser, ordinary_account
from elinkages.machine.binaries import Missing
from elinkages.machine.postgres import ServerFailed
from elinkages.machine.services import Keys, Servers
from elinkages.machine.supervisor import Part

READY_SECONDS = 90.0


class CannotStart(RuntimeError):
    """The demo cannot start; the message is one line for the person who called it."""


class Stopped(BaseException):
    """Somebody pressed Ctrl-C, closed the terminal, or asked us to end."""


def say(text: str) -> None:
    """Tell the terminal, if it is still there."""
    with suppress(OSError):
        print(text, flush=True)


def main(arguments: list[str]) -> int:
    """Run the demo until it is stopped; returns the exit code."""
    parser = argparse.ArgumentParser(prog="bin/demo", description=__doc__)
    parser.add_argument("--reset", action="store_true", help="delete the demo's data and start over")
    options = parser.parse_args(arguments)
    for ending in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, _stop_now)
    try:
        return _run(reset=options.reset)
    except Stopped:
        return 0
    except (CannotStart, ServerFailed, Missing, NoOrdinaryUser, installation.StepFailed) as problem:
        say(str(problem))
        return 1


def _stop_now(_number: int, _frame: FrameType | None) -> None:
    raise Stopped


def _run(*, reset: bool) -> int:
    home = services.home_folder()
    port = _port()
    home.mkdir(parents=True, exist_ok=True)
    try:
        lock = processes.hold(home)
    except processes.Taken as owner:
        raise CannotStart(f"The demo already runs from {home} (process {owner}). Stop that one first.") from None
    with lock:
        if stopped := processes.stop_orphans(home / "run"):
            say(f"Stopped what an earlier start left running: {', '.join(stopped)}")
        _require_free(port)
        for log in (home / "logs").glob("*.log"):
            log.replace(log.with_suffix(".log.before"))
        parts: list[Part] = []
        try:
            _start(parts, home, port, reset=reset)
            while True:
                supervisor.check(parts, say=say)
                time.sleep(0.2)
        finally:
            for ending in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(ending, signal.SIG_IGN)  # stopping is bounded, and must not be cut short
            say("\nStopping")
            supervisor.stop(parts)


def _port() -> int:
    text = os.environ.get("PORT", "8000")
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise CannotStart(f"PORT is “{text}”. Set it to a number from 1 to 65535, for example PORT=8001.")
    return int(text)


def _require_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except PermissionError:
            raise CannotStart(f"Port {port} needs root. Choose another one: PORT=8001 bin/demo") from None
        except OSError:
            raise CannotStart(f"Port {port} is in use. Choose another one: PORT={port + 1} bin/demo") from None


def _start(parts: list[Part], home: Path, port: int, *, reset: bool) -> None:
    started = time.monotonic()
    own_database, own_redis = _is_database_ours(reset=reset), not os.environ.get("REDIS_URL")
    keys, servers = _described(home, own_database=own_database, reset=reset)
    environment = _environment(home, port, keys, servers)
    if installation.is_current(home, environment):
        preloaded.warm_up(environment)  # it imports while the servers start
    if own_database:
        _start_postgres(parts, home, servers)
    if own_redis:
        say(f"Starting Redis on port {keys.redis_port} ({servers.redis.program})")
        parts.append(_redis_part(servers))
        supervisor.begin(parts[-1])
    logins = installation.prepare(home, environment, say=say)
    say("Starting web, worker and beat")
    preloaded.warm_up(environment)
    for part in _programs(home, port):
        parts.append(part)
        supervisor.begin(part)
    _wait_until_ready(parts, port)
    say(f"\nElinkages is ready at {environment['SITE_URL']} (after {time.monotonic() - started:.1f} s)\n\n{logins}")
    say(f"Logs are in {home / 'logs'}. Stop with Ctrl-C; start over with bin/demo --reset.")


def _described(home: Path, *, own_database: bool, reset: bool) -> tuple[Keys, Servers]:
    """The keys and servers of this home, on ports that are free, after an emptying that was asked for or is due."""
    keys_file = home / "keys.json"
    account = ordinary_account()
    keys = Keys.kept(keys_file)
    if own_database and installation.was_interrupted(home):
        say("The last start ended while it was filling the demo")
        reset = True
    if reset:
        say(f"Deleting the demo's data in {home}")
        _empty(home, services.describe(home, home, keys, account))
        keys = Keys.fresh()
    keys.postgres_port, keys.redis_port = postgres.free_port(keys.postgres_port), postgres.free_port(keys.redis_port)
    keys.keep(keys_file)
    return keys, services.describe(home, home, keys, account)


def _environment(home: Path, port: int, keys: Keys, servers: Servers) -> dict[str, str]:
    """What the programs read: our own servers, where the environment does not name others."""
    ours = servers.environment(keys, home)
    named = ("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL", "SECRET_KEY", "SECRETS_KEY")
    return {
        **os.environ,
        **ours,
        **{name: os.environ[name] for name in named if os.environ.get(name)},
        "SITE_URL": os.environ.get("SITE_URL") or f"http://localhost:{port}",
        "DEMO": "1",
        "PORT": str(port),
        "PROMETHEUS_MULTIPROC_DIR": str(
            home / "metrics"
        ),  # read when prometheus_client is imported, before gunicorn runs
    }


def _is_database_ours(*, reset: bool) -> bool:
    if not os.environ.get("DATABASE_URL"):
        return True
    if not os.environ.get("DATABASE_OWNER_URL"):
        raise CannotStart("DATABASE_URL is set: set DATABASE_OWNER_URL too, the role that migrates.")
    if reset:
        raise CannotStart("DATABASE_URL is set, so the data is yours: empty that database yourself, not with --reset.")
    return False


def _start_postgres(parts: list[Part], home: Path, servers: Servers) -> None:
    if not (servers.postgres.data / "PG_VERSION").exists():
        installation.forget(home)
        say(f"Making a PostgreSQL 18 in {servers.postgres.data}")
    say(f"Starting PostgreSQL on port {servers.postgres.port}")
    parts.append(_postgres_part(servers))
    supervisor.begin(parts[-1])


def _empty(home: Path, servers: Servers) -> None:
    for data in (servers.postgres.data, servers.redis.data):
        shutil.rmtree(data, ignore_errors=True)
    for name in ("run", "logs", "mail", "static", "files", "records", "metrics"):
        shutil.rmtree(home / name, ignore_errors=True)
    for file in [home / "keys.json", *home.glob("beat-schedule*")]:
        file.unlink(missing_ok=True)
    installation.forget(home)


def _postgres_part(servers: Servers) -> Part:
    server = servers.postgres
    return Part("postgres", lambda: postgres.start(server), lambda process: postgres.stop(server, process), server.log)


def _redis_part(servers: Servers) -> Part:
    server = servers.redis
    return Part(
        "redis", lambda: redis_server.start(server), lambda process: redis_server.stop(server, process), server.log
    )


def _programs(home: Path, port: int) -> list[Part]:
    # Django's own checks ran when the database was migrated; twice more would cost a second start its second.
    celery = ["--skip-checks", "-A", "elinkages.celery:app"]
    bind = f"{os.environ.get('HOST', '127.0.0.1')}:{port}"
    web = ["-c", "python:elinkages.gunicorn", "elinkages.wsgi:application", "--bind", bind]
    commands = {
        "web": ("gunicorn", [*web, "--graceful-timeout", "5"]),
        "worker": ("celery", [*celery, "worker", "--concurrency", "2", "--loglevel", "INFO", "--without-mingle"]),
        "beat": ("celery", [*celery, "beat", "--loglevel", "INFO", "--pidfile="]),
    }
    return [
        preloaded.part(name, module, arguments, run_folder=home / "run", log=home / "logs" / f"{name}.log")
        for name, (module, arguments) in commands.items()
    ]


def _wait_until_ready(parts: list[Part], port: int) -> None:
    deadline = time.monotonic() + READY_SECONDS
    answer = "nothing"
    while time.monotonic() < deadline:
        supervisor.check(parts, say=say)
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5) as healthz:
                answer = healthz.read().decode()
            if set(json.loads(answer).values()) == {"ok"}:
                return
        except urllib.error.HTTPError as error:
            answer = error.read(300).decode(errors="replace")
        except OSError:
            pass
        time.sleep(0.1)
    say(f"Not everything is well after {READY_SECONDS:.0f} s. /healthz says: {answer}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
