"""A second person approves a run, once."""

from datetime import date

import pytest

from commissions import payouts
from commissions.models import Entry, Hold, PayoutRun, RunState, Stage
from elinkages.accounts.models import Membership, Msp
from elinkages.accounts.rights import Role
from elinkages.audit.models import AuditEvent
from partners.models import Partner
from tests import builders
from tests.commissions.owing import payable
from tests.commissions.payouts.stages import AT, approved, opened

pytestmark = pytest.mark.django_db


def test_who_opened_a_run_cannot_approve_it(msp: Msp, finn: Membership, petra: Partner) -> None:
    payable(petra, 10_000)
    run = opened(finn)
    with pytest.raises(payouts.SelfApproval, match="someone else must approve"):
        payouts.approve(run, by=finn, at=AT)
    with pytest.raises(payouts.SelfApproval, match="someone else must approve"):
        payouts.approve(run, by=finn, at=AT, one_person_reason="I work alone")
    assert PayoutRun.objects.get().state == RunState.DRAFT


def test_an_owner_who_works_alone_approves_with_a_reason_that_is_kept(
    msp: Msp, olivia: Membership, petra: Partner
) -> None:
    Msp.objects.filter(pk=msp.pk).update(one_person_approval_at=AT, one_person_approval_by=olivia.user)
    payable(petra, 10_000)
    run = opened(olivia)
    with pytest.raises(payouts.SelfApproval, match="say why"):
        payouts.approve(run, by=olivia, at=AT)
    payouts.approve(run, by=olivia, at=AT, one_person_reason="I am the only one here")
    assert PayoutRun.objects.get().one_person_reason == "I am the only one here"


def test_an_owner_who_is_no_longer_alone_asks_the_other_one(msp: Msp, olivia: Membership, petra: Partner) -> None:
    Msp.objects.filter(pk=msp.pk).update(one_person_approval_at=AT, one_person_approval_by=olivia.user)
    payable(petra, 10_000)
    run = opened(olivia)
    builders.a_member(msp, Role.OWNER, "Oscar Owner")
    with pytest.raises(payouts.SelfApproval, match=r"Oscar Owner can approve it\. Ask them"):
        payouts.approve(run, by=olivia, at=AT, one_person_reason="I am the only one here")


def test_a_run_is_approved_once(msp: Msp, finn: Membership, olivia: Membership, petra: Partner) -> None:
    payable(petra, 10_000)
    run = approved(finn, olivia)
    with pytest.raises(payouts.NotDraft, match="already approved"):
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
