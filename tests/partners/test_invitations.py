"""Invitations to the portal, from the e-mail to the portal's home."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from allauth.account.models import EmailAddress
from django.test import Client
from django.utils import timezone

from elinkages.accounts.models import Membership, Msp, User
from elinkages.kernel import tenancy
from elinkages.mail.models import Message
from partners import invitations, onboarding, people
from partners.models import Contact, Partner, PartnerInvitation, PartnerLogin, PartnerState
from tests import builders, races

pytestmark = pytest.mark.django_db

AT = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
ADDRESS = "dana@finch.test"


@pytest.fixture
def partner(msp: Msp, ana: Membership) -> Partner:
    with tenancy.use(msp.pk):
        return onboarding.add(
            kind="centre_of_influence", name="Finch CPAs", email=ADDRESS, contact_name="Dana Finch", by=ana, at=AT
        )


def _invited(msp: Msp, partner: Partner, by: Membership, at: datetime | None = None, message: str = "") -> str:
    with tenancy.use(msp.pk):
        return onboarding.invite(partner, message=message, by=by, at=at or timezone.now())


def _link(msp: Msp, token: str) -> str:
    return f"/invitation/partner/{msp.slug}/{token}/"


def _state(msp: Msp, partner: Partner) -> str:
    with tenancy.use(msp.pk):
        return Partner.objects.get(pk=partner.pk).state


def test_the_email_carries_the_message_and_the_link_and_the_row_only_the_hash(
    msp: Msp, ana: Membership, partner: Partner
) -> None:
    token = _invited(msp, partner, ana, message="We met at the chamber breakfast.")
    with tenancy.use(msp.pk):
        letter, invitation = Message.objects.get(), PartnerInvitation.objects.get()
        assert (letter.to, letter.is_secret) == (ADDRESS, True)
        assert letter.subject == "Ana Ruiz invites you to refer clients to Northwind IT"
        assert "We met at the chamber breakfast." in letter.text
        assert _link(msp, token) in letter.text
        assert _link(msp, token) in letter.html
        assert token not in str(vars(invitation))
        assert len(invitation.token_hash) == 64
    assert _state(msp, partner) == PartnerState.INVITED


def test_a_partner_without_an_address_cannot_be_invited(msp: Msp, ana: Membership) -> None:
    with tenancy.use(msp.pk):
        partner = onboarding.add(kind="client", name="No Mail Inc", by=ana, at=AT)
        with pytest.raises(invitations.NoAddress, match="Add a person with one"):
            onboarding.invite(partner, by=ana, at=AT)


def test_a_second_invitation_is_refused_and_sending_again_replaces_the_link(
    msp: Msp, ana: Membership, partner: Partner
) -> None:
    first = _invited(msp, partner, ana)
    with tenancy.use(msp.pk), pytest.raises(invitations.AlreadyInvited, match="Send that invitation again"):
        onboarding.invite(partner, by=ana, at=AT)
    with tenancy.use(msp.pk):
        second = onboarding.resend(PartnerInvitation.objects.get(), by=ana, at=timezone.now())
        assert Message.objects.count() == 2
    client = Client()
    assert client.get(_link(msp, first)).status_code == 410
    assert client.get(_link(msp, second)).status_code == 200


def test_an_msp_invites_a_programs_worth_of_people_a_day_and_no_bought_list(
    msp: Msp, ana: Membership, partner: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(invitations, "INVITATIONS_A_DAY", 2)
    _invited(msp, partner, ana, at=AT)
    with tenancy.use(msp.pk):
        second = onboarding.add(kind="client", name="Mesa Mills", email="mo@mesa.test", by=ana, at=AT)
        onboarding.resend(PartnerInvitation.objects.get(), by=ana, at=AT + timedelta(hours=1))
        with pytest.raises(invitations.TooManyToday, match="Continue tomorrow"):
            onboarding.invite(second, by=ana, at=AT + timedelta(hours=2))
        with pytest.raises(invitations.TooManyToday):
            onboarding.resend(PartnerInvitation.objects.waiting().get(), by=ana, at=AT + timedelta(hours=2))
        assert onboarding.invite(second, by=ana, at=AT + timedelta(hours=26))


def test_taking_back_the_only_invitation_makes_a_prospect_again(msp: Msp, ana: Membership, partner: Partner) -> None:
    token = _invited(msp, partner, ana)
    with tenancy.use(msp.pk):
        onboarding.revoke(PartnerInvitation.objects.get(), by=ana, at=timezone.now())
        with pytest.raises(invitations.InvitationOver):
            onboarding.revoke(PartnerInvitation.objects.get(), by=ana, at=timezone.now())
    assert _state(msp, partner) == PartnerState.PROSPECT
    assert "revoked" in Client().get(_link(msp, token)).content.decode()


def test_a_new_person_chooses_a_password_and_is_in_the_portal(msp: Msp, ana: Membership, partner: Partner) -> None:
    link = _link(msp, _invited(msp, partner, ana, message="Looking forward to it."))
    client = Client()
    page = client.get(link).content.decode()
    assert "Looking forward to it." in page
    assert ADDRESS in page
    answer = client.post(link, {"name": "Dana Finch", "password": "purple anchor daylight"})
    assert (answer.status_code, answer["Location"]) == (302, f"/p/{msp.slug}/")
    assert client.get(f"/p/{msp.slug}/").status_code == 200
    user = User.objects.get(email=ADDRESS)
    assert EmailAddress.objects.filter(user=user, email=ADDRESS, verified=True, primary=True).exists()
    assert _state(msp, partner) == PartnerState.ACTIVE
    with tenancy.use(msp.pk):
        assert Message.objects.filter(to=ana.user.email, subject="Dana Finch accepted your invitation").exists()


def test_a_weak_password_is_refused_and_nothing_has_happened(msp: Msp, ana: Membership, partner: Partner) -> None:
    link = _link(msp, _invited(msp, partner, ana))
    answer = Client().post(link, {"name": "Dana With A Name", "password": "dana"})
    assert answer.status_code == 422
    assert "Dana With A Name" in answer.content.decode()
    assert not User.objects.filter(email=ADDRESS).exists()
    assert _state(msp, partner) == PartnerState.INVITED


def test_a_person_with_an_account_logs_in_first_and_then_confirms(msp: Msp, ana: Membership, partner: Partner) -> None:
    link = _link(msp, _invited(msp, partner, ana))
    dana = builders.a_user("Dana Finch", ADDRESS)
    client = Client()
    assert f"/accounts/login/?next={link}" in client.get(link).content.decode()
    assert client.post(link, {"name": "Dana", "password": "purple anchor daylight"}).status_code == 409
    client.force_login(dana)
    assert "Accept and open my portal" in client.get(link).content.decode()
    assert not PartnerLogin.objects.exists()
    assert client.post(link).status_code == 302
    assert PartnerLogin.objects.get().user == dana


def test_a_proven_second_address_of_the_same_person_is_good_enough(msp: Msp, ana: Membership, partner: Partner) -> None:
    link = _link(msp, _invited(msp, partner, ana))
    dana = builders.a_user("Dana Finch", "dana@home.test")
    client = builders.a_browser(dana)
    EmailAddress.objects.create(user=dana, email=ADDRESS, verified=False)
    assert client.post(link).status_code == 409
    EmailAddress.objects.filter(email=ADDRESS).update(verified=True)
    assert client.post(link).status_code == 302


def test_another_persons_login_cannot_take_the_invitation(msp: Msp, ana: Membership, partner: Partner) -> None:
    link = _link(msp, _invited(msp, partner, ana))
    client = builders.a_browser(ana.user)
    page = client.get(link).content.decode()
    assert f"you are logged in as <strong>{ana.user.email}" in page
    assert client.post(link).status_code == 409
    assert not PartnerLogin.objects.exists()
    assert _state(msp, partner) == PartnerState.INVITED


def test_an_expired_link_says_so_and_whom_to_ask(msp: Msp, ana: Membership, partner: Partner) -> None:
    link = _link(msp, _invited(msp, partner, ana, at=timezone.now() - timedelta(days=15)))
    client = Client()
    answer = client.post(link, {"name": "Dana", "password": "purple anchor daylight"})
    assert answer.status_code == 410
    assert "Ask Ana Ruiz for a new one" in answer.content.decode()
    assert not User.objects.filter(email=ADDRESS).exists()


def test_a_used_link_leads_its_owner_home_and_everyone_else_to_the_login(
    msp: Msp, ana: Membership, partner: Partner
) -> None:
    link = _link(msp, _invited(msp, partner, ana))
    client = Client()
    client.post(link, {"name": "Dana Finch", "password": "purple anchor daylight"})
    assert client.get(link)["Location"] == f"/p/{msp.slug}/"
    stranger = Client().get(link)
    assert stranger.status_code == 410
    assert "has been used" in stranger.content.decode()


@pytest.mark.parametrize("token", ["x", "a" * 43, "../../etc"])
def test_a_link_that_was_never_sent_is_not_found(msp: Msp, token: str) -> None:
    assert Client().get(f"/invitation/partner/{msp.slug}/{token}/").status_code == 404


def test_the_token_of_one_msp_opens_nothing_at_another(msp: Msp, ana: Membership, partner: Partner) -> None:
    token = _invited(msp, partner, ana)
    assert Client().get(_link(builders.an_msp("Other MSP"), token)).status_code == 404


def test_a_suspended_partners_invitation_is_not_accepted(msp: Msp, ana: Membership, partner: Partner) -> None:
    link = _link(msp, _invited(msp, partner, ana))
    with tenancy.use(msp.pk):
        onboarding.suspend(partner, reason="A question is open", by=ana, at=timezone.now())
    answer = Client().post(link, {"name": "Dana", "password": "purple anchor daylight"})
    assert answer.status_code == 410
    assert "not taking introductions" in answer.content.decode()
    assert not PartnerLogin.objects.exists()


def test_one_person_represents_one_partner_of_an_msp(msp: Msp, ana: Membership, partner: Partner) -> None:
    dana = builders.a_user("Dana Finch", ADDRESS)
    with tenancy.use(msp.pk):
        elsewhere = builders.a_partner("Kestrel Advisory")
        other = Contact.objects.create(partner=elsewhere, name="Dana", email="dana@kestrel.test", created_at=AT)
        PartnerLogin.objects.create(msp=msp, user=dana, partner=elsewhere, contact=other)
    token = _invited(msp, partner, ana)
    with pytest.raises(invitations.AlreadyJoined, match="represent Kestrel Advisory"), tenancy.use(msp.pk):
        onboarding.accept(token, user=dana, at=timezone.now())
    assert _state(msp, partner) == PartnerState.INVITED


def test_a_person_who_was_removed_and_invited_again_gets_the_login_back(
    msp: Msp, ana: Membership, partner: Partner
) -> None:
    dana = builders.a_user("Dana Finch", ADDRESS)
    token = _invited(msp, partner, ana)
    with tenancy.use(msp.pk):
        login = onboarding.accept(token, user=dana, at=timezone.now())
        people.remove(login.contact, by=ana, at=timezone.now())
        person = people.add(partner, name="Dana Finch", email=ADDRESS, by=ana, at=timezone.now())
        onboarding.accept(
            onboarding.invite(partner, contact=person, by=ana, at=timezone.now()), user=dana, at=timezone.now()
        )
        again = PartnerLogin.objects.get()
        assert (again.pk, again.contact, again.closed_at) == (login.pk, person, None)


def test_someone_who_joined_is_not_invited_again(msp: Msp, ana: Membership, partner: Partner) -> None:
    token = _invited(msp, partner, ana)
    with tenancy.use(msp.pk):
        onboarding.accept(token, user=builders.a_user("Dana Finch", ADDRESS), at=timezone.now())
        with pytest.raises(invitations.AlreadyJoined, match="has already joined"):
            onboarding.invite(partner, by=ana, at=timezone.now())


def test_one_identity_opens_the_portals_of_two_msps(msp: Msp, ana: Membership, partner: Partner) -> None:
    other = builders.an_msp("Harborline")
    bo = builders.a_member(other, name="Bo Berg")
    dana = builders.a_user("Dana Finch", ADDRESS)
    with tenancy.use(other.pk):
        theirs = onboarding.add(kind="peer_msp", name="Finch", email=ADDRESS, by=bo, at=AT)
        elsewhere = onboarding.invite(theirs, by=bo, at=timezone.now())
    client = builders.a_browser(dana)
    client.post(_link(msp, _invited(msp, partner, ana)))
    client.post(_link(other, elsewhere))
    profile = client.get(f"/p/{msp.slug}/profile/").content.decode()
    assert f'href="/p/{other.slug}/"' in profile
    assert client.get(f"/p/{other.slug}/").status_code == 200


@pytest.mark.django_db(transaction=True)
def test_of_two_acceptances_at_once_one_joins(msp: Msp, ana: Membership, partner: Partner) -> None:
    token = _invited(msp, partner, ana)
    dana = builders.a_user("Dana Finch", ADDRESS)
    join = races.within(msp, lambda: onboarding.accept(token, user=dana, at=timezone.now()))
    outcomes = races.at_once(join, join)
    assert {type(outcome) for outcome in outcomes} == {invitations.InvitationOver, PartnerLogin}
    assert PartnerLogin.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_whoever_accepts_while_somebody_else_does_reads_that_it_was_used(
    msp: Msp, ana: Membership, partner: Partner
) -> None:
    token, dana = _invited(msp, partner, ana), builders.a_user("Dana Finch", ADDRESS)

    def join() -> PartnerLogin:
        return onboarding.accept(token, user=dana, at=timezone.now())

    assert races.too_late(msp, join, join) == "This invitation was used a moment ago. Log in instead."
    with pytest.raises(invitations.InvitationOver, match="has been used"):
        races.within(msp, join)()
    assert PartnerLogin.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_invitations_at_once_one_letter_is_written(msp: Msp, ana: Membership, partner: Partner) -> None:
    send = races.within(msp, lambda: onboarding.invite(partner, by=ana, at=timezone.now()))
    outcomes = races.at_once(send, send)
    assert {type(outcome) for outcome in outcomes} == {invitations.AlreadyInvited, str}
    with tenancy.use(msp.pk):
        assert Message.objects.count() == 1


def test_an_owner_looks_at_the_letter_before_it_is_sent_and_never_sees_the_link(
    msp: Msp, ana: Membership, partner: Partner
) -> None:
    client = builders.a_browser(ana.user)
    url = f"/{msp.slug}/partners/{partner.pk}/invitation/"
    with tenancy.use(msp.pk):
        person = Contact.objects.get()
    words = {"contact": str(person.pk), "message": "Nice to meet you <3"}
    preview = client.post(url, {**words, "do": "preview"})
    assert preview.status_code == 200
    assert "Nice to meet you &lt;3" in preview.content.decode()
    assert _state(msp, partner) == PartnerState.PROSPECT
    assert client.post(url, words).status_code == 302
    sent = client.get(f"/{msp.slug}/partners/{partner.pk}/").content.decode()
    assert not re.search(r"/invitation/partner/", sent)
    assert _state(msp, partner) == PartnerState.INVITED


@time_machine.travel(datetime(2026, 11, 22, 2, 0, tzinfo=UTC), tick=False)
def test_the_letter_that_is_looked_at_ends_on_the_day_of_the_msp(msp: Msp, ana: Membership, partner: Partner) -> None:
    html = builders.a_browser(ana.user).get(f"/{msp.slug}/partners/{partner.pk}/invitation/").content.decode()
    assert "good until December 5, 2026" in html, "it is still November 21 in New York"


def test_logging_out_on_the_wrong_account_leads_back_to_the_invitation(
    msp: Msp, ana: Membership, partner: Partner
) -> None:
    link = _link(msp, _invited(msp, partner, ana))
    client = builders.a_browser(ana.user)
    answer = client.post("/accounts/logout/", {"next": link})
    assert answer["Location"] == link
    assert "Choose a password" in client.get(link).content.decode()


def test_logging_in_leads_back_to_the_invitation(msp: Msp, ana: Membership, partner: Partner) -> None:
    link = _link(msp, _invited(msp, partner, ana))
    builders.a_user("Dana Finch", ADDRESS)
    client = Client()
    answer = client.post(
        f"/accounts/login/?next={link}", {"login": ADDRESS, "password": builders.PASSWORD, "next": link}
    )
    assert answer["Location"] == link


@pytest.mark.parametrize("end", [onboarding.suspend, onboarding.part])
def test_nobody_of_a_partner_who_was_sent_away_is_invited_or_joins(
    msp: Msp, ana: Membership, partner: Partner, end: Any
) -> None:
    token = _invited(msp, partner, ana)
    dana = builders.a_user("Dana Finch", ADDRESS)
    with tenancy.use(msp.pk):
        end(partner, reason="A question is open", by=ana, at=AT)
        gone = partner.get_state_display().lower()
        with pytest.raises(invitations.NotInvitable, match=f"Finch CPAs is {gone}. Reinstate them first."):
            onboarding.invite(partner, by=ana, at=AT)
    with pytest.raises(invitations.NotInvitable, match="not taking introductions from Finch"), tenancy.use(msp.pk):
        onboarding.accept(token, user=dana, at=timezone.now())
    assert not PartnerLogin.objects.exists()


def test_an_invitation_has_a_short_message_and_a_person_with_an_address(
    msp: Msp, ana: Membership, partner: Partner
) -> None:
    with tenancy.use(msp.pk):
        with pytest.raises(invitations.NotInvitable, match="Keep the message under"):
            onboarding.invite(partner, message="x" * 10_000, by=ana, at=AT)
        silent = people.add(partner, name="Sue Silent", by=ana, at=AT)
        with pytest.raises(invitations.NoAddress, match="no e-mail address for Sue Silent"):
            onboarding.invite(partner, contact=silent, by=ana, at=AT)
        people.remove(silent, by=ana, at=AT)
        with pytest.raises(invitations.NotInvitable, match=r"Sue Silent was removed. Add them again"):
            onboarding.invite(partner, contact=silent, by=ana, at=AT)
        assert not Message.objects.exists()


def test_what_was_answered_is_not_sent_again(msp: Msp, ana: Membership, partner: Partner) -> None:
    token = _invited(msp, partner, ana)
    with tenancy.use(msp.pk):
        onboarding.accept(token, user=builders.a_user("Dana Finch", ADDRESS), at=timezone.now())
        with pytest.raises(invitations.InvitationOver, match="answered or revoked"):
            onboarding.resend(PartnerInvitation.objects.get(), by=ana, at=timezone.now())


def test_a_token_opens_nothing_for_another_person_or_when_it_is_not_whole(
    msp: Msp, ana: Membership, partner: Partner
) -> None:
    token = _invited(msp, partner, ana)
    with tenancy.use(msp.pk):
        with pytest.raises(invitations.WrongPerson, match=f"sent to {ADDRESS}, and you are logged in as"):
            onboarding.accept(token, user=ana.user, at=timezone.now())
        with pytest.raises(invitations.InvitationOver, match="incomplete"):
            onboarding.accept(token[:-1], user=ana.user, at=timezone.now())
    assert _state(msp, partner) == PartnerState.INVITED


def test_a_person_of_a_partner_has_a_name_and_is_there(msp: Msp, ana: Membership, partner: Partner) -> None:
    with tenancy.use(msp.pk):
        with pytest.raises(people.Nameless, match="Enter the person's name"):
            people.add(partner, name="  ", by=ana, at=AT)
        person = people.add(partner, name="Sue", by=ana, at=AT)
        with pytest.raises(people.Nameless, match="Enter the person's name"):
            people.edit(person, name="", email="", phone="", by=ana, at=AT)
        people.remove(person, by=ana, at=AT)
        with pytest.raises(people.NotHere, match=r"Sue was removed. Add them again to change their details."):
            people.edit(person, name="Susan", email="", phone="", by=ana, at=AT)


def test_a_reason_is_as_long_as_its_place(msp: Msp, ana: Membership, partner: Partner) -> None:
    with tenancy.use(msp.pk), pytest.raises(onboarding.ReasonMissing, match="under 300 characters; this one has 301"):
        onboarding.suspend(partner, reason="x" * 301, by=ana, at=AT)


@pytest.mark.django_db(transaction=True)
def test_an_address_that_somebody_else_gets_meanwhile_is_refused(msp: Msp, ana: Membership, partner: Partner) -> None:
    def add(name: str) -> Callable[[], Contact]:
        return lambda: people.add(partner, name=name, email="shared@finch.test", by=ana, at=AT)

    told = races.too_late(msp, add("Sue"), add("Sam"))
    assert told == "shared@finch.test was given to someone else a moment ago."
