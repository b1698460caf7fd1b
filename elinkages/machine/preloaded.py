"""Programs that fork from one process which has imported Django: three imports would take a start its seconds.

The process is the standard library's fork server. It starts with the environment of the moment, so
`environment` is put in place for good, and what it has imported is what every program then has.
"""

import multiprocessing
import os
import runpy
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from multiprocessing import forkserver
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from elinkages.machine import processes
from elinkages.machine.processes import Running
from elinkages.machine.supervisor import Part

MODULES = ("elinkages.wsgi", "elinkages.urls", "elinkages.celery", "celery.bin.celery", "gunicorn.app.wsgiapp")
_context = multiprocessing.get_context("forkserver")


@dataclass(frozen=True, slots=True)
class Fork:
    """A running program, with the part of Popen that stopping and supervising look at."""

    process: ForkServerProcess

    @property
    def pid(self) -> int:
        """The number of the process, which leads its own group."""
        return self.process.pid or 0

    @property
    def returncode(self) -> int | None:
        """None while it runs; negative when a signal ended it."""
        return self.process.exitcode

    def poll(self) -> int | None:
        """Look once whether it has ended."""
        return self.process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        """The exit code; raises TimeoutExpired after `timeout` seconds."""
        self.process.join(timeout)
        if self.process.exitcode is None:
            raise subprocess.TimeoutExpired(self.process.name, timeout or 0.0)
        return self.process.exitcode

    def send_signal(self, sig: int) -> None:
        """Send `sig` unless it has ended."""
        if self.process.exitcode is None:
            os.kill(self.pid, sig)


def warm_up(environment: Mapping[str, str]) -> None:
    """Begin importing, in a process of its own, and come back at once."""
    os.environ.update(environment)
    _context.set_forkserver_preload(list(MODULES))
    forkserver.ensure_running()


def start(name: str, module: str, arguments: Sequence[str], *, run_folder: Path, log: Path) -> Fork:
    """Run `python -m module arguments…` in a fork that leads its own group, noted in `run_folder`."""
    process = _context.Process(target=_become, args=(module, tuple(arguments), str(log)), name=name)
    process.start()
    fork = Fork(process)
    processes.note(name, fork.pid, run_folder)
    return fork


def _become(module: str, arguments: Sequence[str], log: str) -> None:
    os.setsid()
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    output = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    for stream in (1, 2):
        os.dup2(output, stream)
    os.close(output)
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def part(name: str, module: str, arguments: Sequence[str], *, run_folder: Path, log: Path) -> Part:
    """A program for the supervisor, asked to stop with SIGTERM."""

    def end(process: Running) -> None:
        processes.stop(process, patience=8.0)
        processes.forget(name, run_folder)

    return Part(name, lambda: start(name, module, arguments, run_folder=run_folder, log=log), end, log)
