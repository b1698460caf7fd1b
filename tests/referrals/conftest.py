"""One MSP, its owner and manager, and two partners; every test runs inside its unit of work unless it opens its own."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client as Browser
from django.utils import timezone

from elinkages.accounts.models import Membership, Msp, User
from elinkages.accounts.rights import Role
from elinkages.kernel import tenancy
from partners.models import Contact, Partner, PartnerLogin
from referrals import pipeline
from referrals.models import Channel, Referral
from tests.builders import a_login, a_member, a_partner, an_msp


@dataclass
class House:
    """Who is there in a test about introductions."""

    msp: Msp
    owner: Membership
    manager: Membership
    harbor: Partner
    lake: Partner
    harbor_login: PartnerLogin
    lake_login: PartnerLogin

    @property
    def dana(self) -> Contact:
        """The person at Harbor & Finch who sends introductions."""
        return Contact.objects.get(pk=self.harbor_login.contact_id)

    @property
    def lena(self) -> Contact:
        """The person at Lakeside."""
        return Contact.objects.get(pk=self.lake_login.contact_id)


def build_house(name: str = "Acme IT") -> House:
    """An MSP with two people, and two partners with a login each."""
    msp = an_msp(name)
    owner = a_member(msp, Role.OWNER, user=person("Olga Owner", msp))
    manager = a_member(msp, Role.MANAGER, user=person("Max Manager", msp))
    with tenancy.use(msp.pk):
        harbor, lake = a_partner("Harbor & Finch CPAs"), a_partner("Lakeside Advisory")
        dana, lena = person("Dana Finch", msp), person("Lena Lake", msp)
        return House(msp, owner, manager, harbor, lake, a_login(harbor, dana), a_login(lake, lena))


def person(name: str, msp: Msp) -> User:
    """Someone who logs in by force: hashing a password for every test would take longer than the test."""
    return User.objects.create(name=name, email=f"{name.split()[0].lower()}@{msp.slug}.com")


@pytest.fixture
def house(db: None) -> House:
    """The house, in a transaction that is rolled back."""
    return build_house()


@pytest.fixture
def inside(house: House) -> Iterator[House]:
    """The house, with its unit of work open."""
    with tenancy.use(house.msp.pk):
        yield house


FIRST: dict[str, Any] = {"company": "Brightwater Dental, LLC", "contact_email": "lena@brightwater.com"}


def sent(house: House, partner: Partner | None = None, **facts: Any) -> Referral:
    """An introduction that the team logged, of Harbor & Finch unless another partner is named."""
    return pipeline.submit(
        partner or house.harbor, channel=Channel.DASHBOARD, by=house.owner, at=timezone.now(), **{**FIRST, **facts}
    )


def path(house: House, rest: str = "") -> str:
    """An address below the referrals of the dashboard."""
    return f"/{house.msp.slug}/referrals/{rest}"


def text_of(answer: Any) -> str:
    """A page as text, with its apostrophes and ampersands, and addresses in one piece."""
    return str(answer.content.decode()).replace("&#x27;", "'").replace("&amp;", "&").replace("<wbr>", "")


@pytest.fixture
def browser(house: House, client: Browser) -> Browser:
    """The owner, logged in."""
    client.force_login(house.owner.user)
    return client


@pytest.fixture
def referral(house: House) -> Referral:
    """An introduction that was logged and committed to the test's transaction."""
    with tenancy.use(house.msp.pk):
        return sent(house)
