"""Who does something: a person, or the system under a name."""

from dataclasses import dataclass
from typing import Protocol
from uuid import UUID


class Actor(Protocol):
    """Anyone that a verb accepts as `by`."""

    @property
    def actor_id(self) -> UUID | None:
        """The id of the row that stands for the person, None for the system."""

    @property
    def actor_name(self) -> str:
        """The name that history shows."""


@dataclass(frozen=True, slots=True)
class System:
    """A scheduled job or an import, named for what it does."""

    actor_name: str
    actor_id: None = None
