"""What happened, as a line a person reads."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class Moment:
    """One line of a history."""

    at: datetime
    who: str
    what: str
    note: str = ""


def moment(event: Any) -> Moment:
    """A line from an audit event; the action `referral.won` reads `Referral won` unless it has a sentence."""
    what = getattr(event, "sentence", "") or _words(event.action)
    return Moment(
        event.at,
        getattr(event, "actor_name", "") or "Elinkages",
        what,
        getattr(event, "note", "") or "",
    )


def _words(action: str) -> str:
    return action.replace(".", " ").replace("_", " ").capitalize()
