"""What a referral is worth, and paying it: eleven tables (decisions 9), three of billing facts (ADR 23), two of service
credit (ADR 34), and two of how far the accrual has come (ADR 45, 51)."""

from commissions.models.accrual import AccrualTurn, AccruedMonth, Place
from commissions.models.credit import CreditApplication, CreditUse
from commissions.models.entry import Entry, EntryKind, Hold, PaidIn, Pool, Stage
from commissions.models.fact import BillingApplication, BillingFact, BillingLine, FactKind, LineKind
from commissions.models.ledger import Account, Journal, Posting
from commissions.models.payout import (
    AttemptState,
    Payout,
    PayoutAttempt,
    PayoutItem,
    PayoutRun,
    PayoutState,
    Rail,
    RunState,
)
from commissions.models.plan import Pin, Plan, PlanRule, PlanVersion, Versioning

__all__ = [
    "Account",
    "AccrualTurn",
    "AccruedMonth",
    "AttemptState",
    "BillingApplication",
    "BillingFact",
    "BillingLine",
    "CreditApplication",
    "CreditUse",
    "Entry",
    "EntryKind",
    "FactKind",
    "Hold",
    "Journal",
    "LineKind",
    "PaidIn",
    "Payout",
    "PayoutAttempt",
    "PayoutItem",
    "PayoutRun",
    "PayoutState",
    "Pin",
    "Place",
    "Plan",
    "PlanRule",
    "PlanVersion",
    "Pool",
    "Posting",
    "Rail",
    "RunState",
    "Stage",
    "Versioning",
]
