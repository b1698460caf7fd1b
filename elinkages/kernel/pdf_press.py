"""The press: a program of its own that sets typst documents, each in a folder of its own, and may do nothing else.

`python -I pdf_press.py <template> <replacement> <seconds since 1970> <folder> [<seconds> <folder> …]` writes a
`document.pdf` into each folder. It imports nothing of ours. An archivable, accessible PDF (PDF/A-2a, PDF/UA-1)
refuses a character without a glyph and names it; such characters are replaced in the data, and the document says so.
"""

import ast
import json
import re
import resource
import sys
from contextlib import suppress
from itertools import batched
from pathlib import Path
from typing import Any

DATA = "data.json"
OUTPUT = "document.pdf"
STANDARDS: list[Any] = ["a-2a", "ua-1"]
CPU_SECONDS = 15
CPU_SECONDS_EACH = 3
"""For every further document of the same press."""
MEMORY = 1024 * 1024 * 1024
LARGEST_PDF = 25 * 1024 * 1024
ROUNDS = 4
"""A replaced character may bring another fallback into play; more rounds than this are a fault of the template."""
_WITHOUT_GLYPH = re.compile(r'the text `"((?:[^"\\]|\\.)*)"` could not be displayed')
_RUST_ESCAPE = re.compile(r"\\u\{([0-9a-f]+)\}")


def main(template: str, replacement: str, *documents: str) -> None:
    """Set the template once for every document; the exit code is 1 and the reason on stderr when one cannot be set."""
    pairs = list(batched(documents, 2))
    _limit(len(pairs))
    for timestamp, folder in pairs:
        root = Path(folder)
        (root / OUTPUT).write_bytes(_set(root, template, int(timestamp), replacement))


def _limit(documents: int) -> None:
    for what, most in (
        (resource.RLIMIT_CPU, CPU_SECONDS + (documents - 1) * CPU_SECONDS_EACH),
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_FSIZE, LARGEST_PDF),
        (resource.RLIMIT_CORE, 0),
    ):
        with suppress(ValueError, OSError):  # a limit that this system does not know
            resource.setrlimit(what, (most, most))


def _set(root: Path, template: str, timestamp: int, replacement: str) -> bytes:
    import typst  # after the limits

    data = json.loads((root / DATA).read_text())
    for _ in range(ROUNDS):
        try:
            pdf, warnings = typst.compile_with_warnings(
                str(root / template),
                root=str(root),
                ignore_system_fonts=True,
                format="pdf",
                pdf_standards=STANDARDS,
                timestamp=timestamp,
                package_path=str(root / "packages"),
                package_cache_path=str(root / "packages"),
            )
        except typst.TypstError as problem:
            missing = _missing(problem.diagnostic)
            if not missing:
                raise
            data = {**_replaced(data, missing, replacement), "replaced": True}
            (root / DATA).write_text(json.dumps(data, ensure_ascii=False))
            continue
        for warning in warnings:
            print(warning.message, file=sys.stderr)
        return bytes(pdf)
    raise RuntimeError("the template itself has characters without a glyph")


def _missing(diagnostic: str) -> frozenset[str]:
    """The characters that no font has; the compiler quotes them as Rust does."""
    found = _WITHOUT_GLYPH.findall(diagnostic)
    return frozenset(character for text in found for character in _unquoted(text))


def _unquoted(text: str) -> str:
    plain = _RUST_ESCAPE.sub(lambda match: f"\\U{int(match[1], 16):08x}", text)
    return str(ast.literal_eval(f'"{plain}"'))


def _replaced(value: Any, missing: frozenset[str], replacement: str) -> Any:
    if isinstance(value, str):
        return "".join(replacement if character in missing else character for character in value)
    if isinstance(value, dict):
        return {key: _replaced(item, missing, replacement) for key, item in value.items()}
    if isinstance(value, list):
        return [_replaced(item, missing, replacement) for item in value]
    return value


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except Exception as problem:
        diagnostic = getattr(problem, "diagnostic", "")
        sys.exit(f"{type(problem).__name__}: {diagnostic or problem}")
