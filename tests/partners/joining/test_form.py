"""The page and the form that the MSP builds."""

from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from elinkages.accounts.models import Membership, Msp
from elinkages.kernel import tenancy
from partners.joining import fields, pages
from partners.models import JoinField, JoinPage
from tests import builders
from tests.partners.joining.visits import ADVISER, AT, apply, the_application
from tests.reading import read

pytestmark = pytest.mark.django_db


def test_the_owner_sets_up_opens_and_closes_the_page(msp: Msp, dashboard: Client) -> None:
    home = f"/{msp.slug}/partners/join-page/"
    assert "You have no join page yet" in read(dashboard, home)
    dashboard.post(f"{home}setting-up/")
    with tenancy.use(msp.pk):
        adviser = JoinPage.objects.get(kind=ADVISER)
    dashboard.post(f"{home}kinds/{adviser.pk}/", {"welcome": "# Why\nWe pay <b>fast</b>.\n\n- every month"})
    preview = dashboard.post(f"{home}kinds/{adviser.pk}/", {"welcome": "# Not saved", "do": "preview"})
    assert "<h2>Not saved</h2>" in preview.content.decode()
    assert preview.content.decode().count("button primary") == 1, "the button of the preview is a picture"
    dashboard.post(f"{home}kinds/{adviser.pk}/opening/")
    html = read(Client(), f"/join/{msp.slug}/adviser/")
    assert "<h2>Why</h2>" in html
    assert "&lt;b&gt;fast" in html
    assert "<li>every month</li>" in html
    dashboard.post(f"{home}kinds/{adviser.pk}/closing/")
    assert Client().get(f"/join/{msp.slug}/adviser/").status_code == 404


def test_questions_are_added_changed_moved_taken_off_and_put_back(msp: Msp, dashboard: Client, open_page: str) -> None:
    home = f"/{msp.slug}/partners/join-page/"
    form = {"label": "How large?", "type": "choice", "choices": "Small\nLarge\n", "is_required": "on", "kinds": ADVISER}
    assert dashboard.post(f"{home}questions/new/", form)["Location"] == home
    with tenancy.use(msp.pk):
        size = JoinField.objects.get(label="How large?")
    assert size.choices == ["Small", "Large"]
    assert "How large?" in read(Client(), open_page)
    assert apply(open_page).status_code == 422
    dashboard.post(
        f"{home}questions/{size.pk}/",
        {"label": "How big?", "help_text": "People", "choices": "1\n2\n3", "kinds": [ADVISER, "vendor"]},
    )
    dashboard.post(f"{home}questions/{size.pk}/move/", {"to": "up"})
    with tenancy.use(msp.pk):
        assert [field.label for field in JoinField.objects.current()][-2] == "How big?"
    dashboard.post(f"{home}questions/{size.pk}/removal/")
    assert "How big?" not in read(Client(), open_page)
    dashboard.post(f"{home}questions/{size.pk}/restoring/")
    assert "How big?" in read(Client(), open_page)
    assert apply(open_page).status_code == 302


def test_three_questions_are_always_asked(msp: Msp, ana: Membership, dashboard: Client, open_page: str) -> None:
    home = f"/{msp.slug}/partners/join-page/"
    with tenancy.use(msp.pk):
        email = JoinField.objects.get(standard="email")
        with pytest.raises(fields.AlwaysAsked, match="always asked"):
            fields.remove(email, by=ana, at=AT)
        with pytest.raises(IntegrityError, match="join_field_always_asked"), transaction.atomic():
            JoinField.objects.filter(pk=email.pk).update(is_required=False)
    dashboard.post(f"{home}questions/{email.pk}/", {"label": "Your mailbox", "help_text": ""})
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
    assert unasked.label not in read(Client(), open_page)
    assert apply(open_page, **answers).status_code == 302
    assert [answer["value"] for answer in the_application(msp).answers] == [
        "one line", "many words", "B", "else@kestrel.test", "312 555 0199", "Yes",
    ]  # fmt: skip
