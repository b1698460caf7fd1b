"""An MSP whose walls the test stands in, its people, and a partner."""

from collections.abc import Iterator

import pytest

from elinkages.accounts.models import Membership, Msp
from elinkages.accounts.rights import Role
from elinkages.kernel import tenancy
from partners.models import Partner
from tests import builders


@pytest.fixture
def msp(db: None) -> Iterator[Msp]:
    acme = builders.an_msp()
    with tenancy.use(acme.pk):
        yield acme


@pytest.fixture
def owner(msp: Msp) -> Membership:
    return builders.a_member(msp)


@pytest.fixture
def olivia(msp: Msp) -> Membership:
    return builders.a_member(msp, Role.OWNER, "Olivia Owner")


@pytest.fixture
def finn(msp: Msp) -> Membership:
    return builders.a_member(msp, Role.FINANCE, "Finn Finance")


@pytest.fixture
def petra(msp: Msp) -> Partner:
    return builders.a_partner("Petra Park CPA", email="petra@example.com")
