"""What the engine is told about one contract, and what it answers.

Named tuples, because a hundred thousand of them are made for one month: cheap, and as frozen as
a dataclass. Amounts are minor units of `Deal.currency`; every `…ends_on` and `…until` is the
first day outside.
"""

from datetime import date
from typing import Any, NamedTuple


class Movement(NamedTuple):
    """The contract's MRR in all from a day on; of two on one day the later sequence holds."""

    effective_on: date
    mrr_minor: int
    kind: str = ""
    sequence: int = 0


class Pause(NamedTuple):
    """Days without service that do not end the contract; open while `ends_on` is None."""

    starts_on: date
    ends_on: date | None


class Exchange(NamedTuple):
    """The currency a client is billed in, and the rate frozen for what is paid in another.

    `rate_millionths` is the price of one unit of it in the deal's currency: 1087350 is 1.08735.
    """

    currency: str
    rate_millionths: int


class Receipt(NamedTuple):
    """Eligible money of one payment or credit note (negative), already without tax and hardware.

    `service_on` is the start of the invoice's service period, or its date when it has none. With
    `service_until` the amount is spread evenly over the months that begin inside the period. `exchange` says what the
    invoice was billed in when that was another currency; the amount is exchanged already.
    """

    service_on: date
    paid_on: date
    eligible_minor: int
    service_until: date | None = None
    exchange: Exchange | None = None


class Deal(NamedTuple):
    """One contract of a won client, as known when the target is computed.

    `currency` is what is paid; MRR and receipts are in it too, or in that of `exchange`.
    `mrr_minor` is the MRR it was won at. Nothing is earned for days before an `owed_from` that is
    later than `starts_on` (imported history). `first_invoice_on` is needed only when `receipts` leaves older ones out.
    """

    currency: str
    mrr_minor: int
    won_on: date | None = None
    starts_on: date | None = None
    ends_on: date | None = None
    first_paid_on: date | None = None
    owed_from: date | None = None
    movements: tuple[Movement, ...] = ()
    pauses: tuple[Pause, ...] = ()
    receipts: tuple[Receipt, ...] = ()
    first_invoice_on: date | None = None
    exchange: Exchange | None = None


class Standing(NamedTuple):
    """Where a contract stands among all its partner brought in the period of its tiers.

    `before` is what comes ahead of this contract, `total` everything: clients for tiers by wins,
    minor units otherwise.
    """

    before: int
    total: int


class Line(NamedTuple):
    """The target of one component for one earning month: an absolute amount, never a delta.

    `reason` is one sentence that the partner reads, `steps` the arithmetic behind it, `inputs`
    every number used, ready for JSON.
    """

    amount_minor: int
    reason: str
    steps: tuple[str, ...]
    inputs: dict[str, Any]


class Basis(NamedTuple):
    """What a rate is applied to: numerator / denominator minor units, and how to say it."""

    numerator: int
    denominator: int
    words: str
    position: str
    formula: str
    steps: tuple[str, ...]
    inputs: dict[str, Any]


def nothing(reason: str, month: date) -> Line:
    """A target of zero for the month, with the sentence that says why."""
    return Line(0, reason, (), {"month": month.isoformat()[:7]})
