"""Applications wait for the MSP, which approves or declines them."""

import pytest
from django.test import Client

from elinkages.accounts.models import Membership, Msp
from elinkages.accounts.rights import Role
from elinkages.audit import trail
from elinkages.kernel import tenancy
from elinkages.mail.models import Message
from partners import onboarding
from partners.joining import applications
from partners.models import Application, Contact, Partner, PartnerInvitation, PartnerState
from tests import builders
from tests.partners.joining.visits import ADVISER, AT, apply, confirm, the_application
from tests.reading import read

pytestmark = pytest.mark.django_db


def test_the_queue_shows_what_is_confirmed_by_state_and_kind(msp: Msp, dashboard: Client, open_page: str) -> None:
    apply(open_page)
    url = f"/{msp.slug}/partners/applications/"
    assert "No applications yet" in read(dashboard, url)
    confirm(msp)
    assert "Kestrel Advisory" in read(dashboard, url)
    assert "Kestrel Advisory" in read(dashboard, f"{url}?kind=centre_of_influence")
    assert "Kestrel Advisory" not in read(dashboard, f"{url}?kind=vendor")
    assert "Kestrel Advisory" not in read(dashboard, f"{url}?list=mine")
    assert "Kestrel Advisory" in read(dashboard, f"{url}?list=everyone")
    assert "Kestrel Advisory" not in read(dashboard, f"{url}?state=declined")
    assert "Kestrel Advisory" in read(dashboard, f"{url}?state=all")
    assert "Kestrel Advisory" in read(dashboard, f"{url}?q=kestrel")
    assert "Kestrel Advisory" in read(dashboard, f"{url}?q=kim@kestrel.test")
    assert "Kestrel Advisory" not in read(dashboard, f"{url}?q=merlin")
    home = read(dashboard, f"/{msp.slug}/")
    assert "Kestrel Advisory, LLC wants to become a partner" in home


def test_an_unconfirmed_application_has_no_page(msp: Msp, dashboard: Client, open_page: str) -> None:
    apply(open_page)
    assert dashboard.get(f"/{msp.slug}/partners/applications/{the_application(msp).pk}/").status_code == 404


def test_approving_makes_a_partner_and_invites_them(msp: Msp, ana: Membership, dashboard: Client) -> None:
    with tenancy.use(msp.pk):
        found = builders.an_application(city="Chicago", website="https://kestrel.test")
    url = f"/{msp.slug}/partners/applications/{found.pk}/approval/"
    assert "Approve and invite" in read(dashboard, url)
    answer = dashboard.post(url, {"partner": "", "message": "Welcome aboard."})
    found = the_application(msp)
    assert answer["Location"] == f"/{msp.slug}/partners/{found.partner_id}/"
    partner = found.partner
    assert partner
    assert (partner.name, partner.city, partner.state, partner.kind, partner.owner_id) == (
        "Kestrel Advisory", "Chicago", PartnerState.INVITED, ADVISER, ana.pk,
    )  # fmt: skip
    with tenancy.use(msp.pk):
        invitation = PartnerInvitation.objects.get()
        assert (invitation.contact.name, invitation.message) == ("Kim Kestrel", "Welcome aboard.")
        assert "partner.applied" in [event.action for event in trail.history(partner)]
    again = dashboard.post(url, {"partner": "", "message": ""})
    assert again.status_code == 422
    assert "decided or replaced" in again.content.decode()


def test_an_applicant_can_become_one_more_person_of_a_partner(msp: Msp, ana: Membership, dashboard: Client) -> None:
    with tenancy.use(msp.pk):
        known = onboarding.add(kind=ADVISER, name="Kestrel Advisory LLC", email="kay@kestrel.test", by=ana, at=AT)
        found = builders.an_application()
    page = read(dashboard, f"/{msp.slug}/partners/applications/{found.pk}/")
    assert "Same name" in page
    dashboard.post(f"/{msp.slug}/partners/applications/{found.pk}/approval/", {"partner": str(known.pk), "message": ""})
    with tenancy.use(msp.pk):
        assert Partner.objects.count() == 1
        names = set(Contact.objects.filter(partner=known).values_list("name", flat=True))
        kim = Contact.objects.get(name="Kim Kestrel")
    assert names == {"Kestrel Advisory LLC", "Kim Kestrel"}
    assert (kim.can_sign, kim.sees_earnings) == (False, False), "the firm did not ask for them"
    assert the_application(msp).partner_id == known.pk


def test_lookalikes_name_the_reason(msp: Msp, ana: Membership, dashboard: Client) -> None:
    with tenancy.use(msp.pk):
        onboarding.add(kind=ADVISER, name="Kestrel Advisery", by=ana, at=AT)
        onboarding.add(kind=ADVISER, name="Merlin", email="kay@kestrel.test", by=ana, at=AT)
        onboarding.add(kind=ADVISER, name="Falcon", phone="312-555-0123", by=ana, at=AT)
        onboarding.add(
            kind=ADVISER, name="Unrelated", email="someone@gmail.com", website="old-kestrel.test", by=ana, at=AT
        )
        old = builders.an_application(email="kim@kestrel.test")
        applications.decline(old, reason="Too early.", by=ana, at=AT)
        found = builders.an_application(email="kim@kestrel.test", phone="(312) 555-0123")
    page = read(dashboard, f"/{msp.slug}/partners/applications/{found.pk}/")
    for said in ("Similar name", "Same domain kestrel.test", "Same phone number", "Jan 5, 2026, declined: same name"):
        assert said in page
    assert "Unrelated" not in page


def test_a_shared_domain_is_named_beside_the_same_name(msp: Msp, ana: Membership, dashboard: Client) -> None:
    with tenancy.use(msp.pk):
        onboarding.add(kind=ADVISER, name="Kestrel Advisory", email="kay@mail.kestrel.test", by=ana, at=AT)
        builders.an_application("Kestrel West", email="west@kestrel.test")
        builders.an_application("Kestrel Advisory", email="kestrel@gmail.com")
        builders.an_application("Merlin", email="merlin@notkestrel.test")
        found = builders.an_application("Kestrel Advisory", email="kim@kestrel.test")
    page = read(dashboard, f"/{msp.slug}/partners/applications/{found.pk}/")
    assert "Same name" in page
    assert page.count("Same domain kestrel.test") == 1
    assert "waiting: same domain kestrel.test" in page
    assert "waiting: same name<" in page
    assert "Merlin" not in page
    approval = read(dashboard, f"/{msp.slug}/partners/applications/{found.pk}/approval/")
    assert "Kestrel Advisory (same name, same domain kestrel.test), who" in approval


def test_declining_sends_the_reason(msp: Msp, dashboard: Client) -> None:
    with tenancy.use(msp.pk):
        found = builders.an_application()
    url = f"/{msp.slug}/partners/applications/{found.pk}/decline/"
    assert dashboard.post(url, {"reason": " "}).status_code == 422
    dashboard.post(url, {"reason": "We work with one firm in Elgin, and it is not yours."})
    found = the_application(msp)
    assert (found.state, found.decline_reason[:7]) == ("declined", "We work")
    with tenancy.use(msp.pk):
        letter = Message.objects.get()
        assert "We work with one firm in Elgin" in letter.text
        assert letter.to == found.email
    assert "declined" in read(dashboard, f"/{msp.slug}/partners/applications/{found.pk}/").lower()
    assert dashboard.post(url, {"reason": "Again"}).status_code == 422


def test_several_are_declined_at_once_and_the_list_is_exported(msp: Msp, dashboard: Client) -> None:
    with tenancy.use(msp.pk):
        rows = [builders.an_application(f"Firm {number}") for number in range(3)]
    url = f"/{msp.slug}/partners/applications/"
    chosen = "&".join(f"id={row.pk}" for row in rows[:2])
    assert "Decline 2 applications" in read(dashboard, f"{url}many/decline/?{chosen}")
    dashboard.post(f"{url}many/decline/?{chosen}", {"reason": "Not in this region.", "count": "2"})
    with tenancy.use(msp.pk):
        assert Application.objects.filter(state="declined", decline_reason="Not in this region.").count() == 2
        assert Message.objects.filter(key__startswith="application-declined").count() == 2
    assert dashboard.post(f"{url}export/", {"format": "csv"}).status_code == 302


def test_the_verbs_refuse_without_reason_right_or_a_waiting_application(msp: Msp, ana: Membership) -> None:
    reader = builders.a_member(msp, Role.READ_ONLY, "Rita Read")
    with tenancy.use(msp.pk):
        found = builders.an_application()
        with pytest.raises(applications.ReasonMissing, match="Give a reason"):
            applications.decline(found, reason="", by=ana, at=AT)
        with pytest.raises(applications.ReasonMissing, match="under 600"):
            applications.decline(found, reason="x" * 601, by=ana, at=AT)
        with pytest.raises(applications.CannotDecide, match="Rita Read may not decide"):
            applications.assign(found, member=reader, by=ana, at=AT)
        applications.decline(found, reason="No.", by=ana, at=AT)
        with pytest.raises(applications.AlreadyDecided):
            applications.assign(found, member=ana, by=ana, at=AT)


def test_an_application_is_put_on_somebodys_list(msp: Msp, dashboard: Client, ana: Membership) -> None:
    mara = builders.a_member(msp, Role.MANAGER, "Mara Manager")
    with tenancy.use(msp.pk):
        found = builders.an_application()
    dashboard.post(f"/{msp.slug}/partners/applications/{found.pk}/assignment/", {"member": str(mara.pk)})
    assert the_application(msp).assigned_to_id == mara.pk
    assert "wants to become a partner" not in read(dashboard, f"/{msp.slug}/")
    manager = builders.a_browser(mara.user)
    assert "Kestrel Advisory wants to become a partner" in read(manager, f"/{msp.slug}/")
