"""Queries that are compiled once: the same rows as the ORM gives, of the MSP that is active now."""

from uuid import UUID

import pytest

from elinkages.kernel import tenancy
from elinkages.kernel.prepared import Prepared
from partners.models import Partner
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
