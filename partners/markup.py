"""Text that an MSP writes for others to read: paragraphs, headings and lists, and nothing else.

`# ` starts a heading, `## ` a smaller one, `- ` a line of a list; an empty line ends a paragraph. Everything is text:
tags are shown as they were typed, because templates escape what they print.
"""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Block:
    """`kind` is heading, subheading, paragraph or list; a paragraph keeps its line breaks as lines."""

    kind: str
    lines: tuple[str, ...]


_HEADINGS = {"# ": "heading", "## ": "subheading"}


def blocks(text: str) -> list[Block]:
    """The text as blocks, in order."""
    return list(_blocks(text))


def _blocks(text: str) -> Iterator[Block]:
    kind, lines = "", list[str]()
    for line in [*text.splitlines(), ""]:
        mark = next((mark for mark in ("# ", "## ", "- ") if line.startswith(mark)), "")
        now = _HEADINGS.get(mark) or ("list" if mark else "paragraph" if line.strip() else "")
        if now != kind or now in _HEADINGS.values():
            if lines:
                yield Block(kind, tuple(lines))
            kind, lines = now, []
        if now:
            lines.append(line.removeprefix(mark).strip())
