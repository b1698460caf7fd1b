"""A visitor applies on the join page and confirms the mailbox."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import DatabaseError, IntegrityError, transaction
from django.test import Client

from elinkages.accounts.models import Membership, Msp
from elinkages.kernel import tenancy
from elinkages.mail.models import Message
from partners import onboarding, tasks
from partners.joining import applications, pages
from partners.models import Application, ApplicationState, JoinField, SourceKind
from tests import builders, races
from tests.partners.joining.visits import AT, apply, confirm, confirmation_link, the_application
from tests.reading import read

pytestmark = pytest.mark.django_db


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
        with pytest.raises(pages.NotThatState, match="already open"):
            pages.open_(made[0], by=ana, at=AT)
        with pytest.raises(pages.NotThatState, match="already closed"):
            pages.close(made[1], by=ana, at=AT)
        with pytest.raises(pages.SetUpAlready):
            pages.set_up(by=ana, at=AT)
        with pytest.raises(applications.NotOpen):
            applications.submit(kind=SourceKind.VENDOR, details={}, answers=[], at=AT)
    assert visitor.get(f"/join/{msp.slug}/", follow=False)["Location"] == f"/join/{msp.slug}/client/"


def test_with_several_kinds_open_the_visitor_chooses(msp: Msp, ana: Membership) -> None:
    with tenancy.use(msp.pk):
        builders.a_join_page(ana, SourceKind.VENDOR, SourceKind.PEER)
    html = read(Client(), f"/join/{msp.slug}/")
    assert f"/join/{msp.slug}/vendor/" in html
    assert f"/join/{msp.slug}/peer-msp/" in html
    assert "/adviser/" not in html


def test_a_visitor_applies_confirms_and_the_team_hears(msp: Msp, open_page: str) -> None:
    with tenancy.use(msp.pk):
        question = JoinField.objects.current()[6]
    answers: dict[str, Any] = {f"answer_{question.pk.hex}": "At closings.\nEvery week."}
    sent = apply(open_page, phone="(312) 555-0123", **answers)
    assert sent["Location"] == f"/join/{msp.slug}/sent/"
    assert the_application(msp).state == ApplicationState.UNCONFIRMED
    with tenancy.use(msp.pk):
        assert not Message.objects.filter(key__startswith="application-waiting").exists()
    assert "Thank you, Kim Kestrel" in confirm(msp).content.decode()
    found = the_application(msp)
    assert (found.state, found.email, found.name_key) == ("waiting", "kim@kestrel.test", "kestrel advisory")
    assert found.answers == [{"field": str(question.pk), "label": question.label, "value": "At closings.\nEvery week."}]
    with tenancy.use(msp.pk):
        assert Message.objects.filter(key__startswith="application-waiting").count() == 1


def test_reading_the_link_changes_nothing_and_it_works_once_for_two_days(msp: Msp, open_page: str) -> None:
    apply(open_page)
    link = confirmation_link(msp)
    with time_machine.travel(AT + timedelta(hours=1)):
        assert "Confirm and send" in read(Client(), link)
    assert the_application(msp).state == ApplicationState.UNCONFIRMED
    with time_machine.travel(AT + timedelta(hours=49)):
        assert "48 hours" in read(Client(), link, 410)
    assert confirm(msp).status_code == 200
    with time_machine.travel(AT + timedelta(hours=1)):
        assert "was confirmed" in read(Client(), link, 410)
        assert Client().post(link).status_code == 410
        assert "incomplete" in read(Client(), f"/join/{msp.slug}/confirmation/made-up/", 410)


def test_what_is_missing_is_said_and_what_was_typed_survives(open_page: str, msp: Msp) -> None:
    answer = apply(open_page, email="kim at kestrel", contact_name="")
    html = answer.content.decode()
    assert answer.status_code == 422
    assert "kim at kestrel" in html
    assert "Kestrel Advisory, LLC" in html
    with tenancy.use(msp.pk):
        assert not Application.objects.exists()


@pytest.mark.parametrize(
    ("changes", "after", "why"),
    [
        ({"homepage": "http://pills.example"}, 30, "people cannot see"),
        ({}, 1, "faster than people"),
        ({"stamp": "made-up"}, 30, "open for too long"),
        ({}, 90_000, "open for too long"),
    ],
)
def test_programs_read_why_and_nothing_is_kept(
    msp: Msp, open_page: str, changes: dict[str, Any], after: int, why: str
) -> None:
    answer = apply(open_page, after=after, **changes)
    assert answer.status_code == 422
    assert why in answer.content.decode()
    with tenancy.use(msp.pk):
        assert not Application.objects.exists()
        assert not Message.objects.exists()


def test_one_place_sends_ten_an_hour(msp: Msp, open_page: str) -> None:
    for number in range(10):
        assert apply(open_page, email=f"kim{number}@kestrel.test").status_code == 302
    refused = apply(open_page, email="kim10@kestrel.test")
    assert refused.status_code == 422
    assert "too often" in refused.content.decode()
    with tenancy.use(msp.pk):
        assert Application.objects.count() == 10


def test_one_mailbox_gets_three_letters_a_day_and_nobody_is_told(msp: Msp, open_page: str) -> None:
    answers = [apply(open_page) for _ in range(4)]
    assert {answer["Location"] for answer in answers} == {f"/join/{msp.slug}/sent/"}
    with tenancy.use(msp.pk):
        assert Application.objects.count() == 3
        assert Message.objects.count() == 3


def test_an_msp_writes_to_so_many_strangers_a_day(msp: Msp, open_page: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever sends from many places does not make us write to everybody."""
    monkeypatch.setattr(applications, "LETTERS_IN_ALL", 2)
    assert [apply(open_page, email=f"kim{number}@kestrel.test").status_code for number in range(2)] == [302, 302]
    refused = apply(open_page, email="kim2@kestrel.test")
    assert refused.status_code == 422
    assert "Too many forms were sent here today" in refused.content.decode()
    confirm(msp)
    assert apply(open_page, email="kim2@kestrel.test").status_code == 302


def test_the_answer_is_the_same_whoever_is_known(msp: Msp, ana: Membership, open_page: str) -> None:
    with tenancy.use(msp.pk):
        onboarding.add(kind="vendor", name="Known", email="known@kestrel.test", by=ana, at=AT)
    builders.a_user("Una User", email="user@kestrel.test")
    answers = [apply(open_page, email=f"{who}@kestrel.test") for who in ("known", "user", "nobody")]
    assert {(answer.status_code, answer["Location"], answer.content) for answer in answers} == {
        (302, f"/join/{msp.slug}/sent/", b"")
    }


def test_a_person_of_a_partner_is_told_in_the_mailbox_only(msp: Msp, ana: Membership, open_page: str) -> None:
    apply(open_page)
    with tenancy.use(msp.pk):
        onboarding.add(kind="vendor", name="Known", email="kim@kestrel.test", by=ana, at=AT)
    with time_machine.travel(AT + timedelta(minutes=5)):
        assert "You are already a partner of Northwind IT, with Known" in read(Client(), confirmation_link(msp), 409)
        assert Client().post(confirmation_link(msp)).status_code == 409
    assert the_application(msp).state == ApplicationState.UNCONFIRMED


def test_a_newer_application_of_the_same_mailbox_replaces_the_older(msp: Msp, open_page: str) -> None:
    apply(open_page)
    confirm(msp)
    apply(open_page, after=60, name="Kestrel Advisory Partners")
    confirm(msp, minutes=9)
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
    apply(open_page)
    token = confirmation_link(msp).rstrip("/").rpartition("/")[2]

    def confirm() -> object:
        return applications.confirm(token, at=AT)

    told = races.too_late(msp, confirm, confirm)
    assert told == f"This application was confirmed a moment ago. {msp} has it."
    assert the_application(msp).state == ApplicationState.WAITING


def test_what_nobody_confirmed_is_forgotten(msp: Msp, open_page: str) -> None:
    apply(open_page)
    with time_machine.travel(AT + timedelta(days=8)):
        tasks.tidy()
    assert the_application(msp)
    with time_machine.travel(AT + timedelta(days=10)):
        tasks.tidy()
    with tenancy.use(msp.pk):
        assert not Application.objects.exists()
