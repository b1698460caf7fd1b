"""Search and the palette: found by what people remember, offered only what they may open, never another MSP's."""

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from commissions.models import Payout
from elinkages.accounts.models import Membership
from elinkages.accounts.rights import Role
from elinkages.kernel import tenancy
from elinkages.pages import search
from partners import onboarding
from partners.models import Contact
from referrals.models import MatchKeys
from tests import builders
from tests.lists.conftest import Office, browse, make_office, text_of
from tests.world import World

pytestmark = pytest.mark.django_db


@pytest.fixture
def office(db: None) -> Office:
    found = make_office()
    with tenancy.use(found.msp.pk):
        Contact.objects.create(partner=found.partner, name="Kim", email="kim@harbor.test", created_at=builders.AT)
        referral = builders.a_referral(found.partner, "Brightwater Dental, LLC")
        client = builders.a_client(name="Harborside Clinic")
        MatchKeys.objects.create(mail="brightwater.test", email="lena@brightwater.test", referral=referral)
        MatchKeys.objects.create(website="harborside.test", client=client)
    return found


def found(member: Membership, text: str) -> set[str]:
    """What the page shows of partners, referrals, clients and payouts."""
    page = text_of(browse(member).get(f"/{member.msp.slug}/search/", {"q": text})).split('class="found"')[1]
    things = page.split("<h2>Go to</h2>")[0].split("</div>")[0]
    return {unescape(label) for label in re.findall(r"</svg></span><span>([^<]*)</span>", things)}


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("the harbor", {"Harbor & Finch CPAs", "Harborside Clinic"}),
        ("bright", {"Brightwater Dental, LLC"}),
        ("KIM@harbor.test", {"Harbor & Finch CPAs"}),
        ("lena+news@brightwater.test", {"Brightwater Dental, LLC"}),
        ("brightwater.test", {"Brightwater Dental, LLC"}),
        ("https://www.harborside.test/x", {"Harborside Clinic"}),
        ("water", set()),
        ("§", set()),
        ("nobody@nowhere.test", set()),
        ("ELK-9", set()),
    ],
)
def test_things_are_found_by_beginnings_of_names_and_by_whole_addresses(
    office: Office, text: str, labels: set[str]
) -> None:
    assert found(office.owner, text) == labels


def test_payouts_are_found_by_number_and_by_the_banks_reference(cast: World) -> None:
    house = cast.acme
    owner = house.members[Role.OWNER]
    with tenancy.use(house.msp.pk):
        payout = Payout.objects.order_by("number")[0]
        Payout.objects.filter(pk=payout.pk).update(reference="WIRE-77")
    for text in (str(payout.number), f"elk-{payout.number}", "WIRE-77"):
        assert f"ELK-{payout.number}" in found(owner, text), text
    assert not found(owner, "WIRE")


def test_another_msps_things_are_not_found(office: Office) -> None:
    other = builders.a_member(builders.an_msp("Rival IT"))
    assert found(other, "harbor") == set()


@pytest.mark.parametrize(
    ("role", "text", "offered"),
    [
        (Role.OWNER, "add", {"Add a partner", "Add a client", "New plan", "Log a referral"}),
        (Role.MANAGER, "new plan", set()),
        (Role.READ_ONLY, "spreadsheet", set()),
        (Role.READ_ONLY, "team", {"Team"}),
        (Role.FINANCE, "pay", {"Payouts", "All payouts", "Settings"}),
    ],
)
def test_pages_and_actions_are_offered_by_right(office: Office, role: str, text: str, offered: set[str]) -> None:
    member = builders.a_member(office.msp, role, "Pat Price")
    page = text_of(browse(member).get(office.url(f"search/?q={text}")))
    for label in {way.label for way in search.WAYS}:
        assert (f"<span>{label}</span></a>" in page.split("<main")[1]) == (label in offered), label


def test_every_page_that_is_offered_opens(office: Office) -> None:
    browser = browse(office.owner)
    page = text_of(browser.get(office.url("search/"))).split("<main")[1]
    urls = re.findall(r'<a href="([^"]+)"><span class="icon"', page)
    assert len(urls) == len(search.WAYS)
    for url in urls:
        assert browser.get(url).status_code == 200, url


def test_what_a_person_changed_last_is_offered_first_without_a_search(office: Office) -> None:
    with tenancy.use(office.msp.pk):
        later = timezone.now() + timedelta(minutes=1)
        onboarding.suspend(office.partner, reason="Audit", by=office.owner, at=later)
    page = text_of(browse(office.owner).get(office.url("search/")))
    assert "Changed by you last" in page
    assert "Harbor &amp; Finch CPAs" in page
    assert "Harbor" not in text_of(browse(office.manager).get(office.url("search/")))


def test_the_palette_gets_the_lines_alone_as_options(office: Office) -> None:
    answer = text_of(browse(office.owner).get(office.url("search/?part=1&q=harbor")))
    assert "<html" not in answer
    assert answer.count('role="option"') == 2
    assert "No matches." in text_of(browse(office.owner).get(office.url("search/?part=1&q=zzz")))


def test_a_search_takes_one_query_for_all_kinds(office: Office) -> None:
    browser = browse(office.owner)

    def taken(text: str) -> int:
        with CaptureQueriesContext(connection) as queries:
            browser.get(office.url("search/"), {"q": text})
        return len(queries)

    taken("harbor")
    nothing = taken("§")
    assert [taken(text) - nothing for text in ("harbor", "a.test", "a@b.test", "ELK-1 x")] == [1] * 4


def test_a_stranger_is_sent_away(office: Office, client: Browser) -> None:
    answer: Any = client.get(office.url("search/"))
    assert answer.status_code == 302
