"""The sums of all amounts are kept for as long as they are true, and no longer."""

import pytest
from django.db import transaction

from commissions.totals import totals
from partners.models import Partner
from tests.commissions.owing import payable

pytestmark = pytest.mark.django_db


def test_sums_made_in_a_transaction_that_was_rolled_back_are_never_told(petra: Partner) -> None:
    with transaction.atomic():
        payable(petra, 10_000)
        assert totals(year=2026).payable == 10_000
        transaction.set_rollback(True)
    assert totals(year=2026).payable == 0
    payable(petra, 700)
    assert totals(year=2026).payable == 700
