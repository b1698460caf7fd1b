"""The servers of a test run end with it, however it ends."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from elinkages.machine import services, throw_away
from elinkages.machine.account import ordinary_account, temporary_root
from tests.machine.test_supervisor import living, until

TELL = "import os, time; print(os.environ['ELINKAGES_THROW_AWAY'], flush=True); time.sleep(60)"


@pytest.fixture
def run() -> "Iterator[subprocess.Popen[str]]":
    command = [sys.executable, "-m", "elinkages.machine.throw_away", sys.executable, "-c", TELL]
    with subprocess.Popen(command, cwd=services.CHECKOUT, stdout=subprocess.PIPE, text=True) as process:
        yield process
        process.kill()


def servers_of(run: "subprocess.Popen[str]") -> tuple[Path, list[int]]:
    assert run.stdout
    folder = Path(run.stdout.readline().strip())
    pids = [int(note.read_text().split('"pid": ')[1].split(",")[0]) for note in folder.glob("run/*.pid")]
    assert len(pids) == 2
    assert all(living(pid) for pid in pids)
    return folder, pids


def test_a_run_that_is_told_to_end_takes_its_servers_along(run: "subprocess.Popen[str]") -> None:
    folder, pids = servers_of(run)
    run.send_signal(signal.SIGTERM)
    assert run.wait(20) == 128 + signal.SIGTERM
    assert not folder.exists()
    assert not [pid for pid in pids if living(pid)]


def test_servers_of_a_killed_run_are_stopped_by_a_later_one(run: "subprocess.Popen[str]") -> None:
    folder, pids = servers_of(run)
    run.kill()
    run.wait()
    assert all(living(pid) for pid in pids)
    root = temporary_root(ordinary_account())
    throw_away.clear_abandoned(root)
    assert folder.exists(), "a folder this young may belong to a run that is just starting"
    os.utime(folder, (0, 0))
    throw_away.clear_abandoned(root)
    assert not folder.exists()
    assert until(lambda: not [pid for pid in pids if living(pid)])


def test_servers_of_a_living_run_are_left_alone(run: "subprocess.Popen[str]") -> None:
    folder, pids = servers_of(run)
    os.utime(folder, (0, 0))
    throw_away.clear_abandoned(temporary_root(ordinary_account()))
    assert folder.exists()
    assert all(living(pid) for pid in pids)
    run.send_signal(signal.SIGTERM)
    run.wait(20)
