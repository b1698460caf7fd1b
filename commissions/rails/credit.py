"""The credit rail: nothing leaves the house; the partner gets service credit that is applied to their invoices."""

from typing import Any

from commissions.models import AttemptState, Payout, PayoutAttempt
from commissions.rails.base import Answer


class CreditRail:
    """Giving the credit is all there is to it: an attempt has succeeded the moment it is made."""

    def request(self, payout: Payout) -> dict[str, Any]:
        """What is given, to whom."""
        return {
            "payee": payout.payee,
            "minor": payout.minor,
            "currency": payout.currency,
            "reference": payout.code,
        }

    def send(self, attempt: PayoutAttempt) -> Answer:
        """Done; it is called what the payout is called."""
        return Answer(AttemptState.SUCCEEDED, attempt.request["reference"])
