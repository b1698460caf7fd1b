"""Clients: added, recognized, leaving with all their contracts, and coming back; their list."""

from datetime import UTC, date, datetime

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext

from elinkages.accounts.rights import Role
from elinkages.audit import trail
from elinkages.kernel import tenancy
from referrals import clients, contracts, mrr
from referrals.models import Client, ClientState, MatchKeys
from tests import builders
from tests.referrals.conftest import House, person

AT = datetime(2026, 11, 20, 15, tzinfo=UTC)
SINCE = date(2026, 1, 1)


def test_a_new_client_is_recognized_by_its_name_and_domain(inside: House) -> None:
    client = clients.create(
        name="  The Alder Legal,  LLC ", website="https://www.alder.example", since_on=SINCE, by=inside.owner, at=AT
    )
    assert client.name == "The Alder Legal, LLC"
    assert client.name_key == "alder legal"
    assert MatchKeys.objects.get(client=client).company == "alder legal"
    assert trail.history(client)[0].action == "client.added"


def test_a_client_needs_a_name(inside: House) -> None:
    with pytest.raises(clients.NameMissing, match="Enter the client's name"):
        clients.create(name="  ", since_on=SINCE, by=inside.owner, at=AT)


def test_one_introduction_becomes_one_client(inside: House) -> None:
    referral = builders.a_referral(inside.harbor, "Alder Legal")
    clients.create(name="Alder Legal", referral=referral, since_on=SINCE, by=inside.owner, at=AT)
    with pytest.raises(clients.AlreadyClient, match="Alder Legal is already a client"):
        clients.create(name="Alder Legal", referral=referral, since_on=SINCE, by=inside.owner, at=AT)
    assert Client.objects.count() == 1


@pytest.mark.parametrize("is_twice_at_once", [False, True])
def test_of_several_new_clients_the_one_whose_introduction_has_a_client_is_named(
    inside: House, is_twice_at_once: bool
) -> None:
    alder = clients.NewClient("Alder Legal", SINCE, referral=builders.a_referral(inside.harbor, "Alder Legal"))
    new = [clients.NewClient("Birch", SINCE), alder]
    if is_twice_at_once:
        new.append(alder)
    else:
        clients.create_all([alder], by=inside.owner, at=AT)
    before = Client.objects.count()
    with pytest.raises(clients.AlreadyClient, match="Alder Legal is already a client"):
        clients.create_all(new, by=inside.owner, at=AT)
    assert Client.objects.count() == before


def test_leaving_ends_every_contract_that_still_runs(inside: House) -> None:
    client = clients.create(name="Alder Legal", since_on=SINCE, by=inside.owner, at=AT)
    line = builders.a_service_line()
    running, ended, coming = (
        contracts.sign(client, service_line=line, mrr_minor=100_000, starts_on=day, by=inside.owner, at=AT)
        for day in (SINCE, SINCE, date(2027, 1, 1))
    )
    contracts.end(ended, on=date(2026, 5, 1), reason="Not needed", by=inside.owner, at=AT)
    clients.leave(client, on=date(2026, 12, 1), reason="Sold", by=inside.owner, at=AT)
    client.refresh_from_db()
    assert (client.state, client.left_on, client.left_reason) == (ClientState.LEFT, date(2026, 12, 1), "Sold")
    for contract, ends_on in ((running, date(2026, 12, 1)), (ended, date(2026, 5, 1)), (coming, date(2027, 1, 1))):
        contract.refresh_from_db()
        assert contract.ends_on == ends_on
        assert mrr.timeline(contract).level(date(2027, 2, 1)) == 0


def test_a_client_leaves_once_and_not_before_it_came(inside: House) -> None:
    client = clients.create(name="Alder Legal", since_on=SINCE, by=inside.owner, at=AT)
    with pytest.raises(clients.WrongDay, match="became a client on Jan 1, 2026"):
        clients.leave(client, on=date(2025, 12, 31), reason="Sold", by=inside.owner, at=AT)
    with pytest.raises(clients.WrongDay, match="more than a year away"):
        clients.leave(client, on=date(2028, 1, 1), reason="Sold", by=inside.owner, at=AT)
    clients.leave(client, on=date(2026, 6, 1), reason="Sold", by=inside.owner, at=AT)
    with pytest.raises(clients.AlreadyLeft, match="already been recorded"):
        clients.leave(client, on=date(2026, 6, 1), reason="Sold", by=inside.owner, at=AT)


def test_a_client_that_comes_back_signs_anew(inside: House) -> None:
    client = clients.create(name="Alder Legal", since_on=SINCE, by=inside.owner, at=AT)
    with pytest.raises(clients.NotLeft, match="has not left"):
        clients.come_back(client, by=inside.owner, at=AT)
    clients.leave(client, on=date(2026, 6, 1), reason="Sold", by=inside.owner, at=AT)
    client.refresh_from_db()
    line = builders.a_service_line()
    with pytest.raises(contracts.ClientLeft, match="Record that they came back"):
        contracts.sign(client, service_line=line, mrr_minor=1, starts_on=SINCE, by=inside.owner, at=AT)
    client = clients.come_back(client, by=inside.owner, at=AT)
    assert client.left_on is None
    contracts.sign(client, service_line=line, mrr_minor=1, starts_on=date(2026, 9, 1), by=inside.owner, at=AT)


def browse(house: House, role: str | None = None) -> Browser:
    """A signed-in browser: the owner's, or a new colleague's of another role."""
    user = house.owner.user
    if role is not None:
        user = builders.a_member(house.msp, role, user=person("Rita Reader", house.msp)).user
    return builders.a_browser(user)


def fill(house: House, number: int) -> None:
    """Referred clients with a contract each."""
    with tenancy.use(house.msp.pk):
        for index in range(number):
            client = builders.a_client(builders.a_referral(house.harbor), name=f"Cedar {index:02}")
            builders.a_contract(client, 100_000 + index)


def test_the_list_shows_the_mrr_of_every_client_with_a_constant_number_of_queries(house: House) -> None:
    browser = browse(house)
    counts = []
    for number in (3, 12):
        fill(house, number)
        browser.get(f"/{house.msp.slug}/clients/")  # what a menu keeps for a minute is there by now
        with CaptureQueriesContext(
            connection,
        ) as queries:
            answer = browser.get(f"/{house.msp.slug}/clients/")
        assert answer.status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]
    assert "1,000.11" in answer.content.decode()


def test_the_list_is_filtered_and_searched_by_the_beginning_of_the_name(house: House) -> None:
    fill(house, 2)
    with tenancy.use(house.msp.pk):
        gone = builders.a_client(name="Birch Dental")
        clients.leave(gone, on=date(2026, 6, 1), reason="Sold", by=house.owner, at=AT)
    browser = browse(house)
    pages = {
        query: browser.get(f"/{house.msp.slug}/clients/?{query}").content.decode()
        for query in ("", "show=left", "show=referred", "q=cedar+01", "q=edar", "show=all&q=The+Birch")
    }
    assert "Cedar 00" in pages[""]
    assert "Birch Dental" not in pages[""]
    assert "Birch Dental" in pages["show=left"]
    assert "Birch Dental" not in pages["show=referred"]
    assert "Cedar 01" in pages["q=cedar+01"]
    assert "Cedar 00" not in pages["q=cedar+01"]
    assert "No client name starts with that" in pages["q=edar"]
    assert "Birch Dental" in pages["show=all&q=The+Birch"]


def test_a_second_client_of_one_name_is_asked_about_and_what_was_typed_stays(house: House) -> None:
    fill(house, 1)
    browser = browse(house)
    url = f"/{house.msp.slug}/clients/new/"
    answer = browser.post(url, {"name": "Cedar 00, Inc.", "website": "cedar.example", "since_on": "2026-02-01"})
    assert answer.status_code == 422
    assert "Cedar 00 is already a client." in answer.content.decode()
    assert 'value="cedar.example"' in answer.content.decode()
    typed = {"name": "Cedar 00, Inc.", "website": "", "since_on": "2026-02-01", "is_another": "on"}
    assert browser.post(url, typed).status_code == 302
    with tenancy.use(house.msp.pk):
        assert Client.objects.filter(name_key="cedar 00").count() == 2


def test_a_reader_sees_clients_and_cannot_add_one(house: House) -> None:
    browser = browse(house, Role.READ_ONLY)
    listed = browser.get(f"/{house.msp.slug}/clients/").content.decode()
    assert "Add a client" not in listed
    assert browser.get(f"/{house.msp.slug}/clients/new/").status_code == 403
