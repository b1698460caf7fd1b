"""Asked once more who it is: before money and secrets, and what was typed is done afterwards, once."""

import re
import time
from typing import Any
from uuid import uuid4

import pytest
from allauth.mfa.models import Authenticator
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from commissions.models import CreditApplication, Payout, PayoutRun, Rail
from elinkages.accounts.models import Invitation, Membership, Msp, PortalDomain
from elinkages.accounts.rights import Role
from elinkages.kernel import tenancy
from tests import builders, walk
from tests.accounts.test_second_factor import code
from tests.world import House, World

pytestmark = pytest.mark.django_db

MUST_ASK = {
    "approval-waiver", "payout-run-approval", "payout-run-release", "payout-run-settlement", "payout-settlement",
    "payout-return", "payout-failure", "team-member-role", "team-invitation-list", "team-invitation-resending",
    "team-member-reactivation", "domain",
}  # fmt: skip


@pytest.fixture(autouse=True)
def _alone() -> None:
    cache.clear()


@pytest.fixture
def acme(cast: World) -> House:
    return cast.acme


def _long_ago(client: Client) -> Client:
    session = client.session
    session["confirmed_at"] = time.time() - 901
    session.save()
    return client


@pytest.fixture
def finance(acme: House) -> Client:
    """The finance person's browser, left open since the morning."""
    return _long_ago(walk.client_of(acme.members[Role.FINANCE].user))


def _settlement(acme: House) -> tuple[str, dict[str, str]]:
    path = f"/{acme.msp.slug}/payouts/{acme.ids['payout_id']}/settlement/"
    today = acme.msp.today(timezone.now())
    return path, {"reference": "ACH 0042", "paid_on": today.isoformat(), "_once": str(uuid4())}


def _state(acme: House) -> str:
    with tenancy.use(acme.msp.pk):
        return Payout.objects.get(pk=acme.ids["payout_id"]).state


def _hidden(html: str) -> dict[str, str]:
    return dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', html))


def test_every_verb_over_money_and_power_asks(acme: House) -> None:
    asking = {name.partition(":")[2] for name in _asking("dashboard")}
    assert asking >= MUST_ASK


def _asking(door: str) -> set[str]:
    from django.urls import get_resolver

    from elinkages.accounts import doors

    group: Any = get_resolver(doors.URLCONFS[door]).url_patterns[0]
    return {f"{door}:{one.name}" for one in group.url_patterns if getattr(one.callback, "recent", False)}


def test_what_was_typed_survives_and_is_done_once(acme: House, finance: Client) -> None:
    path, form = _settlement(acme)
    answer = finance.post(path, form)
    assert answer["Location"].startswith("/accounts/reauthenticate/?next=")
    assert _state(acme) == "submitted"
    assert b"Use a code" in finance.get(answer["Location"]).content
    back = re.search(r"next=([^&]+)", answer["Location"])
    assert back
    here = back[1].replace("%2F", "/")
    assert finance.get(here)["Location"].startswith("/accounts/reauthenticate/"), "not before it is confirmed"
    before = finance.session.session_key
    passed = finance.post("/accounts/reauthenticate/", {"password": builders.PASSWORD, "next": here})
    assert passed["Location"] == here
    assert finance.session.session_key != before
    html = finance.get(here).content.decode()
    kept = _hidden(html)
    assert f'action="{path}"' in html
    assert (kept["reference"], kept["_once"]) == ("ACH 0042", form["_once"])
    assert _state(acme) == "submitted", "reading the page does nothing"
    assert finance.post(path, kept).status_code == 302
    assert _state(acme) == "paid"
    assert finance.post(path, kept).status_code in (302, 303), "the receipt answers the second copy"


def test_a_code_of_the_app_confirms_too(acme: House, finance: Client) -> None:
    path, form = _settlement(acme)
    here = finance.post(path, form)["Location"].partition("next=")[2].replace("%2F", "/")
    assert finance.post("/accounts/2fa/reauthenticate/", {"code": "000000", "next": here}).status_code == 200
    assert finance.post("/accounts/2fa/reauthenticate/", {"code": code(), "next": here})["Location"] == here
    assert finance.get(here).status_code == 200


def test_a_wrong_password_confirms_nothing_and_guessing_is_stopped(acme: House, finance: Client) -> None:
    path, form = _settlement(acme)
    answers = [finance.post("/accounts/reauthenticate/", {"password": "wrong"}).status_code for _ in range(11)]
    assert answers[0] == 200
    assert answers[-1] == 429
    assert finance.post(path, form)["Location"].startswith("/accounts/reauthenticate/")
    assert _state(acme) == "submitted"


def test_looking_at_the_page_asks_nothing(acme: House, finance: Client) -> None:
    assert finance.get(_settlement(acme)[0]).status_code == 200


def test_somebody_else_at_this_browser_finds_nothing_of_it(acme: House, finance: Client) -> None:
    path, form = _settlement(acme)
    here = finance.post(path, form)["Location"].partition("next=")[2].replace("%2F", "/")
    finance.post("/accounts/logout/")
    assert finance.get(here)["Location"].startswith("/accounts/login/")
    finance.force_login(acme.members[Role.OWNER].user)
    assert finance.get(here).status_code == 410
    other = walk.client_of(acme.members[Role.FINANCE].user)
    assert other.get(here).status_code == 410
    assert other.get(f"/accounts/go-on/{uuid4()}/").status_code == 410


def test_what_waited_too_long_is_gone_and_said_so(acme: House, finance: Client) -> None:
    path, form = _settlement(acme)
    here = finance.post(path, form)["Location"].partition("next=")[2].replace("%2F", "/")
    session = finance.session
    session["detours"] = [{**one, "at": one["at"] - 901} for one in session["detours"]]
    session["confirmed_at"] = time.time()
    session.save()
    answer = finance.get(here)
    assert answer.status_code == 410
    assert b"nothing was changed" in answer.content


def test_a_login_confirms_for_a_quarter_of_an_hour(acme: House) -> None:
    path, form = _settlement(acme)
    assert walk.client_of(acme.members[Role.FINANCE].user).post(path, form).status_code == 302
    assert _state(acme) == "paid"


def test_a_form_by_htmx_is_sent_to_the_page_and_not_into_a_corner_of_it(acme: House, finance: Client) -> None:
    path, form = _settlement(acme)
    answer = finance.post(path, form, headers={"HX-Request": "true"})
    assert answer["HX-Redirect"].startswith("/accounts/reauthenticate/?next=")


def test_money_waits_for_a_second_factor_from_the_first_day_and_what_was_typed_too(acme: House) -> None:
    person = acme.members[Role.FINANCE].user
    Authenticator.objects.filter(user=person).delete()
    client = walk.client_of(person)
    path, form = _settlement(acme)
    answer = client.post(path, form)
    assert answer["Location"].startswith("/accounts/second-factor/?next=")
    assert _state(acme) == "submitted"
    client.get(answer["Location"])
    builders.a_second_factor(person)
    here = client.get("/accounts/second-factor/")["Location"]
    assert client.post(path, _hidden(client.get(here).content.decode())).status_code == 302
    assert _state(acme) == "paid"


def test_a_session_without_the_right_is_refused_before_it_is_asked_anything(acme: House) -> None:
    client = _long_ago(walk.client_of(acme.members[Role.READ_ONLY].user))
    path, form = _settlement(acme)
    assert client.post(path, form).status_code == 403


@pytest.mark.parametrize(
    "hostile", ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)"]
)
def test_no_address_leads_away_from_here(acme: House, finance: Client, hostile: str) -> None:
    answer = finance.post("/accounts/reauthenticate/", {"password": builders.PASSWORD, "next": hostile})
    assert "evil" not in answer["Location"]
    finance.get("/accounts/second-factor/", {"next": hostile})
    assert finance.get("/accounts/second-factor/")["Location"] == "/start/"


def test_an_approval_of_a_run_asks(acme: House) -> None:
    client = _long_ago(walk.client_of(acme.members[Role.OWNER].user))
    with tenancy.use(acme.msp.pk):
        run = PayoutRun.objects.get(rail=Rail.MANUAL)
        payout, application = run.payouts.all()[0], CreditApplication.objects.get()
    steps = [f"payouts/runs/{run.pk}/{step}/" for step in ("approval", "release", "settlement", "cancellation")]
    steps += [f"payouts/{payout.pk}/{step}/" for step in ("settlement", "failure", "return", "cancellation")]
    steps += [f"partners/{payout.partner_id}/credit/new/", f"payouts/credit/applied/{application.pk}/undoing/"]
    for step in steps:
        answer: Any = client.post(f"/{acme.msp.slug}/{step}", {})
        assert answer["Location"].startswith("/accounts/reauthenticate/"), step
    listed: Any = client.get(f"/{acme.msp.slug}/payouts/runs/{run.pk}/file/")
    assert listed["Location"].startswith("/accounts/reauthenticate/"), "the list names everybody who is paid"


def test_an_owner_of_yesterday_does_not_change_roles_or_waive_without_a_word(acme: House) -> None:
    client = _long_ago(walk.client_of(acme.members[Role.OWNER].user))
    reader = acme.members[Role.READ_ONLY]
    answer = client.post(f"/{acme.msp.slug}/settings/team/{reader.pk}/role/", {"role": "owner"})
    assert answer["Location"].startswith("/accounts/reauthenticate/")
    assert Membership.objects.get(pk=reader.pk).role == Role.READ_ONLY
    assert client.post(f"/{acme.msp.slug}/settings/approval-waiver/")["Location"].startswith("/accounts/reauth")
    assert Msp.objects.get(pk=acme.msp.pk).one_person_approval_at is None


def test_an_owner_of_yesterday_lets_nobody_in_without_a_word(acme: House) -> None:
    """A session left open makes no second owner, and leads nobody's letters to another host."""
    client = _long_ago(walk.client_of(acme.members[Role.OWNER].user))
    for path, form in (
        ("team/invitations/", {"email": "accomplice@example.com", "role": "owner"}),
        (f"team/{acme.members[Role.READ_ONLY].pk}/reactivation/", {}),
        ("host-name/", {"host": "partners.evil-it.com"}),
    ):
        answer = client.post(f"/{acme.msp.slug}/settings/{path}", form)
        assert answer["Location"].startswith("/accounts/reauthenticate/"), path
    with tenancy.use(acme.msp.pk):
        assert not Invitation.objects.filter(email="accomplice@example.com").exists()
    assert not PortalDomain.objects.exists()


def test_our_staff_of_half_an_hour_ago_enters_nothing_without_a_word(acme: House) -> None:
    client = _long_ago(walk.client_of(builders.a_user("Olga Ops", is_staff=True)))
    person = acme.members[Role.FINANCE].user
    for path, form in (
        ("enter/", {"msp": str(acme.msp.pk), "reason": "Ticket 4711: an import stopped", "minutes": "15"}),
        (f"accounts/user/{person.pk}/change/", {"is_active": ""}),
        (f"health/{acme.msp.pk}/unparking/", {"reason": "The books were set right"}),
    ):
        assert client.post(f"/ops/{path}", form)["Location"].startswith("/accounts/reauthenticate/"), path
    person.refresh_from_db()
    assert person.is_active
    assert client.get("/ops/").status_code == 200
