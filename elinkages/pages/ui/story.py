"""What happened, as a line a person reads."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from elinkages.kernel.money import format_basis_points, format_money
from elinkages.pages.ui.figures import full_day

_UUID = re.compile(r"[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}")
_SPEAKS_FOR_ITSELF = frozenset({"reason", "note", "text"})
_NOT_TOLD = frozenset({"currency"})
_SPELLED = {"mrr": "MRR", "msp": "MSP", "vcio": "vCIO", "w9": "W-9", "csv": "CSV", "email": "e-mail"}


@dataclass(frozen=True)
class Moment:
    """One line of a history."""

    at: datetime
    who: str
    what: str
    note: str = ""


def moment(event: Any, currency: str) -> Moment:
    """A line from an audit event: `referral.won` reads “Referral won”, its facts become the note."""
    return Moment(event.at, event.actor_name, _sentence(event.action), tell(event.facts, currency))


def tell(facts: Mapping[str, Any], currency: str) -> str:
    """Facts by their names: `_minor` is money, `_basis_points` a rate, `_on` a day; ids are not told."""
    return "; ".join(_told(facts, str(facts.get("currency") or currency)))


def _told(facts: Mapping[str, Any], currency: str) -> Iterator[str]:
    for name, value in facts.items():
        if name in _NOT_TOLD or value in (None, "", [], {}) or _UUID.fullmatch(str(value)) or isinstance(value, dict):
            continue
        text = _value(name, value, currency)
        label = _words(re.sub(r"_(minor|basis_points|on)$", "", name))
        yield text if name in _SPEAKS_FOR_ITSELF else f"{label}: {text}"


def _value(name: str, value: Any, currency: str) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(_value(name, item, currency) for item in value)
    if isinstance(value, int):
        return _number(name, value, currency)
    if name.endswith("_on"):
        return full_day(date.fromisoformat(value))
    return _words(value) if re.fullmatch(r"[a-z]+(_[a-z]+)+", str(value)) else str(value)


def _number(name: str, value: int, currency: str) -> str:
    if name.endswith("_minor"):
        return format_money(value, currency)
    return format_basis_points(value) if name.endswith("_basis_points") else f"{value:,}"


def _sentence(action: str) -> str:
    text = _words(action.replace(".", "_"))
    return text[:1].upper() + text[1:]


def _words(name: str) -> str:
    return " ".join(_SPELLED.get(word, word) for word in name.split("_"))
