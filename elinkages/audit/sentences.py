"""What happened, as a sentence a person reads: "Alice Adams moved it to Proposal".

Each app says its own in `<app>/sentences.py`: `register({"referral.proposal": "{who} moved it to Proposal"})`.
A sentence names facts of its event in braces, a number with what it counts: `{payouts:payout}` is "1 payout" or
"14 payouts". What it does not name is told after it. An action without a sentence is told by its name, so that nothing
is ever missing from a history.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from string import Formatter
from typing import Any, Protocol

from elinkages.kernel.money import format_basis_points, format_money
from elinkages.kernel.words import say_count, say_day

WHO = "who"
_UUID = re.compile(r"[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}")
_SPEAKS_FOR_ITSELF = frozenset({"reason", "note", "text"})
_NOT_TOLD = frozenset({"currency"})
_SPELLED = {"mrr": "MRR", "msp": "MSP", "vcio": "vCIO", "w9": "W-9", "csv": "CSV", "email": "e-mail"}
_sentences: dict[str, str] = {}


class Event(Protocol):
    """What a line is made of; an AuditEvent."""

    action: str
    actor_name: str
    at: datetime
    facts: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Line:
    """A sentence, whether it names who did it, and the facts that it leaves out."""

    sentence: str
    names_actor: bool
    note: str


class _Speaker(Formatter):
    """Fills in words as they are: what stands behind a colon was the noun of a number."""

    def format_field(self, value: Any, format_spec: str) -> str:
        return str(value)


def register(sentences: Mapping[str, str]) -> None:
    """Add an app's sentences by action; raises ValueError when an action has one already."""
    for action, sentence in sentences.items():
        if _sentences.get(action, sentence) != sentence:
            raise ValueError(f"{action} has a sentence already.")
        _sentences[action] = sentence


def known() -> frozenset[str]:
    """The actions that have a sentence."""
    return frozenset(_sentences)


def describe(event: Event, *, currency: str = "USD") -> str:
    """One sentence for an event; amounts without a currency of their own are in `currency`."""
    return line(event, currency=currency).sentence


def line(event: Event, *, currency: str = "USD") -> Line:
    """The sentence of an event and the facts beside it."""
    currency = str(event.facts.get("currency") or currency)
    template = _sentences.get(event.action, "")
    named = {name: noun or "" for _, name, noun, _ in Formatter().parse(template) if name}
    facts: dict[str, Any] = {name: event.facts.get(name) for name in named if name != WHO}
    if not template or any(value in (None, "", []) for value in facts.values()):
        return Line(_by_name(event.action), False, tell(event.facts, currency))
    words = {
        name: say_count(value, named[name]) if named[name] else value_in_words(name, value, currency)
        for name, value in facts.items()
    }
    rest = {name: value for name, value in event.facts.items() if name not in named}
    sentence = _Speaker().vformat(template, (), {WHO: event.actor_name, **words})
    return Line(sentence, WHO in named, tell(rest, currency))


def tell(facts: Mapping[str, Any], currency: str) -> str:
    """Facts by their names: `_minor` is money, `_basis_points` a rate, `_on` a day; ids are not told."""
    return "; ".join(_told(facts, currency))


def value_in_words(name: str, value: Any, currency: str) -> str:
    """One fact as a reader sees it; its name says what it is."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(value_in_words(name, item, currency) for item in value)
    if isinstance(value, int):
        return _number(name, value, currency)
    if name.endswith("_on"):
        return say_day(date.fromisoformat(value))
    if name.endswith("_at"):
        instant = datetime.fromisoformat(value)
        return f"{instant:%b} {instant.day}, {instant:%H:%M %Z}"
    return _words(value) if re.fullmatch(r"[a-z]+(_[a-z]+)+", str(value)) else str(value)


def _told(facts: Mapping[str, Any], currency: str) -> Iterator[str]:
    for name, value in facts.items():
        if name in _NOT_TOLD or value in (None, "", [], {}) or _UUID.fullmatch(str(value)) or isinstance(value, dict):
            continue
        text = value_in_words(name, value, currency)
        label = _words(re.sub(r"_(minor|basis_points|on|at)$", "", name))
        yield text if name in _SPEAKS_FOR_ITSELF else f"{label}: {text}"


def _number(name: str, value: int, currency: str) -> str:
    if name.endswith("_minor"):
        return format_money(value, currency)
    return format_basis_points(value) if name.endswith("_basis_points") else f"{value:,}"


def _by_name(action: str) -> str:
    text = _words(action.replace(".", "_"))
    return text[:1].upper() + text[1:]


def _words(name: str) -> str:
    return " ".join(_SPELLED.get(word, word) for word in name.split("_"))
