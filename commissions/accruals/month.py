"""The accrual of months, page by page."""

import gc
import logging
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from typing import Final, NamedTuple
from uuid import UUID

from django.db import connection

from commissions import holds, ledger
from commissions.accruals import caps, revisions, scan
from commissions.accruals.posting import write
from commissions.accruals.revisions import Revised
from commissions.accruals.scan import Due
from commissions.accruals.targets import Failed, compute, terms_of_versions
from commissions.accruals.tiers import Placed
from commissions.engine import add_months, month_of, months_from
from commissions.models import Hold, Place
from commissions.terms import Terms
from elinkages.kernel.actors import Actor
from elinkages.kernel.tenancy import current_msp_id
from referrals.models import Contract

logger = logging.getLogger(__name__)

PAGE: Final = 5_000
"""Contracts of one unit of work: short enough to keep others waiting for about a second."""
REVISED_PAGE: Final = 50
"""Revised contracts of one unit of work; each may have years of months."""


def through_month(today: date) -> date:
    """The newest month that is over: contracted MRR accrues in arrears (decisions 16)."""
    return add_months(month_of(today), -1)


def accrue_page(place: Place, *, today: date, by: Actor, at: datetime) -> "Done":
    """One page of contracts of a month; what it did says where the next one begins.

    A month that is over and could be computed for everybody is complete: it is not looked through again (ADR 45).
    """
    ledger.lock_entries()
    month = place.month
    with _uncollected():
        page = scan.scan(month, after=place.after, size=PAGE, once_only=month == month_of(today))
        versions: dict[UUID, Terms] = {}
        done = _compute(_place(page.due, month, today, versions), month, today, versions, by, at)
    is_whole = place.is_whole and not done.failed
    if page.cursor is not None:
        return done._replace(place=Place(month, page.cursor, is_whole))
    if is_whole and month <= through_month(today):
        _complete(month, at)
    return done._replace(place=Place(add_months(month, 1)))


def _complete(month: date, at: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_COMPLETE, [current_msp_id(), month, at])


def revise_page(*, today: date, by: Actor, at: datetime) -> tuple[int, int]:
    """Contracts that changed, through all their months: (contracts that something was done for, entries posted or
    voided). 0 contracts means done."""
    ledger.lock_entries()
    contracts = revisions.revised(size=REVISED_PAGE, today=today)
    versions: dict[UUID, Terms] = {}
    written = posted = 0
    for month, members in sorted(_by_month(contracts, today).items()):
        due = scan.scan_contracts(month, members, once_only=month == month_of(today))
        done = _compute(_place(due, month, today, versions), month, today, versions, by, at)
        written, posted = written + done.targets, posted + done.posted
    marked = revisions.mark_computed(contracts) if contracts else 0
    return (len(contracts) if written or marked else 0), posted


def _place(due: list[Due], month: date, today: date, versions: dict[UUID, Terms]) -> Placed:
    terms_of_versions({row.version_id for row in due if row.version_id}, versions)
    return caps.place(due, month, today=today, versions=versions)


class Done(NamedTuple):
    """What computing did: how many targets were written down, how many entries were posted or voided for them, how
    many contracts could not be computed, whether some of the amounts are payable already, and where to go on."""

    targets: int
    posted: int
    failed: int
    is_payable: bool
    place: Place | None = None


def _compute(placed: Placed, month: date, today: date, versions: dict[UUID, Terms], by: Actor, at: datetime) -> Done:
    found = compute(placed.changed, month, today=today, versions=versions, placed=placed)
    if found.failed:
        _hold_back(found.failed, by, at)
    posted = write(found.targets, month=month, today=today, by=by, at=at)
    is_payable = any(target.hold_until <= today for target in found.targets)
    return Done(len(found.targets), posted, len(found.failed), is_payable)


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
        for month in months_from(contract.first_month, today):
            members[month].append(contract.contract_id)
    return members


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


_COMPLETE: Final = """
INSERT INTO commissions_accruedmonth (msp_id, month, accrued_at) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING
"""
