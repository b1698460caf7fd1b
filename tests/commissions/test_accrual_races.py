"""Two workers at one month, on real connections: one effect. And the nightly check, run as beat runs it."""

from datetime import UTC, date, datetime

import pytest

from commissions import accruals, tasks
from commissions.models import Entry, Journal, Pool, Posting
from elinkages.accounts.models import Msp
from elinkages.kernel import tenancy
from tests import builders
from tests.commissions.test_invariants import as_the_owner
from tests.races import at_once

pytestmark = pytest.mark.django_db(transaction=True)
TODAY = date(2026, 4, 2)
AT = datetime(2026, 4, 2, 12, tzinfo=UTC)


@pytest.fixture
def msp() -> Msp:
    """An MSP with six deals and nothing accrued."""
    acme = builders.an_msp()
    with tenancy.use(acme.pk):
        petra = builders.a_partner()
        for _ in range(6):
            builders.a_deal(petra)
    return acme


def test_two_workers_accrue_one_month_with_one_effect(msp: Msp) -> None:
    def worker() -> None:
        with tenancy.use(msp.pk):
            accruals.accrue(today=TODAY, at=AT)
        with tenancy.use(msp.pk):
            accruals.release(today=TODAY, at=AT)

    assert at_once(worker, worker, worker) == [None] * 3
    with tenancy.use(msp.pk):
        counts = [model.objects.count() for model in (Pool, Entry)]
        assert counts == [18, 18], "six deals, three months each"
        assert Posting.objects.filter(debit="expense").count() == 18
        assert list(Journal.objects.order_by("seq").values_list("seq", flat=True)) == list(
            range(1, Journal.objects.count() + 1)
        )


def test_a_movement_made_while_the_month_is_accrued_is_not_lost(msp: Msp) -> None:
    with tenancy.use(msp.pk):
        contract = builders.a_deal(builders.a_partner("Paul Price Law"))

    def mover() -> None:
        with tenancy.use(msp.pk):
            builders.a_movement(contract, date(2026, 2, 1), 200_000)

    def worker() -> None:
        with tenancy.use(msp.pk):
            accruals.accrue(today=TODAY, at=AT)

    assert at_once(mover, worker) == [None] * 2
    worker()
    with tenancy.use(msp.pk):
        total = sum(Entry.objects.filter(pool__contract=contract).values_list("minor", flat=True))
    assert total == 10_000 + 20_000 + 20_000


def test_the_nightly_check_parks_only_the_msp_whose_books_are_wrong(msp: Msp) -> None:
    rival = builders.an_msp("Rival IT")
    with tenancy.use(msp.pk):
        accruals.accrue(today=TODAY, at=AT)
    tasks.check_books()
    msp.refresh_from_db()
    assert not msp.is_parked
    as_the_owner(msp, "UPDATE commissions_posting SET minor = minor + 1")
    tasks.check_books()
    msp.refresh_from_db()
    rival.refresh_from_db()
    assert (msp.is_parked, rival.is_parked) == (True, False)
