"""Which letters people want, in what clothes they come, and the way out of them."""

import io
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.test import Client
from PIL import Image

from elinkages.accounts import branding, doors, pictures
from elinkages.accounts.models import Membership, Msp, User
from elinkages.accounts.rights import Role
from elinkages.kernel import tenancy
from elinkages.mail import digests, kinds, outbox, preferences, tasks
from elinkages.mail.models import Handling, Message, Preference, waiting
from elinkages.pages import mail_files
from partners import people
from tests import builders
from tests.builders import AT, PASSWORD

pytestmark = pytest.mark.django_db
NINE = datetime(2026, 7, 2, 13, tzinfo=UTC)
"""Nine in the morning in New York."""


@pytest.fixture
def msp() -> Msp:
    return builders.an_msp("Acme IT", "acme", contact_email="office@acme.example")


@pytest.fixture
def inside(msp: Msp) -> Iterator[Msp]:
    with tenancy.use(msp.pk):
        yield msp


def _letter(
    name: str = "referral_assigned", *, to: str = "max@acme.example", key: str = "one", at: Any = AT
) -> Message:
    partner = builders.a_partner(f"Partner of {key}")
    context = {
        "name": "Max",
        "company": f"Company {key}",
        "by": "Olivia",
        "partner": partner,
        "referral": builders.a_referral(partner),
        "url": "https://elinkages.example/acme/",
        "contact": {"name": "Petra"},
        "inviter": "Olivia",
        "link": "https://elinkages.example/x/",
    }
    return outbox.send(to=to, template=f"emails/{name}", context=context, key=key, at=at)


def test_every_letter_has_a_kind() -> None:
    folder = Path(settings.BASE_DIR) / "templates" / "emails"
    written = {f"emails/{path.name.removesuffix('.subject.txt')}" for path in folder.glob("*.subject.txt")}
    assert written == kinds.known_templates()


def test_every_kind_that_cannot_be_turned_off_says_why() -> None:
    for kind in kinds.for_readers(kinds.TEAM) + kinds.for_readers(kinds.PARTNER):
        assert kind.is_essential == bool(kind.why)
        assert kind.label


def test_a_letter_leaves_at_once_until_its_reader_says_otherwise(inside: Msp) -> None:
    assert _letter().state == "Waiting"
    preferences.choose("Max@Acme.example", "introduction_assigned", Handling.DAILY, at=AT)
    assert _letter(key="two").state == "In the next summary"
    preferences.choose("max@acme.example", "introduction_assigned", Handling.NEVER, at=AT)
    assert _letter(key="three").state == "Turned off"
    assert Message.objects.get(key="two").state == "Turned off", "what waited for a summary is dropped too"
    assert _letter(key="four", to="nina@acme.example").state == "Waiting"
    assert _letter("partner_joined", key="five").state == "Waiting"


def test_what_nobody_wants_is_not_delivered(msp: Msp, mailoutbox: list[EmailMultiAlternatives]) -> None:
    with tenancy.use(msp.pk):
        preferences.choose("max@acme.example", "introduction_assigned", Handling.NEVER, at=AT)
        message = _letter()
    tasks.deliver(msp_id=str(msp.pk), message_id=str(message.pk))
    assert mailoutbox == []
    with tenancy.use(msp.pk):
        assert not Message.objects.filter(waiting()).exists()


@pytest.mark.parametrize("kind", ["payout", "invitation", "application", "digest"])
def test_essential_letters_cannot_be_turned_off(inside: Msp, kind: str) -> None:
    for choice in (Handling.DAILY, Handling.NEVER):
        with pytest.raises(preferences.Essential, match="cannot be turned off"):
            preferences.choose("max@acme.example", kind, choice, at=AT)
    preferences.choose("max@acme.example", kind, Handling.AT_ONCE, at=AT)
    assert not Preference.objects.exists()


def test_unknown_kinds_and_choices_and_no_address_are_refused(inside: Msp) -> None:
    for kind, choice in (("weather", "never"), ("introduction_new", "sometimes")):
        with pytest.raises(preferences.UnknownChoice):
            preferences.choose("max@acme.example", kind, choice, at=AT)
    with pytest.raises(preferences.NoAddress):
        preferences.choose(" ", "introduction_new", "never", at=AT)


def test_a_choice_is_of_one_msp(msp: Msp) -> None:
    with tenancy.use(msp.pk):
        preferences.choose("max@acme.example", "introduction_assigned", Handling.NEVER, at=AT)
    with tenancy.use(builders.an_msp("Rival").pk):
        assert _letter().state == "Waiting"


def test_a_choice_moves_with_the_address_of_a_person(inside: Msp) -> None:
    login = builders.a_login(builders.a_partner())
    preferences.choose(login.contact.email, "introduction_progress", Handling.NEVER, at=AT)
    by = builders.a_member(inside)
    people.edit(login.contact, name="Petra", email="new@park.example", phone="", by=by, at=AT)
    assert preferences.handling("new@park.example", kinds.KINDS["introduction_progress"]) == Handling.NEVER


# --- summaries


def test_the_night_is_put_together_in_one_letter_in_the_morning(inside: Msp) -> None:
    preferences.choose("max@acme.example", "introduction_assigned", Handling.DAILY, at=AT)
    night = NINE - timedelta(hours=12)
    letters = [_letter(key="one", at=night), _letter(key="two", at=night), _letter(key="late", at=NINE)]
    assert digests.write(at=NINE - timedelta(hours=3)) == 0, "it is six"
    assert digests.write(at=NINE) == 1
    digest = Message.objects.get(kind="digest")
    assert digest.subject == "2 e-mails from Acme IT, together"
    assert "Company one is yours now" in digest.text
    assert "Company two is yours now" in digest.html
    assert "Hello Max" not in digest.text
    assert digest.state == "Waiting"
    assert [Message.objects.get(pk=letter.pk).state for letter in letters] == ["Sent", "Sent", "In the next summary"]
    assert digests.write(at=NINE + timedelta(hours=1)) == 0
    assert digests.write(at=NINE + timedelta(days=1)) == 1
    assert Message.objects.filter(kind="digest").latest("pk").subject == "Company late is yours now"


@pytest.mark.django_db(transaction=True)
def test_the_sweep_writes_the_summaries_of_every_msp() -> None:
    written = [builders.an_msp("Acme IT", "acme"), builders.an_msp("Rival", "rival")]
    for msp in written:
        with tenancy.use(msp.pk):
            preferences.choose("max@acme.example", "introduction_assigned", Handling.DAILY, at=AT)
            _letter(at=NINE - timedelta(hours=12))
    with time_machine.travel(NINE, tick=False):
        tasks.write_digests()
    for msp in written:
        with tenancy.use(msp.pk):
            assert Message.objects.filter(kind="digest").count() == 1


# --- clothes


def _dressed(msp: Msp, **wanted: Any) -> None:
    by = builders.a_member(msp)
    out = io.BytesIO()
    Image.new("RGBA", (300, 80), (122, 31, 92, 255)).save(out, "PNG")
    branding.change(msp, accent="#7a1f5c", **wanted, by=by, at=AT)
    branding.put_logo(msp, pictures.logo(out, 10), by=by, at=AT)


def test_a_letter_wears_the_brand_in_both_its_forms(msp: Msp) -> None:
    with tenancy.use(msp.pk):
        _dressed(msp, sender_name="Acme Partners", reply_to="partners@acme.example", postal_address="1 Main St\nTown")
        message = _letter()
    mail = tasks.compose(Message(**{f.attname: getattr(message, f.attname) for f in Message._meta.concrete_fields}))
    assert mail.from_email == "Acme Partners <hello@elinkages.example>"
    assert mail.reply_to == ["partners@acme.example"]
    assert "Acme IT, 1 Main St, Town" in message.text
    assert "#7a1f5c" in message.html
    assert "<img" not in message.text
    whole = mail.message()
    parts = [part.get_content_type() for part in whole.walk()]
    assert parts == ["multipart/alternative", "text/plain", "multipart/related", "text/html", "image/png"]
    picture = next(part for part in whole.walk() if part.get_content_type() == "image/png")
    assert picture["Content-ID"] == "<logo>"
    assert 'alt="Acme IT"' in message.html, "readable without the picture"
    assert not re.search(r'src="(?!cid:)', message.html), "nothing is fetched from anywhere"


def test_the_reader_of_the_demo_shows_the_picture_that_came_along(msp: Msp) -> None:
    from email import message_from_bytes, policy

    with tenancy.use(msp.pk):
        _dressed(msp)
        message = _letter()
    raw = tasks.compose(message).message().as_bytes()
    filed = mail_files._letter("x", 0, raw)
    assert "data:image/png;base64," in filed.html
    assert "cid:logo" not in filed.html
    assert message_from_bytes(raw, policy=policy.default)["Subject"] == message.subject


def test_a_letter_that_may_be_turned_down_says_how_and_an_essential_one_does_not(msp: Msp) -> None:
    with tenancy.use(msp.pk):
        message = _letter()
        stop = preferences.link(msp, "max@acme.example", "introduction_assigned")
        essential = outbox.send(to="max@acme.example", template="emails/digest", context={"pieces": []}, key="d", at=AT)
    headers = tasks.compose(message).extra_headers
    assert headers["List-Unsubscribe"] == f"<{stop}>"
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert stop in message.text
    assert stop.startswith(f"{settings.SITE_URL}/letters/acme/")
    assert "List-Unsubscribe" not in tasks.compose(essential).extra_headers
    assert "/letters/" not in essential.text


# --- the way out


def _path(link: str) -> str:
    return link.removeprefix(settings.SITE_URL)


def test_one_click_of_a_mail_program_stops_a_kind_of_letter(client: Client, msp: Msp) -> None:
    with tenancy.use(msp.pk):
        link = _path(preferences.link(msp, "max@acme.example", "introduction_assigned"))
    strict = Client(enforce_csrf_checks=True)
    asked = strict.get(link)
    assert asked.status_code == 200
    assert f"{msp} runs its referral program with Elinkages." in asked.content.decode()
    assert "Stop these e-mails" in asked.content.decode()
    with tenancy.use(msp.pk):
        assert not Preference.objects.exists(), "a scanner that opens every link changes nothing"
    done = strict.post(link, {"List-Unsubscribe": "One-Click"})
    assert done.status_code == 200
    assert "no longer sends this" in done.content.decode()
    with tenancy.use(msp.pk):
        assert _letter().state == "Turned off"
    strict.post(link, {"choice": "daily"})
    with tenancy.use(msp.pk):
        assert _letter(key="two").state == "In the next summary"


def test_a_link_that_we_did_not_make_for_this_msp_changes_nothing(client: Client, msp: Msp) -> None:
    rival = builders.an_msp("Rival", "rival")
    with tenancy.use(msp.pk):
        link = _path(preferences.link(msp, "max@acme.example", "introduction_assigned"))
        payout = _path(preferences.link(msp, "max@acme.example", "payout"))
    for broken in (link.replace("/acme/", "/rival/"), link[:-3] + "x/", payout, "/letters/acme/x/"):
        assert client.post(broken).status_code == 404
    assert client.post(link.replace("/acme/", "/nobody/")).status_code == 404
    assert client.post(link, {"choice": "sometimes"}).status_code == 422
    for one in (msp, rival):
        with tenancy.use(one.pk):
            assert not Preference.objects.exists()


# --- pages


def _login(client: Client, msp: Msp, role: str = Role.READ_ONLY) -> Membership:
    member = builders.a_member(msp, role)
    client.login(email=member.user.email, password=PASSWORD)
    return member


def test_everybody_on_the_team_sets_their_own(client: Client, msp: Msp) -> None:
    member = _login(client, msp)
    url = doors.url("dashboard", msp, "dashboard:letters")
    asked = client.get(url).content.decode()
    assert "A new introduction" in asked
    assert "What comes of your introductions" not in asked
    wanted = {kind.slug: "at_once" for kind in kinds.for_readers(kinds.TEAM) if not kind.is_essential}
    assert client.post(url, wanted | {"introduction_new": "never"}).status_code == 302
    with tenancy.use(msp.pk):
        assert preferences.choices(member.user.email, readers=kinds.TEAM)["introduction_new"] == "never"
    assert client.post(url, {"introduction_new": "sometimes"}).status_code == 422


def test_what_a_person_of_the_team_chose_follows_the_address_that_they_log_in_with(client: Client, msp: Msp) -> None:
    member = _login(client, msp)
    with tenancy.use(msp.pk):
        preferences.choose(member.user.email, "introduction_new", "never", at=AT)
    EmailAddress.objects.create(user=member.user, email="new@example.com", verified=True)
    client.post("/accounts/email/", {"action_primary": "", "email": "new@example.com"})
    assert User.objects.get(pk=member.user_id).email == "new@example.com"
    with tenancy.use(msp.pk):
        assert preferences.choices("new@example.com", readers=kinds.TEAM)["introduction_new"] == "never"


def test_a_partners_person_sets_their_own_and_sees_it_again(client: Client, msp: Msp) -> None:
    with tenancy.use(msp.pk):
        login = builders.a_login(builders.a_partner())
    client.login(email=login.user.email, password=PASSWORD)
    url = doors.url("portal", msp, "portal:letters")
    asked = client.get(url).content.decode()
    assert "It is the record of money that was paid to you." in asked
    wanted = {kind.slug: "at_once" for kind in kinds.for_readers(kinds.PARTNER) if not kind.is_essential}
    wanted |= {"introduction_progress": "daily", "introduction_received": "never"}
    assert client.post(url, wanted).status_code == 302
    again = client.get(url).content.decode()
    assert re.search(r'name="introduction_progress" value="daily"[^>]* checked', again)


def test_the_letter_about_a_known_address_leads_to_our_own_site(client: Client) -> None:
    from elinkages.mail.models import AccountLetter

    user = builders.a_user()
    form = {"name": "Alice", "email": user.email, "password1": PASSWORD}
    client.post("/accounts/signup/", form, headers={"host": "localhost:1234"})
    letter = AccountLetter.objects.get()
    assert f"{settings.SITE_URL}/accounts/password/reset/" in letter.text
    assert "1234" not in letter.text
