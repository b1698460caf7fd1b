"""What needs this person today, read from the rows themselves: a line is gone when its cause is gone.

One query a kind of work, each on an index made for it and cut off after a few rows, so that home costs the same
with ten introductions and with a hundred thousand.
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Final

from elinkages.accounts.models import Membership, Msp
from elinkages.pages.todo import introductions, money, partners
from elinkages.pages.todo.desk import Desk, Task

__all__ = ["Task", "tasks"]

_KINDS: Final[tuple[tuple[str, Callable[[Desk], Iterator[Task]]], ...]] = (
    ("payouts.manage", money.runs),
    ("payouts.manage", money.unopened),
    ("referrals.manage", introductions.untouched),
    ("referrals.manage", introductions.due),
    ("referrals.manage", introductions.cases),
    ("referrals.manage", introductions.flags),
    ("referrals.manage", introductions.findings),
    ("referrals.manage", introductions.ending),
    ("referrals.manage", introductions.quiet),
    ("clients.manage", money.without_plan),
    ("partners.manage", partners.applications),
    ("settings.manage", partners.unsigned),
    ("partners.manage", partners.unanswered),
    ("partners.manage", partners.not_invited),
)
"""The most pressing kinds first, each with the right that doing something about it takes."""


def tasks(msp: Msp, member: Membership, at: datetime) -> list[Task]:
    """Everything that this person can do something about."""
    desk = Desk(msp, member, at)
    return [task for right, found in _KINDS if member.may(right) for task in found(desk)]
