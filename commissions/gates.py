"""What keeps a partner from being paid. A gate is a query; the first closed one is told.

A new gate (a tax form, a disclosure, a cooling-off after a change of bank) is one more line in GATES.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from django.db import connection

from elinkages.kernel.tenancy import current_msp_id
from referrals.reviews import HELD_CONTRACTS


@dataclass(frozen=True, slots=True)
class Gate:
    """`sql` names the partners (partner_id, reason) that it is closed for, of the MSP %(msp)s on the day %(on)s."""

    code: str
    sql: str


@dataclass(frozen=True, slots=True)
class Closed:
    """Why one partner cannot be paid now."""

    code: str
    reason: str


GATES: Final = (
    Gate(
        "suspended",
        "SELECT id AS partner_id, CASE WHEN suspended_reason = '' THEN 'Suspended'"
        " ELSE 'Suspended: ' || suspended_reason END AS reason"
        " FROM partners_partner WHERE msp_id = %(msp)s AND state = 'suspended'",
    ),
    Gate(
        # As agreements.standing() says it. Who has parted signs nothing anymore: what is owed was agreed before.
        "agreement",
        "SELECT p.id AS partner_id, 'Has not signed “' || v.title || '”, version ' || v.number AS reason"
        " FROM partners_partner p JOIN partners_agreementversion v ON v.msp_id = %(msp)s AND v.ended_at IS NULL"
        " AND v.is_required AND (v.kind = p.kind OR v.kind = '' AND NOT EXISTS (SELECT 1 FROM partners_agreementversion"
        " own WHERE own.msp_id = %(msp)s AND own.ended_at IS NULL AND own.kind = p.kind))"
        " WHERE p.msp_id = %(msp)s AND p.state <> 'parted'"
        " AND (p.created_at >= v.published_at OR v.sign_by < %(on)s)"
        " AND NOT EXISTS (SELECT 1 FROM partners_signature s"
        " WHERE s.msp_id = %(msp)s AND s.version_id = v.id AND s.partner_id = p.id)",
    ),
    Gate(
        "hold",
        "SELECT partner_id, 'On hold: ' || reason AS reason FROM commissions_hold"
        " WHERE msp_id = %(msp)s AND partner_id IS NOT NULL AND lifted_at IS NULL",
    ),
)

_RANKED: Final = " UNION ALL ".join(
    f"SELECT partner_id, reason, '{gate.code}' AS code, {rank} AS rank FROM ({gate.sql}) gate_{rank}"
    for rank, gate in enumerate(GATES)
)

CLOSED: Final = f"SELECT DISTINCT ON (partner_id) partner_id, code, reason FROM ({_RANKED}) g ORDER BY partner_id, rank"
"""Every partner with a closed gate: (partner_id, code, reason). Parameters: %(msp)s, and the day %(on)s."""

HELD_POOLS: Final = (
    # Found once, also when the planner knows so little of fresh tables that it would look again for every entry.
    "WITH held AS MATERIALIZED (SELECT p.id FROM commissions_pool p"
    " JOIN commissions_hold h ON h.msp_id = p.msp_id AND h.contract_id = p.contract_id"
    " WHERE p.msp_id = %(msp)s AND h.msp_id = %(msp)s AND h.lifted_at IS NULL"
    f" UNION ALL SELECT p.id FROM commissions_pool p WHERE p.msp_id = %(msp)s AND p.contract_id IN ({HELD_CONTRACTS})"
    ") SELECT id FROM held"
)
"""Computations of contracts that are on hold, or whose introduction waits for a person (referrals/reviews.py): none of
their entries is paid. Parameter: %(msp)s."""


def closed(partner_ids: Sequence[UUID], *, on: date) -> dict[UUID, Closed]:
    """Which of these partners cannot be paid on a day, and why."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT partner_id, code, reason FROM ({CLOSED}) closed WHERE partner_id = ANY(%(partners)s)",
            {"msp": current_msp_id(), "on": on, "partners": list(partner_ids)},
        )
        return {partner_id: Closed(code, reason) for partner_id, code, reason in cursor.fetchall()}
