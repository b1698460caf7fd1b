"""An MSP with some introductions, and its people."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.http import QueryDict
from django.test import Client as Browser
from django.utils import timezone

from elinkages.accounts.models import Membership, Msp
from elinkages.accounts.rights import Role
from elinkages.kernel import tenancy
from elinkages.lists.listing import Asked
from elinkages.lists.scope import Scope
from partners.models import Partner
from referrals.listings import REFERRALS
from referrals.models import Referral
from tests import builders


@dataclass
class Office:
    """One MSP, its owner, a colleague and somebody who only reads."""

    msp: Msp
    owner: Membership
    manager: Membership
    reader: Membership
    partner: Partner

    def url(self, rest: str = "referrals/") -> str:
        """An address of the dashboard."""
        return f"/{self.msp.slug}/{rest}"

    def ask(self, query: str = "", member: Membership | None = None) -> Asked:
        """What an address of the list of referrals asks for."""
        return REFERRALS.ask(QueryDict(query), Scope(self.msp, member or self.owner, timezone.now()))

    def fill(self, count: int, **fields: Any) -> list[Referral]:
        """Introductions by number, the last one the newest."""
        at = timezone.now() - timedelta(days=1)
        with tenancy.use(self.msp.pk):
            return [
                builders.a_referral(
                    self.partner, f"Company {number:03}", registered_at=at + timedelta(minutes=number), **fields
                )
                for number in range(count)
            ]


@pytest.fixture
def office(db: None) -> Office:
    return make_office()


def make_office() -> Office:
    """A fresh one."""
    msp = builders.an_msp("Northwind IT")
    owner, manager, reader = (
        builders.a_member(msp, role, name)
        for role, name in ((Role.OWNER, "Ana Ruiz"), (Role.MANAGER, "Max Mora"), (Role.READ_ONLY, "Rita Read"))
    )
    with tenancy.use(msp.pk):
        partner = builders.a_partner("Harbor & Finch CPAs")
    return Office(msp, owner, manager, reader, partner)


def browse(member: Membership) -> Browser:
    """A browser, logged in."""
    return builders.a_browser(member.user)


def text_of(answer: Any) -> str:
    """The page."""
    return str(answer.content.decode())
