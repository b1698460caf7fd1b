"""What a worker writes: the request that caused the task, its MSP, and nothing that is in the letter."""

import json
from pathlib import Path
from uuid import UUID

import pytest

from elinkages.accounts.rights import Role
from elinkages.kernel import tenancy
from elinkages.mail.models import Message
from elinkages.watch import shared
from tests import builders
from tests.worker import until, worker

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_task_is_logged_with_the_request_that_caused_it(tmp_path: Path) -> None:
    olga = builders.a_member(builders.an_msp("Acme IT", "acme"), Role.OWNER, "Olga Owner")
    browser = builders.a_browser(olga.user)
    with worker(tmp_path):
        answer = browser.post("/acme/settings/team/invitations/", {"email": "canary@example.com", "role": "finance"})
        assert answer.status_code in (302, 303), answer.content
        until(lambda: _sent(olga.msp_id), "the letter has left")
        until(lambda: bool(shared.last_successes("elinkages.mail.tasks.deliver")), "the task was counted")
    text = (tmp_path / "worker.log").read_text()
    assert "canary" not in text
    lines = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    (done,) = [line for line in lines if line["message"] == "task_succeeded"]
    assert done["request_id"] == answer.headers["X-Request-ID"]
    assert (done["msp"], done["user_id"]) == (str(olga.msp_id), str(olga.user_id))
    assert done["task_id"]
    assert shared.task_counts()["elinkages.mail.tasks.deliver|succeeded"] == 1


def _sent(msp_id: UUID) -> bool:
    with tenancy.use(msp_id):
        return Message.objects.filter(sent_at__isnull=False).exists()
