"""What the pages never send and the verbs refuse all the same: forms are left behind by what others do meanwhile."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from commissions import holds, ledger
from commissions.listings import entries
from commissions.models import Account, Entry, Journal
from elinkages.accounts.models import Membership
from elinkages.kernel import tenancy
from elinkages.lists.scope import Scope
from elinkages.pages.listings.partners import Suspend
from partners import onboarding
from partners.models import Partner
from tests import builders
from tests.commissions.owing import noon, payable

pytestmark = pytest.mark.django_db

DAY = date(2026, 2, 2)
AT = noon(DAY)


@pytest.fixture
def owner() -> Iterator[Membership]:
    made = builders.a_member(builders.an_msp())
    with tenancy.use(made.msp.pk):
        yield made


@pytest.fixture
def petra(owner: Membership) -> Partner:
    return builders.a_partner()


@pytest.mark.parametrize("reason", ["  ", "x" * (holds.REASON_LENGTH + 1)])
def test_a_hold_has_a_reason_of_its_length(owner: Membership, petra: Partner, reason: str) -> None:
    with pytest.raises(holds.NeedsReason, match=f"1 to {holds.REASON_LENGTH} characters"):
        holds.place(petra, reason=reason, by=owner, at=AT)


def test_nothing_is_posted_twice(owner: Membership, petra: Partner) -> None:
    payable(petra, 10_000)
    source = Journal.objects.order_by("seq")[0].source
    header = ledger.Header(source=source, kind="accrual", effective_on=DAY, by_name="Ana", at=AT)
    line = ledger.Line(Account.EXPENSE, Account.ACCRUED, 1, "USD", petra.pk, Entry.objects.get().pk)
    with pytest.raises(ledger.AlreadyPosted, match="is already in the books"):
        ledger.post_lines(header, [line])


def test_amounts_are_held_once_by_a_contract_that_there_is_and_released_once(owner: Membership, petra: Partner) -> None:
    contract = builders.a_deal(petra)
    entry, opening = payable(petra, 10_000, contract=contract), payable(petra, 5_000)
    facts: dict[str, Any] = {"reason": "A question is open"}
    scope = Scope(owner.msp, owner, AT)
    with pytest.raises(entries.NotHeld, match="Nothing is holding back"):
        entries.Release().do(entry, {}, by=owner, scope=scope)
    with pytest.raises(entries.NoContract, match=r"opening balance\. Put its partner on hold"):
        entries.PutOnHold().do(opening, facts, by=owner, scope=scope)
    entries.PutOnHold().do(entry, facts, by=owner, scope=scope)
    with pytest.raises(entries.HeldAlready, match="already on hold"):
        entries.PutOnHold().do(entry, facts, by=owner, scope=scope)


def test_a_partner_who_was_suspended_for_something_else_since_stays_so(owner: Membership, petra: Partner) -> None:
    onboarding.suspend(petra, reason="Something else", by=owner, at=AT)
    with pytest.raises(onboarding.NotInThatState, match="has changed in the meantime"):
        Suspend().undo(petra, {"reason": "A question is open"}, by=owner, scope=Scope(owner.msp, owner, AT))


def test_a_client_whom_nobody_introduced_has_no_plan(petra: Partner, owner: Membership) -> None:
    contract = builders.a_contract(builders.a_client())
    url = f"/{owner.msp.slug}/contracts/{contract.pk}/plan/"
    browser = builders.a_browser(owner.user)
    answer = browser.get(url)
    assert answer.status_code == 409
    assert "Nobody introduced" in answer.content.decode()
