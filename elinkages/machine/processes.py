"""Start processes so that they can be stopped for certain, even by the next start after a crash."""

import fcntl
import json
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, Protocol

from elinkages.machine.account import Account

PATIENCE_SECONDS = 15.0


class Running(Protocol):
    """What there is to know of a process that we started; a Popen is one."""

    @property
    def pid(self) -> int:
        """Its number, which is also that of its group."""

    @property
    def returncode(self) -> int | Any:
        """None until `poll` or `wait` have seen it end."""

    def poll(self) -> int | None:
        """Look once whether it has ended."""

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end; raises TimeoutExpired."""

    def send_signal(self, sig: int) -> None:
        """Send a signal, unless it has ended."""


class Taken(RuntimeError):
    """Another living process holds this folder."""


def birth(pid: int) -> str | None:
    """A text that tells this process from a later one with the same number; None when it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None if Path("/proc/self").exists() else _birth_by_ps(pid)
    return None if fields[0] == "Z" else fields[19]


def _birth_by_ps(pid: int) -> str | None:
    answer = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], check=False, capture_output=True, text=True)
    return answer.stdout.strip() or None


def start(
    name: str,
    command: Sequence[str | Path],
    *,
    run_folder: Path,
    environment: Mapping[str, str],
    output: int | IO[bytes],
    folder: Path,
    account: Account | None = None,
    stdin: bytes | None = None,
) -> subprocess.Popen[bytes]:
    """Start `command` as leader of its own process group and note it in `run_folder`.

    Its own group keeps the terminal's Ctrl-C away from it: we decide the order in which parts stop.
    """
    identity = account.identity() if account else {}
    process = subprocess.Popen(
        [str(part) for part in command],
        stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
        stdout=output,
        stderr=subprocess.STDOUT,
        cwd=folder,
        env=dict(environment),
        start_new_session=True,
        **identity,
    )
    note(name, process.pid, run_folder)
    if stdin is not None and process.stdin is not None:
        with suppress(BrokenPipeError):
            process.stdin.write(stdin)
            process.stdin.close()
    return process


def note(name: str, pid: int, run_folder: Path) -> None:
    """Write down a process that leads its own group, so that a later start can tell it from another one."""
    (run_folder / f"{name}.pid").write_text(json.dumps({"pid": pid, "birth": birth(pid), "name": name}))


def stop(
    process: Running,
    *,
    gently: signal.Signals = signal.SIGTERM,
    patience: float = PATIENCE_SECONDS,
) -> None:
    """Ask the process to stop, then make its whole group stop."""
    if process.poll() is None:
        process.send_signal(gently)
        with suppress(subprocess.TimeoutExpired):
            process.wait(patience)
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def forget(name: str, run_folder: Path) -> None:
    """Remove the note about a process that has stopped."""
    (run_folder / f"{name}.pid").unlink(missing_ok=True)


def stop_orphans(run_folder: Path, *, patience: float = PATIENCE_SECONDS) -> list[str]:
    """Stop what an earlier start left running in `run_folder`; returns the names of what was stopped.

    A process is only touched when its number and its birth are those that were noted.
    """
    living: dict[str, int] = {}
    for note_file in sorted(run_folder.glob("*.pid")):
        try:
            note = json.loads(note_file.read_text())
        except ValueError:
            note = {}
        pid = note.get("pid")
        if pid and note.get("birth") and birth(pid) == note["birth"]:
            living[note["name"]] = pid
        else:
            note_file.unlink(missing_ok=True)
    for name in sorted(living, key=lambda name: name in {"postgres", "redis"}):
        _stop_group(name, living[name], patience)
        forget(name, run_folder)
    return sorted(living)


def _stop_group(name: str, pid: int, patience: float) -> None:
    # SIGINT is what PostgreSQL calls a fast shutdown; its SIGTERM would wait for every client.
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGINT if name == "postgres" else signal.SIGTERM)
    deadline = time.monotonic() + patience
    while birth(pid) is not None and time.monotonic() < deadline:
        time.sleep(0.05)
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def hold(folder: Path) -> IO[str]:
    """Hold `folder` for the life of this process; raises Taken when another living process does."""
    held = (folder / "lock").open("a+")
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        held.seek(0)
        owner = held.read().strip()
        held.close()
        raise Taken(owner) from error
    held.truncate(0)
    held.write(str(os.getpid()))
    held.flush()
    return held
