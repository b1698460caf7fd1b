"""Keep parts running until told to stop, then stop all of them and nothing else."""

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from elinkages.machine.postgres import last_lines
from elinkages.machine.processes import Running

LONGEST_PAUSE_SECONDS = 30.0
SOUND_AFTER_SECONDS = 60.0
"""A part that ran this long counts as sound: its next crash starts again with the shortest pause."""


@dataclass(slots=True)
class Part:
    """One thing that is kept running: how it starts, how it stops, and where it writes."""

    name: str
    start: Callable[[], Running]
    stop: Callable[[Running], None]
    log: Path
    process: Running | None = None
    started_at: float = 0.0
    crashes: int = 0
    retry_at: float = 0.0


def begin(part: Part) -> None:
    """Start the part and note when."""
    part.process = part.start()
    part.started_at = time.monotonic()


def check(parts: Sequence[Part], *, say: Callable[[str], None]) -> None:
    """Look at every part once: notice crashes, and restart after a pause that doubles with each crash in a row."""
    now = time.monotonic()
    for part in parts:
        if part.process is not None and part.process.poll() is not None:
            _mourn(part, now, say)
        if part.process is None and part.retry_at and now >= part.retry_at:
            _retry(part, now, say)


def _mourn(part: Part, now: float, say: Callable[[str], None]) -> None:
    process, part.process = part.process, None
    if process is None:
        return
    with suppress(OSError):
        part.stop(process)  # what it has started may still be there
    part.crashes = 0 if now - part.started_at > SOUND_AFTER_SECONDS else part.crashes + 1
    pause = min(2.0 ** max(part.crashes - 1, 0), LONGEST_PAUSE_SECONDS)
    part.retry_at = now + pause
    say(f"{part.name} stopped (exit code {process.returncode}); starting it again in {pause:.0f} s. See {part.log}")
    say(f"  it wrote last: {last_lines(part.log, 2)}")


def _retry(part: Part, now: float, say: Callable[[str], None]) -> None:
    part.retry_at = 0.0
    try:
        begin(part)
        say(f"{part.name} runs again")
    except (OSError, RuntimeError) as problem:
        part.crashes += 1
        part.retry_at = now + min(2.0**part.crashes, LONGEST_PAUSE_SECONDS)
        say(f"{part.name} did not start: {problem}")


def stop(parts: Sequence[Part]) -> None:
    """Stop every part, the last one first."""
    for part in reversed(parts):
        process, part.process, part.retry_at = part.process, None, 0.0
        if process is not None:
            part.stop(process)
