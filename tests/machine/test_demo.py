"""`bin/demo` starts everything, survives a crash, and leaves nothing running."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from elinkages.machine import processes
from elinkages.machine.services import CHECKOUT
from tests.machine.test_supervisor import living, until

SERVERS = ("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL")
WITHOUT_FILLING = (
    "import sys; from elinkages.machine import demo, installation;"
    " installation.prepare = lambda *arguments, **named: ''; sys.exit(demo.main(sys.argv[1:]))"
)
PARTS = ("postgres", "redis", "web", "worker", "beat")


def environment(home: Path, port: int | str, **more: str) -> dict[str, str]:
    plain = {name: value for name, value in os.environ.items() if name not in SERVERS}
    return {**plain, "ELINKAGES_HOME": str(home), "PORT": str(port), **more}


def run_demo(home: Path, port: int | str, *arguments: str, **more: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "elinkages.machine.demo", *arguments],
        cwd=CHECKOUT,
        env=environment(home, port, **more),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.fixture
def free() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder that the servers' user can enter, which pytest's own is not."""
    with tempfile.TemporaryDirectory(prefix="elinkages-demo-") as folder:
        Path(folder).chmod(0o711)
        yield Path(folder)


@pytest.fixture
def running(home: Path, free: int, tmp_path: Path) -> "Iterator[subprocess.Popen[bytes]]":
    output = tmp_path / "output"
    with output.open("wb") as said:
        demo = subprocess.Popen(
            [sys.executable, "-c", WITHOUT_FILLING],
            cwd=CHECKOUT,
            env=environment(home, free),
            stdout=said,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        assert until(lambda: demo.poll() is not None or "is ready at" in output.read_text(), 60), output.read_text()
        assert demo.poll() is None, output.read_text()
        yield demo
    finally:
        demo.send_signal(signal.SIGINT)
        demo.wait(30)


def noted(home: Path) -> dict[str, int]:
    found: dict[str, int] = {}
    for file in home.glob("run/*.pid"):
        # The supervisor takes a crashed part's note away and writes a new one; between the two there is none.
        with suppress(FileNotFoundError, IndexError):
            found[file.stem] = int(file.read_text().split('"pid": ')[1].split(",")[0])
    return found


def test_a_port_in_use_is_said_in_one_line(home: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        answer = run_demo(home, port)
    assert answer.returncode == 1
    assert answer.stdout == f"Port {port} is in use. Choose another one: PORT={port + 1} bin/demo\n"
    assert answer.stderr == ""


@pytest.mark.parametrize("port", ["eighty", "0", "70000", "-1"])
def test_a_port_that_is_no_port_is_refused(home: Path, port: str) -> None:
    answer = run_demo(home, port)
    assert answer.returncode == 1
    assert answer.stdout.startswith(f"PORT is “{port}”. Set it to a number from 1 to 65535")


def test_a_database_of_ones_own_needs_its_owner_too(home: Path, free: int) -> None:
    answer = run_demo(home, free, DATABASE_URL="postgresql://app@db.example/x")
    assert "DATABASE_URL is set: set DATABASE_OWNER_URL too, the role that migrates." in answer.stdout


def test_reset_does_not_touch_a_database_that_is_not_ours(home: Path, free: int) -> None:
    address = "postgresql://app@db.example/x"
    answer = run_demo(home, free, "--reset", DATABASE_URL=address, DATABASE_OWNER_URL=address)
    assert "empty that database yourself, not with --reset" in answer.stdout


def test_a_crash_of_one_part_is_repaired_and_ctrl_c_leaves_nothing_running(
    running: "subprocess.Popen[bytes]", home: Path
) -> None:
    before = noted(home)
    assert sorted(before) == sorted(PARTS)
    os.kill(before["worker"], signal.SIGKILL)
    assert until(lambda: noted(home).get("worker") not in (None, before["worker"]), 20)
    after = noted(home)
    assert {**after, "worker": 0} == {**before, "worker": 0}
    running.send_signal(signal.SIGINT)
    assert running.wait(30) == 0
    assert not [pid for pid in {*before.values(), *after.values()} if living(pid)]
    assert not noted(home)


def test_a_second_start_of_the_same_folder_says_who_runs_it(home: Path, free: int) -> None:
    with processes.hold(home):
        answer = run_demo(home, free)
    assert answer.stdout == f"The demo already runs from {home} (process {os.getpid()}). Stop that one first.\n"


def test_the_next_start_stops_what_a_killed_one_left(running: "subprocess.Popen[bytes]", home: Path) -> None:
    pids = noted(home)
    running.kill()
    running.wait()
    assert all(living(pid) for pid in pids.values())
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        answer = run_demo(home, taken.getsockname()[1])
    assert answer.stdout.startswith("Stopped what an earlier start left running: beat, postgres, redis, web, worker\n")
    time.sleep(0.1)
    assert not [name for name, pid in pids.items() if processes.birth(pid)]
