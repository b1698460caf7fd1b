"""Opening a payout run, and proving the books, beside what plain SQL takes for it."""

from datetime import UTC, date, datetime
from functools import partial
from typing import Final

from django.db import connection, transaction

from commissions import accruals, invariants, payouts
from commissions.models import Payout, PayoutItem, PayoutRun, Posting
from elinkages.accounts.models import Membership, Msp
from elinkages.accounts.rights import Role
from elinkages.kernel import tenancy
from tests import builders
from tests.bench import accrual, fill
from tests.bench.measure import RUNS, Measured, head, limit, measured, row, say

OWED_EACH: Final = 20
MONTHS: Final = 5
BOOKS_SECONDS: Final = 60
"""For a million postings: ten of each contract, of which there are a hundred thousand."""
ON: Final = date(2025, 12, 1)
AT: Final = datetime(2025, 12, 1, 15, tzinfo=UTC)


def run_payouts(sizes: list[int]) -> None:
    """Open a run of all that is payable: twenty amounts of each partner."""
    head("Open a payout run")
    for size in sizes:
        msp = builders.an_msp(f"Bench payouts {size}")
        owner = builders.a_member(msp, Role.OWNER)
        _payable(msp, size, months=1)
        _fill_floor(size)
        ours: list[float] = []
        floor: list[float] = []
        for _ in range(RUNS):
            ours += measured(partial(_open, msp, owner), runs=1).seconds
            _take_back(msp, owner)
            floor += measured(partial(_open_floor, size), runs=1).seconds
            _empty_floor()
        row(f"{size:>9,} amounts of {size // OWED_EACH:,} partners", Measured(ours), Measured(floor), 2)


def run_books(sizes: list[int]) -> None:
    """Prove the books of one MSP after five months that were accrued and became payable."""
    head("Prove the books")
    for size in sizes:
        msp = builders.an_msp(f"Bench books {size}")
        _payable(msp, size, months=MONTHS)
        with tenancy.use(msp.pk):
            postings = Posting.objects.count()
        assert postings == 2 * MONTHS * size
        seconds = postings * BOOKS_SECONDS / 1_000_000
        limit(f"{postings:>9,} postings", measured(partial(_check, msp, None), runs=3), seconds)
        limit(f"{postings:>9,} postings, months recomputed", measured(partial(_check, msp, ON), runs=1), None)


def _payable(msp: Msp, size: int, *, months: int) -> None:
    say(f"Preparing {size:,} contracts and {months} months …")
    fill.won_deals(msp, size, partners=max(5, size // OWED_EACH))
    for month in range(1, months + 1):
        accrual.accrue_month(msp, month)
    fill.analyze()
    accruals.release(today=ON, at=AT, unit=partial(tenancy.use, msp.pk))
    fill.analyze()


def _check(msp: Msp, today: date | None) -> None:
    with tenancy.use(msp.pk):
        assert invariants.check(today=today) == []


def _open(msp: Msp, owner: Membership) -> None:
    with tenancy.use(msp.pk):
        payouts.open_run(cutoff_on=ON, by=owner, at=AT)


def _take_back(msp: Msp, owner: Membership) -> None:
    with tenancy.use(msp.pk):
        run = PayoutRun.objects.get(state="draft")
        assert Payout.objects.filter(run=run).count() * OWED_EACH == PayoutItem.objects.filter(payout__run=run).count()
        payouts.cancel(run, reason="Measured", by=owner, at=AT)
    fill.analyze()


def _fill_floor(size: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_FLOOR_TABLES)
        cursor.execute(_FLOOR_FILL, {"t": size, "n": size, "each": OWED_EACH})
    fill.analyze()


def _open_floor(size: int) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_FLOOR_OPEN, {"t": size})


def _empty_floor() -> None:
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE bench.payout, bench.item")


_FLOOR_TABLES: Final = """
CREATE TABLE IF NOT EXISTS bench.payee (tenant_id int NOT NULL, id int NOT NULL, PRIMARY KEY (tenant_id, id));
CREATE TABLE IF NOT EXISTS bench.amount (tenant_id int NOT NULL, id int NOT NULL, payee_id int NOT NULL,
    cents bigint NOT NULL, PRIMARY KEY (tenant_id, id), FOREIGN KEY (tenant_id, payee_id) REFERENCES bench.payee);
CREATE TABLE IF NOT EXISTS bench.payout (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, tenant_id int NOT NULL,
    payee_id int NOT NULL, cents bigint NOT NULL, UNIQUE (tenant_id, payee_id), UNIQUE (tenant_id, id),
    FOREIGN KEY (tenant_id, payee_id) REFERENCES bench.payee);
CREATE TABLE IF NOT EXISTS bench.item (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, tenant_id int NOT NULL,
    payout_id bigint NOT NULL, amount_id int NOT NULL, cents bigint NOT NULL, UNIQUE (tenant_id, amount_id),
    FOREIGN KEY (tenant_id, payout_id) REFERENCES bench.payout (tenant_id, id),
    FOREIGN KEY (tenant_id, amount_id) REFERENCES bench.amount);
"""

_FLOOR_FILL: Final = """
INSERT INTO bench.payee SELECT %(t)s, i FROM generate_series(0, %(n)s / %(each)s) i;
INSERT INTO bench.amount SELECT %(t)s, i, i / %(each)s, (50 + (i::bigint * 104729) %% 2000) * 10
    FROM generate_series(1, %(n)s) i;
"""

_FLOOR_OPEN: Final = """
WITH made AS (
    INSERT INTO bench.payout (tenant_id, payee_id, cents)
    SELECT tenant_id, payee_id, sum(cents) FROM bench.amount WHERE tenant_id = %(t)s
        AND NOT EXISTS (SELECT FROM bench.item WHERE item.tenant_id = %(t)s AND item.amount_id = amount.id)
    GROUP BY 1, 2 HAVING sum(cents) > 0 RETURNING id, payee_id)
INSERT INTO bench.item (tenant_id, payout_id, amount_id, cents)
SELECT amount.tenant_id, made.id, amount.id, amount.cents FROM bench.amount JOIN made USING (payee_id)
WHERE amount.tenant_id = %(t)s
"""
