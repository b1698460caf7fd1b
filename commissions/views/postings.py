"""Postings as a reader of no bookkeeping understands them, with the two accounts for the one who does."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from commissions.models import Account, Posting

WORDS: Final = {
    (Account.EXPENSE, Account.ACCRUED): "Earned",
    (Account.ACCRUED, Account.PAYABLE): "Became payable",
    (Account.ACCRUED, Account.EXPENSE): "Voided",
    (Account.PAYABLE, Account.EXPENSE): "Voided",
    (Account.PAYABLE, Account.IN_TRANSIT): "Set aside for the payment",
    (Account.IN_TRANSIT, Account.CASH): "Paid by the bank",
    (Account.IN_TRANSIT, Account.PAYABLE): "Put back, payable again",
    (Account.CASH, Account.IN_TRANSIT): "Came back from the bank",
    (Account.PAYABLE, Account.CREDIT): "Given as service credit",
    (Account.CREDIT, Account.PAYABLE): "Credit taken back, payable again",
    (Account.CREDIT, Account.INVOICES): "Applied to an invoice",
    (Account.INVOICES, Account.CREDIT): "Open again, no longer applied to an invoice",
}
"""What a move from the credit to the debit account means, by (debit, credit)."""


@dataclass(frozen=True, slots=True)
class Told:
    """One posting in words."""

    posting: Posting
    what: str
    accounts: str


def told(postings: Iterable[Posting]) -> list[Told]:
    """Postings in the order in which they were made, in words."""
    return [
        Told(
            posting,
            WORDS.get((Account(posting.debit), Account(posting.credit)), "Moved"),
            f"{posting.get_debit_display()} to {posting.get_credit_display().lower()}",
        )
        for posting in postings
    ]
