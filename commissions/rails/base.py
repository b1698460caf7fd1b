"""What every rail can do."""

from dataclasses import dataclass
from typing import Any, Protocol

from commissions.models import AttemptState, Payout, PayoutAttempt


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of sending one attempt, and what the rail calls it.

    A rail that answers SUCCEEDED has paid: the payout is settled with the same release.
    """

    state: AttemptState
    reference: str = ""


class PaymentRail(Protocol):
    """A way to pay. `request` is frozen in the attempt before `send` is called, and is all that `send` may use.

    A rail that calls the network sends from a stepped task, with no unit of work open, and repeats with the same
    key and request only within 23 hours of the first call (docs/adr/0003).
    """

    def request(self, payout: Payout) -> dict[str, Any]:
        """The whole instruction as JSON: payee, minor units, currency, reference."""

    def send(self, attempt: PayoutAttempt) -> Answer:
        """Give the instruction to whoever pays."""
