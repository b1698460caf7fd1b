"""`python -m elinkages.machine.throw_away COMMAND…`: run a command with throw-away servers around it."""

import os
import signal
import subprocess
import sys
from types import FrameType

from elinkages.machine import services
from elinkages.machine.account import NoOrdinaryUser
from elinkages.machine.binaries import Missing
from elinkages.machine.postgres import ServerFailed


def leave_on_signals() -> None:
    """End in an orderly way, servers stopped, when the process is told to go."""
    for ending in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, _leave)


def _leave(number: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


def main(command: list[str]) -> int:
    """Run `command` with the servers' addresses in its environment; returns its exit code."""
    leave_on_signals()
    try:
        with services.throw_away() as environment:
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
