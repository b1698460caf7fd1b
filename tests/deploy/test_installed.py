"""What the image installs is enough for what it runs."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_production_needs_none_of_the_tools_of_tests() -> None:
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "elinkages.settings"}
    answer = subprocess.run(
        [sys.executable, "-m", "tests.deploy.installed"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert answer.returncode == 0, answer.stderr[-2_000:]
