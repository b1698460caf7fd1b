"""The desk of one person at one moment, and what a line on it is made of."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import cached_property
from typing import Final
from uuid import UUID

from django.db.models import Model, QuerySet

from elinkages.accounts import doors
from elinkages.accounts.models import Membership, Msp
from elinkages.kernel.figures import days_away

SHOWN: Final = 2
"""So many of a kind have a line each."""
COUNTED: Final = 100
"""Beyond this many the number is not told: counting further would cost more than it says."""


@dataclass(frozen=True, slots=True)
class Task:
    """One line of the list: what to do, why now, and the button that does it."""

    icon: str
    title: str
    detail: str
    url: str
    label: str
    is_late: bool = False


@dataclass(frozen=True)
class Desk:
    """Whose it is, and when."""

    msp: Msp
    member: Membership
    at: datetime

    @cached_property
    def today(self) -> date:
        """The day at the MSP."""
        return self.msp.today(self.at)

    @cached_property
    def month_began(self) -> datetime:
        """The instant in which this month began at the MSP."""
        return datetime.combine(self.today.replace(day=1), time(), tzinfo=self.msp.zone)

    def day(self, moment: datetime) -> date:
        """The MSP's day of a moment."""
        return self.msp.today(moment)

    def ago(self, moment: datetime) -> str:
        """“3 days ago”, “yesterday”."""
        return days_away((self.today - self.day(moment)).days)

    def url(self, name: str, pk: UUID | None = None) -> str:
        """The address of a page of the dashboard."""
        return doors.url("dashboard", self.msp, f"dashboard:{name}", *([pk] if pk else []))

    def together[Row](
        self,
        rows: Sequence[Row],
        line: Callable[[Row], Task],
        title: str,
        detail: Callable[[], str],
        name: str,
        query: str = "",
    ) -> Iterator[Task]:
        """A line each while they are few; one that leads to the list when they are many, late when the first one is.

        The rows come with the most urgent one first; `title` says how many of what there are, after their number.
        """
        if len(rows) <= SHOWN:
            yield from map(line, rows)
            return
        first = line(rows[0])
        url = self.url(name) + query
        yield Task(first.icon, f"{many(rows)} {title}", detail(), url, "Work through them", first.is_late)


def cut[Row: Model](rows: QuerySet[Row]) -> list[Row]:
    """As many as are counted."""
    return list(rows[:COUNTED])


def many(rows: Sequence[object]) -> str:
    """How many; “99+” when there are more than are counted."""
    return f"{COUNTED - 1}+" if len(rows) == COUNTED else str(len(rows))
