"""The rail offers what its reader may open, and nothing else."""

import pytest
from django.test import Client

from elinkages.accounts import doors
from elinkages.accounts.rights import Role
from elinkages.pages.ui.places import DASHBOARD
from tests import builders

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("role", Role.values)
def test_every_place_in_the_rail_opens_for_the_role_that_sees_it_and_no_other_does(client: Client, role: str) -> None:
    msp = builders.an_msp()
    client.force_login(builders.a_member(msp, role).user)
    home = client.get(doors.url("dashboard", msp, "dashboard:home")).content.decode()
    rail = home.split('<nav aria-label="Main">')[1].split("</nav>")[0]
    for way in DASHBOARD:
        address = doors.url("dashboard", msp, way.name)
        shown = f'href="{address}"' in rail
        assert client.get(address).status_code == (200 if shown else 403), way.label


@pytest.mark.parametrize(
    ("name", "place"), [("dashboard:case-list", "Referrals"), ("dashboard:application-list", "Partners")]
)
def test_a_page_that_stands_elsewhere_in_the_addresses_marks_the_place_that_it_belongs_to(
    client: Client, name: str, place: str
) -> None:
    msp = builders.an_msp()
    client.force_login(builders.a_member(msp, Role.OWNER).user)
    rail = client.get(doors.url("dashboard", msp, name)).content.decode().split('<nav aria-label="Main">')[1]
    assert place in rail.split('aria-current="true"')[1].split("</a>")[0]
