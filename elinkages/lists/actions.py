"""What can be done to many rows at once: each row through its own verb, refused with its own sentence."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django import forms
from django.db.models import Model

from elinkages.accounts.models import Membership
from elinkages.kernel.actors import Actor
from elinkages.lists.scope import Scope


class NothingToAsk(forms.Form):
    """A change that asks nothing but whether."""


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a change will do: which of the chosen rows it is for, and in sentences what the question should say."""

    targets: Sequence[UUID]
    notes: Sequence[str] = ()


class Action(ABC):
    """Subclass it for every change; `name` ends its address, `verb` is the button ("Assign") before the count.

    What `do` returns is kept with the row, JSON-able, and given to `undo` if somebody takes the change back.
    """

    name: str
    label: str
    verb: str
    right: str
    icon: str
    note = ""
    tone = "primary"
    can_undo = False

    def form(self, data: Any, scope: Scope) -> forms.Form:
        """What is asked once for all rows."""
        return NothingToAsk(data)

    def facts(self, cleaned: Mapping[str, Any]) -> dict[str, Any]:
        """What was answered, JSON-able."""
        return dict(cleaned)

    def outlook(self, chosen: Sequence[UUID], scope: Scope) -> Outlook:
        """Asked before the question and once more before the change, which must be for as many rows."""
        return Outlook(chosen)

    @abstractmethod
    def do(self, row: Any, facts: Mapping[str, Any], *, by: Membership, scope: Scope) -> dict[str, Any]:
        """Change one row; raises Refused."""

    def undo(self, row: Any, before: Mapping[str, Any], *, by: Actor, scope: Scope) -> None:
        """Take one row's change back; raises Refused when it has been changed since."""
        raise NotImplementedError

    def called(self, row: Model) -> str:
        """What the row is called when the result is told."""
        return str(row)
