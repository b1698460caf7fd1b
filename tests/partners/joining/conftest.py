"""An MSP whose join page is open."""

import pytest
from django.core.cache import cache

from elinkages.accounts.models import Membership, Msp
from elinkages.kernel import tenancy
from tests import builders
from tests.partners.joining.visits import ADVISER


@pytest.fixture(autouse=True)
def forget_limits() -> None:
    cache.clear()


@pytest.fixture
def open_page(msp: Msp, ana: Membership) -> str:
    with tenancy.use(msp.pk):
        builders.a_join_page(ana, ADVISER)
    return f"/join/{msp.slug}/adviser/"
