"""Terms as JSON and back, strictly: what is stored, hashed and signed."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import Any

from commissions.terms.kinds import (
    KINDS,
    Clawback,
    FullClawback,
    LinearClawback,
    SteppedClawback,
    Terms,
    TermsError,
    kind_of,
)

_CLAWBACKS: dict[str, type[Clawback]] = {
    "full": FullClawback,
    "linear": LinearClawback,
    "stepped": SteppedClawback,
}
_CLAWBACK_KINDS = {cls: kind for kind, cls in _CLAWBACKS.items()}


def to_json(terms: Terms) -> dict[str, Any]:
    """Terms as a JSON object with every option written out, so that defaults may change later."""
    return {"kind": kind_of(terms)} | {
        field.name: _value_to_json(getattr(terms, field.name)) for field in fields(terms)
    }


def _value_to_json(value: Any) -> Any:
    if isinstance(value, Clawback):
        found = {field.name: _value_to_json(getattr(value, field.name)) for field in fields(value)}
        return {"kind": _CLAWBACK_KINDS[type(value)]} | found
    if isinstance(value, Terms):
        return to_json(value)
    if isinstance(value, tuple):
        return [_value_to_json(item) for item in value]
    return value


def from_json(data: object) -> Terms:
    """Terms from a JSON object; options left out take their defaults.

    Raises TermsError, with the field and a sentence, for anything unknown, missing or out of range.
    """
    found = _object(data, "kind", "Terms are an object with a kind.")
    kind = found.pop("kind", None)
    if not isinstance(kind, str) or kind not in KINDS:
        raise TermsError("kind", f"The kind of plan must be one of {', '.join(KINDS)}.")
    if found.get("clawback") is not None:
        found["clawback"] = _clawback_from_json(found["clawback"])
    if "tiers" in found:
        found["tiers"] = _pairs("tiers", found["tiers"])
    for name in ("only_lines", "except_lines"):
        if name in found:
            found[name] = _pairs(name, found[name])
    if "counts" in found:
        found["counts"] = tuple(_list("counts", found["counts"]))
    if "parts" in found:
        found["parts"] = tuple(from_json(part) for part in _list("parts", found["parts"]))
    return _build(KINDS[kind], found, "")


def sha256(terms: Terms) -> str:
    """The fingerprint of terms (hexadecimal), equal for equal promises; agreements store it."""
    canonical = json.dumps(to_json(terms), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def _clawback_from_json(data: object) -> Clawback:
    found = _object(data, "clawback", "A clawback is an object with a kind.")
    kind = found.pop("kind", None)
    if not isinstance(kind, str) or kind not in _CLAWBACKS:
        options = ", ".join(_CLAWBACKS)
        raise TermsError("clawback.kind", f"The kind of clawback must be one of {options}.")
    if "steps" in found:
        found["steps"] = _pairs("clawback.steps", found["steps"])
    return _build(_CLAWBACKS[kind], found, "clawback.")


def _build[T: Terms | Clawback](cls: type[T], found: dict[str, Any], prefix: str) -> T:
    known = {field.name: field for field in fields(cls)}
    for name in found:
        if name not in known:
            raise TermsError(prefix + name, f"“{name}” is not part of this kind of plan.")
    for name, field in known.items():
        if name not in found and field.default is MISSING:
            raise TermsError(prefix + name, f"“{name}” is missing.")
    return cls(**found)


def _object(data: object, field: str, sentence: str) -> dict[str, Any]:
    if not isinstance(data, Mapping) or not all(isinstance(key, str) for key in data):
        raise TermsError(field, sentence)
    return dict(data)


def _list(field: str, data: object) -> list[Any]:
    if not isinstance(data, list | tuple):
        raise TermsError(field, f"“{field}” must be a list.")
    return list(data)


def _pairs(field: str, data: object) -> tuple[tuple[Any, Any], ...]:
    pairs = [tuple(_list(field, pair)) for pair in _list(field, data)]
    if any(len(pair) != 2 for pair in pairs):
        raise TermsError(field, f"“{field}” must be a list of pairs.")
    return tuple((first, second) for first, second in pairs)
