"""An MSP, its owner, and a partner with a login."""

import pytest
from django.test import Client

from elinkages.accounts.models import Membership, Msp
from elinkages.kernel import tenancy
from partners.models import PartnerLogin
from tests import builders


@pytest.fixture
def msp() -> Msp:
    return builders.an_msp("Northwind IT", contact_email="hello@northwind.test")


@pytest.fixture
def ana(msp: Msp) -> Membership:
    """The owner."""
    return builders.a_member(msp, name="Ana Ruiz")


@pytest.fixture
def dashboard(ana: Membership) -> Client:
    """A browser in which Ana has logged in."""
    return builders.a_browser(ana.user)


@pytest.fixture
def dana(msp: Msp) -> PartnerLogin:
    """A partner's person."""
    with tenancy.use(msp.pk):
        return builders.a_login(builders.a_partner("Finch CPAs"), builders.a_user("Dana Finch"))


@pytest.fixture
def portal(dana: PartnerLogin) -> Client:
    """A browser in which Dana has logged in."""
    return builders.a_browser(dana.user)
