"""The statement of a month: it begins where the last one ended and ends at what the ledger says."""

from datetime import date

import pytest
from django.db.models import Q, Sum

from commissions import monthly, payouts
from commissions.models import Account, Entry, Payout, Posting, Stage
from commissions.monthly import MonthStatement, Unbalanced, statement_of
from elinkages.accounts.models import Membership
from elinkages.accounts.rights import Role
from partners.models import Partner
from tests import builders
from tests.commissions.owing import accrued, noon, payable

pytestmark = pytest.mark.django_db

JANUARY, FEBRUARY, MARCH = date(2026, 1, 1), date(2026, 2, 1), date(2026, 3, 1)
TODAY = date(2026, 3, 15)


def _month(partner: Partner, month: date) -> MonthStatement:
    return statement_of(partner, month, currency="USD", today=TODAY)


def _owed_in_the_books(partner: Partner) -> int:
    """What the ledger says is owed: everything that was debited to expense and not paid out."""
    owed = (Account.ACCRUED, Account.PAYABLE, Account.IN_TRANSIT)
    sums = Posting.objects.filter(partner=partner).aggregate(
        into=Sum("minor", filter=Q(credit__in=owed), default=0), out=Sum("minor", filter=Q(debit__in=owed), default=0)
    )
    return abs(int(sums["into"]) - int(sums["out"]))


def _paid(petra: Partner, on: date) -> Payout:
    finn: Membership = builders.a_member(petra.msp, Role.FINANCE, "Finn")
    olivia = builders.a_member(petra.msp, Role.OWNER, "Olivia")
    run = payouts.open_run(cutoff_on=on, by=finn, at=noon(on)).run
    payouts.approve(run, by=olivia, at=noon(on))
    payouts.release(run, by=finn, at=noon(on))
    return payouts.settle(run.payouts.get(), reference="WIRE 7", paid_on=on, by=finn, at=noon(on))


def test_a_month_begins_where_the_last_one_ended_and_the_last_one_is_what_the_ledger_says(petra: Partner) -> None:
    payable(petra, 12_000, on=date(2026, 1, 20))
    payable(petra, 8_000, on=date(2026, 2, 3))
    _paid(petra, date(2026, 2, 10))
    accrued(petra, -1_500, on=date(2026, 3, 2))
    told = [_month(petra, month) for month in (JANUARY, FEBRUARY, MARCH)]
    assert [(one.opening, one.added, one.paid, one.closing) for one in told] == [
        (0, 12_000, 0, 12_000),
        (12_000, 8_000, -20_000, 0),
        (0, -1_500, 0, -1_500),
    ]
    assert abs(told[-1].closing) == _owed_in_the_books(petra)
    assert [one.is_over for one in told] == [True, True, False]


def test_a_payment_that_came_back_is_told_in_its_month(petra: Partner) -> None:
    payable(petra, 12_000, on=date(2026, 1, 20))
    payout = _paid(petra, date(2026, 1, 28))
    finn = builders.a_member(petra.msp, Role.FINANCE, "Fred")
    payouts.return_(payout, reason="Account closed.", by=finn, at=noon(date(2026, 2, 2)))
    january, february = _month(petra, JANUARY), _month(petra, FEBRUARY)
    assert [(payment.label, payment.minor) for payment in january.payments] == [(f"Payout {payout.number}", -12_000)]
    assert [(payment.label, payment.on) for payment in february.payments] == [
        (f"Payout {payout.number} came back", date(2026, 2, 2))
    ]
    assert (january.closing, february.closing) == (0, 12_000)


def test_what_was_withdrawn_later_leaves_the_earlier_month_as_it_was(petra: Partner) -> None:
    entry = accrued(petra, 5_000, on=date(2026, 1, 20))
    before = _month(petra, JANUARY)
    Entry.objects.filter(pk=entry.pk).update(stage=Stage.VOID, voided_on=date(2026, 2, 5))
    assert _month(petra, JANUARY).closing == before.closing == 5_000
    february = _month(petra, FEBRUARY)
    assert [(line.label, line.minor) for line in february.bookings] == [("Withdrawn", -5_000)]
    assert february.closing == 0
    assert _month(petra, MARCH).opening == 0


def test_what_was_posted_and_withdrawn_in_one_month_is_not_told(petra: Partner) -> None:
    entry = accrued(petra, 5_000, on=date(2026, 1, 20))
    Entry.objects.filter(pk=entry.pk).update(stage=Stage.VOID, voided_on=date(2026, 1, 25))
    assert _month(petra, JANUARY).bookings == []


def test_another_partners_amounts_are_not_in_it(petra: Partner) -> None:
    payable(builders.a_partner("Paul Price Law"), 99_000, on=date(2026, 1, 20))
    assert _month(petra, JANUARY).closing == 0
    assert monthly.months(petra, TODAY) == []


def test_months_run_from_the_first_amount_to_today(petra: Partner) -> None:
    payable(petra, 1_000, on=date(2025, 12, 20))
    assert monthly.months(petra, TODAY) == [MARCH, FEBRUARY, JANUARY, date(2025, 12, 1)]


def test_a_statement_that_does_not_add_up_is_not_shown(petra: Partner, monkeypatch: pytest.MonkeyPatch) -> None:
    payable(petra, 12_000, on=date(2026, 1, 20))
    monkeypatch.setattr(monthly, "_payments", lambda partner, month, after: [])
    _paid(petra, date(2026, 1, 28))
    with pytest.raises(Unbalanced):
        _month(petra, JANUARY)


def test_the_database_keeps_state_and_day_together(petra: Partner) -> None:
    from django.db import IntegrityError, transaction

    entry = accrued(petra, 5_000)
    with pytest.raises(IntegrityError, match="entry_voided_on"), transaction.atomic():
        Entry.objects.filter(pk=entry.pk).update(voided_on=date(2026, 1, 25))
