"""Background work: one MSP each, nudged after commit, swept over all."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from django.conf import settings
from django.db import transaction
from pytest_django.fixtures import DjangoCaptureOnCommitCallbacks

from elinkages.celery import app
from elinkages.kernel import tasks, tenancy
from elinkages.kernel.tenancy import NoTenant
from partners.models import Partner
from tests import builders, queue

pytestmark = pytest.mark.django_db
seen: list[Any] = []


@tasks.tenant_task
def count_partners(*, at_least: int, **_: Any) -> None:
    """For these tests."""
    seen.append((Partner.objects.count(), at_least))


@tasks.stepped_task
def step_by_step(*, msp_id: UUID, **_: Any) -> None:
    """For these tests."""
    seen.append((msp_id, tenancy.active()))


@pytest.fixture(autouse=True)
def _nothing_seen() -> None:
    seen.clear()


def test_a_tenant_task_works_inside_its_msp_and_ignores_what_another_release_sends() -> None:
    msp, rival = builders.an_msp("Acme"), builders.an_msp("Rival")
    for place in (msp, rival):
        with tenancy.use(place.pk):
            builders.a_partner()
    count_partners(msp_id=str(msp.pk), at_least=1, sent_by_a_newer_release="x")
    assert seen == [(1, 1)]
    assert not tenancy.active()


def test_a_stepped_task_begins_outside_of_any_unit_of_work() -> None:
    msp = builders.an_msp()
    step_by_step(msp_id=str(msp.pk))
    assert seen == [(msp.pk, False)]


def test_tasks_are_known_by_their_module_and_name() -> None:
    assert count_partners.name == f"{__name__}.count_partners"


def test_a_nudge_leaves_after_the_commit_and_not_after_a_rollback(
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    queue.empty()
    with django_capture_on_commit_callbacks(execute=True):
        tasks.nudge(count_partners, msp_id="1")
        assert queue.waiting(count_partners) == []
    assert queue.waiting(count_partners) == [{"msp_id": "1"}]
    with django_capture_on_commit_callbacks(execute=True), transaction.atomic():
        tasks.nudge(count_partners, msp_id="2")
        transaction.set_rollback(True)
    assert queue.waiting(count_partners) == [{"msp_id": "1"}]
    queue.empty()  # no worker knows the tasks of this file


def test_a_broker_that_is_away_does_not_fail_the_request(
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def away(**_: Any) -> None:
        raise ConnectionError("Redis is away")

    monkeypatch.setattr(count_partners, "apply_async", away)
    with django_capture_on_commit_callbacks() as callbacks:
        tasks.nudge(count_partners, msp_id="1")
    assert len(callbacks) == 1
    with pytest.raises(ConnectionError):
        callbacks[0]()
    assert transaction.get_connection().run_on_commit[-1][2], "Django swallows and logs what a robust callback raises"


def test_a_sweep_visits_every_msp_and_one_failure_stops_nobody(caplog: pytest.LogCaptureFixture) -> None:
    msps = [builders.an_msp("Acme"), builders.an_msp("Rival"), builders.an_msp("Third")]

    def visit() -> None:
        seen.append(tenancy.current_msp_id())
        if len(seen) == 2:
            raise ZeroDivisionError("the second one is broken")

    tasks.for_every_msp(visit)
    assert set(seen) == {msp.pk for msp in msps}
    assert len(seen) == 3
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    with pytest.raises(NoTenant):
        tenancy.current_msp_id()


def test_everything_on_the_schedule_is_a_task_that_exists() -> None:
    app.loader.import_default_modules()
    for name, entry in settings.CELERY_BEAT_SCHEDULE.items():
        assert entry["task"] in app.tasks, name


def test_a_task_for_an_msp_that_does_not_exist_sees_nothing() -> None:
    count_partners(msp_id=str(uuid4()), at_least=0)
    assert seen == [(0, 0)]
