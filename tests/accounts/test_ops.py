"""Our staff: across MSPs only names; inside one MSP with a reason, for a time, and read-only."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib import admin
from django.core.mail import EmailMultiAlternatives
from django.db import DatabaseError
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django.fixtures import Settings

from elinkages.accounts.models import Msp, User
from elinkages.accounts.ops.site import WalledAdmin
from elinkages.audit.models import AuditEvent
from elinkages.kernel import tenancy
from elinkages.mail import tasks
from elinkages.mail.models import AccountLetter
from elinkages.pages.admin import COLUMNS
from partners.models import Partner
from tests import builders

pytestmark = pytest.mark.django_db
REASON = "Ticket 4711: an invitation does not arrive"


@pytest.fixture
def msp() -> Msp:
    msp = builders.an_msp("Acme IT", "acme")
    with tenancy.use(msp.pk):
        builders.a_partner("Petra of Acme")
    rival = builders.an_msp("Rival", "rival")
    with tenancy.use(rival.pk):
        builders.a_partner("Paul of Rival")
    return msp


@pytest.fixture
def olga() -> User:
    return builders.a_user("Olga Ops", is_staff=True)


@pytest.fixture
def staff(olga: User) -> Client:
    return builders.a_browser(olga)


def _enter(staff: Client, msp: Msp, changes: dict[str, str] | None = None) -> Any:
    form = {"msp": str(msp.pk), "reason": REASON, "minutes": "15"}
    return staff.post("/ops/enter/", form | (changes or {}))


def test_everybody_else_finds_no_admin(msp: Msp) -> None:
    owner = builders.a_member(msp)
    for address in (
        "/ops/",
        "/ops/login/",
        "/ops/accounts/msp/",
        "/ops/enter/",
        "/ops/mail/",
        "/ops/partners/partner/",
    ):
        signed_out = Client().get(address)
        assert signed_out.status_code == 302, address
        member = builders.a_browser(owner.user)
        assert member.get(address).status_code == 404, address


def test_there_is_one_login_for_everybody(client: Client, olga: User) -> None:
    assert client.get("/ops/", follow=True).request["PATH_INFO"] == "/accounts/login/"
    assert client.post("/ops/login/", {"username": olga.email, "password": builders.PASSWORD}).status_code == 302
    assert "_auth_user_id" not in client.session


def test_across_msps_there_are_names_only(staff: Client, msp: Msp) -> None:
    assert b"Acme IT" in staff.get("/ops/accounts/msp/").content
    assert b"Rival" in staff.get("/ops/accounts/msp/").content
    for model in COLUMNS:
        html = staff.get(reverse(f"admin:{model._meta.label_lower.replace('.', '_')}_changelist")).content.decode()
        assert "Enter an MSP first" in html, model
        assert "Petra of Acme" not in html


def test_inside_an_msp_its_tables_open_and_no_others(staff: Client, msp: Msp) -> None:
    assert _enter(staff, msp).status_code == 302
    html = staff.get("/ops/partners/partner/").content.decode()
    assert "Petra of Acme" in html
    assert "Paul of Rival" not in html
    assert "You are in Acme IT</strong> until" in html
    assert REASON in html
    for model in COLUMNS:
        answer = staff.get(reverse(f"admin:{model._meta.label_lower.replace('.', '_')}_changelist"))
        assert answer.status_code == 200, model


def test_a_row_can_be_read_and_not_changed(staff: Client, msp: Msp) -> None:
    _enter(staff, msp)
    with tenancy.use(msp.pk):
        partner = Partner.objects.get()
    address = f"/ops/partners/partner/{partner.pk}/change/"
    html = staff.get(address).content.decode()
    assert "Petra of Acme" in html
    assert 'name="_save"' not in html
    assert staff.post(address, {"name": "Changed"}).status_code == 403
    assert staff.post(f"/ops/partners/partner/{partner.pk}/delete/", {"post": "yes"}).status_code == 403
    assert staff.get("/ops/partners/partner/add/").status_code == 403
    with tenancy.use(msp.pk):
        assert Partner.objects.get().name == "Petra of Acme"


def test_the_database_keeps_a_visit_read_only(msp: Msp, monkeypatch: pytest.MonkeyPatch, staff: Client) -> None:
    def write(self: Any, request: Any) -> Any:
        Partner.objects.update(name="Changed")
        return Partner.objects.all()

    _enter(staff, msp)
    monkeypatch.setattr(WalledAdmin, "get_queryset", write)
    with pytest.raises(DatabaseError, match="read-only transaction"):
        staff.get("/ops/partners/partner/")


def test_a_row_of_another_msp_is_not_found(staff: Client, msp: Msp) -> None:
    _enter(staff, msp)
    rival = Msp.objects.get(slug="rival")
    with tenancy.use(rival.pk):
        stranger = Partner.objects.get()
    answer = staff.get(f"/ops/partners/partner/{stranger.pk}/change/", follow=True)
    assert "Paul of Rival" not in answer.content.decode()


def test_the_msp_reads_who_looked_and_why(staff: Client, msp: Msp) -> None:
    _enter(staff, msp)
    staff.post("/ops/leave/")
    with tenancy.use(msp.pk):
        entered, left = AuditEvent.objects.filter(action__startswith="support.").order_by("pk")
        assert (entered.actor_name, entered.facts["reason"]) == ("Olga Ops (Elinkages)", REASON)
        assert left.action == "support.left"
    owner = builders.a_member(msp)
    client = builders.a_browser(owner.user)
    html = client.get("/acme/settings/").content.decode()
    assert "Olga Ops (Elinkages) looked at this MSP" in html
    assert REASON in html
    assert "Enter an MSP first" in staff.get("/ops/partners/partner/").content.decode()


@pytest.mark.parametrize(
    "wrong", [{"reason": "help"}, {"reason": ""}, {"minutes": "999999"}, {"msp": "x"}, {"msp": ""}]
)
def test_without_a_reason_a_time_and_an_msp_nobody_enters(staff: Client, msp: Msp, wrong: dict[str, str]) -> None:
    assert _enter(staff, msp, wrong).status_code == 422
    assert "Enter an MSP first" in staff.get("/ops/partners/partner/").content.decode()
    with tenancy.use(msp.pk):
        assert not AuditEvent.objects.exists()


def test_a_visit_ends_by_itself(staff: Client, msp: Msp) -> None:
    _enter(staff, msp)
    session = staff.session
    session["ops_visit"] = {**session["ops_visit"], "until": (timezone.now() - timedelta(seconds=1)).isoformat()}
    session.save()
    assert "Enter an MSP first" in staff.get("/ops/partners/partner/").content.decode()
    assert "ops_visit" not in staff.session


def test_somebody_who_is_no_longer_staff_is_out_at_once(staff: Client, olga: User, msp: Msp) -> None:
    _enter(staff, msp)
    User.objects.filter(pk=olga.pk).update(is_staff=False)
    assert staff.get("/ops/partners/partner/").status_code == 404


def test_bodies_of_letters_are_not_shown(staff: Client, msp: Msp) -> None:
    for model, table in admin.site._registry.items():
        names = {field.name for field in model._meta.get_fields()}
        if {"text", "html", "is_secret"} <= names:
            assert set(table.exclude or ()) >= {"text", "html"}


def test_an_account_can_be_closed_but_not_ones_own_and_nothing_else_changed(staff: Client, olga: User) -> None:
    nina = builders.a_user("Nina Novak")
    address = f"/ops/accounts/user/{nina.pk}/change/"
    staff.post(address, {"name": "Changed", "is_staff": "on"})
    nina.refresh_from_db()
    assert (nina.is_active, nina.is_staff, nina.name) == (False, False, "Nina Novak")
    staff.post(f"/ops/accounts/user/{olga.pk}/change/", {})
    olga.refresh_from_db()
    assert olga.is_active


def test_only_our_own_tables_are_in_the_admin() -> None:
    assert {model._meta.label for model in admin.site._registry} & {"auth.Group", "account.EmailAddress"} == set()


# --- what the demo would have sent


@pytest.fixture
def filed(settings: Settings, tmp_path: Path) -> Path:
    backend = "django.core.mail.backends.filebased.EmailBackend"
    settings.MAILERS = {"default": {"BACKEND": backend, "OPTIONS": {"file_path": tmp_path}}}
    return tmp_path


def test_the_demos_letters_can_be_read(staff: Client, filed: Path) -> None:
    mail = EmailMultiAlternatives(
        "Grüße", "Hello Nina\n\nopen https://x.example/abc", "Acme <a@b.example>", ["n@c.example"]
    )
    mail.attach_alternative('<p style="color:red">Hello</p><script>alert(1)</script>', "text/html")
    mail.send()
    html = staff.get("/ops/mail/").content.decode()
    assert "Grüße" in html
    (file,) = filed.iterdir()
    page = staff.get(f"/ops/mail/{file.name}/0/").content.decode()
    assert 'href="https://x.example/abc"' in page
    body = staff.get(f"/ops/mail/{file.name}/0/html/")
    assert "default-src 'none'" in body["Content-Security-Policy"]
    assert "sandbox" in body["Content-Security-Policy"]
    assert body["X-Frame-Options"] == "SAMEORIGIN"
    for wrong in (f"{file.name}/1", "..%2f..%2fetc%2fpasswd/0", "other.log/0", "20261121-000000-1.log/0"):
        assert staff.get(f"/ops/mail/{wrong}/").status_code == 404


def test_without_letters_or_files_the_page_says_why(staff: Client, filed: Path, settings: Settings) -> None:
    assert b"No e-mails yet" in staff.get("/ops/mail/").content
    settings.MAILERS = {"default": {"BACKEND": "django.core.mail.backends.locmem.EmailBackend", "OPTIONS": {}}}
    assert b"goes out through a mail server" in staff.get("/ops/mail/").content


def test_a_letter_that_was_sent_is_what_is_filed(staff: Client, filed: Path) -> None:
    client = Client()
    client.post("/accounts/password/reset/", {"email": builders.a_user("Nina").email})
    tasks.deliver_to_person(letter_id=str(AccountLetter.objects.get().pk))
    assert b"password" in staff.get("/ops/mail/").content.lower()
