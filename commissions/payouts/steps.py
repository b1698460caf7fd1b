"""The moves that approval, release and outcomes are made of; each is one statement for any number of payouts."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from uuid import UUID

from commissions import ledger
from commissions.models import Account, Entry, Payout, PayoutItem, PayoutRun, PayoutState, RunState, Stage
from elinkages.kernel.actors import Actor

Move = tuple[Account, Account]
"""(debit, credit): money moves from the credit to the debit account."""

RESERVE: Move = (Account.PAYABLE, Account.IN_TRANSIT)
UNRESERVE: Move = (Account.IN_TRANSIT, Account.PAYABLE)
SETTLE: Move = (Account.IN_TRANSIT, Account.CASH)
UNSETTLE: Move = (Account.CASH, Account.IN_TRANSIT)
GIVE: Move = (Account.PAYABLE, Account.CREDIT)
TAKE: Move = (Account.CREDIT, Account.PAYABLE)

ENDED = (PayoutState.PAID, PayoutState.FAILED, PayoutState.CANCELED, PayoutState.RETURNED)
"""Payouts that nothing more is waited for."""


class Inconsistent(RuntimeError):
    """Entries are not in the stage that their payout says: a fault of ours, never a person's. Nothing is kept."""


def move_entries(payouts: Sequence[Payout], source: Stage, target: Stage) -> int:
    """Move every live entry of these payouts from one stage to the next; how many. Raises Inconsistent."""
    items = PayoutItem.objects.filter(payout__in=[payout.pk for payout in payouts], released_at__isnull=True)
    # Two statements instead of a join: rows of this transaction have no statistics, and a bad plan is quadratic.
    entries = list(items.values_list("entry_id", flat=True))
    moved = Entry.objects.filter(pk__in=entries, stage=source).update(stage=target)
    if moved != len(entries):
        raise Inconsistent(f"Not every entry was {source}.")
    return moved


def release_items(payouts: Sequence[Payout], at: datetime) -> None:
    """Let the entries of these payouts be taken by another one."""
    items = PayoutItem.objects.filter(payout__in=[payout.pk for payout in payouts], released_at__isnull=True)
    items.update(released_at=at)


def post(
    payouts: Sequence[Payout], kind: str, moves: Sequence[Move], *, effective_on: date, by: Actor, at: datetime
) -> None:
    """Post `moves` for each payout, in journals of about a thousand postings.

    A payout makes each kind of move once in its life, so its id makes the source of its journal unique.
    """
    for batch in _batches(payouts, ledger.BATCH // len(moves)):
        lines = [_line(payout, move) for payout in batch for move in moves]
        source = f"payout:{batch[0].pk}:{kind}:{len(batch)}"
        ledger.post(source=source, kind=kind, lines=lines, effective_on=effective_on, by=by, at=at)


def close_run(run_id: UUID, at: datetime) -> bool:
    """Close a released run once all its payouts have ended; whether it did."""
    if Payout.objects.filter(run=run_id).exclude(state__in=ENDED).exists():
        return False
    return bool(PayoutRun.objects.filter(pk=run_id, state=RunState.RELEASED).update(state=RunState.CLOSED, ended_at=at))


def _batches(payouts: Sequence[Payout], size: int) -> Iterator[Sequence[Payout]]:
    ordered = sorted(payouts, key=lambda payout: payout.number)
    for start in range(0, len(ordered), size):
        yield ordered[start : start + size]


def _line(payout: Payout, move: Move) -> ledger.Line:
    debit, credit = move
    return ledger.Line(debit, credit, payout.minor, payout.currency, payout.partner_id, payout_id=payout.pk)
