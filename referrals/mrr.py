"""The MRR of contracts over time, read from their movements.

Two readings agree on every day: the level of the newest row for the latest day up to it, and the sum of
`delta_minor` up to it. Whoever appends a row keeps that true (`contracts.move`).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from elinkages.kernel.prepared import PreparedValues
from referrals.models import Contract, MovementKind, MrrMovement


@dataclass(frozen=True, slots=True)
class Timeline:
    """One contract's movements in force, by day: of several on a day, the last one written."""

    movements: tuple[MrrMovement, ...]

    def at(self, day: date) -> MrrMovement | None:
        """The movement in force on a day, None before the first."""
        found = [movement for movement in self.movements if movement.effective_on <= day]
        return found[-1] if found else None

    def level(self, day: date) -> int:
        """The MRR in minor units on a day, 0 before the start."""
        movement = self.at(day)
        return movement.mrr_minor if movement else 0

    def on(self, day: date) -> MrrMovement | None:
        """The movement that takes effect on exactly this day."""
        movement = self.at(day)
        return movement if movement and movement.effective_on == day else None

    def followed_by(self, *movements: MrrMovement) -> "Timeline":
        """The same with rows that are written after these."""
        newest = {one.effective_on: one for one in (*self.movements, *movements)}
        return Timeline(tuple(newest[day] for day in sorted(newest)))

    def after(self, day: date) -> list[MrrMovement]:
        """The movements that take effect later."""
        return [movement for movement in self.movements if movement.effective_on > day]

    def is_paused(self, day: date) -> bool:
        """Whether service rests on a day."""
        movement = self.at(day)
        return movement is not None and movement.kind == MovementKind.PAUSE

    def before_pause(self, day: date) -> int:
        """The MRR that a pause in force on `day` interrupted, in minor units."""
        running = [
            movement
            for movement in self.movements
            if movement.effective_on <= day and movement.kind != MovementKind.PAUSE
        ]
        return running[-1].mrr_minor if running else 0


def timeline(contract: Contract) -> Timeline:
    """The movements of one contract that are in force."""
    return in_force(contract.movements.order_by("effective_on", "pk"))


def in_force(movements: Iterable[MrrMovement]) -> Timeline:
    """Of rows in the order they were written, the last one of each day."""
    newest: dict[date, MrrMovement] = {}
    for movement in sorted(movements, key=lambda one: (one.effective_on, one.pk)):
        newest[movement.effective_on] = movement
    return Timeline(tuple(newest.values()))


def timelines(contract_ids: Sequence[UUID]) -> dict[UUID, Timeline]:
    """The timelines of many contracts, in one query."""
    rows: dict[UUID, list[MrrMovement]] = {contract_id: [] for contract_id in contract_ids}
    for movement in MrrMovement.objects.filter(contract__any_of=contract_ids).order_by(
        "contract", "effective_on", "pk"
    ):
        rows[movement.contract_id].append(movement)
    return {contract_id: in_force(movements) for contract_id, movements in rows.items()}


def by_client(client_ids: Sequence[UUID], *, on: date) -> dict[UUID, int]:
    """The MRR of many clients on a day, in minor units and one query; 0 for those without a contract."""
    found = dict.fromkeys(client_ids, 0)
    for client_id, mrr_minor in _levels(clients=client_ids, on=on):
        found[client_id] += mrr_minor
    return found


_levels = PreparedValues(
    lambda clients, on: (
        MrrMovement.objects.filter(contract__client__any_of=clients, effective_on__lte=on)
        .order_by("contract", "-effective_on", "-pk")
        .distinct("contract")
        .values_list("contract__client", "mrr_minor")
    ),
    clients=list[UUID],
    on=date,
)
