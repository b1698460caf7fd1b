"""The join page: a visitor applies, confirms the mailbox, and the MSP decides, by the real views."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.core.cache import cache
from django.db import DatabaseError, IntegrityError, transaction
from django.test import Client

from elinkages.accounts.models import Membership, Msp
from elinkages.accounts.rights import Role
from elinkages.audit import trail
from elinkages.kernel import tenancy
from elinkages.mail.models import Message
from partners import onboarding, tasks
from partners.joining import applications, fields, pages, rules
from partners.models import (
    Application,
    ApplicationState,
    Contact,
    FieldType,
    JoinField,
    JoinPage,
    JoinRule,
    Partner,
    PartnerInvitation,
    PartnerState,
    SourceKind,
)
from tests import builders, races

pytestmark = pytest.mark.django_db

AT = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
ADVISER = SourceKind.CENTRE


@pytest.fixture(autouse=True)
def forget_limits() -> None:
    cache.clear()


@pytest.fixture
def msp() -> Msp:
    return builders.an_msp("Northwind IT", contact_email="hello@northwind.test")


@pytest.fixture
def ana(msp: Msp) -> Membership:
    return builders.a_member(msp, name="Ana Ruiz")


@pytest.fixture
def open_page(msp: Msp, ana: Membership) -> str:
    with tenancy.use(msp.pk):
        builders.a_join_page(ana, ADVISER)
    return f"/join/{msp.slug}/adviser/"


@pytest.fixture
def browser(ana: Membership) -> Client:
    client = Client()
    client.force_login(ana.user)
    return client


def _read(client: Client, url: str, status: int = 200) -> str:
    answer = client.get(url)
    assert answer.status_code == status
    return answer.content.decode()


def _hidden(html: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', html)
    assert found, name
    return found[1]


def _apply(url: str, *, after: int = 30, **answers: Any) -> Any:
    """Open the form, take some time, send it."""
    visitor = Client()
    with time_machine.travel(AT, tick=False):
        html = _read(visitor, url)
    filled = {
        "name": "Kestrel Advisory, LLC",
        "contact_name": "Kim Kestrel",
        "email": "Kim@Kestrel.test",
        "stamp": _hidden(html, "stamp"),
        "_once": _hidden(html, "_once"),
    } | answers
    with time_machine.travel(AT + timedelta(seconds=after), tick=False):
        return visitor.post(url, filled)


def _link(msp: Msp) -> str:
    with tenancy.use(msp.pk):
        letter = Message.objects.filter(key__startswith="application-confirmation").order_by("created_at", "pk").last()
        assert letter
        assert letter.is_secret
        found = re.search(r"http://[^/]+(/join/\S+)", letter.text)
        assert found
        return found[1]


def _confirm(msp: Msp, minutes: int = 5) -> Any:
    link = _link(msp)
    with time_machine.travel(AT + timedelta(minutes=minutes), tick=False):
        html = _read(Client(), link)
        return Client().post(link, {"_once": _hidden(html, "_once")})


def _one(msp: Msp) -> Application:
    with tenancy.use(msp.pk):
        return Application.objects.select_related("partner").get()


# The way in.


def test_until_it_is_opened_nothing_is_there(msp: Msp, ana: Membership) -> None:
    visitor = Client()
    assert visitor.get(f"/join/{msp.slug}/").status_code == 404
    with tenancy.use(msp.pk):
        made = pages.set_up(by=ana, at=AT)
    assert visitor.get(f"/join/{msp.slug}/").status_code == 404
    assert visitor.get(f"/join/{msp.slug}/adviser/").status_code == 404
    assert visitor.post(f"/join/{msp.slug}/adviser/", {"name": "x"}).status_code == 404
    assert visitor.get("/join/no-such-msp/").status_code == 404
    with tenancy.use(msp.pk):
        pages.open_(made[0], by=ana, at=AT)
        with pytest.raises(pages.NotThatState, match="open already"):
            pages.open_(made[0], by=ana, at=AT)
        with pytest.raises(pages.NotThatState, match="closed already"):
            pages.close(made[1], by=ana, at=AT)
        with pytest.raises(pages.SetUpAlready):
            pages.set_up(by=ana, at=AT)
        with pytest.raises(applications.NotOpen):
            applications.submit(kind=SourceKind.VENDOR, details={}, answers=[], at=AT)
    assert visitor.get(f"/join/{msp.slug}/", follow=False)["Location"] == f"/join/{msp.slug}/client/"


def test_with_several_kinds_open_the_visitor_chooses(msp: Msp, ana: Membership) -> None:
    with tenancy.use(msp.pk):
        builders.a_join_page(ana, SourceKind.VENDOR, SourceKind.PEER)
    html = _read(Client(), f"/join/{msp.slug}/")
    assert f"/join/{msp.slug}/vendor/" in html
    assert f"/join/{msp.slug}/peer-msp/" in html
    assert "/adviser/" not in html


def test_a_visitor_applies_confirms_and_the_team_hears(msp: Msp, open_page: str) -> None:
    with tenancy.use(msp.pk):
        question = JoinField.objects.current()[6]
    answers: dict[str, Any] = {f"answer_{question.pk.hex}": "At closings.\nEvery week."}
    sent = _apply(open_page, phone="(312) 555-0123", **answers)
    assert sent["Location"] == f"/join/{msp.slug}/sent/"
    assert _one(msp).state == ApplicationState.UNCONFIRMED
    with tenancy.use(msp.pk):
        assert not Message.objects.filter(key__startswith="application-waiting").exists()
    assert "Thank you, Kim Kestrel" in _confirm(msp).content.decode()
    found = _one(msp)
    assert (found.state, found.email, found.name_key) == ("waiting", "kim@kestrel.test", "kestrel advisory")
    assert found.answers == [{"field": str(question.pk), "label": question.label, "value": "At closings.\nEvery week."}]
    with tenancy.use(msp.pk):
        assert Message.objects.filter(key__startswith="application-waiting").count() == 1


def test_reading_the_link_changes_nothing_and_it_works_once_for_two_days(msp: Msp, open_page: str) -> None:
    _apply(open_page)
    link = _link(msp)
    with time_machine.travel(AT + timedelta(hours=1)):
        assert "Confirm and send" in _read(Client(), link)
    assert _one(msp).state == ApplicationState.UNCONFIRMED
    with time_machine.travel(AT + timedelta(hours=49)):
        assert "48 hours" in _read(Client(), link, 410)
    assert _confirm(msp).status_code == 200
    with time_machine.travel(AT + timedelta(hours=1)):
        assert "was confirmed" in _read(Client(), link, 410)
        assert Client().post(link).status_code == 410
        assert "not complete" in _read(Client(), f"/join/{msp.slug}/confirmation/made-up/", 410)


def test_what_is_missing_is_said_and_what_was_typed_survives(open_page: str, msp: Msp) -> None:
    answer = _apply(open_page, email="kim at kestrel", contact_name="")
    html = answer.content.decode()
    assert answer.status_code == 422
    assert "kim at kestrel" in html
    assert "Kestrel Advisory, LLC" in html
    with tenancy.use(msp.pk):
        assert not Application.objects.exists()


@pytest.mark.parametrize(
    ("changes", "after", "why"),
    [
        ({"homepage": "http://pills.example"}, 30, "people do not see"),
        ({}, 1, "faster than people"),
        ({"stamp": "made-up"}, 30, "open for too long"),
        ({}, 90_000, "open for too long"),
    ],
)
def test_programs_read_why_and_nothing_is_kept(
    msp: Msp, open_page: str, changes: dict[str, Any], after: int, why: str
) -> None:
    answer = _apply(open_page, after=after, **changes)
    assert answer.status_code == 422
    assert why in answer.content.decode()
    with tenancy.use(msp.pk):
        assert not Application.objects.exists()
        assert not Message.objects.exists()


def test_one_place_sends_ten_an_hour(msp: Msp, open_page: str) -> None:
    for number in range(10):
        assert _apply(open_page, email=f"kim{number}@kestrel.test").status_code == 302
    refused = _apply(open_page, email="kim10@kestrel.test")
    assert refused.status_code == 422
    assert "too often" in refused.content.decode()
    with tenancy.use(msp.pk):
        assert Application.objects.count() == 10


def test_one_mailbox_gets_three_letters_a_day_and_nobody_is_told(msp: Msp, open_page: str) -> None:
    answers = [_apply(open_page) for _ in range(4)]
    assert {answer["Location"] for answer in answers} == {f"/join/{msp.slug}/sent/"}
    with tenancy.use(msp.pk):
        assert Application.objects.count() == 3
        assert Message.objects.count() == 3


def test_an_msp_writes_to_so_many_strangers_a_day(msp: Msp, open_page: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever sends from many places does not make us write to everybody."""
    monkeypatch.setattr(applications, "LETTERS_IN_ALL", 2)
    assert [_apply(open_page, email=f"kim{number}@kestrel.test").status_code for number in range(2)] == [302, 302]
    refused = _apply(open_page, email="kim2@kestrel.test")
    assert refused.status_code == 422
    assert "Too much was sent here today" in refused.content.decode()
    _confirm(msp)
    assert _apply(open_page, email="kim2@kestrel.test").status_code == 302


def test_the_answer_is_the_same_whoever_is_known(msp: Msp, ana: Membership, open_page: str) -> None:
    with tenancy.use(msp.pk):
        onboarding.add(kind="vendor", name="Known", email="known@kestrel.test", by=ana, at=AT)
    builders.a_user("Una User", email="user@kestrel.test")
    answers = [_apply(open_page, email=f"{who}@kestrel.test") for who in ("known", "user", "nobody")]
    assert {(answer.status_code, answer["Location"], answer.content) for answer in answers} == {
        (302, f"/join/{msp.slug}/sent/", b"")
    }


def test_a_person_of_a_partner_is_told_in_the_mailbox_only(msp: Msp, ana: Membership, open_page: str) -> None:
    _apply(open_page)
    with tenancy.use(msp.pk):
        onboarding.add(kind="vendor", name="Known", email="kim@kestrel.test", by=ana, at=AT)
    with time_machine.travel(AT + timedelta(minutes=5)):
        assert "You are a partner of Northwind IT already, with Known" in _read(Client(), _link(msp), 409)
        assert Client().post(_link(msp)).status_code == 409
    assert _one(msp).state == ApplicationState.UNCONFIRMED


def test_a_newer_application_of_the_same_mailbox_replaces_the_older(msp: Msp, open_page: str) -> None:
    _apply(open_page)
    _confirm(msp)
    _apply(open_page, after=60, name="Kestrel Advisory Partners")
    _confirm(msp, minutes=9)
    with tenancy.use(msp.pk):
        states = dict(Application.objects.values_list("name", "state"))
    assert states == {"Kestrel Advisory, LLC": "replaced", "Kestrel Advisory Partners": "waiting"}


def test_the_database_keeps_one_waiting_application_a_mailbox_and_its_states(msp: Msp) -> None:
    with tenancy.use(msp.pk):
        one = builders.an_application(email="kim@kestrel.test")
        with pytest.raises(IntegrityError, match="application_one_waiting"), transaction.atomic():
            builders.an_application(email="kim@kestrel.test")
        with pytest.raises(DatabaseError, match="cannot go from waiting to unconfirmed"), transaction.atomic():
            Application.objects.filter(pk=one.pk).update(state=ApplicationState.UNCONFIRMED)
        with pytest.raises(IntegrityError, match="application_approved_is_partner"), transaction.atomic():
            Application.objects.filter(pk=one.pk).update(state=ApplicationState.APPROVED)


@pytest.mark.django_db(transaction=True)
def test_of_two_confirmations_at_once_the_second_reads_that_it_was_done(msp: Msp, open_page: str) -> None:
    _apply(open_page)
    token = _link(msp).rstrip("/").rpartition("/")[2]

    def confirm() -> object:
        return applications.confirm(token, at=AT)

    told = races.too_late(msp, confirm, confirm)
    assert told == f"This application was confirmed a moment ago. {msp} has it."
    assert _one(msp).state == ApplicationState.WAITING


def test_what_nobody_confirmed_is_forgotten(msp: Msp, open_page: str) -> None:
    _apply(open_page)
    with time_machine.travel(AT + timedelta(days=8)):
        tasks.tidy()
    assert _one(msp)
    with time_machine.travel(AT + timedelta(days=10)):
        tasks.tidy()
    with tenancy.use(msp.pk):
        assert not Application.objects.exists()


# The queue.


def test_the_queue_shows_what_is_confirmed_by_state_and_kind(msp: Msp, browser: Client, open_page: str) -> None:
    _apply(open_page)
    url = f"/{msp.slug}/partners/applications/"
    assert "No applications yet" in _read(browser, url)
    _confirm(msp)
    assert "Kestrel Advisory" in _read(browser, url)
    assert "Kestrel Advisory" in _read(browser, f"{url}?kind=centre_of_influence")
    assert "Kestrel Advisory" not in _read(browser, f"{url}?kind=vendor")
    assert "Kestrel Advisory" not in _read(browser, f"{url}?list=mine")
    assert "Kestrel Advisory" in _read(browser, f"{url}?list=everyone")
    assert "Kestrel Advisory" not in _read(browser, f"{url}?state=declined")
    assert "Kestrel Advisory" in _read(browser, f"{url}?state=all")
    assert "Kestrel Advisory" in _read(browser, f"{url}?q=kestrel")
    assert "Kestrel Advisory" in _read(browser, f"{url}?q=kim@kestrel.test")
    assert "Kestrel Advisory" not in _read(browser, f"{url}?q=merlin")
    home = _read(browser, f"/{msp.slug}/")
    assert "Kestrel Advisory, LLC wants to become a partner" in home


def test_an_unconfirmed_application_has_no_page(msp: Msp, browser: Client, open_page: str) -> None:
    _apply(open_page)
    assert browser.get(f"/{msp.slug}/partners/applications/{_one(msp).pk}/").status_code == 404


def test_approving_makes_a_partner_and_invites_them(msp: Msp, ana: Membership, browser: Client) -> None:
    with tenancy.use(msp.pk):
        found = builders.an_application(city="Chicago", website="https://kestrel.test")
    url = f"/{msp.slug}/partners/applications/{found.pk}/approval/"
    assert "Approve and invite" in _read(browser, url)
    answer = browser.post(url, {"partner": "", "message": "Welcome aboard."})
    found = _one(msp)
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
    again = browser.post(url, {"partner": "", "message": ""})
    assert again.status_code == 422
    assert "decided or replaced" in again.content.decode()


def test_an_applicant_can_become_one_more_person_of_a_partner(msp: Msp, ana: Membership, browser: Client) -> None:
    with tenancy.use(msp.pk):
        known = onboarding.add(kind=ADVISER, name="Kestrel Advisory LLC", email="kay@kestrel.test", by=ana, at=AT)
        found = builders.an_application()
    page = _read(browser, f"/{msp.slug}/partners/applications/{found.pk}/")
    assert "Same name" in page
    browser.post(f"/{msp.slug}/partners/applications/{found.pk}/approval/", {"partner": str(known.pk), "message": ""})
    with tenancy.use(msp.pk):
        assert Partner.objects.count() == 1
        names = set(Contact.objects.filter(partner=known).values_list("name", flat=True))
        kim = Contact.objects.get(name="Kim Kestrel")
    assert names == {"Kestrel Advisory LLC", "Kim Kestrel"}
    assert (kim.can_sign, kim.sees_earnings) == (False, False), "the firm did not ask for them"
    assert _one(msp).partner_id == known.pk


def test_lookalikes_name_the_reason(msp: Msp, ana: Membership, browser: Client) -> None:
    with tenancy.use(msp.pk):
        onboarding.add(kind=ADVISER, name="Kestrel Advisery", by=ana, at=AT)
        onboarding.add(kind=ADVISER, name="Merlin", email="kay@kestrel.test", by=ana, at=AT)
        onboarding.add(kind=ADVISER, name="Falcon", phone="312-555-0123", by=ana, at=AT)
        onboarding.add(kind=ADVISER, name="Unrelated", email="someone@gmail.com", by=ana, at=AT)
        old = builders.an_application(email="kim@kestrel.test")
        applications.decline(old, reason="Too early.", by=ana, at=AT)
        found = builders.an_application(email="kim@kestrel.test", phone="(312) 555-0123")
    page = _read(browser, f"/{msp.slug}/partners/applications/{found.pk}/")
    for said in ("Similar name", "domain, kestrel.test", "Same phone number", "Jan 5, 2026, declined"):
        assert said in page
    assert "Unrelated" not in page


def test_declining_sends_the_reason(msp: Msp, browser: Client) -> None:
    with tenancy.use(msp.pk):
        found = builders.an_application()
    url = f"/{msp.slug}/partners/applications/{found.pk}/decline/"
    assert browser.post(url, {"reason": " "}).status_code == 422
    browser.post(url, {"reason": "We work with one firm in Elgin, and it is not yours."})
    found = _one(msp)
    assert (found.state, found.decline_reason[:7]) == ("declined", "We work")
    with tenancy.use(msp.pk):
        letter = Message.objects.get()
        assert "We work with one firm in Elgin" in letter.text
        assert letter.to == found.email
    assert "declined" in _read(browser, f"/{msp.slug}/partners/applications/{found.pk}/").lower()
    assert browser.post(url, {"reason": "Again"}).status_code == 422


def test_several_are_declined_at_once_and_the_list_is_exported(msp: Msp, browser: Client) -> None:
    with tenancy.use(msp.pk):
        rows = [builders.an_application(f"Firm {number}") for number in range(3)]
    url = f"/{msp.slug}/partners/applications/"
    chosen = "&".join(f"id={row.pk}" for row in rows[:2])
    assert "Decline 2 applications" in _read(browser, f"{url}many/decline/?{chosen}")
    browser.post(f"{url}many/decline/?{chosen}", {"reason": "Not in this region.", "count": "2"})
    with tenancy.use(msp.pk):
        assert Application.objects.filter(state="declined", decline_reason="Not in this region.").count() == 2
        assert Message.objects.filter(key__startswith="application-declined").count() == 2
    assert browser.post(f"{url}export/", {"format": "csv"}).status_code == 302


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


def test_an_application_is_put_on_somebodys_list(msp: Msp, browser: Client, ana: Membership) -> None:
    mara = builders.a_member(msp, Role.MANAGER, "Mara Manager")
    with tenancy.use(msp.pk):
        found = builders.an_application()
    browser.post(f"/{msp.slug}/partners/applications/{found.pk}/assignment/", {"member": str(mara.pk)})
    assert _one(msp).assigned_to_id == mara.pk
    assert "wants to become a partner" not in _read(browser, f"/{msp.slug}/")
    manager = Client()
    manager.force_login(mara.user)
    assert "Kestrel Advisory wants to become a partner" in _read(manager, f"/{msp.slug}/")


# Rules.


def _rule(ana: Membership, **conditions: Any) -> JoinRule:
    member = conditions.pop("member", ana)
    return rules.add(**({"approves": False} | conditions), member=member, by=ana, at=AT)


def test_a_rule_approves_at_once(msp: Msp, ana: Membership, open_page: str) -> None:
    with tenancy.use(msp.pk):
        _rule(ana, email_domain="kestrel.test", approves=True)
    _apply(open_page)
    assert "You are in." in _confirm(msp).content.decode()
    found = _one(msp)
    assert (found.state, found.decided_by_id) == ("approved", ana.pk)
    with tenancy.use(msp.pk):
        assert PartnerInvitation.objects.count() == 1


def test_what_may_be_a_partner_is_left_to_a_person(msp: Msp, ana: Membership, open_page: str) -> None:
    with tenancy.use(msp.pk):
        _rule(ana, approves=True)
        onboarding.add(kind="vendor", name="Kestrel Advisory", by=ana, at=AT)
    _apply(open_page)
    _confirm(msp)
    assert _one(msp).state == ApplicationState.WAITING
    assert _one(msp).note == "A rule would approve it, but it may be Kestrel Advisory: same name."


def test_a_rule_of_somebody_who_lost_the_right_decides_nothing(msp: Msp, ana: Membership, open_page: str) -> None:
    mara = builders.a_member(msp, Role.MANAGER, "Mara Manager")
    with tenancy.use(msp.pk):
        _rule(ana, approves=True, member=mara)
    Membership.objects.filter(pk=mara.pk).update(role=Role.READ_ONLY)
    _apply(open_page)
    _confirm(msp)
    assert "who may not decide about partners anymore" in _one(msp).note


def test_the_first_rule_that_fits_decides(msp: Msp, ana: Membership) -> None:
    mara = builders.a_member(msp, Role.MANAGER, "Mara Manager")
    with tenancy.use(msp.pk):
        builders.a_join_page(ana)
        everyone = list(SourceKind.values)
        size = fields.add(
            label="Size", type=FieldType.CHOICE, choices=["Small", "Large"], kinds=everyone, by=ana, at=AT
        )
        local = fields.add(label="Local?", type=FieldType.CHECKBOX, kinds=everyone, by=ana, at=AT)
        city = JoinField.objects.get(standard="city")
        by_kind = _rule(ana, kind=SourceKind.VENDOR)
        by_choice = _rule(ana, field=size, answer="Large", member=mara)
        by_box = _rule(ana, field=local, answer="Yes")
        by_text = _rule(ana, field=city, answer="chic")
        by_domain = _rule(ana, email_domain="@Firm.com")
        listed = rules.listed()

        def decides(**fields: Any) -> JoinRule | None:
            return rules.first_match(listed, Application(name="x", **({"email": "a@b.test"} | fields)))

        assert decides() is None
        assert decides(kind=SourceKind.VENDOR) == by_kind
        assert decides(answers=[{"field": str(size.pk), "label": "", "value": "large"}]) == by_choice
        assert decides(answers=[{"field": str(size.pk), "label": "", "value": "Larger"}]) is None
        assert decides(answers=[{"field": str(local.pk), "label": "", "value": "Yes"}]) == by_box
        assert decides(city="Greater Chicago") == by_text
        assert decides(email="a@firm.com") == by_domain
        assert decides(email="a@mail.firm.com") == by_domain
        assert decides(email="a@notfirm.com") is None
        rules.move_up(by_domain, by=ana, at=AT)
        assert [rule.pk for rule in rules.listed()][-2:] == [by_domain.pk, by_text.pk]
        rules.move_up(by_kind, by=ana, at=AT)
        assert rules.listed()[0] == by_kind


def test_rules_that_make_no_sense_are_refused(msp: Msp, ana: Membership, monkeypatch: pytest.MonkeyPatch) -> None:
    reader = builders.a_member(msp, Role.READ_ONLY, "Rita Read")
    with tenancy.use(msp.pk):
        builders.a_join_page(ana)
        city = JoinField.objects.get(standard="city")
        size = fields.add(label="Size", type="choice", choices=["A", "B"], kinds=["vendor"], by=ana, at=AT)
        for conditions, why in (
            ({"email_domain": "not a domain"}, "after the @ sign"),
            ({"field": city}, "question and the answer"),
            ({"answer": "Chicago"}, "question and the answer"),
            ({"field": size, "answer": "C"}, "has the choices A, B"),
            ({"member": reader}, "Rita Read may not decide"),
        ):
            with pytest.raises(rules.BadRule, match=why):
                _rule(ana, **conditions)
        monkeypatch.setattr(rules, "MOST_RULES", 0)
        with pytest.raises(rules.BadRule, match=r"There can be 0 rules. Remove one first."):
            _rule(ana)
        monkeypatch.undo()
        rule = _rule(ana, field=city, answer="Chicago")
        with pytest.raises(fields.InUse, match="Remove that rule"):
            fields.remove(city, by=ana, at=AT)
        rules.remove(rule, by=ana, at=AT)
        with pytest.raises(rules.NoSuchRule):
            rules.remove(rule, by=ana, at=AT)


def test_rules_are_added_and_removed_on_the_page(msp: Msp, ana: Membership, browser: Client, open_page: str) -> None:
    home = f"/{msp.slug}/partners/join-page/"
    form = {"kind": ADVISER, "email_domain": "", "field": "", "answer": "", "approves": "yes", "member": str(ana.pk)}
    assert browser.post(f"{home}rules/new/", form)["Location"] == home
    assert browser.post(f"{home}rules/new/", form | {"email_domain": "?"}).status_code == 422
    html = _read(browser, home)
    assert "When the kind is Center of influence" in html
    assert "Approve at once, in the name of Ana Ruiz" in html
    with tenancy.use(msp.pk):
        rule = JoinRule.objects.get()
    browser.post(f"{home}rules/{rule.pk}/move/")
    browser.post(f"{home}rules/{rule.pk}/removal/")
    with tenancy.use(msp.pk):
        assert not JoinRule.objects.exists()


# The form.


def test_the_owner_sets_up_opens_and_closes_the_page(msp: Msp, browser: Client) -> None:
    home = f"/{msp.slug}/partners/join-page/"
    assert "You have no join page yet" in _read(browser, home)
    browser.post(f"{home}setting-up/")
    with tenancy.use(msp.pk):
        adviser = JoinPage.objects.get(kind=ADVISER)
    browser.post(f"{home}kinds/{adviser.pk}/", {"welcome": "# Why\nWe pay <b>fast</b>.\n\n- every month"})
    preview = browser.post(f"{home}kinds/{adviser.pk}/", {"welcome": "# Not saved", "do": "preview"})
    assert "<h2>Not saved</h2>" in preview.content.decode()
    browser.post(f"{home}kinds/{adviser.pk}/opening/")
    html = _read(Client(), f"/join/{msp.slug}/adviser/")
    assert "<h2>Why</h2>" in html
    assert "&lt;b&gt;fast" in html
    assert "<li>every month</li>" in html
    browser.post(f"{home}kinds/{adviser.pk}/closing/")
    assert Client().get(f"/join/{msp.slug}/adviser/").status_code == 404


def test_questions_are_added_changed_moved_taken_off_and_put_back(msp: Msp, browser: Client, open_page: str) -> None:
    home = f"/{msp.slug}/partners/join-page/"
    form = {"label": "How large?", "type": "choice", "choices": "Small\nLarge\n", "is_required": "on", "kinds": ADVISER}
    assert browser.post(f"{home}questions/new/", form)["Location"] == home
    with tenancy.use(msp.pk):
        size = JoinField.objects.get(label="How large?")
    assert size.choices == ["Small", "Large"]
    assert "How large?" in _read(Client(), open_page)
    assert _apply(open_page).status_code == 422
    browser.post(
        f"{home}questions/{size.pk}/",
        {"label": "How big?", "help_text": "People", "choices": "1\n2\n3", "kinds": [ADVISER, "vendor"]},
    )
    browser.post(f"{home}questions/{size.pk}/move/", {"to": "up"})
    with tenancy.use(msp.pk):
        assert [field.label for field in JoinField.objects.current()][-2] == "How big?"
    browser.post(f"{home}questions/{size.pk}/removal/")
    assert "How big?" not in _read(Client(), open_page)
    browser.post(f"{home}questions/{size.pk}/restoring/")
    assert "How big?" in _read(Client(), open_page)
    assert _apply(open_page).status_code == 302


def test_three_questions_are_always_asked(msp: Msp, ana: Membership, browser: Client, open_page: str) -> None:
    home = f"/{msp.slug}/partners/join-page/"
    with tenancy.use(msp.pk):
        email = JoinField.objects.get(standard="email")
        with pytest.raises(fields.AlwaysAsked, match="always asked"):
            fields.remove(email, by=ana, at=AT)
        with pytest.raises(IntegrityError, match="join_field_always_asked"), transaction.atomic():
            JoinField.objects.filter(pk=email.pk).update(is_required=False)
    browser.post(f"{home}questions/{email.pk}/", {"label": "Your mailbox", "help_text": ""})
    with tenancy.use(msp.pk):
        email.refresh_from_db()
        assert (email.label, email.is_required, len(email.kinds)) == ("Your mailbox", True, 5)
        fields.move(JoinField.objects.current()[0], up=True, by=ana, at=AT)
        assert JoinField.objects.current()[0].standard == "name"


def test_a_question_that_cannot_be_asked_is_refused(msp: Msp, ana: Membership) -> None:
    with tenancy.use(msp.pk):
        builders.a_join_page(ana)
        refused: list[tuple[dict[str, Any], str]] = [
            ({"label": " "}, "Enter a question"),
            ({"kinds": []}, "at least one kind"),
            ({"type": "choice", "choices": ["One"]}, "2 to 30 choices"),
            ({"type": "choice", "choices": ["One", "x" * 121]}, "under 120"),
            ({"type": "upload"}, "what the answer is"),
        ]
        usual: dict[str, Any] = {"label": "Q", "type": "text", "kinds": ["vendor"]}
        for answers, why in refused:
            with pytest.raises(fields.BadField, match=why):
                fields.add(**(usual | answers), by=ana, at=AT)
        question = fields.add(label="Q", type="text", kinds=["vendor"], by=ana, at=AT)
        fields.remove(question, by=ana, at=AT)
        for verb in (fields.remove, lambda field, **how: fields.move(field, up=True, **how)):
            with pytest.raises(fields.NotOnTheForm):
                verb(question, by=ana, at=AT)
        fields.restore(question, by=ana, at=AT)
        with pytest.raises(fields.NotOnTheForm):
            fields.restore(question, by=ana, at=AT)
        for number in range(fields.MOST_FIELDS - 8):
            fields.add(label=f"Q{number}", type="text", kinds=["vendor"], by=ana, at=AT)
        with pytest.raises(fields.BadField, match="at most 40"):
            fields.add(label="One more", type="text", kinds=["vendor"], by=ana, at=AT)
        with pytest.raises(pages.TooLong):
            pages.describe(JoinPage.objects.all()[0], welcome="x" * 4_001, by=ana, at=AT)


def test_every_type_of_answer_is_asked_and_kept(msp: Msp, ana: Membership, open_page: str) -> None:
    with tenancy.use(msp.pk):
        answers: dict[str, Any] = {}
        for type_, value in (
            ("text", "one line"),
            ("long_text", "many words"),
            ("choice", "B"),
            ("email", "else@kestrel.test"),
            ("phone", "312 555 0199"),
            ("checkbox", "on"),
        ):
            choices = ["A", "B"] if type_ == "choice" else []
            field = fields.add(label=f"A {type_}", type=type_, choices=choices, kinds=[ADVISER], by=ana, at=AT)
            answers[f"answer_{field.pk.hex}"] = value
        unasked = fields.add(label="For vendors", type="text", is_required=True, kinds=["vendor"], by=ana, at=AT)
    assert unasked.label not in _read(Client(), open_page)
    assert _apply(open_page, **answers).status_code == 302
    assert [answer["value"] for answer in _one(msp).answers] == [
        "one line", "many words", "B", "else@kestrel.test", "312 555 0199", "Yes",
    ]  # fmt: skip
