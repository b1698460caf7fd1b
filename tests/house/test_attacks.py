"""What someone tries who means harm, or whose keyboard slips: foreign ids in bodies, markup, odd numbers, odd days."""

from datetime import timedelta
from html import escape
from typing import Any
from uuid import UUID

import pytest
from allauth.account.models import EmailAddress
from django.test import Client
from django.utils import timezone

from commissions import payouts
from commissions.models import Payout, PayoutRun, PayoutState, PlanVersion
from elinkages.accounts import msps, team
from elinkages.accounts.models import Msp, User
from elinkages.accounts.rights import Role
from elinkages.kernel import tenancy
from elinkages.mail.models import AccountLetter, Message
from elinkages.mail.tasks import compose
from partners.models import Contact, Partner, PartnerState
from referrals.models import Client as MspClient
from referrals.models import Referral, ServiceLine
from tests import builders, walk, world
from tests.world import AT, TODAY, World

pytestmark = pytest.mark.django_db

MARKUP = "'\"><img src=x onerror=alert(1)>{{7*7}}"


@pytest.fixture
def owner(cast: World) -> Client:
    """The browser of Acme's owner."""
    return walk.client_of(cast.acme.members[Role.OWNER].user)


def _address(cast: World, name: str, **arguments: Any) -> str:
    found = next(address for address in walk.addresses("dashboard") if address.name == f"dashboard:{name}")
    return found.url(cast.acme, {**cast.acme.ids, **arguments}, "dashboard").partition("?")[0]


def _version(house: world.House) -> UUID:
    with tenancy.use(house.msp.pk):
        return PlanVersion.objects.filter(plan=house.ids["plan_id"]).get().pk


def test_ids_of_another_msp_in_the_body_of_a_form_reach_nothing(cast: World, owner: Client) -> None:
    theirs, rival, acme = cast.rival.ids, cast.rival, cast.acme
    rule = {"plan": acme.ids["plan_id"], "valid_from": "2026-01-01"}
    contract = {"service_line": theirs["line_id"], "mrr": "100", "starts_on": "2026-01-01"}
    company = {"company": "Somebody New", "partner_name": rival.petra.name}
    share = {"share-TOTAL_FORMS": 1, "share-INITIAL_FORMS": 0, "share-0-share": "50"}
    rows = {"contracts-TOTAL_FORMS": 1, "contracts-INITIAL_FORMS": 0}
    member = rival.members[Role.OWNER].pk
    forms: list[tuple[str, dict[str, Any]]] = [
        ("plan-rule-new", {"plan": theirs["plan_id"], "who": "everyone", "valid_from": "2026-01-01"}),
        ("plan-rule-new", {**rule, "who": "partner", "partner": theirs["partner_id"]}),
        ("plan-rule-new", {**rule, "who": "everyone", "service_line": theirs["line_id"]}),
        ("contract-new", contract),
        ("contract-plan", {"won_on": "2026-01-01", "version": _version(rival), "note": "Ours now"}),
        ("referral-new", {**company, "partner": theirs["partner_id"]}),
        ("referral-new", {"company": "Somebody New", "partner_name": acme.petra.name, "owner": member}),
        ("referral-credit", {**share, "share-0-partner": theirs["partner_id"], "share-0-partner_name": "Zanzibar"}),
        ("referral-next-action", {"owner": member, "next_action": "Call"}),
        ("referral-win", {"client_name": "X", "won_on": "2026-01-01", **rows}
         | {f"contracts-0-{name}": value for name, value in contract.items()}),
        ("partner-edit", {"kind": "vcio", "name": "New name", "owner": member}),
        ("partner-invitation", {"contact": theirs["contact_id"]}),
    ]  # fmt: skip
    before, mine = walk.fingerprint(rival), walk.fingerprint(acme)
    for name, body in forms:
        answer = owner.post(_address(cast, name), body)
        assert answer.status_code in (404, 409, 422) or name == "partner-invitation", (name, answer.status_code)
        assert rival.canary.encode() not in answer.content.replace(f'value="{rival.petra.name}"'.encode(), b"").replace(
            b"Zanzibar Park CPA\xe2\x80\x9d", b""
        ).replace(b'value="Zanzibar"', b"").replace(b"Zanzibar\xe2\x80\x9d", b""), name
    assert walk.fingerprint(rival) == before
    assert walk.fingerprint(acme) == mine


def test_ids_of_another_msp_in_a_query_string_find_nothing(cast: World, owner: Client) -> None:
    theirs = cast.rival.ids
    hold = _address(cast, "hold-new")
    for query in (f"partner={theirs['partner_id']}", f"contract={theirs['contract_id']}", "partner=x", ""):
        assert owner.get(f"{hold}?{query}").status_code == 404
        assert owner.post(f"{hold}?{query}", {"reason": "Because"}).status_code == 404
    for name, query in (
        ("commission-list", f"partner={theirs['partner_id']}"),
        ("referral-list", f"owner={cast.rival.members[Role.OWNER].pk}"),
        ("referral-new", f"partner={theirs['partner_id']}"),
        ("referral-new", f"partner={'z' * 36}"),
        ("plan-rule-new", f"partner={theirs['partner_id']}&plan={theirs['plan_id']}&who=partner"),
        ("partner-invitation", f"person={theirs['contact_id']}"),
    ):
        answer = owner.get(f"{_address(cast, name)}?{query}")
        assert answer.status_code == 200
        assert cast.rival.canary.encode() not in answer.content, name


def test_a_partners_form_changes_only_what_it_shows(cast: World) -> None:
    acme, browser = cast.acme, walk.client_of(cast.petra)
    forged = {
        "partner": acme.paul.pk,
        "partner_id": acme.paul.pk,
        "state": "won",
        "stage": "won",
        "msp": cast.rival.msp.pk,
    }
    person = {"contact_name": "Dana Lee", "contact_email": "dana@freightco.example"}
    answer = browser.post(f"/p/{acme.msp.slug}/refer/", {"company": "Freightco", **person, **forged, "owner": "x"})
    assert answer.status_code == 302
    profile = {"name": "Petra Park", "email": cast.petra.email, "id": acme.ids["contact_id"], **forged}
    assert browser.post(f"/p/{acme.msp.slug}/profile/", profile).status_code == 302
    with tenancy.use(acme.msp.pk):
        referral = Referral.objects.get(company="Freightco")
        assert (referral.partner_id, referral.stage) == (acme.petra.pk, "registered")
        assert Contact.objects.get(email=cast.petra.email).partner_id == acme.petra.pk


def test_markup_in_a_name_is_text_on_every_page_and_in_every_letter(cast: World, owner: Client) -> None:
    acme = cast.acme
    with tenancy.use(acme.msp.pk):
        Partner.objects.update(name=MARKUP, note=MARKUP, city=MARKUP, suspended_reason=MARKUP)
        Contact.objects.update(name=MARKUP)
        Referral.objects.update(company=MARKUP, note=MARKUP, contact_name=MARKUP, website=MARKUP, next_action=MARKUP)
        MspClient.objects.update(name=MARKUP, website=MARKUP)
        ServiceLine.objects.update(name=MARKUP)
        payout, now = Payout.objects.get(pk=acme.ids["payout_id"]), timezone.now()
        payouts.settle(payout, reference="T1", paid_on=acme.msp.today(now), by=acme.members[Role.OWNER], at=now)
        letters = "".join(message.html for message in Message.objects.all())
    User.objects.filter(memberships__msp=acme.msp).update(name=MARKUP)
    Msp.objects.filter(pk=acme.msp.pk).update(name=MARKUP)
    pages = letters
    for door, ids, browser in (
        ("dashboard", acme.ids, owner),
        ("portal", acme.portal_ids, walk.client_of(cast.petra)),
    ):
        for address in walk.addresses(door):
            answer = browser.get(address.url(acme, ids, door))
            assert answer.status_code < 500, address.name
            if "html" in answer.headers.get("Content-Type", ""):  # a file is not read as markup
                pages += answer.content.decode(errors="replace")
    assert "<img src=x" not in pages
    assert ">49<" not in pages
    assert escape("<img src=x onerror=alert(1)>") in letters


@pytest.mark.parametrize("typed", [".5", "50.²", "50.٣", "5٣", "1e2", "-5", "NaN", ".", "9" * 10, "+5"])
def test_a_share_is_digits_or_a_sentence(cast: World, owner: Client, typed: str) -> None:
    line = {"share-0-partner": cast.acme.petra.pk, "share-0-partner_name": cast.acme.petra.name, "share-0-share": typed}
    form = {"share-TOTAL_FORMS": 1, "share-INITIAL_FORMS": 0, **line}
    answer = owner.post(_address(cast, "referral-credit"), form)
    assert answer.status_code == (302 if typed == ".5" else 422)


@pytest.mark.parametrize("day", ["0001-01-01", "0026-05-01", "9999-12-31", "2100-01-01"])
def test_a_day_of_another_century_is_a_slip_and_not_a_thousand_months_of_commission(
    cast: World, owner: Client, day: str
) -> None:
    contract = {"service_line": str(cast.acme.ids["line_id"]), "mrr": "100", "starts_on": day}
    before = walk.fingerprint(cast.acme)
    for name, body in (
        ("contract-new", contract),
        ("contract-movement", {"kind": "moved", "mrr": "5000", "effective_on": day}),
        ("contract-first-payment", {"on": day}),
        ("contract-end", {"last_day": day, "reason": "Left"}),
        ("client-leaving", {"last_day": day, "reason": "Left"}),
        ("client-new", {"name": "Somebody New", "since_on": day}),
        ("payout-run-new", {"cutoff_on": day}),
        ("referral-next-action", {"next_action": "Call", "next_action_on": day}),
    ):
        assert owner.post(_address(cast, name), body).status_code == 422, name
        if name.startswith("contract-") and name != "contract-new":
            assert owner.get(_address(cast, name), body).status_code == 200, name
    assert walk.fingerprint(cast.acme) == before


def test_nonsense_in_a_form_is_never_a_fault_of_ours(cast: World, owner: Client) -> None:
    nul = {"company": "a\0b", "contact_email": "a\0@example.com", "website": "h\0", "contact_phone": "2\0125550123"}
    rows = {"add": "1", "contracts-TOTAL_FORMS": "9" * 5000, "contracts-INITIAL_FORMS": "0"}
    for name, body in (
        ("referral-duplicates", nul),
        ("referral-win", rows),
        ("import-columns", {"column_name": "²"}),
        ("import-columns", {"column_name": "9" * 5000}),
    ):
        assert owner.post(_address(cast, name), body).status_code < 500, name


@pytest.mark.parametrize("reference", ["   ", "\u200b", "\u2060\u200d", "-", "\u00a0"])
def test_a_payment_without_a_readable_reference_is_not_recorded(cast: World, owner: Client, reference: str) -> None:
    form = {"reference": reference, "paid_on": cast.acme.msp.today(timezone.now()).isoformat()}
    assert owner.post(_address(cast, "payout-settlement"), form).status_code == 422
    with tenancy.use(cast.acme.msp.pk):
        assert Payout.objects.get(pk=cast.acme.ids["payout_id"]).state == PayoutState.SUBMITTED


def test_a_waiver_is_worth_nothing_once_somebody_else_can_approve(cast: World) -> None:
    """Our staff closed the second approver's account, the owner waived, and the account was opened again."""
    acme = cast.acme
    boss, finance = acme.members[Role.OWNER], acme.members[Role.FINANCE]
    User.objects.filter(pk=finance.user_id).update(is_active=False)
    with tenancy.use(acme.msp.pk):
        msps.waive_second_person(acme.msp, by=boss, at=AT)
        payouts.return_(_paid(acme), reason="Closed account", by=boss, at=timezone.now())
        run = payouts.open_run(cutoff_on=TODAY, by=boss, at=timezone.now()).run
    User.objects.filter(pk=finance.user_id).update(is_active=True)
    with tenancy.use(acme.msp.pk), pytest.raises(payouts.SelfApproval, match="can approve it"):
        payouts.approve(run, by=boss, at=timezone.now(), one_person_reason="Nobody is here")
    with tenancy.use(acme.msp.pk):
        assert PayoutRun.objects.get(pk=run.pk).state == "draft"


def _paid(house: world.House) -> Payout:
    payout = Payout.objects.get(pk=house.ids["payout_id"])
    day = house.msp.today(timezone.now()) - timedelta(days=1)
    return payouts.settle(payout, reference="T1", paid_on=day, by=house.members[Role.OWNER], at=timezone.now())


def test_a_suspended_partner_and_a_closed_login_lose_their_rights_with_the_next_page(cast: World) -> None:
    acme, browser = cast.acme, walk.client_of(cast.petra)
    form = {"company": "Freightco", "contact_name": "Dana", "contact_email": "dana@freightco.example"}
    with tenancy.use(acme.msp.pk):
        Partner.objects.filter(pk=acme.petra.pk).update(state=PartnerState.SUSPENDED, suspended_at=AT)
    before = walk.fingerprint(acme)
    assert browser.post(f"/p/{acme.msp.slug}/refer/", form).status_code == 403
    assert browser.post(f"/p/{acme.msp.slug}/profile/", {"name": "X", "email": "x@example.com"}).status_code == 403
    cast.petra.partner_logins.filter(msp=acme.msp).update(closed_at=AT)
    assert browser.get(f"/p/{acme.msp.slug}/").status_code == 404
    assert browser.get(f"/p/{cast.rival.msp.slug}/").status_code == 200
    assert walk.fingerprint(acme) == before


def test_our_staff_cannot_ask_a_list_for_what_it_does_not_show(cast: World) -> None:
    """`?password__startswith=` would tell a hash character by character; a letter's text, a code."""
    staff = walk.client_of(builders.a_user("Oscar Ops", is_staff=True))
    for path in (
        "accounts/user/?password__startswith=argon2",
        "accounts/membership/?user__password__startswith=argon2",
        "accounts/membership/?msp__parked_reason__contains=Petra",
        "mail/accountletter/?text__contains=1",
    ):
        assert staff.get(f"/ops/{path}").status_code == 400, path
    assert staff.get("/ops/accounts/user/?is_active__exact=1").status_code == 200


def test_a_line_break_in_a_name_starts_no_header_and_no_sentence(cast: World, owner: Client) -> None:
    form = {
        "name": "Acme IT\r\nBcc: everyone@example.com", "contact_email": "hello@acme.example",
        "time_zone": "America/New_York", "currency": "USD", "minimum_payout_minor": "50",
    }  # fmt: skip
    assert owner.post(_address(cast, "settings-edit"), form).status_code == 302
    person = {"name": "Dana\nYour password has expired: https://evil.example", "email": "d@example.com", "phone": ""}
    assert owner.post(_address(cast, "partner-person-new"), person).status_code == 302
    assert owner.post(_address(cast, "team-invitation-list"), {"email": "n@example.com", "role": "manager"}).status_code
    with tenancy.use(cast.acme.msp.pk):
        assert "\n" not in Contact.objects.get(email="d@example.com").name
        sent = compose(Message.objects.get(to="n@example.com")).message()
    assert sent["Bcc"] is None
    assert "Bcc: everyone" in str(sent["From"])


def test_a_reset_link_leads_to_our_own_address_whatever_the_host_header_says(cast: World) -> None:
    Client().post("/accounts/password/reset/", {"email": cast.petra.email}, headers={"host": "127.0.0.1:666"})
    letter = AccountLetter.objects.get(to=cast.petra.email)
    assert "127.0.0.1:666" not in letter.text + letter.html
    assert "/accounts/password/reset/key/" in letter.text


def test_a_second_address_of_a_person_is_theirs_in_an_invitation_too(cast: World) -> None:
    user = builders.a_user("Nora North")
    EmailAddress.objects.create(user=user, email="nora@second.example", verified=True)
    with tenancy.use(cast.acme.msp.pk):
        token = team.invite(email="nora@second.example", role=Role.MANAGER, by=cast.acme.members[Role.OWNER],
                            at=timezone.now())  # fmt: skip
    link = f"/invitation/{cast.acme.msp.slug}/{token}/"
    new = {"name": "Nora North", "password": "a long and unusual phrase"}
    assert walk.client_of(None).post(link, new).status_code == 422
    assert walk.client_of(cast.stranger).post(link).status_code == 422
    assert walk.client_of(user).post(link).status_code == 302
    assert user.memberships.get().msp == cast.acme.msp


@pytest.mark.parametrize("ending", ["deactivate", "change_role", "close"])
def test_who_is_put_out_does_not_come_back_by_an_invitation_to_themselves(cast: World, ending: str) -> None:
    acme = cast.acme
    boss = acme.members[Role.OWNER]
    with tenancy.use(acme.msp.pk):
        second = builders.a_member(acme.msp, Role.OWNER, "Mallory Moss")
        token = team.invite(email="mallory@other.example", role=Role.OWNER, by=second, at=timezone.now())
        if ending == "deactivate":
            team.deactivate(second, by=boss, at=timezone.now())
        elif ending == "change_role":
            team.change_role(second, role=Role.READ_ONLY, by=boss, at=timezone.now())
        else:
            User.objects.filter(pk=second.user_id).update(is_active=False)
        with pytest.raises(team.InvitationOver, match="revoked"):
            team.find(token, at=timezone.now())
