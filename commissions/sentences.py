"""How the histories of plans, payout runs, payouts and holds tell what was done."""

from elinkages.audit.sentences import register

register(
    {
        "billing.recorded": "{who} recorded {what} of {amount}, dated {dated_on}",
        "billing.voided": "{who} took back {what} of {amount}, dated {dated_on}",
        "plan.created": "{who} created this plan",
        "plan.version_published": "{who} published version {version}, valid from {from_on}",
        "plan.archived": "{who} archived this plan",
        "plan.restored": "{who} restored this plan",
        "plan.rule_added": "{who} made it apply to {applies_to}",
        "plan.rule_ended": "{who} ended a rule",
        "plan.rule_taken_back": "{who} took back a rule",
        "payout_run.opened": "{who} opened this run with {payouts:payout}, {total_minor}",
        "payout_run.approved": "{who} approved {payouts:payout}, {total_minor}",
        "payout_run.released": "{who} released {payouts:payout}, {total_minor}",
        "payout_run.canceled": "{who} canceled this run",
        "payout_run.closed": "{who} closed this run",
        "payout.paid": "{who} recorded that {amount_minor} was paid on {paid_on}",
        "payout.credited": "{who} gave {amount_minor} as service credit",
        "payout.credit_taken_back": "{who} took back the service credit",
        "service_credit.applied": "{who} took {amount_minor} of service credit off invoice {reference}",
        "service_credit.undone": "{who} undid that {amount_minor} of service credit was applied to invoice {reference}",
        "payout.failed": "{who} recorded that the payment failed",
        "payout.canceled": "{who} canceled this payout",
        "payout.returned": "{who} recorded that the money came back",
        "opening_balance.recorded": "{who} wrote down that {amount_minor} was owed on {owed_on}",
        "opening_balance.taken_back": "{who} took back the opening balance of {amount_minor}",
        "hold.placed": "{who} put it on hold",
        "hold.lifted": "{who} lifted the hold",
        "msp.parked": "{who} stopped all payouts, because the books failed a check",
        "msp.unparked": "{who} let payouts resume, after the books passed every check",
    }
)
