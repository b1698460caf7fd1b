"""The worker's part: resumed after a death, done once by two of them, and never half a row."""

import logging
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from elinkages.accounts.rights import Role
from elinkages.celery import redis_client
from elinkages.kernel import tenancy
from integrations import tasks
from integrations.models import Import, ImportState
from integrations.spreadsheets import partner_rows, running, undoing
from partners.models import Contact, Partner
from referrals import service_lines
from tests import builders, races
from tests.integrations.conftest import AT, Office
from tests.worker import until, worker

pytestmark = pytest.mark.django_db(transaction=True)
ROWS = 400
"""Four batches of partners: a worker is killed after the first of them."""


@pytest.fixture
def office(transactional_db: None) -> Office:
    msp = builders.an_msp()
    owner = builders.a_member(msp, Role.OWNER, "Olga Owner")
    with tenancy.use(msp.pk):
        service_lines.seed(AT)
    return Office(msp, owner)


def firms(count: int) -> str:
    lines = "".join(f"Firm {number},CPA,Person {number},p{number}@firm{number}.example\n" for number in range(count))
    return "Name,Kind,Person,E-mail\n" + lines


def written(office: Office) -> tuple[int, int]:
    """Partners and their people."""
    with tenancy.use(office.msp.pk):
        return Partner.objects.count(), Contact.objects.count()


def nudge_again(office: Office, batch: Import) -> None:
    """What the sweep does a minute after the last sign of life."""
    with tenancy.use(office.msp.pk):
        Import.objects.filter(pk=batch.pk).update(moved_at=timezone.now() - timedelta(seconds=61))
    tasks.sweep.run()


def twice(task: Callable[[], object]) -> None:
    """Two workers at the same task, neither of which may fail."""
    assert not [outcome for outcome in races.at_once(task, task) if isinstance(outcome, Exception)]


def test_a_real_worker_checks_and_imports_and_goes_on_after_another_was_killed(office: Office, tmp_path: Path) -> None:
    batch = office.choose(office.upload("partners", firms(ROWS)))
    for folder in ("first", "second"):
        (tmp_path / folder).mkdir()
    with worker(tmp_path / "first") as first:
        with tenancy.use(office.msp.pk):
            tasks.nudge_import(batch)
        until(lambda: office.again(batch).state == ImportState.CHECKED, "the rows are checked")
        started = office.start(batch)
        with tenancy.use(office.msp.pk):
            tasks.nudge_import(started)
        until(lambda: office.again(batch).done > 0, "the first rows are written")
        first.kill()
        first.wait()
    interrupted = office.again(batch)
    count, people = written(office)
    assert interrupted.state == ImportState.IMPORTING
    assert count == people == interrupted.done < ROWS
    redis_client().flushdb()  # the queue is lost too
    nudge_again(office, batch)
    with worker(tmp_path / "second"):
        until(lambda: office.again(batch).state == ImportState.DONE, "the rest is written")
    assert written(office) == (ROWS, ROWS)
    assert office.again(batch).summary == {"create": ROWS, "update": 0, "duplicate": 0, "error": 0}


def test_a_real_worker_takes_back_and_goes_on_after_another_was_killed_while_pages_answer(
    office: Office, tmp_path: Path
) -> None:
    batch = office.bring("partners", firms(ROWS))
    browser = builders.a_browser(office.owner.user)
    page = f"/{office.msp.slug}/imports/{batch.pk}/"
    for folder in ("first", "second"):
        (tmp_path / folder).mkdir()
    with worker(tmp_path / "first") as first:
        with tenancy.use(office.msp.pk):
            undoing.start(batch, expected=ROWS, by=office.owner, at=timezone.now())
            tasks.nudge_import(batch)
        until(lambda: office.again(batch).done > 0, "the first rows are taken back")
        assert browser.get(page).status_code == 200
        assert browser.get(f"/{office.msp.slug}/partners/").status_code == 200
        first.kill()
        first.wait()
    interrupted = office.again(batch)
    assert interrupted.state == ImportState.UNDOING
    assert written(office) == (ROWS - interrupted.done, ROWS - interrupted.done)
    redis_client().flushdb()  # the queue is lost too
    nudge_again(office, batch)
    with worker(tmp_path / "second"):
        until(lambda: office.again(batch).state == ImportState.UNDONE, "the rest is taken back")
    assert written(office) == (0, 0)
    assert office.again(batch).summary["undone"] == ROWS


def test_two_workers_take_every_row_back_once(office: Office) -> None:
    batch = office.bring("partners", firms(ROWS))
    with tenancy.use(office.msp.pk):
        undoing.start(batch, expected=ROWS, by=office.owner, at=timezone.now())
    twice(lambda: tasks.undo.run(msp_id=str(office.msp.pk), import_id=str(batch.pk)))
    tasks.undo.run(msp_id=str(office.msp.pk), import_id=str(batch.pk))
    done = office.again(batch)
    assert (done.state, done.summary["undone"], written(office)) == (ImportState.UNDONE, ROWS, (0, 0))


def test_two_workers_import_every_row_once(office: Office) -> None:
    batch = office.start(office.check("partners", firms(ROWS)))
    twice(lambda: tasks.run.run(msp_id=str(office.msp.pk), import_id=str(batch.pk)))
    office.run(batch)
    done = office.again(batch)
    assert (done.state, done.done, written(office)) == (ImportState.DONE, ROWS, (ROWS, ROWS))


def test_two_workers_check_every_row_once(office: Office) -> None:
    batch = office.choose(office.upload("partners", firms(1_200)))
    twice(lambda: tasks.check.run(msp_id=str(office.msp.pk), import_id=str(batch.pk)))
    tasks.check.run(msp_id=str(office.msp.pk), import_id=str(batch.pk))
    checked = office.again(batch)
    assert (checked.state, checked.done, len(office.rows(batch))) == (ImportState.CHECKED, 1_200, 1_200)


def test_two_files_with_the_same_partners_at_once_add_each_partner_once(office: Office) -> None:
    batches = [office.start(office.check("partners", firms(30))) for _ in range(2)]
    waiting = list(batches)
    twice(lambda: tasks.run.run(msp_id=str(office.msp.pk), import_id=str(waiting.pop().pk)))
    assert written(office) == (30, 30)
    fates = [office.again(batch).summary for batch in batches]
    assert sorted(summary["create"] for summary in fates) == [0, 30]


def test_a_nudge_too_many_changes_nothing(office: Office) -> None:
    batch = office.bring("partners", firms(5))
    before = office.again(batch).finished_at
    for task in (tasks.run, tasks.check):
        task.run(msp_id=str(office.msp.pk), import_id=str(batch.pk))
    assert office.again(batch).finished_at == before
    assert written(office) == (5, 5)


def test_a_check_that_stopped_goes_on_where_it_was(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "CHECKED_AT_ONCE", 500)
    batch = office.choose(office.upload("partners", firms(1_200)))
    real = running.check_some
    calls: list[int] = []

    def dies_at_the_second(*args: Any, **kwargs: Any) -> bool:
        calls.append(kwargs["done"])
        if len(calls) == 2:
            raise MemoryError("killed")
        return real(*args, **kwargs)

    monkeypatch.setattr(running, "check_some", dies_at_the_second)
    with pytest.raises(MemoryError):
        tasks.check.run(msp_id=str(office.msp.pk), import_id=str(batch.pk))
    assert (office.again(batch).done, len(office.rows(batch))) == (500, 500)
    tasks.check.run(msp_id=str(office.msp.pk), import_id=str(batch.pk))
    assert calls == [0, 500, 500, 1_000]
    assert [row.number for row in office.rows(batch)] == list(range(2, 1_202))


def test_a_check_that_never_gets_through_is_given_up_with_a_sentence(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = office.choose(office.upload("partners", firms(3)))

    def dies(*_: Any, **__: Any) -> bool:
        raise MemoryError("killed")

    monkeypatch.setattr(running, "check_some", dies)
    for _ in range(5):
        with pytest.raises(MemoryError):
            tasks.check.run(msp_id=str(office.msp.pk), import_id=str(batch.pk))
    tasks.check.run(msp_id=str(office.msp.pk), import_id=str(batch.pk))
    failed = office.again(batch)
    assert failed.state == ImportState.FAILED
    assert failed.error.startswith("The rows could not be checked: five attempts ended without an answer.")


def test_a_row_that_brings_its_worker_down_is_found_and_parked_and_the_others_are_imported(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = office.start(office.check("partners", firms(8)))
    real, tried = partner_rows.write_many, list[str]()

    def dies_of_the_third(many: Any, *args: Any, **kwargs: Any) -> Any:
        tried.extend(values["name"] for values in many)
        if any(values["name"] == "Firm 2" for values in many):
            raise SystemExit(9)
        return real(many, *args, **kwargs)

    monkeypatch.setattr(partner_rows, "write_many", dies_of_the_third)
    for _ in range(12):
        try:
            office.run(batch)
        except SystemExit:
            assert written(office)[0] == written(office)[1]
    done = office.again(batch)
    assert (done.state, done.done, written(office)) == (ImportState.DONE, 8, (7, 7))
    assert office.fates(batch)[2] == (4, "error", running.GAVE_UP)
    assert tried.count("Firm 2") == 5


def test_a_fault_of_ours_in_one_row_keeps_nobody_else_waiting(
    office: Office, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    real = partner_rows.write_many

    def breaks_in_the_middle(many: Any, *args: Any, **kwargs: Any) -> Any:
        partners = real(many, *args, **kwargs)
        if any(values["name"] == "Firm 1" for values in many):
            raise ZeroDivisionError
        return partners

    monkeypatch.setattr(partner_rows, "write_many", breaks_in_the_middle)
    with caplog.at_level(logging.CRITICAL):
        done = office.bring("partners", firms(4))
    assert done.summary == {"create": 3, "update": 0, "duplicate": 0, "error": 1}
    assert written(office) == (3, 3)


def test_nothing_is_changed_that_was_not_shown_in_the_check(office: Office) -> None:
    with tenancy.use(office.msp.pk):
        here = builders.a_partner("Here")
    batch = office.check("partners", "Name,Kind,E-mail\nNew Firm,CPA,new@firm.example\n")
    with tenancy.use(office.msp.pk):
        Contact.objects.create(partner=here, name="Nell", email="new@firm.example", created_at=AT)
    done = office.run(office.start(batch))
    assert office.fates(done) == [
        (2, "error", "It was added here after the rows were checked. Upload the row again to see what would change.")
    ]
    with tenancy.use(office.msp.pk):
        assert Partner.objects.get().name == "Here"


def test_commissions_are_nudged_when_clients_were_imported(office: Office) -> None:
    office.bring("clients", "Client,Service line,MRR,Start date,Owed from\nElm,Security,5,2025-01-01,2025-01-01\n")
    queued = redis_client().lrange("celery", 0, -1)
    assert any(b"commissions.tasks.accrue" in message for message in queued)


def test_the_sweep_nudges_only_what_stands_still(office: Office) -> None:
    fresh = office.choose(office.upload("partners", firms(1)))
    with tenancy.use(office.msp.pk):
        Import.objects.filter(pk=fresh.pk).update(moved_at=timezone.now())
    tasks.sweep.run()
    assert redis_client().llen("celery") == 0
    nudge_again(office, fresh)
    assert redis_client().llen("celery") == 1
