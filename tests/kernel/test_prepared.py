"""Queries that are compiled once: the same rows as the ORM gives, of the MSP that is active now."""

from datetime import date
from uuid import UUID, uuid4

import pytest

from elinkages.kernel import tenancy
from elinkages.kernel.prepared import Prepared, PreparedValues
from partners.models import Partner
from referrals.models import Finding
from tests import builders

pytestmark = pytest.mark.django_db


def test_a_prepared_query_gives_the_rows_of_its_values() -> None:
    by_name = Prepared(
        lambda name, pk: Partner.objects.filter(name=name).exclude(pk=pk).order_by("pk"), name=str, pk=UUID
    )
    with tenancy.use(builders.an_msp().pk):
        one, two = builders.a_partner("Harbor"), builders.a_partner("Harbor")
        lake = builders.a_partner("Lake")
        assert by_name(name="Harbor", pk=lake.pk) == [one, two]
        assert by_name(name="Harbor", pk=one.pk) == [two]
        assert by_name(name="' OR 1=1 --", pk=one.pk) == []


def test_it_follows_the_active_msp_and_refuses_without_one() -> None:
    named = Prepared(lambda name: Partner.objects.filter(name=name), name=str)
    for _ in range(2):
        with tenancy.use(builders.an_msp().pk):
            partner = builders.a_partner("Harbor")
            assert named(name="Harbor") == [partner]
    with pytest.raises(tenancy.NoTenant):
        named(name="Harbor")


def test_it_takes_days_and_any_number_of_keys_and_gives_tuples() -> None:
    names = PreparedValues(
        lambda keys, day: (
            Partner.objects.filter(pk__any_of=keys, created_at__date__gte=day)
            .order_by("name")
            .values_list("pk", "name")
        ),
        keys=list[UUID],
        day=date,
    )
    with tenancy.use(builders.an_msp().pk):
        harbor, lake, _ = builders.a_partner("Harbor"), builders.a_partner("Lake"), builders.a_partner("Not asked for")
        for _ in range(2):
            assert names(keys=[lake.pk, harbor.pk], day=date(2020, 1, 1)) == [(harbor.pk, "Harbor"), (lake.pk, "Lake")]
            assert names(keys=[lake.pk], day=date(2020, 1, 1)) == [(lake.pk, "Lake")]
            assert names(keys=[], day=date(2020, 1, 1)) == []
            assert names(keys=[lake.pk], day=date(9000, 1, 1)) == []


def test_a_column_that_python_sees_differently_is_refused() -> None:
    with tenancy.use(builders.an_msp().pk), pytest.raises(TypeError, match="columns that are not"):
        Prepared(lambda pk: Finding.objects.filter(pk=pk), pk=UUID)(pk=uuid4())
