"""Inviting within reason, handing over, leaving, closing: and there is an owner all the time."""

from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from elinkages.accounts import closing, msps, ownership, team
from elinkages.accounts.models import Invitation, Membership, Msp, OwnershipTransfer, User, UserSession
from elinkages.accounts.rights import Role
from elinkages.audit.models import AuditEvent
from elinkages.kernel import tenancy
from elinkages.kernel.tasks import msp_ids
from elinkages.mail.models import AccountLetter, Message
from partners.models import PartnerLogin
from tests import builders
from tests.races import at_once

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _alone() -> None:
    cache.clear()


@pytest.fixture
def owner() -> Membership:
    return builders.a_member(builders.an_msp("Acme IT", "acme"))


@pytest.fixture
def manager(owner: Membership) -> Membership:
    return builders.a_member(owner.msp, Role.MANAGER, "Mona Manager")


def _browser(member: Membership) -> Client:
    return builders.a_browser(member.user)


def _told(msp: Msp) -> list[str]:
    with tenancy.use(msp.pk):
        return list(Message.objects.order_by("created_at", "pk").values_list("subject", flat=True))


# --- invitations


def test_an_invitation_is_sent_again_with_a_new_link_and_the_old_one_ends(owner: Membership) -> None:
    with tenancy.use(owner.msp.pk):
        old = team.invite(email="nina@example.com", role=Role.FINANCE, by=owner, at=timezone.now())
        Invitation.objects.update(expires_at=timezone.now())
        waiting = Invitation.objects.get()
    assert b"Send again" in _browser(owner).get("/acme/settings/team/").content
    assert _browser(owner).post(f"/acme/settings/team/invitations/{waiting.pk}/resending/").status_code == 302
    with tenancy.use(owner.msp.pk):
        with pytest.raises(team.InvitationOver):
            team.find(old, at=timezone.now())
        assert Invitation.objects.get().is_open(timezone.now())
        assert Message.objects.count() == 2


def test_nobody_is_written_to_without_end(owner: Membership, monkeypatch: pytest.MonkeyPatch) -> None:
    with tenancy.use(owner.msp.pk):
        team.invite(email="nina@example.com", role=Role.FINANCE, by=owner, at=timezone.now())
        waiting = Invitation.objects.get()
        for _ in range(team.RESENDS):
            team.resend(waiting, by=owner, at=timezone.now())
        with pytest.raises(team.TooManyInvitations, match="6 e-mails"):
            team.resend(waiting, by=owner, at=timezone.now())
        team.revoke(waiting, by=owner, at=timezone.now())
        with pytest.raises(team.InvitationOver):
            team.resend(waiting, by=owner, at=timezone.now())


def test_an_msp_sends_so_many_invitations_a_day_and_goes_on_tomorrow(
    owner: Membership, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(team, "A_DAY", 3)
    with tenancy.use(owner.msp.pk):
        for number in range(2):
            team.invite(email=f"n{number}@example.com", role=Role.FINANCE, by=owner, at=timezone.now())
        team.resend(Invitation.objects.all()[0], by=owner, at=timezone.now())
        with pytest.raises(team.TooManyInvitations, match="tomorrow"):
            team.resend(Invitation.objects.all()[0], by=owner, at=timezone.now())
    answer = _browser(owner).post("/acme/settings/team/invitations/", {"email": "x@example.com", "role": "manager"})
    assert answer.status_code == 422
    assert b"within a day" in answer.content
    with tenancy.use(owner.msp.pk):
        team.invite(email="y@example.com", role=Role.FINANCE, by=owner, at=timezone.now() + timedelta(days=1, hours=1))


# --- handing over


def test_an_owner_hands_over_and_the_other_person_accepts(owner: Membership, manager: Membership) -> None:
    boss, heir = _browser(owner), _browser(manager)
    builders.a_second_factor(manager.user)
    address = f"/acme/settings/team/{manager.pk}/ownership/"
    assert b"Hand Acme IT over to Mona Manager" in boss.get(address).content
    assert boss.post(address, {"role_after": "finance"}).status_code == 302
    manager.refresh_from_db()
    assert manager.role == Role.MANAGER, "it takes both"
    assert b"is offering to make you the owner" in heir.get("/acme/settings/team/").content
    assert b"Withdraw the offer" in boss.get("/acme/settings/team/").content
    assert heir.post("/acme/settings/ownership/acceptance/").status_code == 302
    owner.refresh_from_db()
    manager.refresh_from_db()
    assert (owner.role, manager.role) == (Role.FINANCE, Role.OWNER)
    assert heir.post("/acme/settings/ownership/acceptance/").status_code == 404
    with tenancy.use(owner.msp.pk):
        actions = set(AuditEvent.objects.values_list("action", flat=True))
    assert {"ownership.offered", "ownership.accepted", "team.role_changed"} <= actions
    assert "Become the owner of Acme IT" in _told(owner.msp)
    assert {"Your role is owner now", "Your role is finance now"} <= set(_told(owner.msp))


def test_whoever_hands_over_can_leave_with_it(owner: Membership, manager: Membership) -> None:
    with tenancy.use(owner.msp.pk):
        offer = ownership.offer(manager, role_after="", by=owner, at=timezone.now())
        ownership.accept(offer, by=manager, at=timezone.now())
    owner.refresh_from_db()
    assert owner.deactivated_at is not None
    assert _browser(owner).get("/acme/").status_code == 404


def test_an_offer_is_for_one_person_for_a_week_and_can_be_taken_back(owner: Membership, manager: Membership) -> None:
    other = builders.a_member(owner.msp, Role.FINANCE, "Fay Finance")
    now = timezone.now()
    with tenancy.use(owner.msp.pk):
        offer = ownership.offer(manager, role_after="manager", by=owner, at=now)
        with pytest.raises(ownership.CannotOffer, match="is waiting"):
            ownership.offer(other, role_after="manager", by=owner, at=now)
        with pytest.raises(ownership.OfferOver):
            ownership.accept(offer, by=other, at=now)
        with pytest.raises(ownership.OfferOver, match="not yours"):
            ownership.end(offer, by=other, at=now)
        with pytest.raises(ownership.OfferOver, match="too old"):
            ownership.accept(offer, by=manager, at=now + ownership.GOOD_FOR)
        ownership.end(offer, by=owner, at=now)
        for verb in (ownership.accept, ownership.end):
            with pytest.raises(ownership.OfferOver):
                verb(offer, by=manager, at=now)
    assert _browser(manager).post("/acme/settings/ownership/acceptance/").status_code == 404
    assert _browser(other).post("/acme/settings/ownership/end/").status_code == 404


def test_who_cannot_offer_and_to_whom_not(owner: Membership, manager: Membership) -> None:
    now = timezone.now()
    second = builders.a_member(owner.msp, Role.OWNER, "Sue Second")
    gone = builders.a_member(owner.msp, Role.FINANCE, "Gene Gone")
    Membership.objects.filter(pk=gone.pk).update(deactivated_at=now)
    with tenancy.use(owner.msp.pk):
        cases: list[tuple[Membership, Membership, str, str]] = [
            (manager, manager, "manager", "Only an owner"),
            (owner, owner, "manager", "already an owner"),
            (second, owner, "manager", "already an owner"),
            (gone, owner, "manager", "deactivated"),
            (manager, owner, "owner", "Choose your role"),
        ]
        for to, by, role_after, sentence in cases:
            with pytest.raises(ownership.CannotOffer, match=sentence):
                ownership.offer(to, role_after=role_after, by=by, at=now)
    assert _browser(manager).get(f"/acme/settings/team/{owner.pk}/ownership/").status_code == 403


def test_an_owner_who_was_demoted_meanwhile_hands_nothing_over(owner: Membership, manager: Membership) -> None:
    second = builders.a_member(owner.msp, Role.OWNER, "Sue Second")
    with tenancy.use(owner.msp.pk):
        offer = ownership.offer(manager, role_after="manager", by=owner, at=timezone.now())
        team.change_role(owner, role=Role.READ_ONLY, by=second, at=timezone.now())
        with pytest.raises(ownership.OfferOver, match="no longer an owner"):
            ownership.accept(offer, by=manager, at=timezone.now())
    manager.refresh_from_db()
    assert manager.role == Role.MANAGER


def test_what_was_offered_is_looked_at_again_when_it_is_taken(owner: Membership, manager: Membership) -> None:
    """Whatever made them another: an offer ends with a demotion, but its row may have been read before."""
    with tenancy.use(owner.msp.pk):
        offered = ownership.offer(manager, role_after="", by=owner, at=builders.AT)
        Membership.objects.filter(pk=owner.pk).update(role=Role.MANAGER)
        with pytest.raises(ownership.OfferOver, match="is no longer an owner"):
            ownership.accept(offered, by=manager, at=builders.AT)
        Membership.objects.filter(pk=owner.pk).update(role=Role.OWNER)
        Membership.objects.filter(pk=manager.pk).update(deactivated_at=builders.AT)
        with pytest.raises(ownership.OfferOver, match="not on this team anymore"):
            ownership.accept(offered, by=manager, at=builders.AT)


@pytest.mark.django_db(transaction=True)
def test_the_offer_the_demotion_and_the_leaving_at_once_leave_an_owner() -> None:
    owner = builders.a_member(builders.an_msp("Acme IT", "acme"))
    heir = builders.a_member(owner.msp, Role.MANAGER, "Mona Manager")
    with tenancy.use(owner.msp.pk):
        ownership.offer(heir, role_after="", by=owner, at=timezone.now())
    boss, next_boss = _browser(owner), _browser(heir)
    statuses = at_once(
        lambda: next_boss.post("/acme/settings/ownership/acceptance/").status_code,
        lambda: boss.post("/acme/settings/leave/").status_code,
        lambda: boss.post(f"/acme/settings/team/{owner.pk}/deactivation/").status_code,
        lambda: next_boss.post("/acme/settings/leave/").status_code,
    )
    assert set(statuses) <= {302, 404, 409}
    assert Membership.objects.active().filter(msp=owner.msp, role=Role.OWNER).count() == 1
    with tenancy.use(owner.msp.pk):
        assert OwnershipTransfer.objects.count() == 1


# --- leaving


def test_a_person_leaves_by_themselves_and_the_last_owner_does_not(owner: Membership, manager: Membership) -> None:
    client = _browser(manager)
    assert client.get("/acme/settings/leave/").status_code == 200
    assert client.post("/acme/settings/leave/")["Location"] == "/start/"
    assert client.get("/acme/").status_code == 404
    answer = _browser(owner).post("/acme/settings/leave/")
    assert answer.status_code == 409
    assert b"only owner" in answer.content
    with tenancy.use(owner.msp.pk):
        assert AuditEvent.objects.filter(action="team.left").count() == 1
    assert "You can no longer open Acme IT" in _told(owner.msp)


def test_a_closed_account_is_forgotten_but_for_the_name_in_the_history(owner: Membership, manager: Membership) -> None:
    user = manager.user
    builders.a_second_factor(user)
    with tenancy.use(owner.msp.pk):
        builders.a_login(builders.a_partner(), user)
    address, client = user.email, _browser(manager)
    assert b"What stays, and why" in client.get("/accounts/close/").content
    assert client.post("/accounts/close/")["Location"] == "/"
    user.refresh_from_db()
    assert (user.is_active, user.has_usable_password(), str(user)) == (False, False, "Mona Manager")
    assert user.email.endswith("@closed.invalid")
    assert not EmailAddress.objects.filter(user=user).exists()
    assert not Authenticator.objects.filter(user=user).exists()
    assert not UserSession.objects.filter(user=user).exists()
    assert not Membership.objects.active().filter(user=user).exists()
    assert not PartnerLogin.objects.open().filter(user=user).exists()
    assert AccountLetter.objects.get(about="account closed").to == address
    assert client.get("/accounts/sessions/")["Location"].startswith("/accounts/login/")
    assert builders.a_user("Another Person", address).pk != user.pk, "the address is free again"


def test_the_only_owner_and_our_staff_do_not_close_their_account(owner: Membership) -> None:
    answer = _browser(owner).post("/accounts/close/")
    assert answer.status_code == 409
    assert b"only owner of Acme IT" in answer.content
    staff = builders.a_user("Olga Ops", is_staff=True)
    with pytest.raises(closing.OneOfUs):
        closing.close(staff, at=timezone.now())
    assert User.objects.filter(is_active=True).count() == 2


# --- closing an MSP


def test_an_msp_closes_after_two_weeks_and_until_then_any_owner_takes_it_back(owner: Membership) -> None:
    second = builders.a_member(owner.msp, Role.OWNER, "Sue Second")
    client = _browser(owner)
    assert client.get("/acme/settings/closing/").status_code == 200
    wrong = client.post("/acme/settings/closing/", {"reason": "Sold", "name": "Other"})
    assert wrong.status_code == 422
    assert client.post("/acme/settings/closing/", {"reason": "Sold", "name": "acme it"}).status_code == 302
    assert b"Acme IT closes on" in client.get("/acme/").content
    assert client.post("/acme/settings/closing/", {"reason": "Sold", "name": "acme it"}).status_code == 422
    assert _browser(second).post("/acme/settings/closing/withdrawal/").status_code == 302
    assert Msp.objects.get(pk=owner.msp.pk).closes_at is None
    assert client.post("/acme/settings/closing/withdrawal/").status_code == 409


def test_nobody_enters_a_closed_msp_nothing_runs_and_everything_is_kept(owner: Membership, manager: Membership) -> None:
    petra = builders.a_user("Petra Park")
    with tenancy.use(owner.msp.pk):
        builders.a_login(builders.a_partner(), petra)
        token = team.invite(email="nina@example.com", role=Role.MANAGER, by=owner, at=timezone.now())
        msps.close(owner.msp, reason="Sold", days=14, by=owner, at=timezone.now() - timedelta(days=14))
    partner = builders.a_browser(petra)
    for client, address in (
        (_browser(owner), "/acme/"), (_browser(manager), "/acme/settings/"), (partner, "/p/acme/"),
        (Client(), f"/invitation/acme/{token}/"),
    ):  # fmt: skip
        assert client.get(address).status_code == 410, address
        assert client.post(address).status_code in (405, 410), address
    assert _browser(owner).post("/acme/settings/closing/withdrawal/").status_code == 410
    assert owner.msp.pk not in list(msp_ids())
    with tenancy.use(owner.msp.pk):
        assert AuditEvent.objects.filter(action="msp.closing").exists()
    assert closing.only_owner_of(owner.user, timezone.now()) == [], "a closed company needs no owner"


def test_our_staff_closes_and_opens_with_a_reason_and_an_owner_cannot_undo_it(owner: Membership) -> None:
    staff = builders.a_browser(builders.a_user("Olga Ops", is_staff=True))
    address = f"/ops/closing/{owner.msp.pk}/"
    assert staff.post(address, {"reason": "short", "days": "0"}).status_code == 422
    assert staff.post(address, {"reason": "Unpaid since March, ticket 4711", "days": "30"}).status_code == 302
    boss = _browser(owner)
    assert boss.post("/acme/settings/closing/withdrawal/").status_code == 403
    assert b"Keep it open" not in boss.get("/acme/settings/").content
    assert staff.post(address, {"reason": "Unpaid since March, ticket 4711", "days": "0"}).status_code == 302
    assert boss.get("/acme/").status_code == 410
    assert staff.post(address, {"open": "1"}).status_code == 302
    assert boss.get("/acme/").status_code == 200
    assert _browser(owner).post(address, {"open": "1"}).status_code == 404
    with tenancy.use(owner.msp.pk):
        said = AuditEvent.objects.filter(action="msp.closing").values_list("actor_name", flat=True)
        assert set(said) == {"Olga Ops (Elinkages)"}


# --- the rule for second factors


def test_an_owner_asks_everybody_for_a_second_factor_and_nobody_else_does(
    owner: Membership, manager: Membership
) -> None:
    boss = _browser(owner)
    assert b"Mona Manager" in boss.get("/acme/settings/second-factor/").content
    assert boss.post("/acme/settings/second-factor/", {"who": "everyone", "days": "99"}).status_code == 422
    assert boss.post("/acme/settings/second-factor/", {"who": "everyone", "days": "0"}).status_code == 302
    assert _browser(manager).get("/acme/")["Location"].startswith("/accounts/second-factor/")
    assert boss.post("/acme/settings/second-factor/", {"who": "payers", "days": "0"}).status_code == 302
    assert _browser(manager).get("/acme/").status_code == 200
    with pytest.raises(msps.NotAnOwner), tenancy.use(owner.msp.pk):
        msps.require_second_factor(owner.msp, days=3, by=manager, at=timezone.now())
