"""/metrics tells the monitor what happens, without naming anybody, and tells it nobody else."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families
from pytest_django.fixtures import Settings

from elinkages.accounts.doors import RESERVED_SLUGS
from elinkages.accounts.rights import Role
from elinkages.watch import metrics, shared
from tests import builders

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).resolve().parents[2]


def figures(text: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def figure(text: str, name: str, **labels: str) -> float:
    return figures(text).get((name, frozenset(labels.items())), 0.0)


def read() -> str:
    answer = Client().get("/metrics")
    assert answer.status_code == 200
    return answer.content.decode()


def test_it_is_for_this_machine_and_for_those_with_the_token(settings: Settings) -> None:
    settings.METRICS_TOKEN = "a-long-token"
    elsewhere = Client(REMOTE_ADDR="203.0.113.9")
    assert Client().get("/metrics").status_code == 200
    assert elsewhere.get("/metrics").status_code == 404
    assert Client().get("/metrics", headers={"X-Forwarded-For": "203.0.113.9"}).status_code == 404
    assert elsewhere.get("/metrics", headers={"Authorization": "Bearer wrong"}).status_code == 404
    assert elsewhere.get("/metrics", headers={"Authorization": "Bearer a-long-token"}).status_code == 200
    settings.METRICS_TOKEN = ""
    assert elsewhere.get("/metrics", headers={"Authorization": "Bearer "}).status_code == 404
    assert "metrics" in RESERVED_SLUGS


def test_requests_are_counted_by_route_and_answer_and_never_by_address() -> None:
    olga = builders.a_member(builders.an_msp("Acme IT", "acme"), Role.OWNER)
    browser = builders.a_browser(olga.user)
    before = figure(read(), "elinkages_requests_total", route="dashboard:partner-list", method="GET", status="200")
    browser.get("/acme/partners/?q=canary")
    browser.get("/invitation/acme/canary/")
    text = read()
    counted = figure(text, "elinkages_requests_total", route="dashboard:partner-list", method="GET", status="200")
    assert counted == before + 1
    assert figure(text, "elinkages_request_seconds_count", route="dashboard:partner-list") >= 1
    assert not re.search("canary|acme", text, re.IGNORECASE)


def test_tasks_are_counted_with_their_time() -> None:
    shared.task_ended("commissions.tasks.accrue", outcome="succeeded", seconds=0.5, msp_id="m")
    shared.task_ended("commissions.tasks.accrue", outcome="failed", seconds=0.25, msp_id="m")
    text = read()
    assert figure(text, "elinkages_tasks_total", task="commissions.tasks.accrue", outcome="succeeded") == 1
    assert figure(text, "elinkages_tasks_total", task="commissions.tasks.accrue", outcome="failed") == 1
    assert figure(text, "elinkages_task_seconds_total", task="commissions.tasks.accrue") == 0.75


def test_the_oldest_accrual_is_of_the_msp_that_was_done_longest_ago() -> None:
    now = time.time()
    backlogs = {"letters": {"waiting": 3, "oldest": now - 90, "parked": 1}}
    picture = {"at": now, "msps": 2, "parked": 1, "ids": ["a", "b"], "backlogs": backlogs, "archive_fails": True}
    shared.keep_picture(picture)
    shared.note(metrics.ACCRUALS, "a")
    assert figure(read(), "elinkages_oldest_run_age_seconds", what="accruals") == float("inf")
    shared.note(metrics.ACCRUALS, "b")
    text = read()
    assert figure(text, "elinkages_oldest_run_age_seconds", what="accruals") < 60
    assert figure(text, "elinkages_rows_waiting", backlog="letters") == 3
    assert 89 < figure(text, "elinkages_rows_oldest_seconds", backlog="letters") < 150
    assert figure(text, "elinkages_rows_parked", backlog="letters") == 1
    assert figure(text, "elinkages_msps_parked") == 1
    assert figure(text, "elinkages_archive_fails") == 1


def test_without_redis_the_rest_is_still_told(settings: Settings) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    text = read()
    assert figure(text, "elinkages_queue_messages") == -1
    assert "elinkages_rows_waiting" not in text


def test_processes_of_the_web_are_added_up(tmp_path: Path) -> None:
    count = (
        "from elinkages.watch import metrics; "
        "metrics.count_request(route='r', method='GET', status=200, seconds=0.01); print(metrics.exposition().decode())"
    )
    environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    script = f"import django; django.setup(); {count}"
    texts = [
        subprocess.run(
            [sys.executable, "-c", script], env=environment, cwd=ROOT, capture_output=True, check=True
        ).stdout
        for _ in range(2)
    ]
    assert figure(texts[1].decode(), "elinkages_requests_total", route="r", method="GET", status="200") == 2


def test_every_metric_of_the_runbook_is_there() -> None:
    shared.task_ended("t", outcome="failed", seconds=0.5)
    empty = {"at": time.time(), "msps": 0, "parked": 0, "ids": [], "backlogs": {}, "archive_fails": False}
    shared.keep_picture(empty)
    text = read() + read()
    named = set(re.findall(r"elinkages_(?:[a-z]+_)*[a-z]+(?=[`{\[ ])", (ROOT / "docs/runbook.md").read_text()))
    roles = {"elinkages_owner", "elinkages_app", "elinkages_portal", "elinkages_backup"}
    missing = [name for name in sorted(named - roles) if f"{name.removesuffix('_bucket')}" not in text]
    assert named > roles
    assert missing == []


def test_a_folder_that_is_gone_costs_counts_and_no_request(tmp_path: Path) -> None:
    count = "metrics.count_request(route='r', method='GET', status=200, seconds=0.01); metrics.exposition()"
    script = f"import django; django.setup(); from elinkages.watch import metrics; {count}; print('went on')"
    environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path / "nowhere")}
    answer = subprocess.run([sys.executable, "-c", script], env=environment, cwd=ROOT, capture_output=True, check=True)
    assert b"went on" in answer.stdout
