"""Saved views: kept, shared, begun with, renamed and deleted, each by whom it belongs to."""

import re
from typing import Any

import pytest
from django.utils import timezone

from elinkages.kernel import tenancy
from elinkages.lists import saved
from elinkages.lists.models import QUERY_LENGTH, DefaultView, SavedView
from tests import builders
from tests.lists.conftest import Office, browse, text_of

pytestmark = pytest.mark.django_db
NEW = "referrals/views/new/?stage=lost&sort=name&columns=email"


@pytest.fixture(autouse=True)
def _something_to_list(office: Office) -> None:
    office.fill(1)


def keep(office: Office, name: str = "Lost ones", **facts: Any) -> SavedView:
    answer = browse(facts.pop("member", office.owner)).post(office.url(NEW), {"name": name, **facts})
    assert answer.status_code == 302, text_of(answer)
    with tenancy.use(office.msp.pk):
        return SavedView.objects.select_related("owner").get(name=name)


def test_a_view_keeps_filters_order_and_columns_and_is_a_tab_of_the_list(office: Office) -> None:
    view = keep(office)
    assert view.query == "stage=lost&sort=name&columns=email"
    page = text_of(browse(office.owner).get(office.url(f"referrals/?{view.address}")))
    assert re.search(rf'view={view.pk}" aria-current="true">Lost ones</a>', page)
    assert "Lost ones" not in text_of(browse(office.manager).get(office.url()))


def test_a_shared_view_is_everybodys_to_see_and_its_makers_to_change(office: Office) -> None:
    view = keep(office, is_shared="on", member=office.manager)
    reader = browse(office.reader)
    assert "Lost ones" in text_of(reader.get(office.url()))
    answer = reader.post(office.url(f"views/{view.pk}/"), {"name": "Mine", "is_default": "on"})
    assert answer.status_code == 302
    assert reader.post(office.url(f"views/{view.pk}/deletion/")).status_code == 403
    with tenancy.use(office.msp.pk):
        assert SavedView.objects.get().name == "Lost ones"
        assert DefaultView.objects.get().member == office.reader
    assert browse(office.owner).post(office.url(f"views/{view.pk}/deletion/")).status_code == 302
    with tenancy.use(office.msp.pk):
        assert not SavedView.objects.exists()
        assert not DefaultView.objects.exists()


def test_a_list_begins_with_the_persons_own_default_and_all_is_one_click_away(office: Office) -> None:
    view = keep(office, is_default="on")
    browser = browse(office.owner)
    assert browser.get(office.url())["Location"] == office.url(f"referrals/?{view.address}")
    assert browser.get(office.url("referrals/?view=none")).status_code == 200
    assert browse(office.manager).get(office.url()).status_code == 200
    browser.post(office.url(f"views/{view.pk}/"), {"name": "Lost ones"})
    assert browser.get(office.url()).status_code == 200


def test_a_view_is_renamed_and_shows_something_else(office: Office) -> None:
    view = keep(office)
    url = office.url(f"views/{view.pk}/?stage=won&view={view.pk}")
    browser = browse(office.owner)
    assert "Update it to what the list shows now" in text_of(browser.get(url))
    browser.post(url, {"name": "Won ones", "replace": "1"})
    with tenancy.use(office.msp.pk):
        assert SavedView.objects.values_list("name", "query").get() == ("Won ones", "stage=won")


def test_two_views_of_one_person_are_not_called_the_same_and_none_is_nameless(office: Office) -> None:
    keep(office)
    browser = browse(office.owner)
    answer = browser.post(office.url(NEW), {"name": " Lost  ones "})
    assert answer.status_code == 422
    assert "You already have a view called “Lost ones”." in text_of(answer)
    assert "Give the view a name" in text_of(browser.post(office.url(NEW), {"name": " "}))
    assert keep(office, name="Lost too").name == "Lost too"


def test_who_only_reads_keeps_views_and_shares_none(office: Office) -> None:
    view = keep(office, member=office.reader, is_shared="on")
    assert not view.is_shared
    with tenancy.use(office.msp.pk), pytest.raises(saved.NotYours, match="Your role is read-only"):
        saved.edit(view, name="x", is_shared=True, by=office.reader, at=timezone.now())
    with tenancy.use(office.msp.pk), pytest.raises(saved.Unnamed, match="Give the view a name"):
        saved.edit(view, name=" ", is_shared=False, by=office.reader, at=timezone.now())


def test_somebody_elses_view_does_not_exist(office: Office) -> None:
    view = keep(office, member=office.manager)
    browser = browse(office.owner)
    for rest in ("", "deletion/"):
        assert browser.get(office.url(f"views/{view.pk}/{rest}")).status_code == 404
    with tenancy.use(office.msp.pk):
        with pytest.raises(saved.NotYours):
            saved.set_default(view, is_default=True, by=office.owner)
        with pytest.raises(saved.NotYours):
            saved.replace(view, query="", by=office.owner)


def test_a_view_that_is_no_longer_shared_is_nobody_elses_beginning(office: Office) -> None:
    view = keep(office, is_shared="on")
    with tenancy.use(office.msp.pk):
        saved.set_default(view, is_default=True, by=office.manager)
        saved.edit(view, name="Mine alone", is_shared=False, by=office.owner, at=timezone.now())
        assert not DefaultView.objects.exists()


def test_thirty_views_of_one_list_are_enough(office: Office) -> None:
    with tenancy.use(office.msp.pk):
        for number in range(saved.MOST):
            facts: dict[str, Any] = {"is_shared": False, "is_default": False, "by": office.owner, "at": builders.AT}
            saved.save("referral-list", name=f"View {number}", query="", **facts)
        with pytest.raises(saved.TooMany, match="You already have 30 views"):
            saved.save("referral-list", name="One more", query="", **facts)


def test_a_view_keeps_all_of_an_address_or_nothing(office: Office) -> None:
    view, long = keep(office), "x" * (QUERY_LENGTH + 1)
    facts: dict[str, Any] = {"is_shared": False, "is_default": False, "by": office.owner, "at": builders.AT}
    with tenancy.use(office.msp.pk):
        with pytest.raises(saved.TooMany, match="Remove some filters"):
            saved.save("referral-list", name="Long", query=long, **facts)
        with pytest.raises(saved.TooMany, match="Remove some filters"):
            saved.replace(view, query=long, by=office.owner)
