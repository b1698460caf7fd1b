"""Proving the books: `check()` names everything that is wrong with one MSP's money, `park()` stops it.

Run by `manage.py check_books`, nightly by beat, and at the end of every scenario test.
"""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Final, NamedTuple

from django.db import connection

from commissions.invariants.catalogue import INVARIANTS, Invariant
from commissions.invariants.chain import CHAIN
from commissions.invariants.recomputed import RECOMPUTED, differences
from commissions.ledger import GENESIS
from elinkages.accounts.models import Msp
from elinkages.audit import trail
from elinkages.kernel.actors import Actor, System
from elinkages.kernel.refusal import Refused
from elinkages.kernel.tenancy import current_msp_id

__all__ = ["INVARIANTS", "Broken", "check", "park", "unpark"]

CHAINED: Final = Invariant("I06", "the hash chain recomputes from the stored rows", CHAIN)
SHOWN: Final = 20
"""Examples named per invariant; the count is always complete."""
SYSTEM: Final = System("Nightly check of the books")


class Broken(NamedTuple):
    """An invariant that does not hold: how often, and some examples (what, detail)."""

    invariant: Invariant
    times: int
    examples: list[tuple[str, str]]

    def __str__(self) -> str:
        what, detail = self.examples[0]
        return (
            f"{self.invariant.code}: not true that {self.invariant.statement} ({self.times} ×, e.g. {what}: {detail})"
        )


def check(*, today: date | None = None) -> list[Broken]:
    """Everything that is wrong with the current MSP's books; empty when they are clean.

    With `today` also I33, the strongest: computing every month again would change nothing. It is left out
    when shares exceed the whole (S01), because then there is nothing that the engine could compute.
    """
    broken = list(_broken())
    if today is not None and not any(one.invariant.code == "S01" for one in broken):
        found = differences(today)
        broken += [Broken(RECOMPUTED, len(found), found[:SHOWN])] if found else []
    return broken


def _broken() -> Iterator[Broken]:
    for invariant in (*INVARIANTS, CHAINED):
        with connection.cursor() as cursor:
            cursor.execute(invariant.query, {"msp": current_msp_id(), "genesis": GENESIS})
            rows = cursor.fetchmany(SHOWN)
            count = len(rows) if len(rows) < SHOWN else max(cursor.rowcount, SHOWN)
        if rows:
            yield Broken(invariant, count, rows)


def park(msp: Msp, broken: list[Broken], *, at: datetime) -> None:
    """Stop all payouts of an MSP until a person has looked."""
    reason = "\n".join(str(one) for one in broken)
    if Msp.objects.filter(pk=msp.pk, parked_at__isnull=True).update(parked_at=at, parked_reason=reason):
        trail.record("msp.parked", msp, by=SYSTEM, at=at, broken=[one.invariant.code for one in broken])


class NotClean(Refused):
    """The books are still wrong, or they were never stopped."""


def unpark(msp: Msp, *, reason: str, by: Actor, at: datetime) -> None:
    """Let payouts go on, after every invariant was proven again, the months recomputed.

    Raises NotClean when one of them does not hold: then nothing may be paid, whatever the reason.
    """
    if not msp.is_parked:
        raise NotClean("The payouts of this MSP are not stopped.")
    if broken := check(today=msp.today(at)):
        raise NotClean(f"The books are still wrong, so payouts stay stopped: {broken[0]}")
    Msp.objects.filter(pk=msp.pk).update(parked_at=None, parked_reason="")
    trail.record("msp.unparked", msp, by=by, at=at, reason=reason)
