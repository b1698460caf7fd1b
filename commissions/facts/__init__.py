"""Billing facts: what was invoiced, paid, credited and paid back, from whichever system says so (ADR 23).

`receive` is the one door. It may be called with the same documents any number of times, in any order, a payment
before its invoice too: a document that says nothing new is left alone, a changed one becomes its next version, and
the contracts it bills get a new revision, so that the next accrual posts the difference.
"""

from commissions.facts.documents import Applied, Document, InvalidDocument, Line, NotYet, OtherCurrency
from commissions.facts.receiving import (
    CHANGED,
    NEW,
    SAME,
    Received,
    bills_nobody,
    compare,
    receive,
    receive_new,
    rematch_all,
    void,
)
from commissions.facts.standing import MANUAL, SPREADSHEET, Standing, of_client, open_to

__all__ = [
    "CHANGED",
    "MANUAL",
    "NEW",
    "SAME",
    "SPREADSHEET",
    "Applied",
    "Document",
    "InvalidDocument",
    "Line",
    "NotYet",
    "OtherCurrency",
    "Received",
    "Standing",
    "bills_nobody",
    "compare",
    "of_client",
    "open_to",
    "receive",
    "receive_new",
    "rematch_all",
    "void",
]
