"""The portal: its own door, its own database role, one partner's rows."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from commissions.models import Entry
from elinkages.accounts.models import Membership, Msp, User
from elinkages.kernel import tenancy
from partners import onboarding
from partners.models import Contact, Partner, PartnerInvitation, PartnerLogin
from partners.views import portal as views
from referrals import pipeline
from referrals.models import Credit, Referral, Stage
from tests import builders

pytestmark = pytest.mark.django_db


def _text(client: Client, url: str) -> str:
    answer = client.get(url)
    assert answer.status_code == 200
    return answer.content.decode()


def _partner(msp: Msp, dana: PartnerLogin) -> Partner:
    with tenancy.use(msp.pk):
        return dana.partner


def test_a_stranger_logs_in_first_and_someone_elses_login_finds_nothing(msp: Msp, ana: Membership) -> None:
    client = Client()
    answer = client.get(f"/p/{msp.slug}/")
    assert answer["Location"].startswith("/accounts/login/?next=")
    client.force_login(ana.user)
    assert client.get(f"/p/{msp.slug}/").status_code == 404
    assert client.get(f"/p/{msp.slug}/profile/").status_code == 404


def test_a_partners_login_opens_neither_the_dashboard_nor_another_portal(msp: Msp, portal: Client) -> None:
    other = builders.an_msp("Harborline")
    assert portal.get(f"/{msp.slug}/").status_code == 404
    assert portal.get(f"/p/{other.slug}/").status_code == 404


def test_a_closed_login_finds_nothing(msp: Msp, dana: PartnerLogin, portal: Client, ana: Membership) -> None:
    with tenancy.use(msp.pk):
        onboarding.part(dana.partner, reason="Moved", by=ana, at=timezone.now())
    assert portal.get(f"/p/{msp.slug}/").status_code == 404


def test_a_new_partner_reads_how_it_works(msp: Msp, portal: Client) -> None:
    page = _text(portal, f"/p/{msp.slug}/")
    assert "How it works" in page
    assert "Refer someone" in page


@pytest.mark.parametrize("sees_earnings", [True, False])
def test_a_new_partner_reads_what_an_introduction_earns_them(
    msp: Msp, dana: PartnerLogin, portal: Client, sees_earnings: bool
) -> None:
    with tenancy.use(msp.pk):
        builders.a_plan(name="Advisers")
        builders.a_service_line()
        Contact.objects.filter(pk=dana.contact_id).update(sees_earnings=sees_earnings)
    offer = "10% of monthly recurring revenue"
    assert (offer in _text(portal, f"/p/{msp.slug}/")) is sees_earnings
    if sees_earnings:
        assert offer in _text(portal, f"/p/{msp.slug}/earnings/")


def test_a_partner_sees_own_introductions_and_nobody_elses(msp: Msp, dana: PartnerLogin, portal: Client) -> None:
    with tenancy.use(msp.pk):
        rival = builders.a_partner("Rival Advisory")
        builders.a_login(rival)
        builders.a_referral(dana.partner, "Ours Dental")
        builders.a_referral(rival, "Theirs Dental")
        builders.a_referral(rival, "Shared Dental", shares={rival: 5_000, dana.partner: 5_000})
    home = _text(portal, f"/p/{msp.slug}/")
    assert "Ours Dental" in home
    assert "Shared Dental" in home
    assert "Theirs Dental" not in home
    assert "Rival" not in home + _text(portal, f"/p/{msp.slug}/profile/")


def test_the_portals_role_reads_one_partners_rows_and_writes_none(msp: Msp, dana: PartnerLogin) -> None:
    with tenancy.use(msp.pk):
        rival = builders.a_partner("Rival Advisory")
        builders.a_login(rival)
        builders.a_deal(rival)
        builders.a_deal(dana.partner)
    with tenancy.use(msp.pk, partner_id=dana.partner_id):
        assert [partner.pk for partner in Partner.objects.all()] == [dana.partner_id]
        assert {contact.partner_id for contact in Contact.objects.all()} == {dana.partner_id}
        assert {referral.partner_id for referral in Referral.objects.all()} == {dana.partner_id}
        assert {credit.partner_id for credit in Credit.objects.all()} == {dana.partner_id}
        assert not Entry.objects.exclude(partner=dana.partner_id).exists()


@pytest.mark.parametrize(
    "deed",
    [
        lambda: list(PartnerInvitation.objects.all()),
        lambda: list(PartnerLogin.objects.all()),
        lambda: list(Membership.objects.all()),
        lambda: Partner.objects.update(note="mine"),
        lambda: Contact.objects.all().delete(),
    ],
)
def test_the_portals_role_may_neither_read_the_team_nor_change_anything(
    msp: Msp, dana: PartnerLogin, deed: Any
) -> None:
    refused = pytest.raises(DatabaseError, match="permission denied")
    with tenancy.use(msp.pk, partner_id=dana.partner_id), refused, transaction.atomic():
        deed()


def test_news_are_what_moved_since_the_visit_before(
    msp: Msp, dana: PartnerLogin, portal: Client, ana: Membership
) -> None:
    with tenancy.use(msp.pk):
        moved = builders.a_referral(dana.partner, "Moved Dental")
        builders.a_referral(dana.partner, "Quiet Dental")
    home = f"/p/{msp.slug}/"
    assert "New since" not in _text(portal, home)
    PartnerLogin.objects.update(seen_at=timezone.now() - timedelta(days=2))
    with tenancy.use(msp.pk):
        pipeline.qualify(moved, by=ana, at=timezone.now())
    for _ in range(2):
        news = _text(portal, home).partition("New since")[2].partition("</section>")[0]
        assert "Moved Dental: In conversation" in news
        assert "Quiet Dental" not in news
    PartnerLogin.objects.update(seen_at=timezone.now() + timedelta(seconds=1), seen_before_at=timezone.now())
    assert "Nothing has moved yet" in _text(portal, home)


def test_a_visit_is_written_down_once_and_not_on_every_page(msp: Msp, dana: PartnerLogin, portal: Client) -> None:
    portal.get(f"/p/{msp.slug}/")
    first = PartnerLogin.objects.get().seen_at
    portal.get(f"/p/{msp.slug}/profile/")
    assert PartnerLogin.objects.get().seen_at == first
    assert PartnerLogin.objects.get().seen_before_at is None


def test_a_partner_changes_own_details_and_reads_colleagues(
    msp: Msp, dana: PartnerLogin, portal: Client, ana: Membership
) -> None:
    with tenancy.use(msp.pk):
        Contact.objects.create(partner=dana.partner, name="Colleague Kim", email="kim@f.test", created_at=builders.AT)
        gone = Contact.objects.create(partner=dana.partner, name="Gone Gil", created_at=builders.AT)
        Contact.objects.filter(pk=gone.pk).update(removed_at=builders.AT)
    url = f"/p/{msp.slug}/profile/"
    page = _text(portal, url)
    assert "Colleague Kim" in page
    assert "Gone Gil" not in page
    assert portal.post(url, {"name": "Dana F.", "email": dana.contact.email, "phone": "5"}).status_code == 302
    with tenancy.use(msp.pk):
        contact = Contact.objects.get(pk=dana.contact_id)
        assert (contact.name, contact.phone) == ("Dana F.", "5")
    taken = portal.post(url, {"name": "Dana F.", "email": "kim@f.test", "phone": ""})
    assert taken.status_code == 422


def test_a_suspended_partner_reads_why_and_sends_nothing(
    msp: Msp, dana: PartnerLogin, portal: Client, ana: Membership
) -> None:
    with tenancy.use(msp.pk):
        onboarding.suspend(dana.partner, reason="A prospect complained", by=ana, at=timezone.now())
    home = _text(portal, f"/p/{msp.slug}/")
    assert "A prospect complained" in home
    assert "hello@northwind.test" in home
    for url in (f"/p/{msp.slug}/refer/", f"/p/{msp.slug}/profile/"):
        answer = portal.post(url, {"name": "Dana", "email": "d@d.test", "company": "Late Dental"})
        assert answer.status_code == 403
        assert "A prospect complained" in answer.content.decode()
    with tenancy.use(msp.pk):
        assert not Referral.objects.exists()


def test_whose_introduction_was_won_is_not_told_that_commission_starts_with_a_client(
    msp: Msp, dana: PartnerLogin, portal: Client
) -> None:
    with tenancy.use(msp.pk):
        referral = builders.a_referral(dana.partner)
    assert "Commissions start when an introduction becomes a client" in _text(portal, f"/p/{msp.slug}/")
    with tenancy.use(msp.pk):
        Referral.objects.filter(pk=referral.pk).update(stage=Stage.WON)
    assert "What your clients earn you is counted month by month" in _text(portal, f"/p/{msp.slug}/")


def test_the_home_of_a_partner_costs_the_same_with_much_and_with_little(
    msp: Msp, dana: PartnerLogin, portal: Client
) -> None:
    with tenancy.use(msp.pk):
        builders.a_deal(dana.partner)
        builders.a_referral(dana.partner)
    PartnerLogin.objects.update(seen_at=timezone.now(), seen_before_at=timezone.now() - timedelta(days=9))
    url = f"/p/{msp.slug}/"

    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            _text(portal, url)
        return len(queries)

    little = cost()
    with tenancy.use(msp.pk):
        for _ in range(10):
            builders.a_deal(dana.partner)
            builders.a_referral(dana.partner)
    assert cost() == little


def test_nobody_tries_out_a_list_of_addresses_to_learn_whom_the_msp_works_with(
    msp: Msp, portal: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache.clear()
    monkeypatch.setattr(views, "ADDRESSES_A_DAY", 3)
    with tenancy.use(msp.pk):
        taken = builders.a_login(builders.a_partner("Lake Advisory"), builders.a_user("Lena Lake")).contact.email
    own, colleague = f"/p/{msp.slug}/profile/", f"/p/{msp.slug}/profile/colleagues/new/"
    tries = [(own, "Dana Finch"), (colleague, "Lena Lake"), (own, "Dana Finch")]
    for url, name in tries:
        assert "is already in use" in portal.post(url, {"name": name, "email": taken}).content.decode()
    for url, name in tries:
        answer = portal.post(url, {"name": name, "email": taken})
        assert answer.status_code == 422
        assert "sent too often" in answer.content.decode()
        assert "is already in use" not in answer.content.decode()
    same = {"name": "Dana A. Finch", "email": User.objects.get(name="Dana Finch").email}
    assert portal.post(own, same).status_code == 302
