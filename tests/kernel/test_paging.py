"""Lists by cursor: every row once, forward and back, whatever the link says."""

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import RequestFactory

from elinkages.kernel import tenancy
from elinkages.kernel.paging import Page, paginate
from partners.models import Partner
from tests import builders

pytestmark = pytest.mark.django_db
NEWEST = ("-created_at", "-pk")


@pytest.fixture
def _partners() -> Any:
    msp = builders.an_msp()
    with tenancy.use(msp.pk):
        for number in range(7):
            at = builders.AT + timedelta(hours=number // 2)  # pairs share a moment
            builders.a_partner(f"Partner {number}", created_at=at, joined_at=at)
        yield


def _page(url: str = "?", order: tuple[str, ...] = NEWEST, size: int = 3) -> Page[Partner]:
    request = RequestFactory().get("/partners/", parse_qs(urlsplit(url).query))
    return paginate(Partner.objects.all(), request, order=order, size=size)


@pytest.mark.usefixtures("_partners")
@pytest.mark.parametrize("order", [NEWEST, ("created_at", "pk"), ("name", "pk"), ("-pk",)])
def test_every_row_is_shown_once_forward_and_the_same_pages_back(order: tuple[str, ...]) -> None:
    first = _page(order=order)
    second = _page(first.next_url, order)
    third = _page(second.next_url, order)
    rows = [row.pk for page in (first, second, third) for row in page.items]
    assert rows == list(Partner.objects.order_by(*order).values_list("pk", flat=True))
    assert (first.previous_url, third.next_url) == ("", "")
    assert [row.pk for row in _page(third.previous_url, order).items] == [row.pk for row in second.items]
    back = _page(_page(third.previous_url, order).previous_url, order)
    assert [row.pk for row in back.items] == [row.pk for row in first.items]
    assert back.previous_url == ""
    assert back.next_url


@pytest.mark.usefixtures("_partners")
def test_a_filter_of_the_page_stays_in_its_links() -> None:
    request = RequestFactory().get("/partners/", {"state": "active", "after": "broken"})
    page = paginate(Partner.objects.all(), request, order=NEWEST, size=2)
    assert parse_qs(urlsplit(page.next_url).query)["state"] == ["active"]


@pytest.mark.usefixtures("_partners")
@pytest.mark.parametrize(
    "cursor", ["", "x", "%%%", "W10", "W1sidCIsIjEiXV0", "bnVsbA", "MQ", "é", "W1sidSIsIngiXV0", "eyJhIjoxfQ"]
)
@pytest.mark.parametrize("side", ["after", "before"])
def test_a_broken_cursor_shows_the_first_page(cursor: str, side: str) -> None:
    request = RequestFactory().get("/partners/", {side: cursor})
    page = paginate(Partner.objects.all(), request, order=NEWEST, size=3)
    assert [row.name for row in page.items] == ["Partner 6", "Partner 5", "Partner 4"]


@pytest.mark.usefixtures("_partners")
def test_a_cursor_that_was_changed_or_belongs_to_another_order_shows_the_first_page() -> None:
    query = parse_qs(urlsplit(_page(order=("name", "pk")).next_url).query)
    cursor = query["after"][0]
    for stranger in (cursor, "x" + cursor, cursor[:-1], cursor.replace(".", "")):
        assert [row.name for row in _page(f"?after={stranger}").items] == ["Partner 6", "Partner 5", "Partner 4"]


def test_an_empty_list_is_falsy_and_has_no_neighbors() -> None:
    with tenancy.use(builders.an_msp().pk):
        page = _page()
        assert not page
        assert (page.next_url, page.previous_url) == ("", "")
