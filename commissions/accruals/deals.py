"""A contract as the engine wants it."""

from collections.abc import Sequence
from itertools import count

from commissions.accruals.scan import Due
from commissions.engine import Deal, Movement, Pause


def as_deal(row: Due) -> Deal:
    """The contract as the engine wants it. A pause is a movement to be told apart from a price of zero.

    The MRR of the win is the last word of its first day: a correction of that day replaces what it corrects.
    """
    movements = tuple(map(Movement, row.moved_on, row.mrr_minor, row.move_kinds, count()))
    return Deal(
        currency=row.currency,
        mrr_minor=next((one.mrr_minor for one in reversed(movements) if one.effective_on == row.moved_on[0]), 0),
        won_on=row.won_on,
        starts_on=row.starts_on,
        ends_on=row.ends_on,
        first_paid_on=row.first_paid_on,
        owed_from=row.owed_from,
        movements=movements,
        pauses=_pauses(movements) if "pause" in row.move_kinds else (),
    )


def _pauses(movements: Sequence[Movement]) -> tuple[Pause, ...]:
    pauses: list[Pause] = []
    for movement in movements:
        if pauses and pauses[-1].ends_on is None and movement.kind != "pause":
            pauses[-1] = Pause(pauses[-1].starts_on, movement.effective_on)
        elif movement.kind == "pause" and not (pauses and pauses[-1].ends_on is None):
            pauses.append(Pause(movement.effective_on, None))
    return tuple(pauses)
