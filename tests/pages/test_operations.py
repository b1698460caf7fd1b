"""Our staff sees numbers of every MSP, and sets going again what it has a reason for."""

import time
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django.fixtures import Settings

from commissions import accruals, invariants
from commissions.invariants import NotClean
from commissions.models import Posting
from elinkages.accounts.models import Msp, User
from elinkages.audit import sentences
from elinkages.audit.models import AuditEvent
from elinkages.kernel import tenancy
from elinkages.mail.models import AccountLetter, Message
from elinkages.pages import tasks
from elinkages.pages.operations import health
from elinkages.watch import backlogs, shared
from elinkages.watch.metrics import ACCRUALS, BOOKS
from tests import builders

pytestmark = pytest.mark.django_db
REASON = "Ticket 4711: letters do not arrive"


@pytest.fixture
def msp() -> Msp:
    msp = builders.an_msp("Acme IT", "acme", created_at=builders.AT)
    with tenancy.use(msp.pk):
        petra = builders.a_partner("Petra Canary")
        builders.a_deal(petra)
        accruals.accrue(today=builders.AT.date() + timedelta(days=90), at=builders.AT)
        _a_letter("waiting", created_at=timezone.now() - timedelta(hours=2))
        _a_letter("parked", attempts=8, parked_at=timezone.now(), error="canary@example.com is unknown")
    builders.an_msp("Rival", "rival")
    return msp


def _a_letter(key: str, **fields: Any) -> Message:
    fields = {"created_at": timezone.now(), **fields}
    return Message.objects.create(to="canary@example.com", subject="Canary", text="x", key=key, **fields)


@pytest.fixture
def olga() -> User:
    return builders.a_user("Olga Ops", is_staff=True)


@pytest.fixture
def staff(olga: User) -> Client:
    return builders.a_browser(olga)


def enter(staff: Client, msp: Msp) -> None:
    staff.post("/ops/enter/", {"msp": str(msp.pk), "reason": REASON, "minutes": "15"})


def history(msp: Msp) -> list[AuditEvent]:
    with tenancy.use(msp.pk):
        return list(AuditEvent.objects.order_by("at", "pk"))


PAGES = ("/ops/health/", "/ops/queues/", "/ops/health/{msp}/")
ACTIONS = ("/ops/health/{msp}/unparking/", "/ops/queues/letters/retry/")


def test_for_everybody_else_these_pages_do_not_exist(msp: Msp) -> None:
    member = builders.a_browser(builders.a_member(msp).user)
    for path in (*PAGES, *ACTIONS):
        for method in ("get", "post"):
            address = path.format(msp=msp.pk)
            found = getattr(member, method)(address).status_code
            assert found == (405 if _wrong_method(path, method) else 404), address
            assert getattr(Client(), method)(address).status_code in (302, 405), address


def _wrong_method(path: str, method: str) -> bool:
    return (method == "get") == (path in ACTIONS)


def test_before_anything_was_measured_the_pages_say_so(staff: Client, msp: Msp) -> None:
    assert "Nothing was measured yet" in staff.get("/ops/health/").content.decode()
    assert "Nothing was counted yet" in staff.get("/ops/queues/").content.decode()
    assert "Nothing was counted yet" in staff.get(f"/ops/health/{msp.pk}/").content.decode()


def test_numbers_of_every_msp_and_nothing_that_they_are_made_of(staff: Client, msp: Msp) -> None:
    tasks.measure()
    for path in PAGES:
        html = staff.get(path.format(msp=msp.pk)).content.decode()
        assert "E-mails of MSPs" in html or path == "/ops/health/"
        assert "anary" not in html, path
    (acme,) = [row for row in health.overview(timezone.now()) if row.msp == msp]
    assert (acme.waiting, acme.parked) == (1, 1)
    assert "E-mails of MSPs stand still" in acme.complaints
    assert "Accruals late" in acme.complaints


def test_an_msp_that_is_well_says_so(msp: Msp) -> None:
    with tenancy.use(msp.pk):
        Message.objects.all().delete()
    tasks.measure()
    shared.note(ACCRUALS, msp.pk)
    shared.note(BOOKS, msp.pk)
    (acme,) = [row for row in health.overview(timezone.now()) if row.msp == msp]
    assert (acme.complaints, acme.tone) == ([], "good")
    later = timezone.now() + health.CHECKED_WITHIN
    (acme,) = [row for row in health.overview(later) if row.msp == msp]
    assert acme.complaints == ["Accruals late", "Books not checked"]


def test_an_msp_that_was_just_founded_is_not_late_yet(msp: Msp) -> None:
    founded = timezone.now()
    Msp.objects.filter(slug="rival").update(created_at=founded)

    def complaints_after(waited: timedelta) -> list[str]:
        (rival,) = [row for row in health.overview(founded + waited) if row.msp.slug == "rival"]
        return rival.complaints

    assert complaints_after(health.ACCRUED_WITHIN) == []
    assert complaints_after(health.ACCRUED_WITHIN + timedelta(minutes=1)) == ["Accruals late"]
    assert complaints_after(health.CHECKED_WITHIN + timedelta(minutes=1)) == ["Accruals late", "Books not checked"]


def test_failed_tasks_are_told_by_kind_with_their_request(staff: Client, msp: Msp) -> None:
    shared.task_failed("commissions.tasks.accrue", error="KeyError", msp_id=str(msp.pk), request_id="r1", task_id="t1")
    shared.task_failed("elinkages.mail.tasks.sweep", error="OSError", msp_id="", request_id="", task_id="t2")
    html = staff.get("/ops/queues/").content.decode()
    assert "KeyError" in html
    assert "r1" in html
    one = staff.get(f"/ops/health/{msp.pk}/").content.decode()
    assert "KeyError" in one
    assert "OSError" not in one


def test_parked_letters_are_tried_again_only_inside_and_history_says_why(staff: Client, msp: Msp, olga: User) -> None:
    address = reverse("ops-retry", args=["letters"])
    refused = staff.post(address, follow=True).content.decode()
    assert "Enter the MSP with a reason first" in refused
    enter(staff, msp)
    answer = staff.post(address, {"from": "msp"}, follow=True).content.decode()
    assert "1 row will be tried again" in answer
    with tenancy.use(msp.pk):
        assert not Message.objects.filter(parked_at__isnull=False).exists()
        assert Message.objects.get(key="parked").attempts == 0
    event = history(msp)[-1]
    assert (event.action, event.actor_name, event.facts["reason"]) == ("support.retried", olga.actor_name, REASON)
    assert sentences.describe(event) == "Olga Ops (Elinkages) let 1 row be tried again: E-mails of MSPs"
    assert "parked anymore" in staff.post(address, follow=True).content.decode()


def test_letters_about_logins_belong_to_no_msp_and_the_admins_log_says_who(staff: Client, olga: User) -> None:
    AccountLetter.objects.create(to="a@example.com", subject="s", about="Code", created_at=timezone.now(), attempts=8,
                                 parked_at=timezone.now())  # fmt: skip
    assert (
        "1 row will be tried"
        in staff.post(reverse("ops-retry", args=["account-letters"]), follow=True).content.decode()
    )
    assert AccountLetter.objects.get().parked_at is None
    assert LogEntry.objects.get().user == olga


@pytest.mark.parametrize("name", ["imports", "nothing-like-this"])
def test_what_cannot_be_tried_again_says_so(staff: Client, name: str) -> None:
    assert "Nothing of this kind" in staff.post(reverse("ops-retry", args=[name]), follow=True).content.decode()


def test_payouts_go_on_with_a_reason_once_the_books_are_clean(staff: Client, msp: Msp) -> None:
    with tenancy.use(msp.pk):
        Msp.objects.filter(pk=msp.pk).update(parked_at=timezone.now(), parked_reason="I06: Petra Canary")
    page, address = f"/ops/health/{msp.pk}/", reverse("ops-unpark", args=[msp.pk])
    assert "Canary" not in staff.get(page).content.decode()
    assert (
        "Enter the MSP with a reason first" in staff.post(address, {"reason": "It was a wrong check"}).content.decode()
    )
    enter(staff, msp)
    assert "I06: Petra Canary" in staff.get(page).content.decode()
    short = staff.post(address, {"reason": "ok"})
    assert (short.status_code, "at least ten characters" in short.content.decode()) == (422, True)
    assert "have resumed" in staff.post(address, {"reason": "It was a wrong check"}, follow=True).content.decode()
    assert not Msp.objects.get(pk=msp.pk).is_parked
    event = history(msp)[-1]
    assert (event.action, event.facts["reason"]) == ("msp.unparked", "It was a wrong check")
    assert staff.post(address, {"reason": "It was a wrong check"}).status_code == 422


def test_payouts_stay_stopped_while_the_books_are_wrong(
    staff: Client, msp: Msp, monkeypatch: pytest.MonkeyPatch
) -> None:
    Msp.objects.filter(pk=msp.pk).update(parked_at=timezone.now(), parked_reason="I06")
    broken = invariants.Broken(invariants.INVARIANTS[0], 1, [("what", "detail")])
    monkeypatch.setattr(invariants, "check", lambda today: [broken])
    enter(staff, msp)
    answer = staff.post(reverse("ops-unpark", args=[msp.pk]), {"reason": "I am in a hurry today"})
    assert (answer.status_code, "payouts stay stopped" in answer.content.decode()) == (422, True)
    assert Msp.objects.get(pk=msp.pk).is_parked
    with tenancy.use(msp.pk), pytest.raises(NotClean):
        invariants.unpark(Msp.objects.get(pk=msp.pk), reason="x", by=builders.a_user(), at=timezone.now())
    with tenancy.use(msp.pk):
        assert Posting.objects.exists()


def test_a_visit_of_one_msp_opens_no_other(staff: Client, msp: Msp) -> None:
    rival = Msp.objects.get(slug="rival")
    Msp.objects.filter(pk=rival.pk).update(parked_at=timezone.now(), parked_reason="I06: Canary")
    enter(staff, msp)
    assert "Canary" not in staff.get(f"/ops/health/{rival.pk}/").content.decode()
    assert staff.post(reverse("ops-unpark", args=[rival.pk]), {"reason": REASON}).status_code == 422
    assert staff.get(f"/ops/health/{builders.a_user().pk}/").status_code == 404


def test_without_redis_the_pages_still_stand(staff: Client, msp: Msp, settings: Settings) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    for path in PAGES:
        assert staff.get(path.format(msp=msp.pk)).status_code == 200
    assert "unknown" in staff.get("/ops/queues/").content.decode()


def test_the_oldest_message_is_told_and_garbage_stops_nobody(staff: Client) -> None:
    tasks.measure.delay()
    assert shared.queue_length() == 1
    oldest = shared.oldest_message()
    assert oldest
    assert time.time() - oldest.timestamp() < 60
    shared.client().rpush("celery", b"garbage")
    assert shared.oldest_message() is None
    assert staff.get("/ops/queues/").status_code == 200


def test_every_backlog_can_be_counted(msp: Msp) -> None:
    for backlog in backlogs.known():
        with tenancy.use(msp.pk):
            assert backlog.figures()["waiting"] is not None


def test_labels_of_tables_are_english() -> None:
    from django.apps import apps

    names = [str(model._meta.verbose_name_plural) for model in apps.get_models()]
    assert [name for name in names if name.endswith(("entrys", "partys", "ss"))] == []
