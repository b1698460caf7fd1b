"""Accruals: the worked examples as stories in the database, and that doing it again changes nothing."""

from datetime import UTC, date, datetime

import pytest
from django.db import connection
from django.db.models import F
from pytest_django import DjangoAssertNumQueries

from commissions import accruals, invariants, ledger
from commissions.models import AccruedMonth, Entry, EntryKind, Hold, Journal, Pool, Posting, Stage
from commissions.terms import Flat, FullClawback, MrrMultiple, Percent, Proration, Trigger
from elinkages.accounts.models import Msp
from partners.models import Partner
from referrals.models import Contract
from tests import builders

pytestmark = pytest.mark.django_db


def run(today: date) -> int:
    """What beat does on a day."""
    at = datetime(today.year, today.month, today.day, 12, tzinfo=UTC)
    return accruals.accrue(today=today, at=at) + accruals.release(today=today, at=at)


def amounts(**where: object) -> list[tuple[str, int]]:
    """(earning month, minor) of the entries, in order."""
    entries = Entry.objects.filter(**where).order_by("earning_month", "pk")
    return [(f"{entry.earning_month:%Y-%m}", entry.minor) for entry in entries]


def test_e1_a_flat_fee_is_earned_when_the_first_invoice_is_paid_and_held_thirty_days(petra: Partner) -> None:
    contract = builders.a_deal(petra, Flat(amount_minor=50_000), starts_on=date(2026, 2, 15))
    assert run(date(2026, 3, 20)) == 0
    contract.first_paid_on = date(2026, 3, 10)
    contract.save(update_fields=["first_paid_on"])
    assert run(date(2026, 3, 20)) == 1
    entry = Entry.objects.get()
    assert (entry.minor, entry.earning_month, entry.hold_until) == (50_000, date(2026, 3, 1), date(2026, 4, 9))
    run(date(2026, 4, 8))
    entry.refresh_from_db()
    assert entry.stage == Stage.ACCRUED
    run(date(2026, 4, 9))
    entry.refresh_from_db()
    assert entry.stage == Stage.PAYABLE


def test_e2_one_and_a_half_times_mrr_once(petra: Partner) -> None:
    builders.a_deal(petra, MrrMultiple(basis_points=15_000, trigger="service_start"), mrr_minor=123_456)
    run(date(2026, 6, 30))
    assert amounts() == [("2026-01", 185_184)]


@pytest.mark.parametrize("trigger", ["won", "first_payment"])
def test_a_fee_is_earned_although_service_starts_in_a_later_month(petra: Partner, trigger: Trigger) -> None:
    early = date(2026, 2, 20)
    fee = Flat(amount_minor=50_000, trigger=trigger)
    builders.a_deal(petra, fee, starts_on=date(2026, 3, 1), won_on=early, first_paid_on=early)
    for today in (date(2026, 2, 21), date(2026, 3, 2), date(2026, 4, 2)):
        run(today)
    assert amounts() == [("2026-02", 50_000)]


def test_e3_rounding_is_monthly(petra: Partner) -> None:
    builders.a_deal(petra, mrr_minor=234_567)
    run(date(2027, 6, 1))
    assert len(amounts()) == 12
    assert sum(minor for _, minor in amounts()) == 281_484


@pytest.mark.parametrize(("proration", "expected"), [("actual", 8_143), ("thirty_360", 8_400)])
def test_e5_a_first_month_is_prorated(petra: Partner, proration: Proration, expected: int) -> None:
    terms = Percent(basis_points=800, proration=proration)
    builders.a_deal(petra, terms, mrr_minor=150_000, starts_on=date(2026, 2, 10))
    run(date(2026, 3, 1))
    assert amounts() == [("2026-02", expected)]


def test_e6_a_last_month_is_prorated(petra: Partner) -> None:
    builders.a_deal(
        petra, Percent(basis_points=800), 150_000, date(2026, 4, 1), ends_on=date(2026, 4, 16), end_reason="Sold"
    )
    run(date(2026, 5, 1))
    assert amounts() == [("2026-04", 6_000)]


def test_e11_a_pool_is_split_by_largest_remainder(petra: Partner) -> None:
    paul = builders.a_partner("Paul Price Law")
    builders.a_deal(petra, mrr_minor=234_567, shares={petra: 6_000, paul: 4_000})
    run(date(2026, 2, 1))
    assert amounts(partner=petra) == [("2026-01", 14_074)]
    assert amounts(partner=paul) == [("2026-01", 9_383)]


def test_e13_expansion_is_counted_or_not(petra: Partner) -> None:
    moves = {date(2026, 5, 1): 450_000, date(2026, 8, 1): 200_000}
    builders.a_deal(petra, Percent(basis_points=1_000, expansion="excluded"), 300_000, moves=moves)
    run(date(2027, 3, 1))
    assert sum(minor for _, minor in amounts()) == 310_000
    other = builders.a_partner("Paul Price Law")
    builders.a_deal(other, Percent(basis_points=1_000), 300_000, moves=moves)
    run(date(2027, 3, 1))
    assert sum(minor for _, minor in amounts(partner=other)) == 355_000


def test_e20_a_pinned_deal_keeps_its_version_and_a_floating_one_follows(petra: Partner) -> None:
    expected = {"pinned": 20_000, "floating": 14_000}
    for versioning, minor in expected.items():
        plan = builders.a_plan(
            Percent(basis_points=1_000),
            versioning=versioning,
            valid_from=date(2026, 1, 1),
            valid_until=date(2026, 7, 1),
            for_everyone=False,
        )
        builders.a_version(plan, Percent(basis_points=700), date(2026, 7, 1))
        partner = builders.a_partner(versioning)
        builders.a_deal(partner, mrr_minor=200_000, starts_on=date(2026, 4, 1), plan=plan, won_on=date(2026, 3, 15))
        run(date(2026, 9, 1))
        assert amounts(partner=partner)[-1] == ("2026-08", minor)


def test_e26_a_first_month_prorated_and_split(petra: Partner) -> None:
    paul = builders.a_partner("Paul Price Law")
    builders.a_deal(petra, mrr_minor=300_000, starts_on=date(2026, 3, 11), shares={petra: 7_000, paul: 3_000})
    run(date(2026, 4, 1))
    assert amounts(partner=petra) == [("2026-03", 14_226)]
    assert amounts(partner=paul) == [("2026-03", 6_097)]
    assert Pool.objects.get().amount_minor == 20_323


def test_an_unchanged_month_run_again_writes_nothing(petra: Partner) -> None:
    builders.a_deal(petra)
    run(date(2026, 4, 1))
    before = (Pool.objects.count(), Entry.objects.count(), Posting.objects.count(), Journal.objects.count())
    assert run(date(2026, 4, 1)) == 0
    AccruedMonth.objects.all().delete()
    assert run(date(2026, 4, 1)) == 0
    assert (Pool.objects.count(), Entry.objects.count(), Posting.objects.count(), Journal.objects.count()) == before


def test_a_complete_month_is_not_looked_through_again(
    petra: Partner, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    contract = builders.a_deal(petra)
    run(date(2026, 3, 15))
    assert list(AccruedMonth.objects.order_by("month").values_list("month", flat=True)) == [
        date(2026, 1, 1),
        date(2026, 2, 1),
    ]
    with django_assert_max_num_queries(12) as asked:
        assert run(date(2026, 3, 16)) == 0
    assert not any("WITH bounds" in query["sql"] for query in asked.captured_queries)
    builders.a_movement(contract, date(2026, 2, 1), 300_000)
    assert run(date(2026, 3, 17)) == 1


def test_a_running_month_is_never_complete(petra: Partner) -> None:
    builders.a_deal(petra, Flat(amount_minor=50_000, trigger="service_start"), starts_on=date(2026, 1, 10))
    run(date(2026, 1, 12))
    assert not AccruedMonth.objects.exists()
    run(date(2026, 2, 1))
    assert AccruedMonth.objects.get().month == date(2026, 1, 1)


def test_a_complete_month_without_a_computation_is_found(petra: Partner) -> None:
    builders.a_deal(petra)
    Contract.objects.update(accrued_revision=F("revision"))
    today = date(2026, 2, 1)
    assert invariants.check(today=today) == []
    AccruedMonth.objects.create(month=date(2026, 1, 1), accrued_at=builders.AT)
    assert run(today) == 0
    (broken,) = invariants.check(today=today)
    assert broken.invariant.code == "I33"


def test_months_missed_by_a_sleeping_beat_are_made_up_for(petra: Partner) -> None:
    builders.a_deal(petra)
    run(date(2026, 2, 1))
    run(date(2026, 6, 1))
    assert [month for month, _ in amounts()] == ["2026-01", "2026-02", "2026-03", "2026-04", "2026-05"]


def test_a_month_that_is_not_over_earns_nothing_yet(petra: Partner) -> None:
    builders.a_deal(petra)
    assert run(date(2026, 1, 31)) == 0


def test_a_backdated_expansion_posts_the_difference_with_the_old_earning_month(petra: Partner) -> None:
    contract = builders.a_deal(petra)
    run(date(2026, 4, 1))
    builders.a_movement(contract, date(2026, 2, 1), 150_000)
    run(date(2026, 4, 2))
    adjustments = Entry.objects.filter(kind=EntryKind.ADJUSTMENT).order_by("earning_month")
    assert [(entry.earning_month, entry.minor) for entry in adjustments] == [
        (date(2026, 2, 1), 5_000),
        (date(2026, 3, 1), 5_000),
    ]
    assert {entry.posting_month for entry in adjustments} == {date(2026, 4, 1)}


def test_a_client_who_leaves_inside_the_window_voids_what_is_unpaid(petra: Partner) -> None:
    terms = Percent(basis_points=1_000, clawback=FullClawback(90))
    contract = builders.a_deal(petra, terms)
    run(date(2026, 3, 5))
    assert ledger.balances()[petra.pk] == ledger.Balance(accrued=10_000, payable=10_000)
    contract.ends_on, contract.end_reason = date(2026, 3, 6), "Sold"
    contract.save(update_fields=["ends_on", "end_reason"])
    run(date(2026, 4, 1))
    assert set(Entry.objects.values_list("stage", flat=True)) == {Stage.VOID}
    assert ledger.balances()[petra.pk] == ledger.Balance()


def test_a_hold_on_the_partner_keeps_amounts_accrued_until_it_is_lifted(petra: Partner, msp: Msp) -> None:
    builders.a_deal(petra)
    hold = Hold.objects.create(partner=petra, reason="Disputed", placed_at=builders.AT, placed_by_name="Alice")
    run(date(2026, 6, 1))
    assert ledger.balances()[petra.pk].payable == 0
    hold.lifted_at, hold.lifted_by = builders.AT, builders.a_member(msp)
    hold.save()
    run(date(2026, 6, 1))
    assert ledger.balances()[petra.pk].payable == 40_000


def test_a_share_left_with_the_msp_is_nobodys_entry(petra: Partner) -> None:
    builders.a_deal(petra, shares={petra: 5_000})
    run(date(2026, 2, 1))
    pool = Pool.objects.get()
    assert (pool.amount_minor, pool.shared_minor) == (10_000, 5_000)
    assert amounts() == [("2026-01", 5_000)]


def test_every_entry_is_in_the_books_for_its_amount(petra: Partner) -> None:
    builders.a_deal(petra)
    run(date(2026, 8, 1))
    for entry in Entry.objects.all():
        accrued = Posting.objects.filter(entry=entry, debit="expense").get()
        assert accrued.minor == entry.minor
    journals = list(Journal.objects.order_by("seq"))
    assert [journal.seq for journal in journals] == list(range(1, len(journals) + 1))
    assert bytes(journals[0].prev_hash) == ledger.GENESIS
    assert [bytes(journal.prev_hash) for journal in journals[1:]] == [bytes(journal.hash) for journal in journals[:-1]]


def test_a_contract_that_cannot_be_computed_is_held_back_and_stops_nobody_else(petra: Partner) -> None:
    good = builders.a_deal(petra)
    bad = builders.a_deal(builders.a_partner("Paul Price Law"), terms=Percent(basis_points=500))
    with connection.cursor() as cursor:
        cursor.execute("UPDATE referrals_contract SET currency = '???' WHERE id = %s", [bad.pk])
    run(date(2026, 2, 1))
    assert set(Pool.objects.values_list("contract_id", flat=True)) == {good.pk}
    hold = Hold.objects.get(contract=bad)
    assert hold.reason.startswith("The commission for January 2026 could not be computed:")
    run(date(2026, 2, 2))
    assert Hold.objects.count() == 1
    assert not AccruedMonth.objects.exists()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE referrals_contract SET currency = 'USD' WHERE id = %s", [bad.pk])
    assert run(date(2026, 2, 3)) == 1, "as long as one cannot be computed, the month is not complete"
    assert AccruedMonth.objects.count() == 1
