"""The page of a list: filters in its address, orders, columns, boxes for those who may, and few queries."""

import re
from datetime import date
from html import unescape

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from commissions import accruals
from elinkages.kernel import tenancy
from elinkages.lists import listing as listings
from elinkages.lists.listing import register
from referrals.listings.introductions import Referrals
from tests import builders
from tests.lists.conftest import Office, browse, text_of

pytestmark = pytest.mark.django_db
FEW = 8
AROUND_A_TEST = re.compile(r"SAVEPOINT|RELEASE|RESET|SET CONSTRAINTS|SELECT set_config\('[^']*', ''")
"""Inside a test's transaction a unit of work is a savepoint, and puts its settings back by hand."""
LISTS = ("partners/", "referrals/", "clients/", "commissions/", "payouts/all/", "imports/")


def names(page: str) -> list[str]:
    return re.findall(r'class="row-link" href="[^"]*">([^<]*)</a>', page)


def test_a_list_is_ordered_by_its_heads_and_says_so(office: Office) -> None:
    office.fill(3)
    browser = browse(office.owner)
    page = text_of(browser.get(office.url("referrals/?sort=name")))
    assert names(page) == ["Company 000", "Company 001", "Company 002"]
    assert 'aria-sort="ascending"' in page
    turned = re.search(r'aria-sort="ascending">.*?<a href="([^"]+)"', page)
    assert turned
    page = text_of(browser.get(office.url("referrals/") + unescape(turned[1])))
    assert names(page) == ["Company 002", "Company 001", "Company 000"]
    assert 'aria-sort="descending"' in page


def test_the_columns_that_are_chosen_are_shown_after_the_first(office: Office) -> None:
    office.fill(1, contact_email="kim@brightwater.test")
    page = text_of(browse(office.owner).get(office.url("referrals/?columns=email&columns=nonsense")))
    heads = re.findall(r'<th scope="col"[^>]*>.*?(?:<a[^>]*>)?([A-Z][^<]*)(?:</a>)?</th>', page)
    assert heads == ["Company", "E-mail"]
    assert "kim@brightwater.test" in page


def test_what_people_write_is_text_in_every_cell_and_box(office: Office) -> None:
    with tenancy.use(office.msp.pk):
        partner = builders.a_partner("<b>Bold</b>", city="<i>Rome</i>")
        builders.a_referral(
            partner, "<script>x</script>", next_action="<u>call</u>", owner=office.owner, owner_name="<s>Ana</s>"
        )
    browser = browse(office.owner)
    pages = text_of(browser.get(office.url())) + text_of(browser.get(office.url("partners/")))
    for raw in ("<b>Bold", "<i>Rome", "<script>x", "<u>call", "<s>Ana"):
        assert raw not in pages
    assert "&lt;script&gt;x&lt;/script&gt;" in pages


def test_filters_stay_in_the_links_of_the_page_and_the_cursor_does_not(office: Office) -> None:
    office.fill(60)
    browser = browse(office.owner)
    page = text_of(browser.get(office.url("referrals/?kind=centre_of_influence&owner=nobody")))
    following = re.search(r'rel="next" href="([^"]+)"', page)
    assert following
    second = text_of(browser.get(office.url("referrals/") + unescape(following[1])))
    assert len(names(second)) == 10
    chip = next(link for link in re.findall(r'class="chip" href="([^"]+)"', second) if "stage=lost" in link)
    assert "kind=centre_of_influence" in chip
    assert "after=" not in chip


def test_only_those_who_may_change_many_rows_have_boxes(office: Office) -> None:
    office.fill(1)
    assert 'form="selection"' in text_of(browse(office.owner).get(office.url()))
    page = text_of(browse(office.reader).get(office.url()))
    assert 'form="selection"' not in page
    assert "Assign" not in page


@pytest.mark.parametrize("rest", LISTS)
def test_a_list_takes_few_queries_however_long_it_is(office: Office, rest: str) -> None:
    browser = browse(office.owner)

    def taken() -> int:
        browser.get(office.url(rest))
        with CaptureQueriesContext(connection) as queries:
            assert browser.get(office.url(rest)).status_code == 200
        return sum(1 for one in queries.captured_queries if not AROUND_A_TEST.match(one["sql"]))

    office.fill(3)
    with tenancy.use(office.msp.pk):
        builders.a_deal(office.partner)
        accruals.accrue(today=date(2026, 7, 1), at=builders.AT)
    few = taken()
    office.fill(40)
    with tenancy.use(office.msp.pk):
        for number in range(12):
            builders.a_deal(builders.a_partner(f"Partner {number}"))
        accruals.accrue(today=date(2026, 7, 1), at=builders.AT)
    assert taken() == few
    assert few <= FEW


def test_a_list_asked_for_in_a_way_that_makes_no_sense_shows_what_it_usually_does(office: Office) -> None:
    office.fill(2)
    page = text_of(browse(office.owner).get(office.url("referrals/?sort=x&view=x&owner=x&columns=x&stage=%C2%A7")))
    assert names(page) == ["Company 001", "Company 000"]


def test_the_name_of_a_list_is_taken_once() -> None:
    class Twin(Referrals):
        name = "referral-list"

    with pytest.raises(ValueError, match="referral-list is a list already"):
        register(Twin())


def test_every_list_declares_orders_that_end_with_the_key_and_unknown_ones_are_not_found() -> None:
    for listing in listings.every():
        for order in listing.orders:
            assert order.by[-1].lstrip("-") == "pk"
            assert len({one.startswith("-") for one in order.by}) == 1
        assert not [
            one for one in listing.columns for name in one.sorts if name not in {o.name for o in listing.orders}
        ]
    assert listings.find("nothing") is None
