"""Who is owed what on a day, and who is not paid it and why. One query for any number of entries."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from django.db import connection

from commissions import gates
from commissions.models import PayoutRun, Rail
from elinkages.accounts.models import Msp
from elinkages.kernel.money import format_money
from elinkages.kernel.refusal import Refused
from elinkages.kernel.tenancy import current_msp_id

PAID = ""
BELOW_MINIMUM = "below_minimum"
NEGATIVE = "negative"
HOLD = "hold"

_TAKEN: Final = """
          WITH taken AS MATERIALIZED (
              SELECT item.entry_id FROM commissions_payout p, LATERAL (
                  SELECT i.entry_id FROM commissions_payoutitem i
                  WHERE i.msp_id = %(msp)s AND i.payout_id = p.id
                      AND coalesce(i.released_at, 'infinity') = 'infinity' OFFSET 0) item
              WHERE p.msp_id = %(msp)s AND p.state IN ('draft', 'approved', 'reserved', 'submitted'))
          SELECT entry_id FROM taken"""
"""What is in payouts that are not over, found once: after a first large run, which no count of rows knows of yet, the
planner would look through all of it for every entry. What was paid is not payable anymore, so history is not read: the
items of each payout are looked up by its key. They are not asked for as `released_at IS NULL`: the index of those looks
empty until rows are counted again, and would be read to its end for every payout. What failed, was canceled or returned
has released its items (I16). An item always has an entry, as NOT IN asks for."""

ENTRIES: Final = f"""
    SELECT e.id, e.partner_id, e.minor FROM commissions_entry e
    WHERE e.msp_id = %(msp)s AND e.stage = 'payable' AND e.currency = %(currency)s AND e.paid_in = %(paid_in)s
      AND (e.hold_until <= %(cutoff)s OR e.minor < 0)
      AND e.pool_id NOT IN ({gates.HELD_POOLS})
      AND e.id NOT IN ({_TAKEN})"""
"""Entries that a run may take. What a partner owes back counts at once, whatever its day.

Parameters: %(msp)s, %(currency)s, %(paid_in)s, %(cutoff)s.
"""

_DUE: Final = f"""
    WITH entry AS MATERIALIZED ({ENTRIES}),
         closed AS MATERIALIZED ({gates.CLOSED})
    SELECT owed.partner_id, p.name, p.kind, owed.minor, owed.entries, coalesce(c.code, ''), coalesce(c.reason, '')
    FROM (SELECT partner_id, sum(minor)::bigint AS minor, count(*) AS entries FROM entry GROUP BY partner_id) owed
    JOIN partners_partner p ON p.msp_id = %(msp)s AND p.id = owed.partner_id
    LEFT JOIN closed c ON c.partner_id = owed.partner_id
    ORDER BY p.name_key, p.id"""

_HELD: Final = f"""
    SELECT e.partner_id, p.name, p.kind, sum(e.minor)::bigint, count(*), c.name
    FROM commissions_entry e
    JOIN commissions_pool pool ON pool.msp_id = e.msp_id AND pool.id = e.pool_id
    JOIN referrals_contract contract ON contract.msp_id = e.msp_id AND contract.id = pool.contract_id
    JOIN referrals_client c ON c.msp_id = e.msp_id AND c.id = contract.client_id
    JOIN partners_partner p ON p.msp_id = e.msp_id AND p.id = e.partner_id
    WHERE e.msp_id = %(msp)s AND e.stage = 'payable' AND e.paid_in = %(paid_in)s
      AND e.pool_id IN ({gates.HELD_POOLS})
    GROUP BY e.partner_id, p.name, p.name_key, p.id, p.kind, c.name ORDER BY p.name_key, p.id, c.name"""


class Parked(Refused):
    """The MSP's books failed a check: no money moves until a person has looked."""


@dataclass(frozen=True, slots=True)
class Owed:
    """What a partner is owed in minor units. With a `code`, it is not paid now, and `reason` says why."""

    partner_id: UUID
    name: str
    kind: str
    minor: int
    entries: int
    code: str = PAID
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Outlook:
    """The next run as it would be opened now."""

    payees: list[Owed]
    left_out: list[Owed]

    @property
    def minor(self) -> int:
        """What would be paid in all, in minor units."""
        return sum(owed.minor for owed in self.payees)


def due(cutoff_on: date, *, on: date, rail: Rail = Rail.MANUAL) -> list[Owed]:
    """Everyone who is owed something over this rail on the cutoff and is not in a live payout for it, by name.

    Gates are those `on` that day. Money and service credit are two balances: neither is netted with the other.
    """
    msp = Msp.objects.get(pk=current_msp_id())
    parameters = {"msp": msp.pk, "currency": msp.currency, "paid_in": rail.paid_in, "cutoff": cutoff_on, "on": on}
    owed = [Owed(*row) for row in _rows(_DUE, parameters)]
    held = [_because(Owed(*row), HOLD, f"{client} is on hold") for *row, client in _rows(_HELD, parameters)]
    minimum = minimum_of(msp, rail)
    return [_told(one, minimum, msp.currency) for one in owed] + held


def minimum_of(msp: Msp, rail: Rail) -> int:
    """The least that a payout over this rail is worth, in minor units. Giving credit costs no transfer."""
    return 0 if rail == Rail.CREDIT else msp.minimum_payout_minor


def outlook(cutoff_on: date, rail: Rail = Rail.MANUAL) -> Outlook:
    """Who would be paid and who would not, were a run of this rail opened on its cutoff."""
    everyone = due(cutoff_on, on=cutoff_on, rail=rail)
    return Outlook([one for one in everyone if not one.code], [one for one in everyone if one.code])


def skipped(run: PayoutRun) -> list[Owed]:
    """Who is owed something as of the run's day and is not in it; gates of the day on which it was opened."""
    opened_on = run.msp.today(run.opened_at)
    return [one if one.code else _late(one) for one in due(run.cutoff_on, on=opened_on, rail=Rail(run.rail))]


def refuse_if_parked(msp: Msp) -> None:
    """Raise Parked while the MSP's books are in doubt."""
    if msp.is_parked:
        reason = f" ({msp.parked_reason})" if msp.parked_reason else ""
        raise Parked(f"Payouts are stopped because a check of the books failed{reason}. Nothing was changed.")


def in_words(left_out: Iterable[Owed]) -> str:
    """How many were left out for what: “3 below the minimum, 1 on hold”."""
    labels = {
        BELOW_MINIMUM: "below the minimum",
        NEGATIVE: "owing more than they earned",
        HOLD: "on hold",
        "agreement": "without a signed agreement",
    }
    counts: dict[str, int] = {}
    for one in left_out:
        counts[one.code] = counts.get(one.code, 0) + 1
    return ", ".join(f"{count} {labels.get(code, code)}" for code, count in counts.items())


def _rows(sql: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def _told(owed: Owed, minimum: int, currency: str) -> Owed:
    if owed.code:
        return owed
    if owed.minor <= 0:
        reason = "Owes back more than was earned; it is netted against future commissions"
        return _because(owed, NEGATIVE, reason if owed.minor else "Amounts cancel out to zero")
    if owed.minor < minimum:
        return _because(owed, BELOW_MINIMUM, f"Below the minimum of {format_money(minimum, currency)}")
    return owed


def _because(owed: Owed, code: str, reason: str) -> Owed:
    return Owed(owed.partner_id, owed.name, owed.kind, owed.minor, owed.entries, code, reason)


def _late(owed: Owed) -> Owed:
    return _because(owed, "late", "Became payable after this run was opened")
