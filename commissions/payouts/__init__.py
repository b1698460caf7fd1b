"""Paying what is owed: a run is opened, approved by a second person, released, and every payout settled.

docs/algorithms/payouts.md tells the whole story. Money leaves PAYABLE when a run is released, CASH when a person
records that the bank paid, and goes back the way it came when a payout fails, is canceled or is returned.
"""

from commissions.payouts.approval import (
    Changed,
    NotApproved,
    NotDraft,
    Release,
    SelfApproval,
    approve,
    cancel,
    release,
)
from commissions.payouts.differences import Difference, Differences, differences
from commissions.payouts.due import Outlook, Owed, Parked, due, outlook, skipped
from commissions.payouts.opening import BadCutoff, DraftWaiting, NothingToPay, Opened, open_run
from commissions.payouts.outcomes import (
    InUse,
    NotOnItsWay,
    NotPaid,
    TooLate,
    Unfit,
    cancel_payout,
    fail,
    return_,
    settle,
    settle_many,
)

__all__ = [
    "BadCutoff",
    "Changed",
    "Difference",
    "Differences",
    "DraftWaiting",
    "InUse",
    "NotApproved",
    "NotDraft",
    "NotOnItsWay",
    "NotPaid",
    "NothingToPay",
    "Opened",
    "Outlook",
    "Owed",
    "Parked",
    "Release",
    "SelfApproval",
    "TooLate",
    "Unfit",
    "approve",
    "cancel",
    "cancel_payout",
    "differences",
    "due",
    "fail",
    "open_run",
    "outlook",
    "release",
    "return_",
    "settle",
    "settle_many",
    "skipped",
]
