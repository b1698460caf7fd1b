"""The pages of partners in the dashboard: who may, what they show, what they cost."""

from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from elinkages.accounts.models import Membership, Msp
from elinkages.accounts.rights import Role
from elinkages.kernel import tenancy
from elinkages.kernel.match_keys import company_key
from partners import onboarding
from partners.models import Contact, Partner, PartnerState, SourceKind
from referrals import contracts
from referrals.models import Stage
from tests import builders

pytestmark = pytest.mark.django_db


def _as(msp: Msp, role: str) -> Client:
    return builders.a_browser(builders.a_member(msp, role, name="Rita Read").user)


def _text(client: Client, url: str) -> str:
    answer = client.get(url)
    assert answer.status_code == 200
    return answer.content.decode()


def _form(**changes: str) -> dict[str, str]:
    return {
        "kind": "vendor",
        "name": "Stackhouse Backup",
        "contact_name": "Jo Miles",
        "email": "jo@stack.test",
    } | changes


def test_an_owner_adds_a_partner_and_comes_to_the_invitation(msp: Msp, dashboard: Client) -> None:
    answer = dashboard.post(f"/{msp.slug}/partners/new/", _form(next="invite", website="stackhouse.test"))
    with tenancy.use(msp.pk):
        partner = Partner.objects.get()
        assert (partner.kind, partner.website) == ("vendor", "https://stackhouse.test")
    assert answer["Location"] == f"/{msp.slug}/partners/{partner.pk}/invitation/"


def test_what_was_typed_survives_a_mistake(msp: Msp, dashboard: Client) -> None:
    answer = dashboard.post(f"/{msp.slug}/partners/new/", _form(email="jo at stack", city="Portland, Maine"))
    assert answer.status_code == 422
    assert "Portland, Maine" in answer.content.decode()
    assert "jo at stack" in answer.content.decode()


def test_a_second_partner_of_the_same_name_is_only_added_when_confirmed(msp: Msp, dashboard: Client) -> None:
    with tenancy.use(msp.pk):
        builders.a_partner("Stackhouse Backup, Inc.")
    url = f"/{msp.slug}/partners/new/"
    asked = dashboard.post(url, _form(next="invite"))
    assert asked.status_code == 422
    assert "Stackhouse Backup, Inc. is already a partner" in asked.content.decode()
    assert dashboard.post(url, _form(is_another="on")).status_code == 302
    with tenancy.use(msp.pk):
        assert Partner.objects.count() == 2


def test_a_form_sent_twice_adds_one_partner(msp: Msp, dashboard: Client) -> None:
    sent = _form(_once=str(uuid4()))
    first, second = (dashboard.post(f"/{msp.slug}/partners/new/", sent) for _ in range(2))
    assert first["Location"] == second["Location"]
    with tenancy.use(msp.pk):
        assert Partner.objects.count() == 1


def test_a_partner_is_edited_suspended_reinstated_and_parted_by_hand(msp: Msp, dashboard: Client) -> None:
    with tenancy.use(msp.pk):
        partner = builders.a_partner("Petra Park CPA")
    url = f"/{msp.slug}/partners/{partner.pk}/"
    dashboard.post(url + "edit/", {"kind": "vcio", "name": "Park Advisory", "city": "Boise"})
    dashboard.post(url + "suspension/", {"reason": "Asked for cash"})
    page = _text(dashboard, url)
    assert "Park Advisory" in page
    assert "Asked for cash" in page
    assert dashboard.post(url + "suspension/", {"reason": "Again"}).status_code == 422
    dashboard.post(url + "reinstatement/")
    dashboard.post(url + "parting/", {"reason": "Retired"})
    with tenancy.use(msp.pk):
        assert Partner.objects.get().state == PartnerState.PARTED
    assert "You parted ways" in _text(dashboard, url)


def test_people_are_added_edited_and_removed_by_hand(msp: Msp, dashboard: Client) -> None:
    with tenancy.use(msp.pk):
        partner = builders.a_partner()
    added = dashboard.post(f"/{msp.slug}/partners/{partner.pk}/people/new/", {"name": "Jo", "email": "jo@p.test"})
    assert added.status_code == 302
    with tenancy.use(msp.pk):
        person = Contact.objects.get()
    dashboard.post(f"/{msp.slug}/people/{person.pk}/", {"name": "Jo Miles", "email": "jo@p.test", "phone": "1"})
    assert "Jo Miles" in _text(dashboard, f"/{msp.slug}/partners/{partner.pk}/")
    dashboard.post(f"/{msp.slug}/people/{person.pk}/removal/")
    assert dashboard.get(f"/{msp.slug}/people/{person.pk}/").status_code == 404


@pytest.mark.parametrize("role", [Role.FINANCE, Role.READ_ONLY])
def test_those_who_only_read_see_partners_and_no_buttons(msp: Msp, role: str) -> None:
    with tenancy.use(msp.pk):
        partner = builders.a_partner(state=PartnerState.PROSPECT)
    client = _as(msp, role)
    listed, shown = _text(client, f"/{msp.slug}/partners/"), _text(client, f"/{msp.slug}/partners/{partner.pk}/")
    assert "Petra Park CPA" in listed
    assert "partners/new/" not in listed
    assert "/invitation/" not in listed + shown
    assert client.get(f"/{msp.slug}/partners/new/").status_code == 403
    assert client.post(f"/{msp.slug}/partners/{partner.pk}/parting/", {"reason": "x"}).status_code == 403


def test_another_msps_partner_is_not_found(msp: Msp, dashboard: Client) -> None:
    other = builders.an_msp("Harborline")
    with tenancy.use(other.pk):
        partner = builders.a_partner("Theirs Only")
    for path in ("", "edit/", "invitation/", "suspension/"):
        assert dashboard.get(f"/{msp.slug}/partners/{partner.pk}/{path}").status_code == 404
    assert "Theirs Only" not in _text(dashboard, f"/{msp.slug}/partners/")


def test_the_list_is_filtered_searched_and_ordered_by_its_address(msp: Msp, dashboard: Client) -> None:
    with tenancy.use(msp.pk):
        for number, name in enumerate(["The Harbor Group", "Harbor & Finch", "Old Harbor", "Kestrel"]):
            at = timezone.now() - timedelta(days=number)
            builders.a_partner(name, kind=SourceKind.values[number % 2], created_at=at)
        Contact.objects.create(
            partner=Partner.objects.get(name="Kestrel"), name="Jo", email="jo@kestrel.test", created_at=timezone.now()
        )
    url = f"/{msp.slug}/partners/"

    def names(query: str) -> list[str]:
        page = _text(dashboard, url + query)
        found = [name for name in ["The Harbor Group", "Harbor &amp; Finch", "Old Harbor", "Kestrel"] if name in page]
        return sorted(found, key=page.index)

    assert names("?q=harb") == ["Harbor &amp; Finch", "The Harbor Group"]
    assert names("?q=JO@kestrel.test") == ["Kestrel"]
    assert names("?q=%25") == []
    assert names("?kind=vcio") == ["Harbor &amp; Finch", "Kestrel"]
    assert names("?kind=nonsense&state=nonsense") == ["Harbor &amp; Finch", "The Harbor Group", "Kestrel", "Old Harbor"]
    assert names("?sort=newest") == ["The Harbor Group", "Harbor &amp; Finch", "Old Harbor", "Kestrel"]
    assert names("?state=suspended") == []


def test_a_long_list_is_paged_without_losing_or_repeating_anyone(msp: Msp, dashboard: Client) -> None:
    with tenancy.use(msp.pk):
        expected = sorted(builders.a_partner(f"Partner {number:03}").name for number in range(120))
    url, seen = f"/{msp.slug}/partners/", []
    while url:
        page = _text(dashboard, url)
        seen += [name for name in expected if f">{name}</a>" in page]
        following = page.partition('rel="next" href="')[2].partition('"')[0]
        url = f"/{msp.slug}/partners/{following}".replace("&amp;", "&") if following else ""
    assert seen == expected


def test_the_figures_of_a_partner_are_those_of_their_introductions(
    msp: Msp, ana: Membership, dashboard: Client
) -> None:
    with tenancy.use(msp.pk):
        partner = builders.a_partner()
        won = builders.a_referral(partner, stage=Stage.WON)
        builders.a_referral(partner, stage=Stage.LOST, lost_reason="price")
        builders.a_referral(partner)
        client = builders.a_client(won)
        contract = contracts.sign(
            client,
            service_line=builders.a_service_line(),
            mrr_minor=185_000,
            starts_on=date(2026, 1, 1),
            by=ana,
            at=builders.AT,
        )
        contracts.move(contract, effective_on=date(2026, 2, 1), mrr_minor=200_000, by=ana, at=builders.AT)
    page = _text(dashboard, f"/{msp.slug}/partners/{partner.pk}/")
    assert "50% of 2 decided" in page
    assert "$2,000.00" in page
    assert "2,000.00" in _text(dashboard, f"/{msp.slug}/partners/")


def _cost(client: Client, url: str) -> int:
    client.get(url)
    with CaptureQueriesContext(connection) as queries:
        assert client.get(url).status_code == 200
    return len(queries)


def _busy_partner(number: int, ana: Membership) -> Partner:
    partner = builders.a_partner(f"Partner {number}", owner=ana)
    builders.a_login(partner)
    builders.a_deal(partner)
    builders.a_referral(partner)
    return partner


def test_the_list_costs_the_same_queries_for_two_partners_and_for_twenty(
    msp: Msp, ana: Membership, dashboard: Client
) -> None:
    url = f"/{msp.slug}/partners/"
    with tenancy.use(msp.pk):
        for number in range(2):
            _busy_partner(number, ana)
    few = _cost(dashboard, url)
    with tenancy.use(msp.pk):
        for number in range(2, 20):
            _busy_partner(number, ana)
    assert _cost(dashboard, url) == few


def test_a_partners_page_costs_the_same_with_much_and_with_little(msp: Msp, ana: Membership, dashboard: Client) -> None:
    with tenancy.use(msp.pk):
        partner = _busy_partner(1, ana)
    url = f"/{msp.slug}/partners/{partner.pk}/"
    little = _cost(dashboard, url)
    with tenancy.use(msp.pk):
        for _ in range(12):
            builders.a_login(partner)
            builders.a_deal(partner)
        waiting = Contact.objects.create(partner=partner, name="W", email="w@w.test", created_at=builders.AT)
        onboarding.invite(partner, contact=waiting, by=ana, at=timezone.now())
    assert _cost(dashboard, url) == little


def test_a_name_is_found_through_the_index_under_row_security(msp: Msp) -> None:
    with tenancy.use(msp.pk):
        Partner.objects.bulk_create(
            [
                Partner(kind="client", name=f"Firm {n}", name_key=company_key(f"Firm {n}"), created_at=builders.AT)
                for n in range(3_000)
            ]
        )
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")
        plan: Any = Partner.objects.filter(name_key__prefix="firm 29").order_by("name_key", "pk")[:51].explain()
    assert "Index Cond" in plan
    assert "name_key >= 'firm 29'" in plan.replace("(", "").replace(")", "").replace("::text", "")


def test_a_cursor_of_another_order_or_of_nobody_shows_the_first_page(msp: Msp, dashboard: Client) -> None:
    with tenancy.use(msp.pk):
        for number in range(60):
            builders.a_partner(f"Partner {number:02}")
    url = f"/{msp.slug}/partners/"
    following = _text(dashboard, url).partition('rel="next" href="')[2].partition('"')[0].removeprefix("?")
    for query in (f"?sort=newest&{following}", "?after=W1sidSIsIngiXV0", "?after=%FF", "?before=e30"):
        answer = dashboard.get(url + query)
        assert answer.status_code == 200
        assert "Partner " in answer.content.decode()
