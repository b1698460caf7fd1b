"""The lists of what was earned and of what is paid, and what is taken along as files beside them."""

from commissions.listings.billing import BILLING
from commissions.listings.entries import ENTRIES
from commissions.listings.next_run import NEXT_RUN
from commissions.listings.payouts import PAYOUTS, RUNS
from commissions.listings.plans import PLANS, RULES
from commissions.listings.service_credits import CREDIT_APPLICATIONS
from commissions.listings.uncovered import UNCOVERED
from commissions.run_statements import RUN_STATEMENTS

__all__ = [
    "BILLING",
    "CREDIT_APPLICATIONS",
    "ENTRIES",
    "NEXT_RUN",
    "PAYOUTS",
    "PLANS",
    "RULES",
    "RUNS",
    "RUN_STATEMENTS",
    "UNCOVERED",
]
