"""Locks by name: one at a time within an MSP, and nobody else waits."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from elinkages.accounts.models import Msp
from elinkages.kernel import locks, tenancy
from tests import builders, races

pytestmark = pytest.mark.django_db(transaction=True)


def _tried(msp: Msp, name: str) -> bool:
    try:
        with tenancy.use(msp.pk):
            return locks.try_to_hold(name)
    finally:
        connection.close()


def test_a_lock_is_held_by_one_unit_of_work_of_an_msp_until_it_ends() -> None:
    acme, rival = builders.an_msp("Acme"), builders.an_msp("Rival")
    with ThreadPoolExecutor(1) as elsewhere:
        with tenancy.use(acme.pk):
            assert locks.try_to_hold("books")
            assert locks.try_to_hold("books"), "it is ours already"
            assert not elsewhere.submit(_tried, acme, "books").result()
            assert elsewhere.submit(_tried, acme, "letters").result()
            assert elsewhere.submit(_tried, rival, "books").result()
        assert elsewhere.submit(_tried, acme, "books").result()


def test_the_second_waits_for_the_first() -> None:
    acme, order = builders.an_msp("Acme"), list[str]()

    def first() -> None:
        locks.hold("books")
        order.append("first")

    def second() -> None:
        locks.hold("books")
        order.append("second")

    assert races.too_late(acme, first, second) == ""
    assert order == ["first", "second"]


def test_a_lock_without_an_msp_is_a_mistake() -> None:
    with pytest.raises(tenancy.NoTenant):
        locks.hold("books")
