"""Changes of many rows: each row through its verb, alone in a savepoint, with its refusal beside it.

What is chosen is fixed when the change begins. A few rows are done at once; many by a worker, in units of work that
may end at any moment: a row is changed and marked in one transaction, and one that brings down its worker is parked.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import InterfaceError, OperationalError, transaction
from django.db.models import Count, F, QuerySet

from elinkages.accounts.models import Membership, Msp
from elinkages.audit import trail
from elinkages.kernel import locks
from elinkages.kernel.refusal import Refused
from elinkages.kernel.tenancy import current_msp_id
from elinkages.kernel.words import say_count
from elinkages.lists import listing as listings
from elinkages.lists.actions import Action
from elinkages.lists.listing import Asked, Listing
from elinkages.lists.models import MOVING, Change, ChangeItem, ChangeState, ItemState
from elinkages.lists.scope import Scope

logger = logging.getLogger(__name__)

AT_ONCE = 50
"""Rows that are changed while the page waits, and in one unit of work of a worker."""
MOST = 10_000
MOST_ATTEMPTS = 3
STANDSTILL = timedelta(seconds=60)
GAVE_UP = "It was tried three times without success. Nothing was changed."
REASON_LENGTH = 300


class NothingChosen(Refused):
    """No row was ticked, or none matches any more."""


class TooMany(Refused):
    """More rows than one change may have."""


class ChosenChanged(Refused):
    """What matches is not what was shown."""


class NotUndoable(Refused):
    """The change cannot be taken back, or was already."""


def chosen(asked: Asked, ids: Iterable[UUID] | None) -> list[UUID]:
    """The rows of a list that are meant: those ticked, or all that match with `ids` None. Raises TooMany."""
    rows = asked.rows() if ids is None else asked.listing.rows(asked.scope).filter(pk__in=set(ids))
    found = list(rows.order_by(*asked.order.by).values_list("pk", flat=True)[: MOST + 1])
    if len(found) > MOST:
        raise TooMany(f"One change can have {MOST:,} rows, and more match. Narrow them down with a filter.")
    return found


def start(
    listing: Listing,
    action: Action,
    targets: Sequence[UUID],
    facts: Mapping[str, Any],
    *,
    expected: int,
    by: Membership,
    at: datetime,
) -> Change:
    """Begin to change rows; `expected` is how many the person was shown. Few are done at once.

    Raises NothingChosen, ChosenChanged.
    """
    if not targets:
        raise NothingChosen("Nothing is selected. Tick the rows you mean.")
    if len(targets) != expected:
        raise ChosenChanged(f"It is {say_count(len(targets), listing.noun)} by now, not {expected:,}. Look again.")
    change = Change.objects.create(
        listing=listing.name,
        action=action.name,
        label=f"{action.verb} {say_count(len(targets), listing.noun)}",
        facts=facts,
        total=len(targets),
        by=by,
        at=at,
        moved_at=at,
    )
    ChangeItem.objects.bulk_create(
        (ChangeItem(change=change, number=number, target_id=pk) for number, pk in enumerate(targets, 1)),
        batch_size=1_000,
    )
    trail.record("change.started", change, by=by, at=at, rows=len(targets))
    if len(targets) <= AT_ONCE:
        _work_through(change, at)
    return change


def undo(change: Change, *, by: Membership, at: datetime) -> Change:
    """Begin to take a change back, row by row. Raises NotUndoable."""
    action = _action(change)
    if action is None or not action.can_undo or not by.may(action.right):
        raise NotUndoable("This change cannot be undone.")
    claimed = Change.objects.filter(pk=change.pk, state=ChangeState.DONE)
    if not claimed.update(state=ChangeState.UNDOING, undone_by=by, moved_at=at):
        raise NotUndoable("This change has already been undone, or is still in progress.")
    change.refresh_from_db()
    change.items.filter(state=ItemState.DONE).update(attempts=0)
    trail.record("change.undone", change, by=by, at=at)
    if change.total <= AT_ONCE:
        _work_through(change, at)
    return change


def can_undo(change: Change, member: Membership) -> bool:
    """Whether this person may take the change back now."""
    action = _action(change)
    return bool(action and action.can_undo and change.state == ChangeState.DONE and member.may(action.right))


def take(change_id: UUID, *, at: datetime) -> list[UUID]:
    """The rows to work on next, their attempt counted; none when another worker has the change, or all are done."""
    change = Change.objects.filter(pk=change_id, state__in=MOVING).first()
    if change is None or not _is_ours(change_id):
        return []
    waiting = change.items.filter(state=_open(change))
    closed = ItemState.REFUSED if change.state == ChangeState.RUNNING else ItemState.KEPT
    waiting.filter(attempts__gte=MOST_ATTEMPTS).update(state=closed, reason=GAVE_UP)
    found = list(waiting.order_by("attempts", "number").values_list("pk", "attempts")[:AT_ONCE])
    if not found:
        _end(change, at)
        return []
    first = found[0][1]
    # What was begun before is tried alone, so that the one that ends its worker is found.
    mine = [found[0][0]] if first else [pk for pk, attempts in found if not attempts]
    ChangeItem.objects.filter(pk__in=mine).update(attempts=F("attempts") + 1)
    Change.objects.filter(pk=change_id).update(moved_at=at)
    return mine


def work(change_id: UUID, item_ids: Sequence[UUID], *, at: datetime) -> None:
    """Change the rows that were taken, each whole or not at all."""
    change = Change.objects.select_related("by__user", "undone_by__user").filter(pk=change_id, state__in=MOVING).first()
    if change is None or not _is_ours(change_id):
        return
    _do(change, list(change.items.filter(pk__in=item_ids, state=_open(change)).order_by("number")), at)
    Change.objects.filter(pk=change_id).update(moved_at=at)


def counts(change: Change) -> dict[str, int]:
    """How many rows are in which state."""
    found = change.items.order_by().values_list("state").annotate(rows=Count("pk"))
    return dict.fromkeys(ItemState.values, 0) | dict(found)


def refused(change: Change, size: int = 200) -> list[ChangeItem]:
    """The rows that were not changed, or not taken back, with their reasons."""
    return list(change.items.filter(state__in=(ItemState.REFUSED, ItemState.KEPT)).order_by("number")[:size])


def standing_still(at: datetime) -> QuerySet[Change]:
    """Changes of the active MSP that a worker should be busy with, and that have not moved for a while."""
    return Change.objects.filter(state__in=MOVING, moved_at__lt=at - STANDSTILL).order_by("moved_at")


def _open(change: Change) -> str:
    return ItemState.WAITING if change.state == ChangeState.RUNNING else ItemState.DONE


def _work_through(change: Change, at: datetime) -> None:
    _do(change, list(change.items.filter(state=_open(change)).order_by("number")), at)
    _end(change, at)
    change.refresh_from_db()


def _do(change: Change, items: Sequence[ChangeItem], at: datetime) -> None:
    listing, action = listings.find(change.listing), _action(change)
    by = change.by if change.state == ChangeState.RUNNING else change.undone_by
    if listing is None or action is None or by is None:
        return
    scope = Scope(Msp.objects.get(pk=current_msp_id()), by, at)
    rows = listing.model._default_manager.in_bulk([item.target_id for item in items])
    finished = []
    for item in items:
        row = rows.get(item.target_id)
        item.name = action.called(row)[:200] if row else item.name
        if _one(change, item, row, action, by, scope):
            finished.append(item)
    ChangeItem.objects.bulk_update(finished, ["state", "reason", "before", "name"])


def _one(change: Change, item: ChangeItem, row: Any, action: Action, by: Membership, scope: Scope) -> bool:
    """Whether the row has its answer; a fault of ours leaves it for a later attempt."""
    is_undo = change.state == ChangeState.UNDOING
    try:
        if row is None:
            raise NothingChosen("It is no longer there.")
        if not by.may(action.right) or not by.user.is_active:
            raise NotUndoable(f"{by} may no longer do this.")
        with transaction.atomic():
            if is_undo:
                action.undo(row, item.before, by=by, scope=scope)
            else:
                item.before = action.do(row, change.facts, by=by, scope=scope)
        item.state = ItemState.UNDONE if is_undo else ItemState.DONE
    except Refused as refusal:
        item.state = ItemState.KEPT if is_undo else ItemState.REFUSED
        item.reason = refusal.message[:REASON_LENGTH]
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        logger.exception("Row %s of change %s was not changed", item.number, change.pk)
        return False
    return True


def _end(change: Change, at: datetime) -> None:
    """Every row has its answer."""
    if change.items.filter(state=ItemState.WAITING).exists():
        return
    before, after = (
        (ChangeState.RUNNING, ChangeState.DONE)
        if change.state == ChangeState.RUNNING
        else (ChangeState.UNDOING, ChangeState.UNDONE)
    )
    if before == ChangeState.UNDOING and change.items.filter(state=ItemState.DONE).exists():
        return
    Change.objects.filter(pk=change.pk, state=before).update(state=after, moved_at=at)


def _action(change: Change) -> Action | None:
    listing = listings.find(change.listing)
    return next((one for one in listing.actions if one.name == change.action), None) if listing else None


def _is_ours(change_id: UUID) -> bool:
    return locks.try_to_hold(f"change:{change_id}")
