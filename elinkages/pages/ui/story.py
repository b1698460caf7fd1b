"""What happened, as a line a person reads."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from elinkages.audit import sentences


@dataclass(frozen=True)
class Moment:
    """One line of a history; `who` is empty where `what` names the person."""

    at: datetime
    who: str
    what: str
    note: str = ""


def moment(event: Any, currency: str) -> Moment:
    """A line from an audit event: its sentence, who did it unless that says so, and what else is known."""
    line = sentences.line(event, currency=currency)
    return Moment(event.at, "" if line.names_actor else event.actor_name, line.sentence, line.note)
