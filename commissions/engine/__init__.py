"""The engine: terms and the facts of a contract in, targets with their reasons out. Pure.

docs/algorithms/commission.md says the rules; its tables are executed as tests.
"""

from commissions.engine.collected import eligible_collected
from commissions.engine.deal import Deal, Exchange, Line, Movement, Pause, Receipt, Standing
from commissions.engine.evaluate import accrues_on, earning_months, evaluate, hold_until, targets
from commissions.engine.limits import clawback_anchor
from commissions.engine.periods import add_months, month_of
from commissions.engine.sharing import Split, payable_now, share_reason, split
from commissions.engine.standing import standings, tier_period
from commissions.engine.versions import Policy, Version, terms_for, version_on

__all__ = [
    "Deal",
    "Exchange",
    "Line",
    "Movement",
    "Pause",
    "Policy",
    "Receipt",
    "Split",
    "Standing",
    "Version",
    "accrues_on",
    "add_months",
    "clawback_anchor",
    "earning_months",
    "eligible_collected",
    "evaluate",
    "hold_until",
    "month_of",
    "payable_now",
    "share_reason",
    "split",
    "standings",
    "targets",
    "terms_for",
    "tier_period",
    "version_on",
]
