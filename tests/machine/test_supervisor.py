"""Parts are kept running, and stopping leaves nothing behind."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from elinkages.machine import processes, supervisor
from elinkages.machine.supervisor import Part

SLEEPER = "import time; print('up', flush=True); time.sleep(60)"
PARENT = (
    "import subprocess, sys, time; child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']);"
    " print(child.pid, flush=True); time.sleep(60)"
)
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"


def until(truth: Callable[[], object], seconds: float = 10.0) -> bool:
    deadline = time.monotonic() + seconds
    while not truth() and time.monotonic() < deadline:
        time.sleep(0.02)
    return bool(truth())


@pytest.fixture
def make_part(tmp_path: Path) -> Iterator[Callable[[str, str], Part]]:
    made: list[Part] = []

    def make(name: str, code: str) -> Part:
        log = tmp_path / f"{name}.log"

        def start() -> processes.Running:
            command = [sys.executable, "-c", code]
            with log.open("ab") as output:
                return processes.start(
                    name, command, run_folder=tmp_path, environment=os.environ, output=output, folder=tmp_path
                )

        part = Part(name, start, lambda process: processes.stop(process, patience=2.0), log)
        supervisor.begin(part)
        made.append(part)
        assert until(lambda: part.log.read_text())
        return part

    yield make
    supervisor.stop(made)


def living(pid: int) -> bool:
    return processes.birth(pid) is not None


def test_a_part_that_crashes_is_started_again_and_the_others_keep_running(
    make_part: Callable[[str, str], Part],
) -> None:
    said: list[str] = []
    crashing, sound = make_part("worker", SLEEPER), make_part("web", SLEEPER)
    assert crashing.process
    assert sound.process
    first, kept = crashing.process.pid, sound.process.pid
    os.kill(first, signal.SIGKILL)

    def is_back() -> bool:
        supervisor.check([crashing, sound], say=said.append)
        return crashing.process is not None and crashing.process.pid != first

    assert until(is_back)
    assert sound.process.pid == kept
    assert said[0].startswith("worker stopped (exit code -9); starting it again in 1 s.")
    assert said[-1] == "worker runs again"


def test_the_pause_doubles_with_every_crash_in_a_row(make_part: Callable[[str, str], Part]) -> None:
    part = make_part("worker", "print('broken')")
    pauses = []
    for _ in range(4):
        assert part.process
        part.process.wait()
        supervisor.check([part], say=lambda _text: None)
        pauses.append(round(part.retry_at - time.monotonic()))
        supervisor.begin(part)
    assert pauses == [1, 2, 4, 8]


def test_stopping_a_part_stops_what_it_has_started(make_part: Callable[[str, str], Part]) -> None:
    part = make_part("web", PARENT)
    child = int(part.log.read_text())
    assert living(child)
    supervisor.stop([part])
    assert until(lambda: not living(child))


def test_a_part_that_will_not_stop_is_made_to(make_part: Callable[[str, str], Part]) -> None:
    part = make_part("web", STUBBORN)
    assert part.process
    pid = part.process.pid
    processes.stop(part.process, patience=0.2)
    assert not living(pid)


def test_what_an_earlier_start_left_running_is_stopped(make_part: Callable[[str, str], Part], tmp_path: Path) -> None:
    part = make_part("web", SLEEPER)
    assert part.process
    assert processes.stop_orphans(tmp_path, patience=1) == ["web"]
    assert part.process.wait(5) == -15
    assert not list(tmp_path.glob("*.pid"))


def test_a_process_that_only_has_the_same_number_is_left_alone(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", SLEEPER], stdout=subprocess.DEVNULL) as stranger:
        note = {"pid": stranger.pid, "birth": "1", "name": "web"}
        (tmp_path / "web.pid").write_text(json.dumps(note))
        (tmp_path / "torn.pid").write_text("{")
        assert processes.stop_orphans(tmp_path) == []
        assert living(stranger.pid)
        stranger.kill()
    assert not list(tmp_path.glob("*.pid"))


def test_a_folder_is_held_by_one_process_at_a_time(tmp_path: Path) -> None:
    with processes.hold(tmp_path), pytest.raises(processes.Taken, match=str(os.getpid())):
        processes.hold(tmp_path)
    processes.hold(tmp_path).close()
