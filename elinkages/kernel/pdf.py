"""PDFs: one template of ours, data as JSON, a press that knows nothing else (docs/adr/0025).

What people typed is data and never becomes source: a template reads it with `json("data.json")`, and a "#" in a name
stays a "#". The press is a process of its own without a network address to go to, with the folder of this one
document, a limit on time, memory and size; the same input always gives the same bytes.
"""

import json
import logging
import os
import re
import subprocess
import sys
import tempfile
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings

from elinkages.kernel import pdf_press
from elinkages.kernel.refusal import Refused

logger = logging.getLogger(__name__)

TEMPLATES = Path(settings.BASE_DIR) / "templates" / "pdf"
SECONDS = 20
LARGEST_DATA = 4 * 1024 * 1024
REPLACEMENT = "□"
_NAME = re.compile(r"[a-z0-9_-]+\.(png|jpg|svg)")
_NOWHERE = "http://127.0.0.1:9"


class CannotRender(RuntimeError):
    """A template of ours is wrong, or the press broke: a fault of ours."""


class TooLong(Refused):
    """More than one document should hold."""

    status = 413


def render(template: str, data: Mapping[str, Any], *, at: datetime, files: Mapping[str, bytes] | None = None) -> bytes:
    """Set `templates/pdf/<template>.typ` with `data`; the same arguments always give the same bytes.

    `data`: texts, integers, true, false, none, lists and mappings of them; money and days are texts by now. `at`: the
    instant that the file says it was made. `files`: pictures by name, such as {"logo.png": …}, already made safe.
    The template also finds `data.replaced`: whether a character without a glyph became a □.
    Raises TooLong for a person, CannotRender for us.
    """
    return render_many(template, [(data, at)], files=files)[0]


def render_many(
    template: str, documents: Sequence[tuple[Mapping[str, Any], datetime]], *, files: Mapping[str, bytes] | None = None
) -> list[bytes]:
    """The same for several documents in one press, which starts once: twenty take what four take alone.

    One that cannot be set stops them all, as `render` raises; keep them to some dozens.
    """
    source = TEMPLATES / f"{template}.typ"
    if not source.is_file():
        raise CannotRender(f"There is no template {template}.")
    with tempfile.TemporaryDirectory(prefix="elinkages-pdf-") as folder:
        roots = [Path(folder) / str(number) for number in range(len(documents))]
        for root, (data, _) in zip(roots, documents, strict=True):
            _lay_out(root, _written(data), files or {})
        _press(Path(folder), source.name, [(root, at) for root, (_, at) in zip(roots, documents, strict=True)])
        return [(root / pdf_press.OUTPUT).read_bytes() for root in roots]


def _written(data: Mapping[str, Any]) -> str:
    written = json.dumps({"replaced": False, **_clean(data)}, ensure_ascii=False, sort_keys=True)
    if len(written.encode()) > LARGEST_DATA:
        raise TooLong("This would be too long for one document. Choose a shorter period, or take the spreadsheet.")
    return written


def _lay_out(root: Path, written: str, files: Mapping[str, bytes]) -> None:
    root.mkdir()
    for source in TEMPLATES.glob("*.typ"):
        (root / source.name).write_bytes(source.read_bytes())
    (root / pdf_press.DATA).write_text(written)
    for name, content in files.items():
        if not _NAME.fullmatch(name):
            raise CannotRender(f"“{name}” is no name for a picture of a document.")
        (root / name).write_bytes(content)


def _press(folder: Path, main: str, documents: Sequence[tuple[Path, datetime]]) -> None:
    listed = [part for root, at in documents for part in (str(int(at.timestamp())), str(root))]
    command = [sys.executable, "-I", pdf_press.__file__, main, REPLACEMENT, *listed]
    seconds = SECONDS + (len(documents) - 1) * pdf_press.CPU_SECONDS_EACH
    surroundings = {
        "PATH": os.environ.get("PATH", ""),
        "RAYON_NUM_THREADS": "1",
        "HTTPS_PROXY": _NOWHERE,
        "https_proxy": _NOWHERE,
    }
    try:
        done = subprocess.run(command, cwd=folder, env=surroundings, capture_output=True, timeout=seconds, check=False)
    except subprocess.TimeoutExpired as problem:
        raise CannotRender(f"{main} was not set in {seconds} seconds.") from problem
    said = done.stderr.decode(errors="replace").strip()
    if done.returncode:
        raise CannotRender(f"{main}: {said or f'the press ended with {done.returncode}'}"[:2000])
    if said:
        logger.warning("%s: %s", main, said)


def _clean(value: Any) -> Any:
    """The same data with texts that are safe to set."""
    if isinstance(value, str):
        return _clean_text(value)
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, Mapping):
        return {str(key): _clean(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(item) for item in value]
    raise CannotRender(f"A document takes no {type(value).__name__}: make it a text first.")


def _clean_text(text: str) -> str:
    """Composed letters, no control characters, nothing invisible: a name cannot turn an amount around."""
    composed = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\t", " "))
    return "".join(_clean_character(character) for character in composed)


def _clean_character(character: str) -> str:
    category = unicodedata.category(character)
    if character == "\n" or category[0] != "C":
        return character
    return REPLACEMENT if category in {"Cs", "Co", "Cn"} else ""
