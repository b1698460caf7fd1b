"""Sixty months of one MSP as they stand in its tables: introductions, contracts, amounts, payouts, written set-wise.

Everything is spread evenly over the years. A third of what was introduced was won; a fifth of those clients left; every
year their MRR grew by 5%. Commissions are 10% for good, 15% for a year or 12% for three, held for a month and paid in a
run a month. The amounts of two months ago wait in a run that nobody has approved yet, those of last month are on hold.

The ledger of the past is left out: pages read the postings of one amount or of one payout, by their keys.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, time, timedelta
from typing import Any, Final

import psycopg
from django.db import connection, models
from django.utils import timezone

from commissions import payouts
from commissions.models import Entry, Payout, PayoutItem, PayoutRun, Pin, Pool
from commissions.terms import Percent
from elinkages.accounts.models import Membership, Msp
from elinkages.accounts.rights import Role
from elinkages.kernel import tenancy
from referrals.models import Client, Contract, Credit, MrrMovement, Referral
from tests import builders
from tests.bench.fill import RATES, insert, introduce

MONTHS: Final = 60
PAID_FOR: Final = (None, 12, 36)
"""For how many months each of the plans pays; they go with the rates of `fill`."""


def fill(msp: Msp, owner: Membership, size: int) -> None:
    """`size` introductions of a hundredth as many partners, and all that followed."""
    approver = builders.a_member(msp, Role.FINANCE, "Fay Fink")
    with _unguarded(Referral, Credit, Contract, MrrMovement, Pin, Pool, Entry, PayoutRun, Payout, PayoutItem):
        with tenancy.use(msp.pk):
            _introduce(size, max(10, size // 100))
            _sell(size)
        settle()
        with tenancy.use(msp.pk):
            _earn()
            _pay(owner, approver)
    settle()
    today = msp.today(timezone.now())
    with tenancy.use(msp.pk):
        at = datetime.combine(today, time(), tzinfo=UTC)
        payouts.open_run(cutoff_on=today - timedelta(days=1), by=owner, at=at)
    settle()


def settle() -> None:
    """Do what autovacuum would have done by now; only the owner may."""
    with _as_owner() as owner:
        owner.execute("VACUUM (ANALYZE)")


@contextmanager
def _unguarded(*tables: type[models.Model]) -> Iterator[None]:
    """Without the triggers that guard every single step: the rows come as the last step left them."""
    names = [table._meta.db_table for table in tables]
    with _as_owner() as owner:
        for name in names:
            owner.execute(f"ALTER TABLE {name} DISABLE TRIGGER USER")
        yield
        for name in names:
            owner.execute(f"ALTER TABLE {name} ENABLE TRIGGER USER")


def _as_owner() -> psycopg.Connection[Any]:
    return psycopg.connect(os.environ["DATABASE_OWNER_URL"], autocommit=True)


def _run(sql: str, **parameters: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)


def _introduce(size: int, partners: int) -> None:
    # Keys are of the time of their rows, as they would be.
    _run(_DEALS, size=size, partners=partners, seconds=MONTHS * 30 * 24 * 3600 // size)
    introduce(
        "bench_deal",
        partners_since="now() - interval '5 years'",
        stage="stage",
        lost_reason="CASE WHEN stage = 'lost' THEN 'timing' ELSE '' END",
        touched_at="CASE WHEN stage <> 'registered' THEN at + interval '4 hours' END",
        stage_at="least(now(), at + interval '20 days')",
        active_at="least(now(), at + interval '20 days')",
    )


def _sell(size: int) -> None:
    line = builders.a_service_line()
    _run(_SALES, direct=size // 50)
    insert(
        Client,
        "bench_sale",
        id="client",
        name="'Company ' || md5(i::text)",
        name_key="'company ' || md5(i::text)",
        referral_id="referral",
        state="CASE WHEN ends_on IS NULL THEN 'active' ELSE 'left' END",
        since_on="starts_on",
        left_on="ends_on",
        created_at="at",
    )
    insert(
        Contract,
        "bench_sale",
        id="contract",
        client_id="client",
        service_line_id=f"'{line.pk}'::uuid",
        currency="'USD'",
        starts_on="starts_on",
        ends_on="ends_on",
        owed_from="starts_on",
        accrued_revision="1",
        created_at="at",
    )
    insert(
        MrrMovement,
        _MOVEMENTS,
        id="uuidv7(day - now())",
        contract_id="contract",
        kind="kind",
        effective_on="day",
        mrr_minor="minor",
        delta_minor="delta",
        at="day",
        by_name="'Bench'",
    )
    terms = zip(RATES, PAID_FOR, strict=True)
    plans = [builders.a_plan(Percent(basis_points=rate, months=months), for_everyone=False) for rate, months in terms]
    versions = ", ".join(f"'{plan.versions.get().pk}'::uuid" for plan in plans)
    insert(
        Pin,
        "bench_sale WHERE referral IS NOT NULL",
        contract_id="contract",
        plan_version_id=f"(ARRAY[{versions}])[1 + number %% 3]",
        chosen="'{}'",
        won_on="starts_on",
        pinned_at="at",
    )


def _earn() -> None:
    rates = ", ".join(map(str, RATES))
    limits = ", ".join(str(months or 12 * MONTHS) for months in PAID_FOR)
    _run(_AMOUNTS.format(rates=rates, limits=limits))
    insert(
        Pool,
        "bench_amount",
        id="pool",
        contract_id="contract",
        earning_month="month",
        seq="1",
        currency="'USD'",
        amount_minor="minor",
        shared_minor="minor",
        input_sha256="sha256(contract::text::bytea)",
        reason="format('%%s%%%% of MRR %%s', points / 100, to_char(mrr / 100.0, 'FM$999,999.00'))",
        explain="jsonb_build_object('steps', jsonb_build_array(format('MRR %%s on the first day of the month', mrr)),"
        " 'shares', jsonb_build_array(jsonb_build_array(partner, 10000)), 'inputs', jsonb_build_object('mrr', mrr))",
        computed_at="posted",
    )
    insert(
        Entry,
        "bench_amount",
        id="entry",
        pool_id="pool",
        partner_id="partner",
        kind="'accrual'",
        earning_month="month",
        posting_month="posted",
        minor="minor",
        currency="'USD'",
        hold_until="posted + interval '1 month'",
        stage="CASE WHEN age = 1 THEN 'accrued' WHEN age = 2 THEN 'payable' ELSE 'paid' END",
        created_at="posted",
    )


def _pay(owner: Membership, approver: Membership) -> None:
    _run(_PAYOUTS)
    insert(
        PayoutRun,
        "(SELECT DISTINCT run, run_number, paid_on FROM bench_payout) one",
        id="run",
        number="run_number",
        state="'closed'",
        currency="'USD'",
        cutoff_on="paid_on - 4",
        opened_at="paid_on - 4",
        opened_by_id=f"'{owner.pk}'::uuid",
        approved_at="paid_on - 3",
        approved_by_id=f"'{approver.pk}'::uuid",
        released_at="paid_on - 3",
        released_by_id=f"'{owner.pk}'::uuid",
        ended_at="paid_on",
    )
    insert(
        Payout,
        "bench_payout",
        id="payout",
        run_id="run",
        partner_id="partner",
        number="number",
        payee="'Partner ' || number",
        minor="minor",
        currency="'USD'",
        state="'paid'",
        paid_on="paid_on",
        reference="'ACH ' || number",
    )
    insert(
        PayoutItem,
        "bench_payout JOIN bench_amount USING (partner, month)",
        payout_id="payout",
        entry_id="entry",
        minor="bench_amount.minor",
    )


_DEALS: Final = """
DROP TABLE IF EXISTS bench_partner, bench_deal;
CREATE TEMP TABLE bench_partner AS
SELECT i, uuidv7(interval '-5 years') AS id FROM generate_series(0, %(partners)s - 1) i;
CREATE TEMP TABLE bench_deal AS
SELECT one.i, one.at, p.id AS partner, p.i AS number, uuidv7(one.at - now()) AS referral,
    CASE WHEN one.at > now() - interval '75 days' OR one.i %% 49 = 0
             THEN (ARRAY['registered', 'qualified', 'proposal'])[1 + one.i %% 3]
         WHEN one.i %% 3 = 0 THEN 'won' ELSE 'lost' END AS stage,
    (50 + (one.i::bigint * 104729) %% 2000) * 100 AS mrr
FROM (SELECT i, now() - i * make_interval(secs => %(seconds)s) AS at FROM generate_series(1, %(size)s) i) one
JOIN bench_partner p ON p.i = one.i / 3 %% %(partners)s
"""

_SALES: Final = """
DROP TABLE IF EXISTS bench_sale;
CREATE TEMP TABLE bench_sale AS
SELECT one.*, uuidv7(at - now()) AS client, uuidv7(at - now()) AS contract,
    CASE WHEN leaves_on <= now() THEN leaves_on::date END AS ends_on
FROM (
    SELECT i, at, partner, number, referral, mrr, date_trunc('month', at + interval '75 days')::date AS starts_on,
        CASE WHEN i / 21 %% 5 = 0
             THEN date_trunc('month', at + make_interval(months => 14 + i %% 24)) END AS leaves_on
    FROM bench_deal WHERE stage = 'won'
    UNION ALL
    SELECT -i, now() - interval '5 years', NULL, i, NULL, 100000, (now() - interval '5 years')::date, NULL
    FROM generate_series(1, %(direct)s) i) one
"""
"""What was won, and clients that nobody sent."""

_MOVEMENTS: Final = """(
    SELECT contract, 'start' AS kind, starts_on::timestamptz AS day, mrr AS minor, mrr AS delta FROM bench_sale
    UNION ALL
    SELECT contract, 'price', day, mrr * (100 + 5 * year) / 100,
        mrr * (100 + 5 * year) / 100 - mrr * (95 + 5 * year) / 100
    FROM bench_sale, generate_series(1, 5) year, LATERAL (
        SELECT (starts_on + make_interval(years => year))::timestamptz AS day) anniversary
    WHERE day < least(now(), ends_on)
    UNION ALL
    SELECT contract, 'churn', ends_on, 0, -mrr * (100 + 5 * ((ends_on - starts_on - 1) / 366)) / 100
    FROM bench_sale WHERE ends_on IS NOT NULL) moved"""

_AMOUNTS: Final = """
DROP TABLE IF EXISTS bench_amount;
CREATE TEMP TABLE bench_amount AS
SELECT contract, partner, month::date AS month, posted::date AS posted, age, points, paid.mrr,
    paid.mrr * points / 10000 AS minor, uuidv7(posted - now()) AS pool, uuidv7(posted - now()) AS entry
FROM (SELECT *, (ARRAY[{rates}])[1 + number %% 3] AS points, (ARRAY[{limits}])[1 + number %% 3] AS months
      FROM bench_sale WHERE referral IS NOT NULL) sale,
    generate_series(starts_on::timestamptz, least(now(), ends_on, starts_on + make_interval(months => months))
                    - interval '1 day', interval '1 month') month,
    LATERAL (SELECT month + interval '1 month' AS posted,
        mrr * (100 + 5 * (month::date - starts_on) / 366) / 100 AS mrr,
        (extract(year FROM age(date_trunc('month', now()), month)) * 12
         + extract(month FROM age(date_trunc('month', now()), month)))::int AS age) paid
WHERE age > 0
"""

_PAYOUTS: Final = """
DROP TABLE IF EXISTS bench_run, bench_payout;
CREATE TEMP TABLE bench_run AS
SELECT month, uuidv7(month + interval '2 months' - now()) AS run, row_number() OVER (ORDER BY month) AS run_number,
    (month + interval '2 months 4 days')::date AS paid_on
FROM (SELECT DISTINCT month FROM bench_amount WHERE age > 2) one;
CREATE TEMP TABLE bench_payout AS
SELECT bench_run.*, partner, uuidv7(paid_on - now()) AS payout, minor,
    row_number() OVER (ORDER BY run_number, partner) AS number
FROM (SELECT partner, month, sum(minor) AS minor FROM bench_amount GROUP BY partner, month) one
JOIN bench_run USING (month)
"""
