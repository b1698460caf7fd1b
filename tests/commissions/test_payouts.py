"""Payouts: proposed, approved by a second person, released, and every amount followed to where it ends."""

from collections.abc import Callable, Iterator
from datetime import date, datetime
from typing import Any

import pytest
from django.db import Error, connection, transaction

from commissions import ledger, payouts
from commissions.models import (
    AttemptState,
    Entry,
    Hold,
    Journal,
    Payout,
    PayoutAttempt,
    PayoutItem,
    PayoutRun,
    PayoutState,
    RunState,
    Stage,
)
from elinkages.accounts.models import Membership, Msp
from elinkages.accounts.rights import Role
from elinkages.audit import trail
from elinkages.audit.models import AuditEvent
from elinkages.kernel import tenancy
from elinkages.kernel.refusal import Refused
from elinkages.mail.models import Message
from partners.models import Partner, PartnerState
from tests import builders
from tests.commissions.owing import accrued, noon, payable

pytestmark = pytest.mark.django_db

DAY = date(2026, 2, 2)
AT = noon(DAY)


@pytest.fixture
def msp() -> Iterator[Msp]:
    acme = builders.an_msp()
    with tenancy.use(acme.pk):
        yield acme


@pytest.fixture
def olivia(msp: Msp) -> Membership:
    return builders.a_member(msp, Role.OWNER, "Olivia Owner")


@pytest.fixture
def finn(msp: Msp) -> Membership:
    return builders.a_member(msp, Role.FINANCE, "Finn Finance")


@pytest.fixture
def petra(msp: Msp) -> Partner:
    return builders.a_partner("Petra Park CPA", email="petra@example.com")


def opened(finn: Membership, day: date = DAY) -> PayoutRun:
    return payouts.open_run(cutoff_on=day, by=finn, at=noon(day)).run


def approved(finn: Membership, olivia: Membership) -> PayoutRun:
    return payouts.approve(opened(finn), by=olivia, at=AT)


def released(finn: Membership, olivia: Membership) -> PayoutRun:
    return payouts.release(approved(finn, olivia), by=finn, at=AT).run


def balance(partner: Partner) -> ledger.Balance:
    return ledger.balances([partner.pk]).get(partner.pk, ledger.Balance())


def test_a_run_pays_everyone_who_is_owed_enough_and_tells_who_is_left_out(
    msp: Msp, finn: Membership, petra: Partner
) -> None:
    small = builders.a_partner("Small Sums")
    debtor = builders.a_partner("Debtor")
    held = builders.a_partner("Held Back")
    gone = builders.a_partner("Suspended", state=PartnerState.ACTIVE)
    payable(petra, 6_000)
    payable(petra, 4_000)
    payable(small, 4_999)
    payable(debtor, -7_000)
    payable(held, 9_000)
    payable(gone, 8_000)
    Hold.objects.create(partner=held, reason="Disputed", placed_at=AT, placed_by_name="Finn")
    Partner.objects.filter(pk=gone.pk).update(state=PartnerState.SUSPENDED, suspended_at=AT, suspended_reason="No W-9")
    run, left_out = payouts.open_run(cutoff_on=DAY, by=finn, at=AT)
    assert [(payout.partner, payout.minor, payout.number) for payout in run.payouts.all()] == [(petra, 10_000, 1)]
    assert {one.name: one.reason for one in left_out} == {
        "Small Sums": "Below the minimum of $50.00",
        "Debtor": "Owes back more than was earned; it is netted against what comes next",
        "Held Back": "On hold: Disputed",
        "Suspended": "Suspended: No W-9",
    }
    assert payouts.skipped(run) == left_out
    assert trail.history(run)[0].action == "payout_run.opened"


def test_amounts_that_become_payable_after_the_day_wait_but_debts_count_at_once(
    msp: Msp, finn: Membership, petra: Partner
) -> None:
    payable(petra, 10_000)
    payable(petra, 9_000, on=date(2026, 2, 20))
    payable(petra, -1_000, on=date(2026, 2, 20))
    run = payouts.open_run(cutoff_on=DAY, by=finn, at=noon(date(2026, 2, 21))).run
    assert [payout.minor for payout in run.payouts.all()] == [9_000]


def test_what_is_still_accrued_is_not_paid(msp: Msp, finn: Membership, petra: Partner) -> None:
    accrued(petra, 10_000)
    with pytest.raises(payouts.NothingToPay, match="Nobody is owed enough"):
        opened(finn)
    assert not PayoutRun.objects.exists()


def test_a_hold_on_a_contract_keeps_only_its_own_amounts_back(msp: Msp, finn: Membership, petra: Partner) -> None:
    contract = builders.a_deal(petra)
    payable(petra, 7_000)
    payable(petra, 20_000, contract=contract)
    payable(petra, -20_000, contract=contract)
    payable(petra, 3_000, contract=contract)
    Hold.objects.create(contract=contract, reason="Late payer", placed_at=AT, placed_by_name="Finn")
    run, left_out = payouts.open_run(cutoff_on=DAY, by=finn, at=AT)
    assert [payout.minor for payout in run.payouts.all()] == [7_000]
    assert [(one.minor, one.code) for one in left_out] == [(3_000, "hold")]


def test_only_one_run_can_wait_for_approval(msp: Msp, finn: Membership, petra: Partner) -> None:
    payable(petra, 10_000)
    opened(finn)
    payable(petra, 10_000)
    with pytest.raises(payouts.DraftWaiting, match="Payout run 1 is waiting"):
        opened(finn)


def test_a_run_for_a_day_that_has_not_come_is_refused(msp: Msp, finn: Membership, petra: Partner) -> None:
    payable(petra, 10_000)
    with pytest.raises(Refused, match="Choose today or an earlier day"):
        payouts.open_run(cutoff_on=date(2026, 2, 3), by=finn, at=AT)


def test_a_parked_msp_moves_no_money(msp: Msp, finn: Membership, olivia: Membership, petra: Partner) -> None:
    payable(petra, 10_000)
    run = opened(finn)
    park(msp)
    with pytest.raises(payouts.Parked, match="I10 differs"):
        opened(finn)
    with pytest.raises(payouts.Parked):
        payouts.approve(run, by=olivia, at=AT)
    Msp.objects.filter(pk=msp.pk).update(parked_at=None)
    payouts.approve(run, by=olivia, at=AT)
    park(msp)
    with pytest.raises(payouts.Parked):
        payouts.release(run, by=olivia, at=AT)


def park(msp: Msp) -> None:
    Msp.objects.filter(pk=msp.pk).update(parked_at=AT, parked_reason="I10 differs by $1.00")


def test_who_opened_a_run_cannot_approve_it(msp: Msp, finn: Membership, petra: Partner) -> None:
    payable(petra, 10_000)
    run = opened(finn)
    with pytest.raises(payouts.SelfApproval, match="someone else must approve"):
        payouts.approve(run, by=finn, at=AT)
    with pytest.raises(payouts.SelfApproval, match="someone else must approve"):
        payouts.approve(run, by=finn, at=AT, one_person_reason="I work alone")
    assert PayoutRun.objects.get().state == RunState.DRAFT


def test_the_database_itself_refuses_an_approver_who_opened_the_run(msp: Msp, finn: Membership, petra: Partner) -> None:
    payable(petra, 10_000)
    run = opened(finn)
    assert refused(
        "UPDATE commissions_payoutrun SET state = 'approved', approved_at = now(), approved_by_id = opened_by_id"
        " WHERE id = %s",
        run.pk,
    )


def test_an_owner_who_works_alone_approves_with_a_reason_that_is_kept(
    msp: Msp, olivia: Membership, petra: Partner
) -> None:
    Msp.objects.filter(pk=msp.pk).update(one_person_approval_at=AT, one_person_approval_by=olivia.user)
    payable(petra, 10_000)
    run = opened(olivia)
    with pytest.raises(payouts.SelfApproval, match="write why"):
        payouts.approve(run, by=olivia, at=AT)
    payouts.approve(run, by=olivia, at=AT, one_person_reason="I am the only one here")
    assert PayoutRun.objects.get().one_person_reason == "I am the only one here"


def test_a_run_is_approved_once(msp: Msp, finn: Membership, olivia: Membership, petra: Partner) -> None:
    payable(petra, 10_000)
    run = approved(finn, olivia)
    with pytest.raises(payouts.NotDraft, match="approved already"):
        payouts.approve(run, by=olivia, at=AT)
    assert AuditEvent.objects.filter(action="payout_run.approved").count() == 1


def test_a_run_whose_entries_were_voided_is_not_approved(
    msp: Msp, finn: Membership, olivia: Membership, petra: Partner
) -> None:
    entry = payable(petra, 10_000)
    run = opened(finn)
    Entry.objects.filter(pk=entry.pk).update(stage=Stage.VOID, voided_on=date(2026, 2, 2))
    with pytest.raises(payouts.Changed, match="What is owed to Petra Park CPA has changed"):
        payouts.approve(run, by=olivia, at=AT)
    assert PayoutRun.objects.get().state == RunState.DRAFT


def test_a_partner_put_on_hold_after_the_approval_is_not_paid(
    msp: Msp, finn: Membership, olivia: Membership, petra: Partner
) -> None:
    payable(petra, 10_000)
    run = approved(finn, olivia)
    Hold.objects.create(partner=petra, reason="Disputed", placed_at=AT, placed_by_name="Finn")
    with pytest.raises(payouts.Changed, match="Petra Park CPA cannot be paid now"):
        payouts.release(run, by=finn, at=AT)
    assert Entry.objects.get().stage == Stage.PAYABLE


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


Ending = Callable[[Payout, Membership, datetime], object]


def failing(payout: Payout, by: Membership, at: datetime) -> object:
    return payouts.fail(payout, reason="Account closed", by=by, at=at)


def returning(payout: Payout, by: Membership, at: datetime) -> object:
    payouts.settle(payout, reference="A", paid_on=DAY, by=by, at=at)
    return payouts.return_(payout, reason="Account closed", by=by, at=at)


@pytest.mark.parametrize("ending", [failing, returning])
def test_a_payout_that_fails_or_comes_back_leaves_every_amount_where_it_was(
    ending: Ending, msp: Msp, finn: Membership, olivia: Membership, petra: Partner
) -> None:
    payable(petra, 12_000)
    payable(petra, -2_000)
    before = ledger.balances()
    released(finn, olivia)
    ending(Payout.objects.get(), finn, AT)
    assert ledger.balances() == before
    assert set(Entry.objects.values_list("stage", flat=True)) == {Stage.PAYABLE}
    assert not PayoutItem.objects.filter(released_at__isnull=True).exists()
    assert PayoutRun.objects.get().state == RunState.CLOSED
    again = opened(finn)
    assert [payout.minor for payout in again.payouts.all()] == [10_000]


@pytest.mark.parametrize("make", [opened, approved])
def test_a_cancelled_run_leaves_every_amount_where_it_was(
    make: Callable[..., PayoutRun], msp: Msp, finn: Membership, olivia: Membership, petra: Partner
) -> None:
    payable(petra, 10_000)
    before = ledger.balances()
    run = make(finn, olivia) if make is approved else make(finn)
    payouts.cancel(run, reason="Wrong day", by=finn, at=AT)
    assert ledger.balances() == before
    assert (PayoutRun.objects.get().state, Payout.objects.get().state) == (RunState.CANCELED, PayoutState.CANCELED)
    assert [payout.minor for payout in opened(finn).payouts.all()] == [10_000]


def test_a_released_run_can_no_longer_be_cancelled(
    msp: Msp, finn: Membership, olivia: Membership, petra: Partner
) -> None:
    payable(petra, 10_000)
    run = released(finn, olivia)
    with pytest.raises(payouts.NotDraft, match="being paid"):
        payouts.cancel(run, reason="Too late", by=finn, at=AT)
    with pytest.raises(payouts.TooLate, match="record that it failed"):
        payouts.cancel_payout(Payout.objects.get(), reason="Too late", by=finn, at=AT)


def test_cancelling_the_last_payout_cancels_its_run(msp: Msp, finn: Membership, petra: Partner) -> None:
    payable(petra, 10_000)
    other = builders.a_partner("Other")
    payable(other, 20_000)
    run = opened(finn)
    payouts.cancel_payout(Payout.objects.get(partner=other), reason="Dispute", by=finn, at=AT)
    run.refresh_from_db()
    assert run.state == RunState.DRAFT
    payouts.cancel_payout(Payout.objects.get(partner=petra), reason="Dispute", by=finn, at=AT)
    run.refresh_from_db()
    assert run.state == RunState.CANCELED


def test_a_payout_that_was_not_paid_cannot_come_back(
    msp: Msp, finn: Membership, olivia: Membership, petra: Partner
) -> None:
    payable(petra, 10_000)
    released(finn, olivia)
    with pytest.raises(payouts.NotPaid, match="only a paid one"):
        payouts.return_(Payout.objects.get(), reason="?", by=finn, at=AT)


def refused(sql: str, *parameters: Any) -> bool:
    """Whether the database itself refuses a statement."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql, parameters)
            return bool(cursor.rowcount == 0)
    except Error:
        return True


STATES = {
    "commissions_payout": (PayoutState, {"draft>approved", "draft>canceled"}),
    "commissions_payoutrun": (RunState, {"draft>approved", "draft>canceled"}),
    "commissions_entry": (Stage, {"payable>reserved", "payable>void"}),
}


@pytest.mark.parametrize("table", STATES)
def test_the_database_refuses_every_step_that_is_not_allowed(
    table: str, msp: Msp, finn: Membership, petra: Partner
) -> None:
    payable(petra, 10_000)
    opened(finn)
    states, allowed = STATES[table]
    column, now = ("stage", "payable") if states is Stage else ("state", "draft")
    for target in states.values:
        if target != now and f"{now}>{target}" not in allowed:
            assert refused(f"UPDATE {table} SET {column} = %s", target), target


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE commissions_payout SET minor = 1",
        "UPDATE commissions_payoutitem SET minor = 1",
        "DELETE FROM commissions_payoutitem",
        "DELETE FROM commissions_payout",
        "UPDATE commissions_payoutattempt SET key = 'x'",
        "UPDATE commissions_posting SET minor = 1",
        "UPDATE commissions_entry SET minor = 1",
    ],
)
def test_amounts_and_keys_are_written_once(
    sql: str, msp: Msp, finn: Membership, olivia: Membership, petra: Partner
) -> None:
    payable(petra, 10_000)
    released(finn, olivia)
    assert refused(sql)


def test_an_entry_is_in_one_live_payout_at_most(msp: Msp, finn: Membership, petra: Partner) -> None:
    entry = payable(petra, 10_000)
    run = opened(finn)
    assert refused(
        "INSERT INTO commissions_payoutitem (msp_id, payout_id, entry_id, minor) VALUES (%s, %s, %s, 10000)",
        msp.pk,
        run.payouts.get().pk,
        entry.pk,
    )


def test_e19_small_amounts_wait_until_they_reach_the_minimum(
    msp: Msp, finn: Membership, olivia: Membership, petra: Partner
) -> None:
    days = [date(2026, 2, 2), date(2026, 3, 2), date(2026, 4, 2)]
    paid = []
    for day, minor in zip(days, [3_420, 1_579, 1], strict=True):
        payable(petra, minor, on=day)
        try:
            run = opened(finn, day)
            paid.append(sum(payout.minor for payout in run.payouts.all()))
        except payouts.NothingToPay:
            paid.append(0)
    assert paid == [0, 0, 5_000]


def test_e16_a_clawback_is_netted_against_what_comes_next(
    msp: Msp, finn: Membership, olivia: Membership, petra: Partner
) -> None:
    Msp.objects.filter(pk=msp.pk).update(minimum_payout_minor=0)
    payable(petra, 50_000)
    pay(finn, olivia, DAY)
    later = date(2026, 4, 2)
    payable(petra, -50_000, on=later)
    payable(petra, 18_000, on=later)
    assert balance(petra).payable == -32_000
    with pytest.raises(payouts.NothingToPay, match="1 owing more than they earned"):
        opened(finn, later)
    next_month = date(2026, 5, 2)
    payable(petra, 40_000, on=next_month)
    run = pay(finn, olivia, next_month)
    assert run.payouts.get().minor == 8_000
    assert run.payouts.get().items.count() == 3
    assert balance(petra) == ledger.Balance(paid=58_000)


def pay(finn: Membership, olivia: Membership, day: date) -> PayoutRun:
    """A whole run in a day."""
    run = opened(finn, day)
    payouts.approve(run, by=olivia, at=noon(day))
    payouts.release(run, by=finn, at=noon(day))
    for payout in run.payouts.all():
        payouts.settle(payout, reference=f"REF-{payout.number}", paid_on=day, by=finn, at=noon(day))
    return run


def test_the_differences_from_the_last_run_name_who_is_new_missing_and_much_changed(
    msp: Msp, finn: Membership, olivia: Membership, petra: Partner
) -> None:
    steady, leaving = builders.a_partner("Steady"), builders.a_partner("Leaving")
    for partner, minor in ((petra, 10_000), (steady, 10_000), (leaving, 10_000)):
        payable(partner, minor)
    first = pay(finn, olivia, DAY)
    assert payouts.differences(first).before is None
    later = date(2026, 3, 2)
    arriving = builders.a_partner("Arriving")
    for partner, minor in ((petra, 13_000), (steady, 12_500), (arriving, 9_000)):
        payable(partner, minor, on=later)
    found = payouts.differences(opened(finn, later))
    assert found.before == first
    assert [one.name for one in found.new] == ["Arriving"]
    assert [one.name for one in found.missing] == ["Leaving"]
    assert [(one.name, one.minor, one.basis_points) for one in found.changed] == [("Petra Park CPA", 3_000, 3_000)]
    assert found.minor == 4_500
