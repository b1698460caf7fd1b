"""Guessing what the columns of a file are, by what people call them."""

import re
import unicodedata
from collections.abc import Sequence
from functools import cache

from integrations.spreadsheets.fields import FIELDS, Field


def normal(header: str) -> str:
    """A header in plain lower case words: “E-Mail Address:” → “email address”."""
    text = unicodedata.normalize("NFKD", header).encode("ascii", "ignore").decode().casefold()
    return " ".join(re.sub(r"[^a-z0-9]+", " ", text.replace("e-mail", "email")).split())


def called(header: str) -> str:
    """The same of a column's head: without the number of a second one of that name, and the currency of its amounts."""
    return normal(re.sub(r"(, [A-Z]{3})?( \([0-9]+\))?$", "", header.strip()))


@cache
def known_headers() -> frozenset[str]:
    """Every header that some field is known by."""
    return frozenset(
        word for fields in FIELDS.values() for field in fields for word in (*field.synonyms, normal(field.label))
    )


def guess(kind: str, header: Sequence[str]) -> dict[str, int]:
    """Field → the place of its column: first those called exactly so, then the best synonym that is still free."""
    names = [called(cell) for cell in header]
    found: dict[str, int] = {}
    free = dict(reversed([(name, place) for place, name in enumerate(names)]))
    for field in FIELDS[kind]:
        if (place := free.pop(normal(field.label), None)) is not None:
            found[field.name] = place
    rest = [field for field in FIELDS[kind] if field.name not in found]
    for rank in range(max(len(field.synonyms) for field in FIELDS[kind])):
        for field in rest:
            if field.name in found or rank >= len(field.synonyms):
                continue
            if (place := free.pop(field.synonyms[rank], None)) is not None:
                found[field.name] = place
    _guess_required(FIELDS[kind], free, found)
    return found


def _guess_required(fields: Sequence[Field], free: dict[str, int], found: dict[str, int]) -> None:
    """For a required field without a column, one whose header contains a word that it is known by."""
    for field in fields:
        if not field.required or field.name in found:
            continue
        words = [word for word in (normal(field.label), *field.synonyms) if word not in {"name", "date", "source"}]
        for name in list(free):
            if any(f" {word} " in f" {name} " for word in words):
                found[field.name] = free.pop(name)
                break
