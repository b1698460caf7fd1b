"""bin/test: what fails is shown at once, and nothing is left running behind it."""

import sys

import pytest

from elinkages.machine import checks
from elinkages.machine.checks import Step


def python(name: str, code: str, *, live: bool = False) -> Step:
    return Step(name, (sys.executable, "-c", code), live=live)


def test_steps_pass_in_their_order_and_what_they_say_is_kept_back(capsys: pytest.CaptureFixture[str]) -> None:
    steps = [python("Slow", "import time; time.sleep(0.3); print('fine')"), python("Quick", "")]
    assert checks._run(steps, {}) == 0
    told = [line.partition(" (")[0] for line in capsys.readouterr().out.splitlines()]
    assert told[:2] == ["1/2 Slow ok", "2/2 Quick ok"]


def test_a_failure_is_shown_ends_what_still_runs_and_starts_nothing_more(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lanes: list[checks._Lanes] = []

    def enter(made: checks._Lanes) -> checks._Lanes:
        lanes.append(made)
        return made

    monkeypatch.setattr(checks._Lanes, "__enter__", enter)
    endless = [python(f"Endless {number}", "import time; time.sleep(600)") for number in range(8)]
    assert checks._run([python("Failing", "print('this is wrong'); raise SystemExit(3)"), *endless], {}) == 1
    assert "this is wrong" in capsys.readouterr().out
    assert all(process.returncode is not None for process in lanes[0]._processes)


def test_what_is_shown_while_it_runs_waits_for_all_before_it(capfd: pytest.CaptureFixture[str]) -> None:
    failing = "import time; time.sleep(0.3); raise SystemExit(1)"
    steps = [python("Failing", failing), python("Live", "print(7)", live=True)]
    assert checks._run(steps, {}) == 1
    assert "7" not in capfd.readouterr().out.splitlines()
