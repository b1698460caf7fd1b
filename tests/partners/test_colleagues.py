"""A partner's people bring in their colleagues: into their own firm, and with no more than they have themselves."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from elinkages.accounts.models import Membership, Msp, User
from elinkages.kernel import tenancy
from elinkages.mail.models import Message
from partners import invitations, onboarding, people
from partners.models import Contact, Partner, PartnerInvitation, PartnerLogin
from tests import builders

pytestmark = pytest.mark.django_db

AT = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
PORTAL = "/p/northwind-colleagues/profile/"
URL = PORTAL + "colleagues/new/"
PAT = {"name": "Pat Finch", "email": "Pat@Finch.test"}


@pytest.fixture
def msp() -> Msp:
    return builders.an_msp("Northwind IT", slug="northwind-colleagues")


@pytest.fixture
def dana(msp: Msp, ana: Membership) -> Contact:
    """Speaks for Finch CPAs, and has a login."""
    user = builders.a_user("Dana Finch", "dana@finch.test")
    with tenancy.use(msp.pk):
        partner = onboarding.add(
            kind="centre_of_influence", name="Finch CPAs", email=user.email, contact_name=user.name, by=ana, at=AT
        )
        invitations.accept(onboarding.invite(partner, by=ana, at=AT), user=user, at=AT)
        return Contact.objects.select_related("partner__msp").get(email=user.email)


def _portal_of(contact: Contact) -> Client:
    return builders.a_browser(User.objects.get(email=contact.email))


def _change(contact: Contact, **fields: object) -> None:
    with tenancy.use(contact.msp.pk):
        Contact.objects.filter(pk=contact.pk).update(**fields)


def test_a_colleague_is_invited_in_the_portal_and_joins(msp: Msp, dana: Contact) -> None:
    client = _portal_of(dana)
    assert "Invite a colleague" in client.get(PORTAL).content.decode()
    assert client.get(URL).status_code == 200
    assert client.post(URL, {**PAT, "sees_earnings": "on"})["Location"] == PORTAL
    with tenancy.use(msp.pk):
        letter = Message.objects.get(to="pat@finch.test")
        pat = Contact.objects.get(email="pat@finch.test")
    assert (pat.partner_id, pat.can_sign, pat.sees_earnings) == (dana.partner_id, False, True)
    assert letter.subject == "Dana Finch invites you to the partner portal of Northwind IT"
    assert "asked us to write to you" in letter.text
    assert letter.reply_to == "dana@finch.test"
    link = re.search(r"/invitation/partner/\S+", letter.text)
    assert link
    guest = Client()
    assert "Dana Finch of Finch CPAs invited Pat Finch to their partner portal" in guest.get(link[0]).content.decode()
    guest.post(link[0], {"name": "Pat Finch", "password": builders.PASSWORD})
    assert PartnerLogin.objects.open().filter(user__email="pat@finch.test", partner=dana.partner).exists()
    assert "Pat Finch" in client.get(PORTAL).content.decode()


def test_the_msp_reads_in_the_history_who_invited_whom(msp: Msp, ana: Membership, dana: Contact) -> None:
    _portal_of(dana).post(URL, PAT)
    client = builders.a_browser(ana.user)
    history = client.get(f"/{msp.slug}/partners/{dana.partner_id}/").content.decode()
    assert "invited Pat Finch" in history


def test_who_was_invited_before_gets_a_new_link_and_the_old_one_ends(msp: Msp, dana: Contact) -> None:
    client = _portal_of(dana)
    client.post(URL, PAT)
    client.post(URL, {**PAT, "name": "Somebody Else"})
    with tenancy.use(msp.pk):
        sent = PartnerInvitation.objects.filter(contact__email="pat@finch.test")
        assert (sent.count(), sent.waiting().count()) == (2, 1)
        assert Contact.objects.get(email="pat@finch.test").name == "Pat Finch"


def test_nobody_gives_sight_of_earnings_that_they_do_not_have(msp: Msp, dana: Contact) -> None:
    _change(dana, sees_earnings=False)
    client = _portal_of(dana)
    assert "Sees earnings" not in client.get(URL).content.decode()
    client.post(URL, {**PAT, "sees_earnings": "on"})
    with tenancy.use(msp.pk):
        assert not Contact.objects.get(email="pat@finch.test").sees_earnings


def test_who_does_not_speak_for_the_firm_invites_nobody(msp: Msp, dana: Contact) -> None:
    _change(dana, can_sign=False)
    client = _portal_of(dana)
    assert "Invite a colleague" not in client.get(PORTAL).content.decode()
    for answer in (client.get(URL), client.post(URL, PAT)):
        assert answer.status_code == 403
        assert "Only people who speak for Finch CPAs invite colleagues" in answer.content.decode()
    with tenancy.use(msp.pk):
        assert not Contact.objects.filter(email="pat@finch.test").exists()


def test_a_firm_that_is_suspended_invites_nobody(msp: Msp, ana: Membership, dana: Contact) -> None:
    with tenancy.use(msp.pk):
        onboarding.suspend(Partner.objects.get(), reason="Pause", by=ana, at=AT)
        with pytest.raises(invitations.NotInvitable, match="Finch CPAs is suspended"):
            invitations.invite_colleague(**PAT, sees_earnings=False, by=dana, at=AT)
    assert _portal_of(dana).get(URL).status_code == 403


def test_a_colleague_with_a_login_is_not_invited_again(msp: Msp, dana: Contact) -> None:
    answer = _portal_of(dana).post(URL, {"name": "Me", "email": dana.email})
    assert answer.status_code == 422
    assert "Dana Finch has already joined" in answer.content.decode()


def test_somebody_of_another_partner_is_neither_invited_nor_named(msp: Msp, ana: Membership, dana: Contact) -> None:
    with tenancy.use(msp.pk):
        other = onboarding.add(kind="vendor", name="Secret Vendor", email="v@secret.test", by=ana, at=AT)
        people.add(other, name="Vera", email="vera@secret.test", by=ana, at=AT)
    html = _portal_of(dana).post(URL, {"name": "Vera", "email": "vera@secret.test"}).content.decode()
    assert "vera@secret.test is already in use" in html
    assert "Secret Vendor" not in html


def test_a_firm_invites_so_many_colleagues_a_day_and_no_more(msp: Msp, dana: Contact) -> None:
    with tenancy.use(msp.pk):
        for number in range(invitations.COLLEAGUES_A_DAY):
            address = f"pat{number}@finch.test"
            invitations.invite_colleague(name="Pat", email=address, sees_earnings=True, by=dana, at=AT)
        with pytest.raises(invitations.TooManyToday, match="10 colleagues since yesterday"):
            invitations.invite_colleague(**PAT, sees_earnings=True, by=dana, at=AT)
        later = AT + timedelta(days=1, minutes=1)
        assert invitations.invite_colleague(**PAT, sees_earnings=True, by=dana, at=later).name == "Pat Finch"


def test_an_invitation_comes_from_one_side(msp: Msp, ana: Membership, dana: Contact) -> None:
    with tenancy.use(msp.pk):
        told = {"contact": dana, "token_hash": "2" * 64, "invited_at": AT, "expires_at": AT}
        for senders in ({}, {"invited_by": ana, "invited_by_colleague": dana}):
            with pytest.raises(IntegrityError, match="partner_invitation_from_one"), transaction.atomic():
                PartnerInvitation.objects.create(**told, **senders)
