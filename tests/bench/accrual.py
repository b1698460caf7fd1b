"""Accruing a month, against the floor of a month: two set-based statements with keys and ledger legs."""

from datetime import UTC, date, datetime
from functools import partial
from typing import Final

from django.db import connection, transaction

from commissions import accruals
from commissions.engine import add_months
from commissions.models import AccruedMonth, Entry, Pool, Posting
from elinkages.accounts.models import Msp
from elinkages.kernel import tenancy
from tests import builders
from tests.bench import fill
from tests.bench.measure import RUNS, head, measured, row, say

FIRST: Final = date(2025, 1, 1)


def run(sizes: list[int]) -> None:
    """Measure every size: fresh months, the rerun of an unchanged month, and what both are made of."""
    head("Accrue one month")
    for size in sizes:
        _one(size)


def _one(size: int) -> None:
    say(f"Preparing {size:,} contracts …")
    msp = builders.an_msp(f"Bench {size}")
    fill.won_deals(msp, size, partners=max(10, size // 100))
    floor_fill(size, size, partners=max(10, size // 100))
    fill.analyze()
    accrue_month(msp, 1)
    months = iter(range(2, 3 + RUNS))
    ours = measured(lambda: accrue_month(msp, next(months)))
    floor_months = iter(range(2, 3 + RUNS))
    floor = measured(lambda: floor_month(size, next(floor_months)))
    again = measured(lambda: accrue_month(msp, 1 + RUNS))
    through = measured(lambda: look_through(msp, 1 + RUNS))
    row(f"{size:>9,} contracts, a new month", ours, floor, 3)
    row(f"{size:>9,} contracts, the same month again", again, floor, 0.5)
    row(f"{size:>9,} contracts, as if it were not complete", through, floor, 0.5)
    with tenancy.use(msp.pk):
        counts = Pool.objects.count(), Entry.objects.count(), Posting.objects.count()
    expected = size * (1 + RUNS)
    assert counts == (expected, expected, expected), counts


def _day(month: int) -> date:
    return add_months(FIRST, month)


def accrue_month(msp: Msp, month: int) -> None:
    """As the worker does it: a unit of work per page."""
    accruals.accrue(today=_day(month), at=_at(month), unit=partial(tenancy.use, msp.pk))


def look_through(msp: Msp, month: int) -> None:
    """The month before that day, contract by contract, as if it were not complete."""
    with tenancy.use(msp.pk):
        AccruedMonth.objects.filter(month=_day(month - 1)).delete()
    accrue_month(msp, month)


def _at(month: int) -> datetime:
    day = _day(month)
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def floor_fill(tenant: int, size: int, *, partners: int) -> None:
    """The contracts of one tenant of the floor."""
    with connection.cursor() as cursor:
        cursor.execute(_FLOOR_TABLES)
        cursor.execute(_FLOOR_FILL, {"t": tenant, "n": size, "p": partners})


def floor_month(tenant: int, month: int) -> None:
    """One month of one tenant of the floor."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_FLOOR_RUN, {"t": tenant, "d": _day(month)})
        cursor.execute(_FLOOR_LEGS, {"t": tenant, "d": _day(month)})


# The floor's tables live in the app's own schema, because the serving role owns nothing in public.
_FLOOR_TABLES: Final = """
CREATE TABLE IF NOT EXISTS bench.partner (tenant_id int NOT NULL, id int NOT NULL, bp int NOT NULL,
    PRIMARY KEY (tenant_id, id));
CREATE TABLE IF NOT EXISTS bench.contract (tenant_id int NOT NULL, id int NOT NULL, partner_id int NOT NULL,
    mrr bigint NOT NULL, starts date NOT NULL, ends date, PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, partner_id) REFERENCES bench.partner);
CREATE TABLE IF NOT EXISTS bench.statement (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, tenant_id int NOT NULL,
    partner_id int NOT NULL, period date NOT NULL, cents bigint NOT NULL, lines int NOT NULL,
    UNIQUE (tenant_id, partner_id, period), FOREIGN KEY (tenant_id, partner_id) REFERENCES bench.partner);
CREATE TABLE IF NOT EXISTS bench.commission (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, tenant_id int NOT NULL,
    contract_id int NOT NULL, partner_id int NOT NULL, period date NOT NULL, base bigint NOT NULL, bp int NOT NULL,
    cents bigint NOT NULL, statement_id bigint REFERENCES bench.statement, UNIQUE (tenant_id, contract_id, period),
    FOREIGN KEY (tenant_id, contract_id) REFERENCES bench.contract,
    FOREIGN KEY (tenant_id, partner_id) REFERENCES bench.partner);
CREATE INDEX IF NOT EXISTS commission_partner ON bench.commission (tenant_id, partner_id, period);
CREATE TABLE IF NOT EXISTS bench.leg (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    commission_id bigint NOT NULL REFERENCES bench.commission, account_id int NOT NULL,
    cents bigint NOT NULL CHECK (cents <> 0));
CREATE INDEX IF NOT EXISTS leg_account ON bench.leg (account_id);
CREATE INDEX IF NOT EXISTS leg_commission ON bench.leg (commission_id);
"""

_FLOOR_FILL: Final = """
INSERT INTO bench.partner SELECT %(t)s, i, (ARRAY[1000, 1500, 1200])[1 + i %% 3] FROM generate_series(0, %(p)s - 1) i;
INSERT INTO bench.contract SELECT %(t)s, i, i %% %(p)s, (50 + (i::bigint * 104729) %% 2000) * 100, '2025-01-01', NULL
    FROM generate_series(1, %(n)s) i;
"""

_FLOOR_RUN: Final = """
WITH s AS (
    SELECT c.tenant_id, c.id, c.partner_id, c.mrr, p.bp, (c.mrr * p.bp + 5000) / 10000 AS cents
    FROM bench.contract c JOIN bench.partner p ON p.tenant_id = c.tenant_id AND p.id = c.partner_id
    WHERE c.tenant_id = %(t)s AND c.starts <= %(d)s AND (c.ends IS NULL OR c.ends > %(d)s)),
st AS (
    INSERT INTO bench.statement (tenant_id, partner_id, period, cents, lines)
    SELECT tenant_id, partner_id, %(d)s, sum(cents), count(*) FROM s GROUP BY 1, 2 RETURNING id, partner_id)
INSERT INTO bench.commission (tenant_id, contract_id, partner_id, period, base, bp, cents, statement_id)
SELECT s.tenant_id, s.id, s.partner_id, %(d)s, s.mrr, s.bp, s.cents, st.id FROM s JOIN st USING (partner_id)
"""

_FLOOR_LEGS: Final = """
INSERT INTO bench.leg (commission_id, account_id, cents)
SELECT id, v.account, v.sign * cents FROM bench.commission,
    LATERAL (VALUES (0, 1), (partner_id, -1)) v (account, sign) WHERE tenant_id = %(t)s AND period = %(d)s
"""
