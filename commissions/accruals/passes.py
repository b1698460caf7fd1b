"""One pass through all that is due for an MSP, and how it gives way to others (ADR 51).

A pass takes steps: a page of contracts of a month, a page of contracts that were revised, a batch of amounts that
become payable. Each is one short unit of work. Between two of them a pass may stop and wait for its next turn at the
end of the queue; the row of that turn says where it goes on.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from commissions.accruals import month, questions
from commissions.accruals.questions import Turn
from commissions.accruals.release import release_batch
from commissions.engine import add_months, month_of
from commissions.models import AccrualTurn, Place
from elinkages.kernel.actors import Actor, System

SYSTEM: Final = System("Monthly accrual")
LOST: Final = timedelta(minutes=5)
"""A turn that has not moved for so long was lost with its message: the next nudge takes it over."""

type Unit = Callable[[], AbstractContextManager[object]]
"""What opens a unit of work."""


def accrue(*, today: date, at: datetime, by: Actor = SYSTEM, unit: Unit = nullcontext) -> int:
    """Everything that is due by `today`; returns how many entries were posted or voided.

    Each page is one `unit` of work, as the worker wants them; without any it all belongs to the caller's. `today` is
    the MSP's calendar day.
    """
    accrual, posted = Pass(today=today, at=at, by=by, releases=False), 0
    while not accrual.is_over:
        with unit():
            posted += accrual.step()
    return posted


def release(*, today: date, at: datetime, by: Actor = SYSTEM, unit: Unit = nullcontext) -> int:
    """Make payable what is due by `today`; returns how many entries. Each batch is one `unit` of work."""
    moved, count = 0, 1
    while count:
        with unit():
            count = release_batch(today=today, by=by, at=at)
        moved += count
    return moved


def take_turn(
    *, today: date, at: datetime, unit: Unit, goes_on: Callable[[], bool], turn_id: UUID | None = None
) -> UUID | None:
    """Accrue and release step by step, as long as `goes_on()`; returns the turn that is to be taken next, None when
    nothing is due anymore or somebody else is at it.

    At least one step is made. `turn_id` is what the turn before returned.
    """
    accrual = Pass(today=today, at=at, turn_id=turn_id)
    while not accrual.is_over:
        with unit():
            accrual.step()
        if not accrual.is_over and not goes_on():
            with unit():
                return accrual.give_way()
    if accrual.turn:
        with unit():
            accrual.end_turn()
    return None


class Pass:
    """What is still to be done for one MSP; `step` does the next part of it, in a unit of work of its own.

    `turn_id` is the turn that it was called to take; `turn` the one that it has taken, None for a pass of its own.
    Without `releases` what was accrued stays so.
    """

    def __init__(
        self, *, today: date, at: datetime, by: Actor = SYSTEM, turn_id: UUID | None = None, releases: bool = True
    ) -> None:
        self.turn: Turn | None = None
        self._today, self._at, self._by = today, at, by
        self._turn_id, self._releases = turn_id, releases
        self._place: Place | None = None
        self._last_month: date | None = None
        self._was_asked = self._is_revised = self._is_payable = False

    @property
    def is_over(self) -> bool:
        """Whether nothing is left to be done."""
        return self._was_asked and not (self._open_month or self._is_revised or (self._releases and self._is_payable))

    @property
    def _open_month(self) -> Place | None:
        is_open = self._place and self._last_month and self._place.month <= self._last_month
        return self._place if is_open else None

    def step(self) -> int:
        """Do the next part; returns how many entries were posted, voided or made payable."""
        if not self._was_asked:
            self._ask()
        if place := self._open_month:
            done = month.accrue_page(place, today=self._today, by=self._by, at=self._at)
            self._place = done.place
            self._is_payable |= done.is_payable
            return done.posted
        if self._is_revised:
            seen, posted = month.revise_page(today=self._today, by=self._by, at=self._at)
            self._is_revised = bool(seen)
            self._is_payable |= bool(posted)
            return posted
        if self._releases and self._is_payable:
            moved = release_batch(today=self._today, by=self._by, at=self._at)
            self._is_payable = bool(moved)
            return moved
        return 0

    def give_way(self) -> UUID | None:
        """Write down where the next turn goes on; None if somebody else has taken this one over meanwhile."""
        place = self._place or Place(add_months(month_of(self._today), 1))
        said = {**place._asdict(), "day": self._today, "moved_at": self._at}
        if self.turn:
            still_ours = AccrualTurn.objects.filter(pk=self.turn.turn_id).update(**said)
            return self.turn.turn_id if still_ours else None
        turn, is_new = AccrualTurn.objects.get_or_create(defaults=said)
        return turn.pk if is_new else None

    def end_turn(self) -> None:
        """Nothing is left to be done: no turn goes on with it."""
        if self.turn:
            AccrualTurn.objects.filter(pk=self.turn.turn_id).delete()

    def _ask(self) -> None:
        self._was_asked = True
        asked = questions.ask(self._today)
        if asked.turn and not self._takes(asked.turn):
            return
        if self._place is None and asked.first_month:
            self._place = Place(asked.first_month)
        self._last_month = month_of(self._today) if asked.pays_at_once else month.through_month(self._today)
        self._is_revised, self._is_payable = asked.is_revised, asked.is_payable

    def _takes(self, turn: Turn) -> bool:
        """Go on where an accrual gave way, if it is ours or was lost.

        The running month ends at midnight: what was looked at while it ran is looked at again when it is over.
        """
        if turn.turn_id != self._turn_id:
            is_lost = turn.moved_at < self._at - LOST
            if not is_lost or not AccrualTurn.objects.filter(pk=turn.turn_id).delete()[0]:
                return False
        else:
            self.turn = turn
        if month_of(turn.day) == month_of(self._today):
            self._place = turn.place
        return True
