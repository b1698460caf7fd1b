"""An MSP whose join page is open."""

import pytest
from django.core.cache import cache
from django.test import Client

from elinkages.accounts.models import Membership, Msp
from elinkages.kernel import tenancy
from tests import builders
from tests.partners.joining.visits import ADVISER


@pytest.fixture(autouse=True)
def forget_limits() -> None:
    cache.clear()


@pytest.fixture
def msp() -> Msp:
    return builders.an_msp("Northwind IT", contact_email="hello@northwind.test")


@pytest.fixture
def ana(msp: Msp) -> Membership:
    return builders.a_member(msp, name="Ana Ruiz")


@pytest.fixture
def open_page(msp: Msp, ana: Membership) -> str:
    with tenancy.use(msp.pk):
        builders.a_join_page(ana, ADVISER)
    return f"/join/{msp.slug}/adviser/"


@pytest.fixture
def browser(ana: Membership) -> Client:
    return builders.a_browser(ana.user)
