"""The doors: who gets in, what a refusal leaves behind, and a form that is sent twice."""

from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from elinkages.accounts import rights, team
from elinkages.accounts.access import dashboard
from elinkages.accounts.models import Invitation, Membership, Msp, Submission
from elinkages.accounts.rights import Role
from elinkages.audit.models import AuditEvent
from elinkages.kernel import tenancy
from elinkages.mail.models import Message
from tests import builders
from tests.races import at_once

pytestmark = pytest.mark.django_db


@pytest.fixture
def msp() -> Msp:
    return builders.an_msp("Acme IT", "acme")


@pytest.fixture
def owner(msp: Msp) -> Membership:
    return builders.a_member(msp)


def _client(member: Membership) -> Client:
    return builders.a_browser(member.user)


# --- who gets in


def test_somebody_signed_out_is_sent_to_the_login_and_comes_back(msp: Msp, client: Client) -> None:
    answer = client.get("/acme/settings/?tab=1")
    assert (answer.status_code, answer["Location"]) == (302, "/accounts/login/?next=/acme/settings/%3Ftab%3D1")


def test_an_msp_that_is_not_mine_does_not_exist_for_me(msp: Msp) -> None:
    stranger = builders.a_member(builders.an_msp("Rival"))
    for address in ("/acme/settings/", "/acme/settings/team/", "/nobody/settings/"):
        assert _client(stranger).get(address).status_code == 404


@pytest.mark.parametrize("role", Role.values)
def test_a_role_opens_what_its_rights_say(msp: Msp, owner: Membership, role: str) -> None:
    client = _client(builders.a_member(msp, role, name="Rita Role"))
    assert client.get("/acme/settings/").status_code == 200
    expected = 200 if role in rights.RIGHTS["team.manage"] else 403
    assert client.get("/acme/settings/team/invitations/").status_code == expected
    assert client.post("/acme/settings/team/invitations/", {"email": "x"}).status_code == (
        422 if expected == 200 else 403
    )


def test_a_change_of_role_and_a_deactivation_hold_from_the_next_click_on(msp: Msp, owner: Membership) -> None:
    member = builders.a_member(msp, Role.OWNER, name="Rita Role")
    client = _client(member)
    assert client.get("/acme/settings/edit/").status_code == 200
    with tenancy.use(msp.pk):
        team.change_role(member, role=Role.READ_ONLY, by=owner, at=builders.AT)
    assert client.get("/acme/settings/edit/").status_code == 403
    with tenancy.use(msp.pk):
        team.deactivate(member, by=owner, at=builders.AT)
    assert client.get("/acme/settings/").status_code == 404
    with tenancy.use(msp.pk):
        team.reactivate(member, by=owner, at=builders.AT)
    assert client.get("/acme/settings/").status_code == 200


def test_a_closed_account_opens_no_door(msp: Msp, owner: Membership) -> None:
    client = _client(owner)
    owner.user.is_active = False
    owner.user.save()
    assert client.get("/acme/settings/").status_code == 302


def test_a_right_that_does_not_exist_cannot_be_asked_for(owner: Membership) -> None:
    with pytest.raises(KeyError):
        dashboard(can="everything")
    with pytest.raises(KeyError):
        owner.may("everything")


# --- what is left behind


def test_a_refusal_says_why_and_rolls_everything_back(msp: Msp, owner: Membership) -> None:
    key = str(uuid4())
    answer = _client(owner).post(f"/acme/settings/team/{owner.pk}/deactivation/", {"_once": key})
    assert answer.status_code == 409
    assert b"only owner" in answer.content
    owner.refresh_from_db()
    assert owner.deactivated_at is None
    with tenancy.use(msp.pk):
        assert not Submission.objects.exists()
        assert not AuditEvent.objects.exists()


@pytest.mark.parametrize(
    ("referer", "back"),
    [
        ("http://testserver/acme/settings/team/?page=2", "/acme/settings/team/?page=2"),
        ("http://testserver//evil.example/", "/acme/"),
        ("http://testserver.evil.example/", "/acme/"),
        ("https://evil.example/http://testserver/", "/acme/"),
        ("", "/acme/"),
    ],
)
def test_a_refusal_leads_back_to_a_page_of_ours(msp: Msp, owner: Membership, referer: str, back: str) -> None:
    answer = _client(owner).post(f"/acme/settings/team/{owner.pk}/deactivation/", HTTP_REFERER=referer)
    assert f'<a class="button primary" href="{back}">Go back</a>' in answer.content.decode()


def test_a_form_with_mistakes_keeps_what_was_typed_and_can_be_sent_again(msp: Msp, owner: Membership) -> None:
    client, key = _client(owner), str(uuid4())
    wrong = client.post("/acme/settings/team/invitations/", {"email": "nina@", "role": "finance", "_once": key})
    assert wrong.status_code == 422
    assert b'value="nina@"' in wrong.content
    right = client.post(
        "/acme/settings/team/invitations/", {"email": "nina@example.com", "role": "finance", "_once": key}
    )
    assert right.status_code == 302


def test_the_second_copy_of_a_form_is_shown_what_the_first_one_did(msp: Msp, owner: Membership) -> None:
    client = _client(owner)
    form = {"email": "nina@example.com", "role": "finance", "_once": str(uuid4())}
    answers = [client.post("/acme/settings/team/invitations/", form) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [302, 303]
    assert {answer["Location"] for answer in answers} == {"/acme/settings/team/"}
    with tenancy.use(msp.pk):
        assert Invitation.objects.count() == 1
        assert Message.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_form_sent_twice_at_the_same_time_has_one_effect() -> None:
    msp = builders.an_msp("Acme IT", "acme")
    owner = builders.a_member(msp)
    form = {"name": "Cabling", "_once": str(uuid4())}
    browsers = [_client(owner) for _ in range(4)]
    answers = at_once(*[partial(browser.post, "/acme/settings/service-lines/new/", form) for browser in browsers])
    assert sorted(answer.status_code for answer in answers) == [302, 303, 303, 303]
    assert {answer["Location"] for answer in answers} == {"/acme/settings/service-lines/"}
    with tenancy.use(msp.pk):
        assert AuditEvent.objects.filter(action="service_line.added").count() == 1


@pytest.mark.parametrize("key", ["", "x", "' OR 1=1", "0" * 36, "6F9619FF-8B86-D011-B42D-00CF4FC964FF", "\0"])
def test_a_form_without_a_proper_id_is_simply_sent(msp: Msp, owner: Membership, key: str) -> None:
    answer: Any = _client(owner).post("/acme/settings/service-lines/new/", {"name": "Cabling", "_once": key})
    assert answer.status_code == 302
    with tenancy.use(msp.pk):
        assert not Submission.objects.exists()


def test_a_post_without_a_token_of_ours_changes_nothing(msp: Msp, owner: Membership) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(owner.user)
    answer = client.post("/acme/settings/service-lines/new/", {"name": "Cabling"})
    assert answer.status_code == 403
    assert b"Nothing was changed" in answer.content
