"""The statement of a month: what was owed, what was added and paid, and what is owed now; for one partner.

Amounts count in the month in which they were posted, payouts on the day of the bank, so that a month is closed once
it is over and the next one begins where it ended. Reads only what a partner may see.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import Min, Q, QuerySet, Sum

from commissions import earnings
from commissions.earnings import Origin
from commissions.engine import add_months, months_from
from commissions.models import Entry, EntryKind, Payout
from partners.models import Partner


class Unbalanced(RuntimeError):
    """Opening balance and lines do not add up to the closing balance: a fault of ours. Better none than a wrong one."""


@dataclass(frozen=True, slots=True)
class Booking:
    """One amount that was added in the month; `label` says what kind of amount it is when it is no commission."""

    entry: Entry
    origin: Origin
    reason: str
    label: str
    minor: int


@dataclass(frozen=True, slots=True)
class Payment:
    """Money that left or credit that was given, less than zero, or what came back of it."""

    on: date
    payout: Payout
    minor: int

    @property
    def label(self) -> str:
        """What happened, as a line says it."""
        if self.payout.is_credit:
            named = f"Service credit {self.payout.number}"
            return f"{named} taken back" if self.minor > 0 else named
        return f"Payout {self.payout.number} came back" if self.minor > 0 else f"Payout {self.payout.number}"


@dataclass(frozen=True, slots=True)
class MonthStatement:
    """Everything between two balances; a balance is what is owed to the partner, in minor units."""

    partner: Partner
    month: date
    currency: str
    opening: int
    bookings: Sequence[Booking]
    payments: Sequence[Payment]
    closing: int
    is_over: bool

    @property
    def added(self) -> int:
        """The sum of the bookings."""
        return sum(booking.minor for booking in self.bookings)

    @property
    def paid(self) -> int:
        """The sum of the payments, less than zero when money left."""
        return sum(payment.minor for payment in self.payments)


def first_month(partner: Partner) -> date | None:
    """The month in which a partner's first amount was posted."""
    found: date | None = Entry.objects.filter(partner=partner).aggregate(first=Min("posting_month"))["first"]
    return found


def months(partner: Partner, today: date) -> list[date]:
    """The months that have a statement, this one first."""
    first = first_month(partner)
    return list(months_from(first, today))[::-1] if first else []


def statement_of(partner: Partner, month: date, *, currency: str, today: date) -> MonthStatement:
    """A partner's statement of the month that begins on `month`. Raises Unbalanced rather than show a wrong one."""
    after = add_months(month, 1)
    found = MonthStatement(
        partner=partner,
        month=month,
        currency=currency,
        opening=_balance(partner, before=month),
        bookings=_bookings(partner, month, after),
        payments=_payments(partner, month, after),
        closing=_balance(partner, before=after),
        is_over=after <= today,
    )
    if found.opening + found.added + found.paid != found.closing:
        raise Unbalanced(f"{month:%Y-%m} of partner {partner.pk} does not add up.")
    return found


def _balance(partner: Partner, *, before: date) -> int:
    """What was owed at the beginning of a day: everything posted that was neither withdrawn nor paid."""
    posted = Entry.objects.filter(partner=partner, posting_month__lt=before)
    owed = posted.exclude(voided_on__lt=before).aggregate(sum=Sum("minor", default=0))["sum"]
    paid = Payout.objects.filter(partner=partner, paid_on__lt=before)
    return int(owed) - int(paid.exclude(returned_on__lt=before).aggregate(sum=Sum("minor", default=0))["sum"])


def _bookings(partner: Partner, month: date, after: date) -> list[Booking]:
    """What was posted, and with the opposite sign what was withdrawn; what did both inside the month is not told."""
    within = Q(voided_on__gte=month, voided_on__lt=after)
    entries = Entry.objects.filter(partner=partner).select_related("pool")
    posted = list(entries.filter(posting_month=month).exclude(within))
    withdrawn = list(entries.filter(within, posting_month__lt=month))
    found = earnings.origins([*posted, *withdrawn])
    bookings = [Booking(entry, found[entry.pool_id], entry.pool.reason, _label(entry), entry.minor) for entry in posted]
    bookings += [
        Booking(entry, found[entry.pool_id], entry.pool.reason, "Withdrawn", -entry.minor) for entry in withdrawn
    ]
    return sorted(bookings, key=lambda one: (one.entry.earning_month, one.origin.name.lower(), one.entry.pk))


def _label(entry: Entry) -> str:
    return "" if entry.kind == EntryKind.ACCRUAL else str(entry.get_kind_display())


def _payments(partner: Partner, month: date, after: date) -> list[Payment]:
    payouts: QuerySet[Payout] = Payout.objects.filter(partner=partner)
    left = payouts.filter(paid_on__gte=month, paid_on__lt=after)
    came_back = payouts.filter(returned_on__gte=month, returned_on__lt=after)
    found = [Payment(payout.paid_on, payout, -payout.minor) for payout in left if payout.paid_on]
    found += [Payment(payout.returned_on, payout, payout.minor) for payout in came_back if payout.returned_on]
    return sorted(found, key=lambda one: (one.on, one.payout.number, one.minor))
