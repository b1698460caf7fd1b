"""Accruals: recompute what every contract is worth, post the difference (docs/algorithms/ledger.md).

Nothing here reads a clock. Everything may be run twice, late, or by two workers at once: a page of contracts is
one short unit of work under one lock per MSP, and what another worker did meanwhile is simply found unchanged.
"""

from commissions.accruals.month import SYSTEM, accrue, accrue_month, release, revise_page
from commissions.accruals.release import release_batch

__all__ = [
    "SYSTEM",
    "accrue",
    "accrue_month",
    "release",
    "release_batch",
    "revise_page",
]
