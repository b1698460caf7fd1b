"""The engine: terms and the facts of a contract in, targets with their reasons out. Pure.

docs/algorithms/commission.md says the rules; its tables are executed as tests.
"""

from commissions.engine.billing import Billed, Event, Invoice, receipts
from commissions.engine.collected import collected_in, eligible_collected
from commissions.engine.contracted import mrr_in
from commissions.engine.deal import Deal, Exchange, Line, Movement, Pause, Receipt, Standing
from commissions.engine.evaluate import accrues_on, earning_months, evaluate, hold_until, targets
from commissions.engine.exchange import rate_digits
from commissions.engine.limits import Earned, clawback_anchor, within_year, year_words
from commissions.engine.periods import add_months, month_of, months_from
from commissions.engine.sharing import Split, payable_now, share_reason, split
from commissions.engine.standing import standings, tier_period
from commissions.engine.versions import Policy, Version, terms_for, version_on

__all__ = [
    "Billed",
    "Deal",
    "Earned",
    "Event",
    "Exchange",
    "Invoice",
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
    "collected_in",
    "earning_months",
    "eligible_collected",
    "evaluate",
    "hold_until",
    "month_of",
    "months_from",
    "mrr_in",
    "payable_now",
    "rate_digits",
    "receipts",
    "share_reason",
    "split",
    "standings",
    "targets",
    "terms_for",
    "tier_period",
    "version_on",
    "within_year",
    "year_words",
]
