"""A released run is paid, and every payout is recorded once."""

from datetime import date

import pytest

from commissions import ledger, payouts
from commissions.models import (
    AttemptState,
    Entry,
    Journal,
    Payout,
    PayoutAttempt,
    PayoutRun,
    PayoutState,
    RunState,
    Stage,
)
from elinkages.accounts.models import Membership, Msp
from elinkages.mail.models import Message
from partners.models import Partner
from tests import builders
from tests.commissions.owing import payable
from tests.commissions.payouts.stages import AT, DAY, balance, opened, released

pytestmark = pytest.mark.django_db


def test_a_released_run_reserves_the_money_and_waits_for_the_bank(
    msp: Msp, finn: Membership, olivia: Membership, petra: Partner
) -> None:
    payable(petra, 10_000)
    run = released(finn, olivia)
    payout = Payout.objects.get()
    attempt = PayoutAttempt.objects.get()
    assert (run.state, payout.state, Entry.objects.get().stage) == (
        RunState.RELEASED,
        PayoutState.SUBMITTED,
        Stage.RESERVED,
    )
    assert (attempt.state, attempt.key, attempt.request["reference"]) == (
        AttemptState.SENT,
        f"elp_{payout.pk}_1",
        "ELK-1",
    )
    assert balance(petra) == ledger.Balance(in_transit=10_000)


def test_only_an_approved_run_is_released_and_only_once(
    msp: Msp, finn: Membership, olivia: Membership, petra: Partner
) -> None:
    payable(petra, 10_000)
    run = opened(finn)
    with pytest.raises(payouts.NotApproved):
        payouts.release(run, by=olivia, at=AT)
    payouts.approve(run, by=olivia, at=AT)
    payouts.release(run, by=finn, at=AT)
    with pytest.raises(payouts.NotApproved, match="this one is being paid"):
        payouts.release(run, by=finn, at=AT)
    assert balance(petra).in_transit == 10_000


def test_recording_the_reference_pays_the_partner_tells_them_and_closes_the_run(
    msp: Msp, finn: Membership, olivia: Membership, petra: Partner
) -> None:
    payable(petra, 10_000)
    released(finn, olivia)
    payout = payouts.settle(Payout.objects.get(), reference=" TRX 77 ", paid_on=DAY, by=finn, at=AT)
    assert (payout.state, payout.reference, payout.paid_on) == (PayoutState.PAID, "TRX 77", DAY)
    assert Entry.objects.get().stage == Stage.PAID
    assert PayoutAttempt.objects.get().provider_reference == "TRX 77"
    assert PayoutRun.objects.get().state == RunState.CLOSED
    assert balance(petra) == ledger.Balance(paid=10_000)
    letter = Message.objects.get()
    assert letter.to == "petra@example.com"
    assert "$100.00" in letter.text
    assert f"/p/{msp.slug}/statements/{payout.pk}/" in letter.text


def test_a_payout_is_settled_once(msp: Msp, finn: Membership, olivia: Membership, petra: Partner) -> None:
    payable(petra, 10_000)
    released(finn, olivia)
    payout = Payout.objects.get()
    payouts.settle(payout, reference="A", paid_on=DAY, by=finn, at=AT)
    with pytest.raises(payouts.NotOnItsWay, match="is paid, not on its way"):
        payouts.settle(payout, reference="B", paid_on=DAY, by=finn, at=AT)
    assert Payout.objects.get().reference == "A"
    assert Message.objects.count() == 1


@pytest.mark.parametrize(
    ("reference", "paid_on", "words"),
    [
        ("  ", DAY, "Enter the bank's reference"),
        ("x" * 141, DAY, "longer than 140"),
        ("A", date(2026, 2, 3), "in the future"),
        ("A", date(2026, 2, 1), "before run 1 was released"),
    ],
)
def test_a_reference_or_a_day_that_cannot_be_right_is_refused(
    reference: str, paid_on: date, words: str, msp: Msp, finn: Membership, olivia: Membership, petra: Partner
) -> None:
    payable(petra, 10_000)
    released(finn, olivia)
    with pytest.raises(payouts.Unfit, match=words):
        payouts.settle(Payout.objects.get(), reference=reference, paid_on=paid_on, by=finn, at=AT)
    assert balance(petra).in_transit == 10_000


def test_many_payouts_are_settled_in_one_journal(msp: Msp, finn: Membership, olivia: Membership) -> None:
    for number in range(3):
        payable(builders.a_partner(f"Partner {number}"), 10_000)
    run = released(finn, olivia)
    references = {payout: f"REF-{payout.number}" for payout in run.payouts.all()}
    payouts.settle_many(references, paid_on=DAY, by=finn, at=AT)
    assert sorted(Payout.objects.values_list("reference", flat=True)) == ["REF-1", "REF-2", "REF-3"]
    assert Journal.objects.filter(kind="settle").count() == 1
