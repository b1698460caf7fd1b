"""Service credit: given in a run of its own, open until it is applied to an invoice, and proved by the books."""

from datetime import date

import pytest
from django.db import IntegrityError, transaction

from commissions import accruals, earnings, invariants, ledger, monthly, payouts, plans, service_credits
from commissions.models import (
    CreditApplication,
    Entry,
    PaidIn,
    Payout,
    PayoutRun,
    PayoutState,
    Plan,
    Rail,
    RunState,
    Stage,
)
from commissions.payouts import InUse
from commissions.service_credits import NotEnough, UndoneBefore, Unfit
from commissions.statement_files import payout_csv
from commissions.statements import statement
from commissions.terms import Flat, FullClawback, Percent
from elinkages.accounts.models import Membership, Msp
from elinkages.kernel.refusal import Refused
from elinkages.mail.models import Message
from partners.models import Partner
from referrals import contracts
from tests import builders
from tests.commissions.owing import BY, noon, payable

pytestmark = pytest.mark.django_db

DAY = date(2026, 2, 2)
AT = noon(DAY)


@pytest.fixture
def paul(msp: Msp) -> Partner:
    return builders.a_partner("Paul's Dental", email="paul@example.com")


def give(finn: Membership, olivia: Membership, day: date = DAY) -> PayoutRun:
    run = payouts.open_run(cutoff_on=day, rail=Rail.CREDIT, by=finn, at=noon(day)).run
    return payouts.release(payouts.approve(run, by=olivia, at=noon(day)), by=finn, at=noon(day)).run


def apply(paul: Partner, minor: int, finn: Membership, *, reference: str = "1001", on: date = DAY) -> CreditApplication:
    return service_credits.apply(paul, minor=minor, reference=reference, applied_on=on, by=finn, at=noon(on))


def balance(partner: Partner) -> ledger.Balance:
    return ledger.balances().get(partner.pk, ledger.Balance())


def test_credit_and_money_of_one_partner_are_two_runs_and_never_netted(
    paul: Partner, finn: Membership, olivia: Membership
) -> None:
    payable(paul, 30_000)
    payable(paul, 6_000, paid_in=PaidIn.CREDIT)
    payable(paul, -10_000)
    money = payouts.open_run(cutoff_on=DAY, by=finn, at=AT).run
    run = give(finn, olivia)
    assert [(one.minor, one.paid_in) for one in money.payouts.all()] == [(20_000, "money")]
    assert [(one.minor, one.paid_in) for one in run.payouts.all()] == [(6_000, "credit")]
    assert balance(paul) == ledger.Balance(payable=20_000, credit=6_000)
    assert invariants.check(today=DAY) == []


def test_what_is_owed_back_in_credit_waits_for_the_next_credit(
    paul: Partner, finn: Membership, olivia: Membership
) -> None:
    payable(paul, 30_000)
    payable(paul, -6_000, paid_in=PaidIn.CREDIT)
    with pytest.raises(payouts.NothingToPay, match=r"Nobody is owed any service credit .* owing more than they earned"):
        give(finn, olivia)
    assert [owed.minor for owed in payouts.outlook(DAY).payees] == [30_000]


def test_there_is_no_minimum_for_credit(paul: Partner, finn: Membership, olivia: Membership) -> None:
    payable(paul, 1, paid_in=PaidIn.CREDIT)
    assert give(finn, olivia).payouts.get().minor == 1


def test_credit_is_given_the_moment_its_run_is_released(paul: Partner, finn: Membership, olivia: Membership) -> None:
    entry = payable(paul, 6_000, paid_in=PaidIn.CREDIT)
    run = give(finn, olivia)
    payout = run.payouts.get()
    entry.refresh_from_db()
    assert (run.__class__.objects.get(pk=run.pk).state, payout.state, entry.stage) == (
        RunState.CLOSED, PayoutState.PAID, Stage.PAID,
    )  # fmt: skip
    assert (payout.paid_on, payout.state_name) == (DAY, "Credited")
    told = Message.objects.get(subject__contains="of service credit for")
    assert told.to == "paul@example.com"
    assert service_credits.open_minor(paul) == 6_000


def test_credit_is_taken_off_invoices_in_part_and_in_full_the_oldest_first(
    paul: Partner, finn: Membership, olivia: Membership
) -> None:
    for day in (DAY, date(2026, 3, 2)):
        payable(paul, 6_000, on=day, paid_in=PaidIn.CREDIT)
        give(finn, olivia, day)
    first, second = Payout.objects.order_by("number")
    apply(paul, 4_000, finn, on=date(2026, 3, 3))
    application = apply(paul, 7_000, finn, reference="1002", on=date(2026, 3, 4))
    assert [(use.payout_id, use.minor) for use in application.uses.order_by("payout__number")] == [
        (first.pk, 2_000), (second.pk, 5_000),
    ]  # fmt: skip
    assert [one.open_minor for one in service_credits.given(paul)] == [0, 1_000]
    assert [(one.minor, one.credits) for one in service_credits.balances()] == [(1_000, 1)]
    assert balance(paul) == ledger.Balance(credit=1_000)
    assert invariants.check(today=date(2026, 3, 4)) == []
    assert Message.objects.filter(subject__contains="applied to your invoice").count() == 2


def test_an_application_that_is_undone_leaves_the_credit_open_as_before(
    paul: Partner, finn: Membership, olivia: Membership
) -> None:
    payable(paul, 6_000, paid_in=PaidIn.CREDIT)
    give(finn, olivia)
    application = apply(paul, 6_000, finn)
    assert service_credits.balances() == []
    service_credits.undo(application, reason="Wrong invoice", by=finn, at=AT)
    assert service_credits.open_minor(paul) == 6_000
    assert balance(paul) == ledger.Balance(credit=6_000)
    assert invariants.check(today=DAY) == []
    with pytest.raises(UndoneBefore, match="already been undone"):
        service_credits.undo(application, reason="Again", by=finn, at=AT)


@pytest.mark.parametrize(
    ("minor", "reference", "on", "refusal", "words"),
    [
        (6_001, "1001", DAY, NotEnough, r"Paul's Dental had \$60.00 open on .* Enter that much or less"),
        (0, "1001", DAY, NotEnough, "above zero"),
        (100, " ", DAY, Unfit, "number of the invoice"),
        (100, "1" * 141, DAY, Unfit, "longer than 140"),
        (100, "1001", date(2026, 2, 3), Unfit, "in the future"),
        (100, "1001", date(2026, 2, 1), NotEnough, "had no service credit open on"),
    ],
)
def test_what_cannot_be_taken_off_is_refused_in_words(
    paul: Partner, finn: Membership, olivia: Membership, minor: int, reference: str, on: date,
    refusal: type[Refused], words: str,
) -> None:  # fmt: skip
    payable(paul, 6_000, paid_in=PaidIn.CREDIT)
    give(finn, olivia)
    with pytest.raises(refusal, match=words):
        service_credits.apply(paul, minor=minor, reference=reference, applied_on=on, by=finn, at=AT)
    assert not CreditApplication.objects.exists()


def test_nothing_is_applied_or_undone_while_the_books_are_in_doubt(
    msp: Msp, paul: Partner, finn: Membership, olivia: Membership
) -> None:
    payable(paul, 6_000, paid_in=PaidIn.CREDIT)
    give(finn, olivia)
    application = apply(paul, 1_000, finn)
    Msp.objects.filter(pk=msp.pk).update(parked_at=AT, parked_reason="I05")
    with pytest.raises(payouts.Parked):
        apply(paul, 1_000, finn)
    with pytest.raises(payouts.Parked):
        service_credits.undo(application, reason="Wrong", by=finn, at=AT)


def test_credit_can_be_taken_back_until_it_is_used(paul: Partner, finn: Membership, olivia: Membership) -> None:
    payable(paul, 6_000, paid_in=PaidIn.CREDIT)
    payout = give(finn, olivia).payouts.get()
    application = apply(paul, 1_000, finn)
    with pytest.raises(InUse, match=r"\$10.00 of this credit was applied to invoice 1001. Undo that first"):
        payouts.return_(payout, reason="Mistake", by=finn, at=AT)
    service_credits.undo(application, reason="Wrong invoice", by=finn, at=AT)
    returned = payouts.return_(payout, reason="Mistake", by=finn, at=AT)
    assert (returned.state_name, balance(paul)) == ("Taken back", ledger.Balance(payable=6_000))
    assert Message.objects.filter(subject__contains="was taken back").count() == 1
    assert invariants.check(today=DAY) == []
    assert give(finn, olivia).payouts.get().minor == 6_000, "and is given again by the next run"


def test_the_year_total_is_what_was_given_less_what_was_taken_back(
    paul: Partner, finn: Membership, olivia: Membership
) -> None:
    payable(paul, 6_000, paid_in=PaidIn.CREDIT)
    payout = give(finn, olivia).payouts.get()
    payable(paul, 2_500, paid_in=PaidIn.CREDIT)
    give(finn, olivia)
    payouts.return_(payout, reason="Mistake", by=finn, at=AT)
    (total,) = service_credits.year_totals(2026)
    assert (total.given, total.taken_back, total.minor) == (8_500, 6_000, 2_500)
    assert service_credits.years() == [2026]
    assert service_credits.year_totals(2025) == []


def test_statements_say_that_it_is_credit(msp: Msp, paul: Partner, finn: Membership, olivia: Membership) -> None:
    payable(paul, 6_000, paid_in=PaidIn.CREDIT)
    payout = give(finn, olivia).payouts.get()
    assert b"Given as service credit,2026-02-02" in payout_csv(statement(payout))
    month = monthly.statement_of(paul, date(2026, 2, 1), currency="USD", today=DAY)
    assert [(one.label, one.minor) for one in month.payments] == [(f"Service credit {payout.number}", -6_000)]
    payouts.return_(payout, reason="Mistake", by=finn, at=AT)
    payout.refresh_from_db()
    assert b'"Given as service credit, taken back"' in payout_csv(statement(payout))


def test_the_partner_reads_what_is_next_in_money_and_in_credit(msp: Msp) -> None:
    both = earnings.Totals(payable=16_000, payable_credit=6_000)
    assert earnings.what_is_next(both, msp, is_held=False) == (
        "$100.00 is ready for the next payout run. $60.00 of service credit is given in the next run."
    )
    only = earnings.Totals(payable=6_000, payable_credit=6_000)
    assert earnings.what_is_next(only, msp, is_held=False) == "$60.00 of service credit is given in the next run."


# From facts to entries


def run_to(today: date) -> None:
    at = noon(today)
    accruals.accrue(today=today, at=at)
    accruals.release(today=today, at=at)
    assert accruals.accrue(today=today, at=at) == 0
    assert invariants.check(today=today) == []


def test_e25_credit_earned_given_and_applied_is_60_dollars_of_the_year(
    paul: Partner, finn: Membership, olivia: Membership
) -> None:
    builders.a_deal(paul, Flat(amount_minor=6_000, trigger="service_start", hold_days=0, paid_in="credit"))
    run_to(date(2026, 2, 2))
    give(finn, olivia)
    apply(paul, 6_000, finn)
    assert [total.minor for total in service_credits.year_totals(2026)] == [6_000]
    assert earnings.totals(paul).paid == 6_000
    run_to(date(2026, 3, 1))


def test_a_clawback_of_credit_is_owed_in_credit(paul: Partner, finn: Membership, olivia: Membership) -> None:
    terms = Flat(amount_minor=6_000, trigger="service_start", hold_days=0, paid_in="credit", clawback=FullClawback(90))
    contract = builders.a_deal(paul, terms)
    run_to(date(2026, 2, 2))
    give(finn, olivia)
    contracts.end(contract, on=date(2026, 3, 1), reason="Left", by=BY, at=noon(date(2026, 3, 2)))
    run_to(date(2026, 3, 2))
    assert [(one.minor, one.paid_in) for one in Entry.objects.order_by("pk")] == [(6_000, "credit"), (-6_000, "credit")]
    assert balance(paul).payable == -6_000
    assert balance(paul).credit == 6_000


def test_months_that_were_earned_in_money_stay_money_when_the_plan_turns_to_credit(
    paul: Partner, olivia: Membership
) -> None:
    builders.a_deal(paul, Percent(basis_points=1_000), 100_000)
    run_to(date(2026, 2, 1))
    plan = Plan.objects.get()
    plans.publish(
        plan,
        terms=Percent(basis_points=1_200, paid_in="credit"),
        valid_from=date(2026, 2, 1),
        is_for_all=True,
        by=olivia,
        at=noon(date(2026, 2, 2)),
    )
    run_to(date(2026, 3, 1))
    assert [(one.minor, one.paid_in) for one in Entry.objects.order_by("earning_month", "pk")] == [
        (10_000, "money"), (12_000, "credit"),
    ]  # fmt: skip


def test_the_database_knows_money_and_credit_and_nothing_else(paul: Partner) -> None:
    with pytest.raises(IntegrityError, match="entry_paid_in_known"), transaction.atomic():
        payable(paul, 100, paid_in="shells")  # type: ignore[arg-type]
