"""Many believable rows at once, written set-wise: a column that is not named gets its model's own default."""

import os
from collections.abc import Callable
from functools import partial
from typing import Any

import psycopg
from django.db import connection, models

from commissions.models import Pin
from commissions.terms import Percent
from elinkages.accounts.models import Msp
from elinkages.kernel import tenancy
from partners.models import Partner
from referrals.models import Client, Contract, Credit, MrrMovement, Referral
from tests import builders

RATES = (1_000, 1_500, 1_200)


def insert(model: type[models.Model], source: str, **columns: str) -> None:
    """INSERT … SELECT from `source`; `columns` are SQL expressions by column name."""
    values: list[Any] = []
    given = {"msp_id": f"'{tenancy.current_msp_id()}'::uuid", **columns}
    for field in model._meta.concrete_fields:
        if field.column is None or field.column in given or field.null or field.has_db_default():
            continue
        given[field.column] = "%s"
        values.append(field.get_default())
    sql = f"INSERT INTO {model._meta.db_table} ({', '.join(given)}) SELECT {', '.join(given.values())} FROM {source}"
    with connection.cursor() as cursor:
        cursor.execute(sql, values)


def analyze() -> None:
    """Give the planner what autovacuum would have given it by now; only the owner may."""
    with psycopg.connect(os.environ["DATABASE_OWNER_URL"], autocommit=True) as owner:
        owner.execute("ANALYZE")


def won_deals(msp: Msp, size: int, *, partners: int, contracts: bool = True, counted: bool = True) -> None:
    """`size` referrals of `partners` partners; with `contracts` each is won, signed and pinned to one of three plans.

    Stages, kinds and days are spread evenly, MRR from $50 to $2,049. Unless `counted`, the planner is told nothing.
    """
    steps: list[Callable[[], None]] = [partial(_referrals, size, partners, contracts)]
    if contracts:
        steps += [_sign, _move_and_pin]
    for step in steps:
        with tenancy.use(msp.pk):
            step()
        if counted:
            analyze()


def _referrals(size: int, partners: int, contracts: bool) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "DROP TABLE IF EXISTS bench_partner;"
            "CREATE TEMP TABLE bench_partner AS SELECT i, uuidv7() AS id FROM generate_series(0, %s) i",
            [partners - 1],
        )
        cursor.execute(
            """DROP TABLE IF EXISTS bench;
            CREATE TEMP TABLE bench AS
            SELECT s.i, p.id AS partner, s.i %% %s AS number,
                uuidv7() AS referral, uuidv7() AS client, uuidv7() AS contract,
                (50 + (s.i::bigint * 104729) %% 2000) * 100 AS mrr, now() - s.i * interval '3 minutes' AS at
            FROM generate_series(1, %s) s(i) JOIN bench_partner p ON p.i = s.i %% %s""",
            [partners, size, partners],
        )
    stage = "'won'" if contracts else "(ARRAY['registered','qualified','proposal','registered'])[1 + i %% 4]"
    introduce("bench", partners_since="now()", stage=stage, stage_at="at")


def introduce(source: str, *, partners_since: str, **columns: str) -> None:
    """The partners of `bench_partner`, and of each row of `source` an introduction with its whole credit.

    `columns` are those of the introductions that differ from one fill to another.
    """
    insert(
        Partner,
        "bench_partner",
        id="id",
        kind="(ARRAY['client','vcio','centre_of_influence','peer_msp','vendor'])[1 + i %% 5]",
        name="'Partner ' || i",
        name_key="'partner ' || i",
        state="'active'",
        created_at=f"{partners_since} - i * interval '1 hour'",
    )
    insert(
        Referral,
        source,
        id="referral",
        partner_id="partner",
        source_kind="(ARRAY['client','vcio','centre_of_influence','peer_msp','vendor'])[1 + number %% 5]",
        channel="'import'",
        company="'Company ' || md5(i::text)",
        company_key="'company ' || md5(i::text)",
        registered_at="at",
        registered_by_name="'Bench'",
        currency="'USD'",
        expected_mrr_minor="mrr",
        **columns,
    )
    insert(Credit, source, referral_id="referral", partner_id="partner", basis_points="10000", created_at="at")


def _sign() -> None:
    line = builders.a_service_line()
    insert(
        Client,
        "bench",
        id="client",
        name="'Company ' || i",
        name_key="'company ' || i",
        referral_id="referral",
        since_on="'2025-01-01'",
        created_at="at",
    )
    insert(
        Contract,
        "bench",
        id="contract",
        client_id="client",
        service_line_id=f"'{line.pk}'::uuid",
        currency="'USD'",
        starts_on="'2025-01-01'",
        owed_from="'2025-01-01'",
        created_at="at",
    )


def _move_and_pin() -> None:
    plans = [builders.a_plan(Percent(basis_points=rate, months=None), for_everyone=False) for rate in RATES]
    versions = ", ".join(f"'{plan.versions.get().pk}'::uuid" for plan in plans)
    insert(
        MrrMovement,
        "bench",
        contract_id="contract",
        kind="'start'",
        effective_on="'2025-01-01'",
        mrr_minor="mrr",
        delta_minor="mrr",
        at="at",
        by_name="'Bench'",
    )
    insert(
        Pin,
        "bench",
        contract_id="contract",
        plan_version_id=f"(ARRAY[{versions}])[1 + number %% 3]",
        chosen="'{}'",
        won_on="'2025-01-01'",
        pinned_at="at",
    )
    with connection.cursor() as cursor:
        cursor.execute("UPDATE referrals_contract SET accrued_revision = revision")
