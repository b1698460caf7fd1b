"""What was owed at the switch-over: once, explained, payable, and never counted a second time."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest

from commissions import accruals, earnings, invariants, opening_balances, payouts
from commissions.models import Entry, EntryKind, Stage
from commissions.opening_balances import Balance
from commissions.payouts.due import due
from elinkages.accounts.models import Membership
from elinkages.accounts.rights import Role
from elinkages.audit import trail
from elinkages.kernel import tenancy
from elinkages.kernel.refusal import Refused
from partners.models import Partner
from tests import builders

AT = datetime(2026, 7, 6, 15, 0, tzinfo=UTC)
TODAY = date(2026, 7, 6)
SWITCH = date(2026, 7, 1)

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner(db: None) -> Iterator[Membership]:
    msp = builders.an_msp()
    member = builders.a_member(msp, Role.OWNER, "Olga Owner")
    with tenancy.use(msp.pk):
        yield member


@pytest.fixture
def partner(owner: Membership) -> Partner:
    return builders.a_partner("Harbor Tax")


def record(partner: Partner, owner: Membership, minor: int = 72_000, owed_on: date = SWITCH, **fields: Any) -> Entry:
    balance = Balance(partner, minor, owed_on, **fields)
    return opening_balances.record(balance, by=owner, at=AT)


def test_it_is_owed_explained_and_in_the_next_payout_run(partner: Partner, owner: Membership) -> None:
    entry = record(partner, owner, note="September and October")
    assert (entry.kind, entry.stage, entry.minor, entry.earning_month) == (EntryKind.OPENING, "accrued", 72_000, SWITCH)
    told = earnings.explain(entry)
    assert told.pool.reason == "Owed on Jul 1, 2026, when Acme IT began to keep its commissions here"
    assert list(told.steps) == ["$720.00 was owed for what was earned before Jul 1, 2026", "September and October"]
    assert told.origin.name == "Opening balance"
    assert accruals.release(today=TODAY, at=AT) == 1
    assert [(one.name, one.minor, one.code) for one in due(TODAY, on=TODAY)] == [("Harbor Tax", 72_000, "")]
    assert earnings.totals(partner).payable == 72_000
    assert invariants.check(today=TODAY) == []


def test_it_waits_until_it_may_be_paid(partner: Partner, owner: Membership) -> None:
    record(partner, owner, payable_on=date(2026, 7, 15))
    assert accruals.release(today=TODAY, at=AT) == 0
    assert accruals.release(today=date(2026, 7, 15), at=AT) == 1


def test_the_month_it_is_written_in_hides_no_month_that_is_still_to_be_computed(
    partner: Partner, owner: Membership
) -> None:
    deal = builders.a_deal(partner, won_on=date(2026, 5, 1), starts_on=date(2026, 5, 1))
    record(builders.a_partner("Other"), owner)
    accruals.accrue(today=TODAY, at=AT)
    months = Entry.objects.filter(pool__contract=deal).values_list("earning_month", flat=True)
    assert sorted(months) == [date(2026, 5, 1), date(2026, 6, 1)]
    assert invariants.check(today=TODAY) == []


def test_no_accrual_changes_it(partner: Partner, owner: Membership) -> None:
    entry = record(partner, owner)
    assert accruals.accrue(today=date(2026, 12, 6), at=AT) == 0
    assert list(Entry.objects.all()) == [entry]


@pytest.mark.parametrize(
    ("minor", "owed_on", "sentence"),
    [
        (0, SWITCH, "An opening balance is what you owe, above zero."),
        (-1, SWITCH, "An opening balance is what you owe, above zero."),
        (1, date(2026, 7, 7), "2026 has not come yet"),
    ],
)
def test_what_cannot_have_been_owed_is_refused(
    partner: Partner, owner: Membership, minor: int, owed_on: date, sentence: str
) -> None:
    with pytest.raises(Refused, match=sentence):
        record(partner, owner, minor, owed_on)
    assert not Entry.objects.exists()


def test_a_partner_has_one(partner: Partner, owner: Membership) -> None:
    record(partner, owner)
    with pytest.raises(opening_balances.RecordedBefore, match=r"has an opening balance of \$720.00 already"):
        record(partner, owner, 1)


def test_time_that_is_computed_here_is_not_in_a_balance_too(partner: Partner, owner: Membership) -> None:
    contract = builders.a_deal(partner, won_on=date(2026, 5, 1), starts_on=date(2026, 5, 1))
    with pytest.raises(opening_balances.CountedTwice, match="is counted here from May 1, 2026 on"):
        record(partner, owner)
    assert record(partner, owner, owed_on=contract.owed_from).minor == 72_000


def test_it_is_taken_back_by_a_posting_and_can_be_written_down_again(partner: Partner, owner: Membership) -> None:
    for release in (False, True):
        entry = record(partner, owner)
        if release:
            accruals.release(today=TODAY, at=AT)
        opening_balances.take_back(entry, reason="Typed twice", by=owner, at=AT)
        assert earnings.totals(partner).earned == 0
        assert invariants.check(today=TODAY) == []
    with pytest.raises(opening_balances.MovedOn, match="is voided already"):
        opening_balances.take_back(entry, reason="Again", by=owner, at=AT)
    told = [event.action for event in trail.history(partner)]
    assert told.count("opening_balance.taken_back") == 2


def test_it_cannot_be_taken_back_once_it_is_in_a_payout(partner: Partner, owner: Membership) -> None:
    entry = record(partner, owner)
    accruals.release(today=TODAY, at=AT)
    payouts.open_run(cutoff_on=TODAY, by=owner, at=AT)
    with pytest.raises(opening_balances.MovedOn, match="of Harbor Tax is in payout 1"):
        opening_balances.take_back(entry, reason="Typed twice", by=owner, at=AT)
    assert Entry.objects.get().stage == Stage.PAYABLE


def test_its_day_is_known_to_what_is_imported_later(partner: Partner, owner: Membership) -> None:
    record(partner, owner)
    other = builders.a_partner("Other")
    assert opening_balances.settled_until([partner.pk, other.pk]) == {partner.pk: SWITCH}
