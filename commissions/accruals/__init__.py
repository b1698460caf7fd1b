"""Accruals: recompute what every contract is worth, post the difference (docs/algorithms/ledger.md).

Nothing here reads a clock. Everything may be run twice, late, or by two workers at once: a page of contracts is
one short unit of work under one lock per MSP, and what another worker did meanwhile is simply found unchanged.
"""

from commissions.accruals.month import revise_page
from commissions.accruals.passes import SYSTEM, accrue, release, take_turn
from commissions.accruals.release import release_batch

__all__ = [
    "SYSTEM",
    "accrue",
    "release",
    "release_batch",
    "revise_page",
    "take_turn",
]
