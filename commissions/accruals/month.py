"""The accrual of months, page by page."""

import gc
import logging
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import date, datetime
from typing import Final, NamedTuple
from uuid import UUID

from dateutil.relativedelta import relativedelta

from commissions import holds
from commissions.accruals import caps, revisions, scan
from commissions.accruals.posting import write
from commissions.accruals.release import release_batch
from commissions.accruals.revisions import Revised
from commissions.accruals.scan import Due
from commissions.accruals.targets import Failed, compute, terms_of_versions
from commissions.accruals.tiers import Placed
from commissions.models import AccruedMonth, Hold
from commissions.terms import Terms
from elinkages.kernel import locks
from elinkages.kernel.actors import Actor, System
from referrals.models import Contract

logger = logging.getLogger(__name__)

PAGE: Final = 5_000
"""Contracts of one unit of work: short enough to keep others waiting for about a second."""
REVISED_PAGE: Final = 50
"""Revised contracts of one unit of work; each may have years of months."""
SYSTEM: Final = System("Monthly accrual")
MONTH: Final = relativedelta(months=1)

type Unit = Callable[[], AbstractContextManager[object]]
"""What opens a unit of work."""


def through_month(today: date) -> date:
    """The newest month that is over: contracted MRR accrues in arrears (decisions 16)."""
    return today.replace(day=1) - MONTH


def accrue(*, today: date, at: datetime, by: Actor = SYSTEM, unit: Unit = nullcontext) -> int:
    """Everything that is due by `today`; returns how many entries were posted or voided.

    Each page is one `unit` of work, as the worker wants them; without any it all belongs to the caller's. `today` is
    the MSP's calendar day.
    """
    with unit():
        months = open_months(today)
    posted = sum(accrue_month(month, today=today, at=at, by=by, unit=unit) for month in months)
    seen = 1
    while seen:
        with unit():
            seen, count = revise_page(today=today, by=by, at=at)
        posted += count
    return posted


def accrue_month(month: date, *, today: date, at: datetime, by: Actor = SYSTEM, unit: Unit = nullcontext) -> int:
    """One month of every contract, page by page, as `accrue` does it; returns how many entries were posted or voided.

    A month that is over and could be computed for everybody is complete: it is not looked through again.
    """
    posted = failed = 0
    after: UUID | None = None
    while True:
        with unit():
            page = accrue_page(month, after=after, today=today, by=by, at=at)
            posted, failed, after = posted + page.posted, failed + page.failed, page.cursor
            if after is None:
                if not failed and month <= through_month(today):
                    AccruedMonth.objects.bulk_create([AccruedMonth(month=month, accrued_at=at)], ignore_conflicts=True)
                return posted


def open_months(today: date) -> list[date]:
    """The months that are scanned for every contract: from the first that is not complete to the newest that is over.

    The running month is among them only when some plan pays at once, on the day of its trigger.
    """
    first = scan.first_open_month()
    if first is None:
        return []
    return months_between(first, today if scan.pays_at_once() else through_month(today))


class Page(NamedTuple):
    """How many entries a page of contracts posted or voided, how many contracts could not be computed, and where the
    next page begins (None after the last)."""

    posted: int
    failed: int
    cursor: UUID | None


def accrue_page(month: date, *, after: UUID | None, today: date, by: Actor, at: datetime) -> Page:
    """One page of contracts for one month."""
    _lock()
    with _uncollected():
        page = scan.scan(month, after=after, size=PAGE, once_only=month == today.replace(day=1))
        versions: dict[UUID, Terms] = {}
        done = _compute(_place(page.due, month, today, versions), month, today, versions, by, at)
    return Page(done.posted, done.failed, page.cursor)


def revise_page(*, today: date, by: Actor, at: datetime) -> tuple[int, int]:
    """Contracts that changed, through all their months: (contracts that something was done for, entries posted or
    voided). 0 contracts means done."""
    _lock()
    contracts = revisions.revised(size=REVISED_PAGE, today=today)
    versions: dict[UUID, Terms] = {}
    written = posted = 0
    for month, members in sorted(_by_month(contracts, today).items()):
        due = scan.scan_contracts(month, members, once_only=month == today.replace(day=1))
        done = _compute(_place(due, month, today, versions), month, today, versions, by, at)
        written, posted = written + done.targets, posted + done.posted
    marked = revisions.mark_computed(contracts) if contracts else 0
    return (len(contracts) if written or marked else 0), posted


def release(*, today: date, at: datetime, by: Actor = SYSTEM, unit: Unit = nullcontext) -> int:
    """Make payable what is due by `today`; returns how many entries. Each batch is one `unit` of work."""
    moved, count = 0, 1
    while count:
        with unit():
            count = release_batch(today=today, by=by, at=at)
        moved += count
    return moved


def _place(due: list[Due], month: date, today: date, versions: dict[UUID, Terms]) -> Placed:
    terms_of_versions({row.version_id for row in due if row.version_id}, versions)
    return caps.place(due, month, today=today, versions=versions)


class _Done(NamedTuple):
    """How many targets were written down, how many entries were posted or voided for them, and how many contracts
    could not be computed."""

    targets: int
    posted: int
    failed: int


def _compute(placed: Placed, month: date, today: date, versions: dict[UUID, Terms], by: Actor, at: datetime) -> _Done:
    found = compute(placed.changed, month, today=today, versions=versions, placed=placed)
    _hold_back(found.failed, by, at)
    posted = write(found.targets, month=month, today=today, by=by, at=at)
    return _Done(len(found.targets), posted, len(found.failed))


def _hold_back(failed: list[Failed], by: Actor, at: datetime) -> None:
    """A number that cannot be computed says so on its contract, and nothing of the contract is paid meanwhile."""
    held = Hold.objects.filter(contract__in=[one.due.contract_id for one in failed], lifted_at__isnull=True)
    known = set(held.values_list("contract_id", flat=True))
    for one in failed:
        if one.due.contract_id not in known:
            known.add(one.due.contract_id)
            reason = f"The commission for {one.month:%B %Y} could not be computed: {one.problem}"[:300]
            logger.error("Contract %s: %s", one.due.contract_id, reason)
            holds.place(Contract.objects.get(pk=one.due.contract_id), reason=reason, by=by, at=at)


def _by_month(contracts: list[Revised], today: date) -> dict[date, list[UUID]]:
    members: dict[date, list[UUID]] = defaultdict(list)
    for contract in contracts:
        for month in months_between(contract.first_month, today):
            members[month].append(contract.contract_id)
    return members


def months_between(first: date, last: date) -> list[date]:
    """Every month from that of `first` to that of `last`."""
    months, month = [], first.replace(day=1)
    while month <= last:
        months.append(month)
        month += MONTH
    return months


@contextmanager
def _uncollected() -> Iterator[None]:
    """Look for no cycles meanwhile: a page is a million objects without one, and searching them is a third of the time.

    What a page made is freed at its end as always, when nothing refers to it anymore.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _lock() -> None:
    """One accrual per MSP at a time; the second finds the first one's work done."""
    locks.hold("accrual")
