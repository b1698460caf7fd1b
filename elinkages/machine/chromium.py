"""Find a Chromium for the browser tests and the pictures."""

import os
import shutil
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
HOW_TO_GET = "apt-get install chromium, or bin/python -m playwright install chromium, or set CHROMIUM=/path/to/it"
QUIET = (
    "--no-sandbox",  # refused otherwise when root; it only ever opens our own pages
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
"""Arguments that keep Chromium to the page it is shown."""


def find() -> str:
    """The path of a Chromium: $CHROMIUM, the system's, or Playwright's; "" without one."""
    if given := os.environ.get("CHROMIUM"):
        return given if os.access(given, os.X_OK) else ""
    for name in NAMES:
        if found := shutil.which(name):
            return found
    folder = Path(os.environ.get("PLAYWRIGHT_BROWSERS_PATH") or "~/.cache/ms-playwright").expanduser()
    downloaded = sorted(folder.glob("chromium-*/chrome-linux*/chrome"))
    return str(downloaded[-1]) if downloaded else ""
