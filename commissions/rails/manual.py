"""The manual rail: a list for the bank, and a person who records that it was paid."""

from collections.abc import Iterable
from typing import Any

from commissions.models import AttemptState, Payout, PayoutAttempt, PayoutRun
from commissions.rails.base import Answer
from elinkages.kernel import csv_cells
from elinkages.kernel.money import plain_money

HEADER = ("Payee", "Amount", "Currency", "Reference")


class ManualRail:
    """Sending is issuing the list; the reference that a person records ends the attempt."""

    def request(self, payout: Payout) -> dict[str, Any]:
        """What the line of the list says, with the payee's name of the day on which the run was opened."""
        return {
            "payee": payout.payee,
            "minor": payout.minor,
            "currency": payout.currency,
            "reference": payout.code,
        }

    def send(self, attempt: PayoutAttempt) -> Answer:
        """The line is on the list from now on."""
        return Answer(AttemptState.SENT)


def bank_file(run: PayoutRun) -> bytes:
    """The list of a released run as CSV, byte for byte the same whenever it is asked for.

    It is made of the frozen requests, in the order of the payouts' numbers, whatever became of them since.
    """
    attempts = PayoutAttempt.objects.filter(payout__run=run).order_by("payout__number", "number")
    return csv_cells.write([HEADER, *_rows(attempts)])


def _rows(attempts: Iterable[PayoutAttempt]) -> Iterable[tuple[str, ...]]:
    for attempt in attempts:
        line = attempt.request
        yield line["payee"], plain_money(line["minor"], line["currency"]), line["currency"], line["reference"]
