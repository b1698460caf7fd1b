"""The people of an MSP: invited, joined, given a role, deactivated, and never without an owner."""

import re
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from allauth.account.models import EmailAddress
from django.test import Client
from django.utils import timezone

from elinkages.accounts import msps, team
from elinkages.accounts.models import Invitation, Membership, Msp, User
from elinkages.accounts.rights import Role
from elinkages.audit.models import AuditEvent
from elinkages.kernel import tenancy
from elinkages.mail.models import Message
from tests import builders
from tests.races import at_once

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner() -> Membership:
    return builders.a_member(builders.an_msp("Acme IT", "acme"))


def _invite(owner: Membership, email: str = "nina@example.com", role: str = Role.FINANCE) -> str:
    with tenancy.use(owner.msp.pk):
        return team.invite(email=email, role=role, by=owner, at=timezone.now())


def _client(user: User | None = None) -> Client:
    client = Client()
    if user:
        client.force_login(user)
    return client


# --- inviting


def test_an_invitation_is_a_letter_with_a_link_and_we_keep_only_its_hash(owner: Membership) -> None:
    token = _invite(owner, " Nina@Example.com ")
    with tenancy.use(owner.msp.pk):
        message, invitation = Message.objects.get(), Invitation.objects.get()
        assert invitation.email == message.to == "nina@example.com"
        assert message.reply_to == owner.user.email
        assert message.is_secret
        assert f"/invitation/acme/{token}/" in message.text
        assert (
            "as finance. Records and imports invoices and payments; opens, approves and pays payout runs."
            in message.text
        )
        assert token not in str(Invitation.objects.values_list())
        assert token not in str(AuditEvent.objects.values_list())


def test_a_name_with_an_apostrophe_is_written_as_people_write_it(owner: Membership) -> None:
    owner.user.name = "Pat O'Hara <script>"
    _invite(owner)
    with tenancy.use(owner.msp.pk):
        message = Message.objects.get()
        assert message.subject == "Pat O'Hara <script> invited you to Acme IT on Elinkages"
        assert "Pat O'Hara <script> invited you" in message.text
        assert "<script>" not in message.html


def test_nobody_is_invited_twice_at_a_time(owner: Membership) -> None:
    _invite(owner)
    with pytest.raises(team.AlreadyInvited, match="is waiting"):
        _invite(owner)
    with pytest.raises(team.AlreadyOnTheTeam, match="already on the team, as owner"):
        _invite(owner, owner.user.email)


def test_an_expired_invitation_gives_way_to_a_new_one(owner: Membership) -> None:
    old = _invite(owner)
    with tenancy.use(owner.msp.pk):
        Invitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
        with pytest.raises(team.InvitationOver, match="has expired"):
            team.find(old, at=timezone.now())
    new = _invite(owner)
    with tenancy.use(owner.msp.pk):
        assert team.find(new, at=timezone.now()).role == Role.FINANCE
        with pytest.raises(team.InvitationOver, match="was revoked"):
            team.find(old, at=timezone.now())


def test_somebody_who_was_deactivated_is_brought_back_instead(owner: Membership) -> None:
    gone = builders.a_member(owner.msp, Role.MANAGER, name="Gene Gone")
    with tenancy.use(owner.msp.pk):
        team.deactivate(gone, by=owner, at=timezone.now())
    with pytest.raises(team.AlreadyOnTheTeam, match="Reactivate them"):
        _invite(owner, gone.user.email)


# --- the link


def test_a_new_person_joins_with_a_password_and_needs_no_code(owner: Membership) -> None:
    address = f"/invitation/acme/{_invite(owner)}/"
    client = _client()
    assert b"Alice Adams invited you to the team as finance" in client.get(address).content
    answer = client.post(address, {"name": "Nina Novak", "password": "a long enough phrase", "_once": str(uuid4())})
    assert answer["Location"] == "/acme/"
    member = Membership.objects.get(user__email="nina@example.com")
    assert (member.msp, member.role, member.user.name) == (owner.msp, Role.FINANCE, "Nina Novak")
    assert member.user.emailaddress_set.get().verified  # type: ignore[attr-defined]  # allauth's reverse name
    assert client.get("/acme/settings/").status_code == 200
    again = _client().get(address)
    assert again.status_code == 410
    assert b"This invitation was used" in again.content


@pytest.mark.parametrize(
    ("password", "sentence"),
    [("short", "too short"), ("password12345", "too common"), ("nina@example.com", "too similar"), ("", "required")],
)
def test_a_weak_password_is_refused_and_the_name_survives(owner: Membership, password: str, sentence: str) -> None:
    address = f"/invitation/acme/{_invite(owner)}/"
    answer = _client().post(address, {"name": "Nina Novak", "password": password})
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert b'value="Nina Novak"' in answer.content
    assert not User.objects.filter(email="nina@example.com").exists()


def test_a_person_with_an_account_logs_in_and_comes_back(owner: Membership) -> None:
    nina = builders.a_user("Nina Novak", "nina@example.com")
    address = f"/invitation/acme/{_invite(owner)}/"
    assert f"/accounts/login/?next={address}" in _client().get(address).content.decode()
    client = _client()
    answer = client.post("/accounts/login/", {"login": nina.email, "password": builders.PASSWORD, "next": address})
    assert answer["Location"] == address
    assert b"Join the team" in client.get(address).content
    assert client.post(address, {"_once": str(uuid4())})["Location"] == "/acme/"
    assert Membership.objects.get(user=nina).role == Role.FINANCE


def test_the_link_is_for_the_address_it_was_sent_to(owner: Membership) -> None:
    token = _invite(owner)
    other = builders.a_user("Oscar Other")
    address = f"/invitation/acme/{token}/"
    assert b"was sent to nina@example.com" in _client(other).get(address).content
    assert _client(other).post(address).status_code == 422
    with tenancy.use(owner.msp.pk), pytest.raises(team.WrongPerson, match="logged in as oscar"):
        team.accept(token, user=other, at=timezone.now())
    assert not Membership.objects.filter(user=other).exists()


def test_the_wrong_person_logs_out_and_comes_back_to_the_link(owner: Membership) -> None:
    address = f"/invitation/acme/{_invite(owner)}/"
    client = _client(builders.a_user("Oscar Other"))
    assert f'name="next" value="{address}"' in client.get(address).content.decode()
    assert client.post("/accounts/logout/", {"next": address})["Location"] == address
    assert b"Join the team" in client.get(address).content


def test_a_link_that_was_taken_back_says_so(owner: Membership) -> None:
    token = _invite(owner)
    with tenancy.use(owner.msp.pk):
        invitation = Invitation.objects.get()
    client = _client(owner.user)
    revoke = f"/acme/settings/team/invitations/{invitation.pk}/revocation/"
    assert client.post(revoke).status_code == 302
    assert client.post(revoke).status_code == 409
    answer = _client().get(f"/invitation/acme/{token}/")
    assert answer.status_code == 410
    assert b"was revoked" in answer.content


def test_a_token_opens_its_own_msp_only(owner: Membership) -> None:
    token = _invite(owner)
    builders.an_msp("Rival", "rival")
    for address in (f"/invitation/rival/{token}/", f"/invitation/nobody/{token}/", f"/invitation/acme/{token}x/"):
        assert _client().get(address).status_code == 404


@pytest.mark.django_db(transaction=True)
def test_a_link_that_is_accepted_twice_at_once_makes_one_member() -> None:
    owner = builders.a_member(builders.an_msp("Acme IT", "acme"))
    nina = builders.a_user("Nina Novak", "nina@example.com")
    address = f"/invitation/acme/{_invite(owner)}/"
    browsers = [_client(nina) for _ in range(3)]
    statuses = [answer.status_code for answer in at_once(*[partial(browser.post, address) for browser in browsers])]
    assert statuses.count(302) == 1
    assert set(statuses) <= {302, 409, 410}
    assert Membership.objects.filter(user=nina).count() == 1


# --- roles and the last owner


def test_the_only_owner_stays_an_owner(owner: Membership) -> None:
    builders.a_member(owner.msp, Role.MANAGER)
    with tenancy.use(owner.msp.pk):
        with pytest.raises(team.LastOwner, match="is the only owner"):
            team.change_role(owner, role=Role.MANAGER, by=owner, at=timezone.now())
        with pytest.raises(team.LastOwner):
            team.deactivate(owner, by=owner, at=timezone.now())


def test_an_owner_whose_account_is_closed_does_not_count(owner: Membership) -> None:
    closed = builders.a_member(owner.msp, Role.OWNER, name="Clara Closed")
    User.objects.filter(pk=closed.user_id).update(is_active=False)
    with tenancy.use(owner.msp.pk), pytest.raises(team.LastOwner):
        team.deactivate(owner, by=owner, at=timezone.now())


def test_with_two_owners_one_can_go(owner: Membership) -> None:
    second = builders.a_member(owner.msp, Role.OWNER, name="Sue Second")
    with tenancy.use(owner.msp.pk):
        team.change_role(second, role=Role.MANAGER, by=owner, at=timezone.now())
        team.change_role(second, role=Role.OWNER, by=owner, at=timezone.now())
        team.deactivate(owner, by=second, at=timezone.now())
        told = [event.facts for event in AuditEvent.objects.filter(action="team.role_changed").order_by("pk")]
        assert told[0] == {"person": "Sue Second", "role": "manager", "before": "owner"}


@pytest.mark.django_db(transaction=True)
def test_two_owners_who_deactivate_each_other_leave_one() -> None:
    msp = builders.an_msp("Acme IT", "acme")
    alice, sue = [builders.a_member(msp, name=name) for name in ("Alice Adams", "Sue Second")]

    def deactivation(by: Membership, member: Membership) -> Callable[[], Any]:
        return partial(_client(by.user).post, f"/acme/settings/team/{member.pk}/deactivation/")

    answers = at_once(deactivation(alice, sue), deactivation(sue, alice))
    assert [answer.status_code for answer in answers].count(302) == 1
    assert Membership.objects.active().filter(msp=msp, role=Role.OWNER).count() == 1


def test_another_msps_people_cannot_be_touched(owner: Membership) -> None:
    stranger = builders.a_member(builders.an_msp("Rival", "rival"), Role.MANAGER, name="Rob Rival")
    client = _client(owner.user)
    for action in ("role", "deactivation", "reactivation"):
        address = f"/acme/settings/team/{stranger.pk}/{action}/"
        assert client.post(address, {"role": "read_only"}).status_code == 404
    stranger.refresh_from_db()
    assert (stranger.role, stranger.deactivated_at) == (Role.MANAGER, None)


def test_a_second_approver_ends_the_waiver(owner: Membership) -> None:
    with tenancy.use(owner.msp.pk):
        msps.waive_second_person(owner.msp, by=owner, at=timezone.now())
    nina = builders.a_user("Nina Novak", "nina@example.com")
    token = _invite(owner)
    with tenancy.use(owner.msp.pk):
        team.accept(token, user=nina, at=timezone.now())
    assert Msp.objects.get().one_person_approval_at is None


def test_a_manager_who_joins_leaves_the_waiver_alone(owner: Membership) -> None:
    with tenancy.use(owner.msp.pk):
        msps.waive_second_person(owner.msp, by=owner, at=timezone.now())
    nina = builders.a_user("Nina Novak", "nina@example.com")
    token = _invite(owner, role=Role.MANAGER)
    with tenancy.use(owner.msp.pk):
        member = team.accept(token, user=nina, at=timezone.now())
        assert Msp.objects.get().one_person_approval_at is not None
        team.change_role(member, role=Role.FINANCE, by=owner, at=timezone.now())
        assert Msp.objects.get().one_person_approval_at is None


def test_the_team_page_shows_people_invitations_and_what_they_may(owner: Membership) -> None:
    _invite(owner)
    builders.a_member(builders.an_msp("Rival", "rival"), name="Rob Rival")
    reader = builders.a_member(owner.msp, Role.READ_ONLY, name="Rita Role")
    html = _client(owner.user).get("/acme/settings/team/").content.decode()
    assert all(name in html for name in ("Alice Adams", "Rita Role", "nina@example.com", "Deactivate"))
    assert "Rob Rival" not in html
    seen = re.sub(r"\s+", " ", _client(reader.user).get("/acme/settings/team/").content.decode())
    assert "Change role" not in seen
    assert "Invite someone" not in seen


def test_somebody_of_the_team_does_not_join_it_again_with_another_address(owner: Membership) -> None:
    token = _invite(owner, "second@example.com")
    EmailAddress.objects.create(user=owner.user, email="second@example.com", verified=True)
    with tenancy.use(owner.msp.pk), pytest.raises(team.AlreadyOnTheTeam, match="You are already on this team"):
        team.accept(token, user=owner.user, at=timezone.now())
