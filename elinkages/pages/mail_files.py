"""Letters that the demo wrote to files instead of sending them (decisions 8)."""

import re
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

from django.conf import settings

BETWEEN_LETTERS = b"\n" + b"-" * 79 + b"\n"
NAME = re.compile(r"[0-9]{8}-[0-9]{6}-[0-9]+\.log")
MOST_SHOWN = 200


@dataclass(frozen=True)
class FiledLetter:
    """One letter of one file; a file holds what one connection sent."""

    file: str
    number: int
    to: str
    sender: str
    reply_to: str
    subject: str
    at: datetime
    text: str
    html: str


def folder() -> Path | None:
    """Where letters are filed, or None where they leave by a mail server."""
    options: Any = settings.MAILERS["default"]["OPTIONS"]
    return Path(options["file_path"]) if "file_path" in options else None


def newest() -> Iterator[FiledLetter]:
    """The newest letters first."""
    shown = 0
    for file in sorted(_files(), key=lambda path: (path.stat().st_mtime_ns, path.name), reverse=True):
        for letter in reversed(_read(file)):
            yield letter
            shown += 1
            if shown >= MOST_SHOWN:
                return


def find(name: str, number: int) -> FiledLetter | None:
    """One letter; only names that the folder lists lead to a file."""
    file = next((path for path in _files() if path.name == name), None)
    letters = _read(file) if file else []
    return letters[number] if 0 <= number < len(letters) else None


def _files() -> list[Path]:
    place = folder()
    if place is None or not place.is_dir():
        return []
    return [path for path in place.iterdir() if NAME.fullmatch(path.name)]


def _read(file: Path) -> list[FiledLetter]:
    parts = [part for part in file.read_bytes().split(BETWEEN_LETTERS) if part.strip()]
    return [_letter(file.name, number, part) for number, part in enumerate(parts)]


def _letter(name: str, number: int, raw: bytes) -> FiledLetter:
    message = message_from_bytes(raw.lstrip(), policy=policy.default)
    return FiledLetter(
        file=name,
        number=number,
        to=str(message["To"]),
        sender=str(message["From"]),
        reply_to=str(message["Reply-To"] or ""),
        subject=str(message["Subject"]),
        at=parsedate_to_datetime(str(message["Date"])),
        text=_body(message, "plain"),
        html=_with_pictures(message, _body(message, "html")),
    )


def _body(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    return str(part.get_content()) if part else ""


def _with_pictures(message: EmailMessage, html: str) -> str:
    """The HTML with the pictures that came with it, as a mail program shows them."""
    for part in message.walk():
        name = str(part.get("Content-ID", "")).strip("<>")
        if name and part.get_content_type() == "image/png":
            content: Any = part.get_payload(decode=True)
            picture = b64encode(content).decode()
            html = html.replace(f"cid:{name}", f"data:image/png;base64,{picture}")
    return html
