"""References inside the ledger, checked once per statement (ADR 41): what no row may point at, and what must agree."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.models.functions import UUID7

from commissions import accruals
from commissions.models import Entry, Journal, PlanVersion, Pool, Posting
from elinkages.accounts.models import Msp
from elinkages.kernel import tenancy
from elinkages.kernel.checks import walls_declared
from tests import builders
from tests.bench import fill

pytestmark = pytest.mark.django_db
AT = datetime(2026, 6, 1, 12, tzinfo=UTC)


def accrued(slug: str) -> Msp:
    """An MSP with two partners whose deals have earned."""
    msp = builders.an_msp(slug)
    with tenancy.use(msp.pk):
        for name in ("Petra Park CPA", "Paul Price Law"):
            builders.a_deal(builders.a_partner(name))
        accruals.accrue(today=date(2026, 6, 1), at=AT)
    return msp


@pytest.fixture
def msp() -> Msp:
    return accrued("Acme")


def again(row: Any, **changed: Any) -> Any:
    """The row once more, with what is changed of it."""
    values = {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields if field.name != "id"}
    return type(row)(**{**values, **changed})


def refused(*rows: Any, match: str, error: type[DatabaseError] = IntegrityError) -> None:
    """What Postgres says when the rows are written."""
    with pytest.raises(error, match=match), transaction.atomic():
        type(rows[0]).objects.bulk_create(rows)


def test_a_posting_is_for_the_partner_of_its_entry(msp: Msp) -> None:
    with tenancy.use(msp.pk):
        posting = Posting.objects.all()[0]
        other = Entry.objects.exclude(partner_id=posting.partner_id)[0]
        refused(again(posting, partner_id=other.partner_id), match="posting has no such commissions_entry")


@pytest.mark.parametrize(
    ("table", "column", "match"),
    [
        (Posting, "entry_id", "posting has no such commissions_entry"),
        (Entry, "pool_id", "entry has no such commissions_pool"),
        (Pool, "plan_version_id", "pool has no such commissions_planversion"),
    ],
)
def test_no_row_of_another_msp_is_pointed_at(msp: Msp, table: Any, column: str, match: str) -> None:
    rival = accrued("Rival")
    with tenancy.use(rival.pk):
        theirs = getattr(table.objects.all()[0], column)
    with tenancy.use(msp.pk):
        change: dict[str, Any] = {column: theirs}
        if table is Pool:
            change["seq"] = 99
        refused(again(table.objects.all()[0], **change), match=match)


@pytest.mark.parametrize("change", [{"earning_month": date(2030, 1, 1)}, {"currency": "EUR"}])
def test_an_entry_is_of_the_month_and_currency_of_its_pool(msp: Msp, change: dict[str, Any]) -> None:
    with tenancy.use(msp.pk):
        refused(again(Entry.objects.all()[0], **change), match="entry has no such commissions_pool")


@pytest.mark.parametrize("journal", [lambda _: UUID7(), lambda posting: posting.journal_id])
def test_nothing_is_posted_beside_a_journal_or_added_to_one(msp: Msp, journal: Callable[[Posting], Any]) -> None:
    with tenancy.use(msp.pk):
        posting = Posting.objects.all()[0]
        refused(again(posting, journal_id=journal(posting)), match="postings that its header counts")


def test_one_wrong_row_among_many_refuses_them_all(msp: Msp) -> None:
    with tenancy.use(msp.pk):
        entry = Entry.objects.all()[0]
        wrong = again(entry, pool_id=PlanVersion.objects.all()[0].pk)
        before = Entry.objects.count()
        refused(*(again(entry) for _ in range(20)), wrong, match="entry has no such commissions_pool")
        assert Entry.objects.count() == before


def test_what_no_statement_wrote_is_not_there(msp: Msp) -> None:
    """Every journal of the verbs has exactly the postings that it counts."""
    with tenancy.use(msp.pk):
        counted = sum(Journal.objects.values_list("postings_count", flat=True))
        assert counted == Posting.objects.count() > 0


def test_only_what_always_stays_is_trusted_to_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = [one for one in Pool._meta.constraints if one.name != "pool_append_only"]
    monkeypatch.setattr(Pool._meta, "constraints", kept)
    assert [error.msg for error in walls_declared()] == ["entry_pool_kept trusts a table whose rows may go away."]


@pytest.mark.parametrize("table", ["commissions_pool", "commissions_entry"])
def test_what_thousands_point_at_is_searched_by_its_key_before_anybody_has_counted(msp: Msp, table: str) -> None:
    with tenancy.use(msp.pk):
        fill.won_deals(msp, 300, partners=10, counted=False)
        accruals.accrue(today=date(2025, 2, 1), at=builders.AT)
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN (GENERIC_PLAN) SELECT 1 FROM {table} WHERE msp_id = $1 AND id = $2")
            plan = "\n".join(line for (line,) in cursor.fetchall())
    assert re.search(r"using (pool|entry)_tenant_key|using commissions_(pool|entry)_pkey", plan), plan
