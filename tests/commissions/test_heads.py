"""What was published about the books outside of the database, and what is found when they no longer say it."""

import io
import json
import os
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from django.core.management import CommandError, call_command
from pytest_django.fixtures import Settings

from commissions import accruals, tasks
from commissions.ledger import GENESIS, HASHED, LINES
from commissions.models import Journal
from elinkages.accounts.models import Msp
from elinkages.kernel import tenancy
from elinkages.watch import shared
from tests import builders
from tests.commissions.test_invariants import AT, TODAY

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def file(tmp_path: Path, settings: Settings) -> Path:
    settings.LEDGER_HEADS = tmp_path / "records" / "heads.jsonl"
    return tmp_path / "records" / "heads.jsonl"


@pytest.fixture
def msp() -> Msp:
    acme = builders.an_msp("Acme IT", "acme")
    with tenancy.use(acme.pk):
        builders.a_deal(builders.a_partner())
        accruals.accrue(today=TODAY, at=AT)
    builders.an_msp("Without books", "without")
    return acme


def check(file: Path) -> str:
    out = io.StringIO()
    call_command("check_books", heads=file, stdout=out)
    return out.getvalue()


def as_somebody_who_may_switch_off_triggers(sql: str, *values: object) -> None:
    with psycopg.connect(os.environ["DATABASE_OWNER_URL"]) as owner:
        for table in ("commissions_journal", "commissions_posting"):
            owner.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER, NO FORCE ROW LEVEL SECURITY".encode())
        owner.execute(sql.encode(), values)
        for table in ("commissions_journal", "commissions_posting"):
            owner.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER, FORCE ROW LEVEL SECURITY".encode())


def test_every_night_the_head_of_clean_books_is_published(msp: Msp, file: Path) -> None:
    tasks.check_books()
    tasks.check_books()
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    with tenancy.use(msp.pk):
        last = Journal.objects.latest("seq")
    assert [(line["msp"], line["seq"], line["head"]) for line in lines] == [
        (str(msp.pk), last.seq, bytes(last.hash).hex())
    ] * 2
    assert "Every head published" in check(file)
    assert str(msp.pk) in shared.last_successes("commissions.tasks.check_books")


def test_rewritten_books_are_found_though_their_chain_holds(msp: Msp, file: Path) -> None:
    """Without the published head nobody would know: the chain of the forged books is in order."""
    tasks.check_books()
    forged = """UPDATE commissions_journal SET source = source || ' forged' WHERE msp_id = %s"""
    as_somebody_who_may_switch_off_triggers(forged, msp.pk)
    _rechain(msp)
    call_command("check_books", msp.slug)
    with pytest.raises(CommandError, match="1 published heads are not in these books"):
        check(file)


def _rechain(msp: Msp) -> None:
    parts = {
        "prev": "%(prev)s::bytea",
        "msp": "j.msp_id",
        "seq": "j.seq",
        "source": "j.source",
        "kind": "j.kind",
        "effective": "j.effective_on",
        "count": "j.postings_count",
        "lines": f"(SELECT {LINES} FROM commissions_posting p WHERE p.journal_id = j.id)",
    }
    with psycopg.connect(os.environ["DATABASE_OWNER_URL"]) as owner:
        for table in ("commissions_journal", "commissions_posting"):
            owner.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER, NO FORCE ROW LEVEL SECURITY".encode())
        query = f"SELECT id FROM commissions_journal WHERE msp_id = '{msp.pk}' ORDER BY seq"
        previous = GENESIS
        for (journal_id,) in owner.execute(query.encode()).fetchall():
            new = owner.execute(
                (
                    f"UPDATE commissions_journal j SET prev_hash = %(prev)s, hash = {HASHED % parts}"
                    " WHERE id = %(id)s RETURNING hash"
                ).encode(),
                {"prev": previous, "id": journal_id},
            ).fetchone()
            assert new
            previous = new[0]
        for table in ("commissions_journal", "commissions_posting"):
            owner.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER, FORCE ROW LEVEL SECURITY".encode())


def test_cut_off_books_and_a_missing_msp_are_found(msp: Msp, file: Path) -> None:
    tasks.check_books()
    line = json.loads(file.read_text())
    others = [line, line | {"seq": line["seq"] + 1}, line | {"msp": str(UUID(int=7))}]
    file.write_text("".join(f"{json.dumps(one)}\n" for one in others))
    with pytest.raises(CommandError, match="2 published heads"):
        check(file)


def test_a_file_that_is_none_is_said(msp: Msp, tmp_path: Path) -> None:
    (tmp_path / "letter").write_text("hello\n")
    with pytest.raises(CommandError, match="Line 1 of"):
        check(tmp_path / "letter")
    with pytest.raises(CommandError, match="No such file"):
        check(tmp_path / "nowhere")
