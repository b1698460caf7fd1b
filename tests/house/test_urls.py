"""Every address, visited as every kind of visitor; and the walk itself, shown to find planted faults."""

from collections.abc import Callable, Iterable

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import override_settings
from django.urls import include, path

from elinkages.accounts import doors
from elinkages.accounts.access import MspRequest, dashboard
from elinkages.accounts.rights import RIGHTS, Role
from elinkages.kernel import tenancy
from partners.access import portal
from partners.models import Partner
from tests import walk
from tests.world import World

pytestmark = pytest.mark.django_db

ANYONES_PAGES = {
    "home", "styleguide", "healthz", "metrics", "start", "new-msp", "team-invitation", "partner-invitation",
    "refer", "refer-sent", "refer-link", "refer-qr", "refer-confirmation", "status",
    "join", "join-sent", "join-confirmation", "join-kind", "address-confirmation",
    "brand-css", "brand-logo", "unsubscribe", "arrival",
    "session-list", "session-end", "session-end-others", "second-factor", "go-on", "close-account",
}  # fmt: skip


def nothing(found: Iterable[object]) -> None:
    """No finding."""
    assert list(found) == []


@pytest.mark.parametrize("door", ["dashboard", "portal"])
def test_every_address_has_a_name_of_its_own_and_sample_arguments(cast: World, door: str) -> None:
    names = walk.addresses(door)
    ids = cast.acme.ids if door == "dashboard" else cast.acme.portal_ids
    assert len({address.name for address in names}) == len(names)
    assert len(names) >= {"dashboard": 60, "portal": 8}[door]
    for address in names:
        assert address.url(cast.acme, ids, door)


def test_signed_out_visitors_are_sent_to_the_login(cast: World) -> None:
    nothing(walk.signed_out("dashboard", cast.acme, cast.acme.ids, walk.addresses("dashboard")))
    nothing(walk.signed_out("portal", cast.acme, cast.acme.portal_ids, walk.addresses("portal")))


def test_the_dashboard_does_not_exist_for_people_of_other_msps_and_for_partners(cast: World) -> None:
    people = [cast.rival.members[Role.OWNER].user, cast.petra, cast.stranger]
    nothing(walk.outsiders("dashboard", cast.acme, cast.acme.ids, walk.addresses("dashboard"), people))


def test_the_portal_does_not_exist_for_people_who_are_not_partners_here(cast: World) -> None:
    people = [cast.acme.members[Role.OWNER].user, cast.stranger]
    nothing(walk.outsiders("portal", cast.acme, cast.acme.portal_ids, walk.addresses("portal"), people))


def test_an_owner_with_the_ids_of_another_msp_finds_nothing(cast: World) -> None:
    owner = cast.acme.members[Role.OWNER].user
    nothing(walk.foreign_ids("dashboard", cast.acme, cast.rival, cast.rival.ids, walk.addresses("dashboard"), owner))


def test_a_partner_with_the_ids_of_another_msp_finds_nothing(cast: World) -> None:
    found = walk.foreign_ids(
        "portal", cast.acme, cast.rival, cast.rival.portal_ids, walk.addresses("portal"), cast.paul
    )
    nothing(found)


def test_a_partner_with_the_ids_of_another_partner_of_the_same_msp_finds_nothing(cast: World) -> None:
    names = [address for address in walk.addresses("portal") if address.arguments]
    client = walk.client_of(cast.paul)
    for address in names:
        for method in walk.METHODS:
            response = getattr(client, method)(address.url(cast.acme, cast.acme.portal_ids, "portal"))
            assert response.status_code in (404, 405), f"{address.name} {method} {response.status_code}"
            assert b"Park CPA" not in walk.body(response)


def test_exactly_the_roles_with_the_right_get_through(cast: World) -> None:
    nothing(walk.roles(cast.acme, walk.addresses("dashboard"), RIGHTS))


def test_the_right_person_gets_every_page_and_reading_changes_nothing(cast: World) -> None:
    owner = cast.acme.members[Role.OWNER].user
    nothing(walk.own_pages("dashboard", cast.acme, cast.acme.ids, walk.addresses("dashboard"), owner))
    nothing(walk.own_pages("portal", cast.acme, cast.acme.portal_ids, walk.addresses("portal"), cast.petra))


def test_public_pages_are_listed_by_name() -> None:
    from django.urls import get_resolver

    ours = [
        pattern.name
        for pattern in get_resolver(doors.PUBLIC).url_patterns
        if not hasattr(pattern, "url_patterns") and not str(pattern.pattern).startswith("ops/")
    ]
    assert set(ours) == ANYONES_PAGES


# Planted faults: what a careless view would do. The walk must find each.


def open_to_everyone(request: MspRequest, partner_id: str) -> HttpResponse:
    """No decorator at all."""
    with tenancy.use(request.msp.pk):
        return HttpResponse(Partner.objects.filter(pk=partner_id).values_list("name", flat=True))


@dashboard(can="view")
def changes_on_get(request: HttpRequest) -> HttpResponse:
    """Writes on a GET."""
    Partner.objects.update(note="seen")
    return HttpResponse("ok")


@dashboard(can="view")
def denies_nobody(request: HttpRequest) -> HttpResponse:
    """Asks for a right that everyone has, although it changes money."""
    return HttpResponse("paid")


@dashboard(can="view")
def another_tenants_rows(request: HttpRequest, partner_id: str) -> HttpResponse:
    """Answers for any id, as if it had been found."""
    return HttpResponse("here it is")


@portal
def another_partners_rows(request: HttpRequest, referral_id: str) -> HttpResponse:
    """Answers for any id in the portal."""
    return HttpResponse("here it is")


dashboard_patterns = [
    path("open/<uuid:partner_id>/", open_to_everyone, name="open"),
    path("changes/", changes_on_get, name="changes"),
    path("denies/", denies_nobody, name="denies"),
    path("rows/<uuid:partner_id>/", another_tenants_rows, name="rows"),
]
portal_patterns = [path("mine/<uuid:referral_id>/", another_partners_rows, name="portal-rows")]
urlpatterns = [path("", include((dashboard_patterns, "dashboard"))), path("", include((portal_patterns, "portal")))]


@pytest.fixture
def planted(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], list[walk.Address]]:
    """Both doors lead to this module's addresses."""
    monkeypatch.setitem(doors.URLCONFS, "dashboard", __name__)
    monkeypatch.setitem(doors.URLCONFS, "portal", __name__)
    names = {address.name: address for address in walk.addresses("dashboard")}
    return lambda name: [names[name]]


@override_settings(DEBUG=False)
def test_the_walk_finds_every_planted_fault(cast: World, planted: Callable[[str], list[walk.Address]]) -> None:
    acme, rival = cast.acme, cast.rival
    owner = acme.members[Role.OWNER].user
    open_page, rows = planted("dashboard:open"), planted("dashboard:rows")
    portal_rows = planted("portal:portal-rows")
    assert list(walk.signed_out("dashboard", acme, acme.ids, open_page))
    assert list(walk.outsiders("dashboard", acme, acme.ids, open_page, [cast.stranger]))
    assert list(walk.foreign_ids("dashboard", acme, rival, rival.ids, rows, owner))
    assert list(walk.foreign_ids("portal", acme, rival, rival.portal_ids, portal_rows, cast.petra))
    assert list(walk.own_pages("dashboard", acme, acme.ids, planted("dashboard:changes"), owner))
    strict = {"view": frozenset({Role.OWNER.value})}
    assert list(walk.roles(acme, planted("dashboard:denies"), strict))
    assert list(walk.roles(acme, open_page, RIGHTS))
