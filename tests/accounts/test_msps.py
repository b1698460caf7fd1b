"""How an MSP begins and changes."""

from functools import partial
from typing import Any
from uuid import uuid4
from zoneinfo import available_timezones

import pytest
from django.test import Client

from elinkages.accounts import msps, time_zones
from elinkages.accounts.doors import RESERVED_SLUGS
from elinkages.accounts.models import Membership, Msp
from elinkages.accounts.rights import Role
from elinkages.audit.models import AuditEvent
from elinkages.kernel import tenancy
from referrals.models import ServiceLine
from tests import builders
from tests.builders import AT
from tests.races import at_once

pytestmark = pytest.mark.django_db


def _found(**changes: Any) -> Msp:
    owner = changes.pop("owner", None) or builders.a_user()
    wanted = {"name": "Northwind IT", "slug": "northwind", "time_zone": "America/Denver", "currency": "USD"} | changes
    with tenancy.use(msps.new_id(owner)):
        return msps.found(**wanted, owner=owner, at=AT)


def test_an_msp_begins_with_its_first_owner_and_a_history() -> None:
    owner = builders.a_user()
    msp = _found(owner=owner)
    member = Membership.objects.get(msp=msp)
    assert (member.user, member.role) == (owner, Role.OWNER)
    assert msp.contact_email == owner.email
    with tenancy.use(msp.pk):
        assert [event.action for event in AuditEvent.objects.all()] == ["msp.founded"]


@pytest.mark.parametrize("slug", ["ab", "-abc", "abc-", "ABC", "a b c", "a" * 41, "abç", "", "a/b", "a.b", "abc\n"])
def test_an_address_that_would_not_work_in_a_link_is_refused(slug: str) -> None:
    with pytest.raises(msps.BadSetting, match="lower-case letters"):
        _found(slug=slug)
    assert not Msp.objects.exists()


@pytest.mark.parametrize("slug", sorted(slug for slug in RESERVED_SLUGS if len(slug) > 2 and "." not in slug))
def test_our_own_addresses_are_not_given_away(slug: str) -> None:
    with pytest.raises(msps.SlugTaken, match="is reserved"):
        _found(slug=slug)


def test_nobody_founds_msps_without_end() -> None:
    """Whoever takes every good address, or makes every sweep longer, does it with one login."""
    owner = builders.a_user()
    for number in range(msps.MOST_OWNED):
        _found(owner=owner, slug=f"acme-{number}")
    with pytest.raises(msps.TooManyMsps, match="Write to us"):
        _found(owner=owner, slug="one-more")
    client = builders.a_browser(owner)
    form = {"name": "One More", "slug": "one-more", "time_zone": "America/Denver", "currency": "USD"}
    assert client.post("/new-msp/", form).status_code == 422
    assert not Msp.objects.filter(slug="one-more").exists()
    assert _found(slug="one-more")


def test_an_address_belongs_to_the_first() -> None:
    _found()
    with pytest.raises(msps.SlugTaken, match="belongs to another MSP"):
        _found()


@pytest.mark.parametrize(
    ("wrong", "sentence"), [({"time_zone": "Mars/Olympus"}, "not a time zone"), ({"currency": "XYZ"}, "XYZ")]
)
def test_a_zone_or_currency_that_does_not_exist_is_refused(wrong: dict[str, str], sentence: str) -> None:
    with pytest.raises(msps.BadSetting, match=sentence):
        _found(**wrong)


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Northwind IT, Inc.", "northwind-it-inc"),
        ("Café Résumé", "cafe-resume"),
        ("  --  ", "msp"),
        ("X", "x-msp"),
        ("日本", "msp"),
        ("Accounts", "accounts-2"),
        ("p" * 80, "p" * 36),
    ],
)
def test_an_address_is_suggested_from_the_name(name: str, slug: str) -> None:
    assert msps.suggest_slug(name) == slug
    assert _found(slug=msps.suggest_slug(name)).slug == slug


def test_a_suggested_address_is_free() -> None:
    _found()
    assert msps.suggest_slug("Northwind") == "northwind-2"
    for number in range(2, 50):
        builders.an_msp(slug=f"northwind-{number}")
    assert msps.suggest_slug("Northwind").startswith("northwind-")
    assert not Msp.objects.filter(slug=msps.suggest_slug("Northwind")).exists()


# --- changes


def _change(msp: Msp, by: Membership, **changes: Any) -> Msp:
    wanted: dict[str, Any] = {
        "name": msp.name,
        "time_zone": msp.time_zone,
        "currency": msp.currency,
        "contact_email": msp.contact_email,
        "minimum_payout_minor": msp.minimum_payout_minor,
    } | changes
    with tenancy.use(msp.pk):
        return msps.change(msp, **wanted, by=by, at=AT)


@pytest.fixture
def owner() -> Membership:
    return builders.a_member(builders.an_msp())


def test_a_change_is_recorded_with_what_is_new_and_only_that(owner: Membership) -> None:
    _change(owner.msp, owner, minimum_payout_minor=0, time_zone="Europe/Lisbon")
    _change(owner.msp, owner)
    with tenancy.use(owner.msp.pk):
        (event,) = AuditEvent.objects.all()
        assert event.facts == {"minimum_payout_minor": 0, "time_zone": "Europe/Lisbon"}


def test_the_currency_can_change_until_an_amount_is_recorded(owner: Membership) -> None:
    _change(owner.msp, owner, currency="CAD")
    with tenancy.use(owner.msp.pk):
        assert not msps.money_exists()
        builders.a_contract(builders.a_client())
        assert msps.money_exists()
    with pytest.raises(msps.CurrencyFixed, match="recorded in CAD"):
        _change(owner.msp, owner, currency="USD")


def test_a_negative_minimum_is_refused(owner: Membership) -> None:
    with pytest.raises(msps.BadSetting, match="cannot be negative"):
        _change(owner.msp, owner, minimum_payout_minor=-1)


# --- one person


def test_an_owner_who_is_alone_may_record_that_one_person_approves(owner: Membership) -> None:
    with tenancy.use(owner.msp.pk):
        msp = msps.waive_second_person(owner.msp, by=owner, at=AT)
        assert (msp.one_person_approval_at, msp.one_person_approval_by) == (AT, owner.user)
        msp = msps.require_second_person(msp, by=owner, at=AT)
        assert msp.one_person_approval_at is None
        actions = AuditEvent.objects.order_by("pk").values_list("action", flat=True)
        assert list(actions) == ["msp.second_person_waived", "msp.second_person_required"]


def test_with_a_second_approver_nobody_may_approve_alone(owner: Membership) -> None:
    builders.a_member(owner.msp, Role.FINANCE, name="Fay Finch")
    with tenancy.use(owner.msp.pk), pytest.raises(msps.OthersCanApprove, match="Fay Finch can approve"):
        msps.waive_second_person(owner.msp, by=owner, at=AT)


@pytest.mark.parametrize("role", [Role.MANAGER, Role.FINANCE, Role.READ_ONLY])
def test_only_an_owner_records_it(owner: Membership, role: Role) -> None:
    other = builders.a_member(owner.msp, role, name="Rita Role")
    with tenancy.use(owner.msp.pk), pytest.raises(msps.NotAnOwner):
        msps.waive_second_person(owner.msp, by=other, at=AT)


# --- pages


NEW = {"name": "Northwind IT", "slug": "", "time_zone": "new york", "currency": "USD"}


def _signed_in() -> Client:
    return builders.a_browser(builders.a_user())


def test_setting_up_an_msp_leads_into_it_with_its_usual_service_lines() -> None:
    answer = _signed_in().post("/new-msp/", NEW)
    assert (answer.status_code, answer["Location"]) == (302, "/northwind-it/")
    msp = Msp.objects.get()
    assert msp.time_zone == "America/New_York"
    with tenancy.use(msp.pk):
        assert ServiceLine.objects.count() == 5


def test_the_same_form_sent_twice_founds_one_msp() -> None:
    client, form = _signed_in(), NEW | {"_once": str(uuid4())}
    answers = [client.post("/new-msp/", form) for _ in range(2)]
    assert [(answer.status_code, answer["Location"]) for answer in answers] == [(302, "/northwind-it/")] * 2
    assert Msp.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_the_same_form_sent_twice_at_once_founds_one_msp() -> None:
    user, form = builders.a_user(), NEW | {"_once": str(uuid4())}
    browsers = [Client() for _ in range(3)]
    for browser in browsers:
        browser.force_login(user)
    answers = at_once(*[partial(browser.post, "/new-msp/", form) for browser in browsers])
    assert [answer["Location"] for answer in answers] == ["/northwind-it/"] * 3
    assert Msp.objects.count() == 1


def test_another_persons_form_id_founds_their_own_msp() -> None:
    form = NEW | {"_once": str(uuid4())}
    addresses = {_signed_in().post("/new-msp/", form)["Location"] for _ in range(2)}
    assert addresses == {"/northwind-it/", "/northwind-it-2/"}


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"name": ""}, "“Company name” is empty."),
        ({"slug": "accounts"}, "is reserved"),
        ({"slug": "No Way"}, "lower-case letters"),
        ({"time_zone": "Mars"}, "is not a time zone"),
        ({"currency": "XXX"}, "is not on offer."),
        ({"name": "a\0b"}, "has a character in it"),
    ],
)
def test_mistakes_are_named_and_nothing_is_half_done(wrong: dict[str, str], sentence: str) -> None:
    answer = _signed_in().post("/new-msp/", NEW | wrong)
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert not Msp.objects.exists()


def test_the_settings_page_changes_the_settings(owner: Membership) -> None:
    client = builders.a_browser(owner.user)
    form = {
        "name": "Acme Two",
        "contact_email": "Office@Acme.example",
        "time_zone": "America/Chicago",
        "currency": "USD",
        "minimum_payout_minor": "25.50",
    }
    address = f"/{owner.msp.slug}/settings/edit/"
    assert client.post(address, form)["Location"] == f"/{owner.msp.slug}/settings/"
    owner.msp.refresh_from_db()
    assert (owner.msp.name, owner.msp.contact_email, owner.msp.minimum_payout_minor) == (
        "Acme Two",
        "office@acme.example",
        2550,
    )
    assert b"Alice Adams changed the settings" in client.get(f"/{owner.msp.slug}/settings/").content
    wrong = client.post(address, form | {"minimum_payout_minor": "2,5,0"})
    assert wrong.status_code == 422
    assert b"2,5,0" in wrong.content


# --- where people belong


def test_the_start_leads_to_the_only_door_there_is(owner: Membership) -> None:
    client = builders.a_browser(owner.user)
    assert client.get("/start/")["Location"] == f"/{owner.msp.slug}/"


def test_the_start_offers_every_door_of_a_person_with_several(owner: Membership) -> None:
    rival = builders.an_msp("Rival MSP", "rival")
    with tenancy.use(rival.pk):
        builders.a_login(builders.a_partner(), owner.user)
    other = builders.an_msp("Not Mine", "not-mine")
    client = builders.a_browser(owner.user)
    html = client.get("/start/").content.decode()
    assert f'href="/{owner.msp.slug}/"' in html
    assert 'href="/p/rival/"' in html
    assert other.name not in html


def test_the_start_leads_a_new_person_to_a_new_msp_and_our_staff_to_the_admin() -> None:
    assert _signed_in().get("/start/")["Location"] == "/new-msp/"
    client = builders.a_browser(builders.a_user("Olga Ops", is_staff=True))
    assert client.get("/start/")["Location"] == "/ops/"
    assert Client().get("/start/")["Location"] == "/accounts/login/?next=/start/"


# --- time zones


def test_a_zone_is_found_by_its_name_or_its_city() -> None:
    assert time_zones.find("America/New_York") == "America/New_York"
    assert time_zones.find(" new  YORK ") == "America/New_York"
    assert time_zones.find("utc") == "UTC"
    assert time_zones.find("") == ""
    assert time_zones.find("Etc/GMT+5") == ""
    assert set(time_zones.names()) <= available_timezones()


@pytest.mark.parametrize("days", [-1, msps.LONGEST_GRACE + 1])
def test_a_second_factor_is_asked_for_within_some_days(owner: Membership, days: int) -> None:
    with tenancy.use(owner.msp_id), pytest.raises(msps.BadSetting, match=f"between 0 and {msps.LONGEST_GRACE} days"):
        msps.require_second_factor(owner.msp, days=days, by=owner, at=AT)


def test_an_msp_is_closed_for_a_reason(owner: Membership) -> None:
    with tenancy.use(owner.msp_id), pytest.raises(msps.BadSetting, match="Say why"):
        msps.close(owner.msp, reason="  ", by=owner, at=AT)
    assert Msp.objects.get(pk=owner.msp_id).closes_at is None
