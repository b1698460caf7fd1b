"""Importing a file of introductions, against two floors (ADR 40).

The one that counts writes what the import leaves behind: the same rows, from temporary tables into bare copies of ours
with the same indexes, without keys to other tables, triggers or row security. The other one is COPY and one keyed
upsert of one narrow row for each row of the file: it says how much more than that an introduction is.
"""

import hashlib
from typing import Final
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone

from elinkages.accounts.models import Membership
from elinkages.accounts.rights import Role
from elinkages.kernel import tenancy
from integrations import tasks
from integrations.models import Import, ImportState
from integrations.spreadsheets import imports, undoing
from referrals import service_lines
from referrals.models import Referral
from tests import builders
from tests.bench import fill
from tests.bench.measure import head, limit, measured, row, say

LARGEST: Final = 10_000
"""What one file may bring in the table; larger sizes of the bench say nothing more."""
WORDS: Final = (
    *("Alder", "Birch", "Cedar", "Dogwood", "Elm", "Fir", "Ginkgo", "Hazel", "Ivy", "Juniper", "Katsura", "Linden"),
    *(
        "Maple",
        "Nutmeg",
        "Oak",
        "Pine",
        "Quince",
        "Rowan",
        "Spruce",
        "Tulip",
        "Umber",
        "Willow",
        "Yew",
        "Zelkova",
        "Ash",
    ),
)
SYLLABLES: Final = str.maketrans(
    dict(zip("0123456789", ("ba", "de", "gi", "ko", "mu", "na", "pe", "ri", "to", "zu"), strict=True))
)


def run(sizes: list[int]) -> None:
    """Check and write a file of each size, with screening, credit and history, and the floor beside it."""
    head("Import introductions (check and write, screened)")
    for size in sorted({min(size, LARGEST) for size in sizes}):
        _one(size)


def _one(size: int) -> None:
    say(f"Preparing {size:,} introductions …")
    msp = builders.an_msp(f"Import {size}")
    owner = builders.a_member(msp, Role.OWNER, "Olga Owner")
    with tenancy.use(msp.pk):
        service_lines.seed(timezone.now())
        for number in range(20):
            builders.a_partner(f"Partner {number}")
    fill.analyze()
    rounds = iter(range(1_000))

    def ours() -> None:
        _import(msp.pk, owner, size, next(rounds))

    def floor() -> None:
        _floor(size, next(rounds))

    with connection.cursor() as cursor:
        cursor.execute(_FLOOR_TABLE)
    found = measured(ours, 3)
    narrow = measured(floor)
    with tenancy.use(msp.pk):
        _keep(size)
    row(f"{size:>9,} rows of a CSV: the rows they become", found, measured(_own_rows), 10)
    row(f"{size:>9,} rows of a CSV: one narrow row each", found, narrow, None)
    limit(f"{size:>9,} rows: what taking them back would do", measured(lambda: _outlook(msp.pk, owner)), 1)


def _name(number: int, turn: int) -> str:
    """Names as different as companies' are, from each other and from those of other turns: two words, each of its own.

    Without numbers, because names with other numbers are never compared.
    """
    drawn = f"{int(hashlib.sha256(f'{turn} {number}'.encode()).hexdigest(), 16) % 10**10:010}"
    return f"{WORDS[number % 25]}{drawn[:5]} {WORDS[number // 25 % 25]}{drawn[5:]}".translate(SYLLABLES)


def _text(size: int, turn: int) -> bytes:
    lines = (
        f"{_name(number, turn)},Partner {number % 20},2026-03-{number % 28 + 1:02},"
        f"p{number}@firm{turn}-{number}.example,{1_000 + number}\n"
        for number in range(size)
    )
    return ("Company,Partner,Introduced on,E-mail,Expected MRR\n" + "".join(lines)).encode()


def _import(msp_id: UUID, owner: Membership, size: int, turn: int) -> None:
    with tenancy.use(msp_id):
        at = timezone.now()
        batch = imports.upload(kind="referrals", file_name="a.csv", content=_text(size, turn), by=owner, at=at)
        imports.choose(batch, columns=batch.columns, options=batch.options, by=owner, at=at)
        before = Referral.objects.count()
    tasks.check.run(msp_id=str(msp_id), import_id=str(batch.pk))
    with tenancy.use(msp_id):
        batch.refresh_from_db()
        imports.start(batch, by=owner, at=at)
    while batch.state != ImportState.DONE:
        tasks.run.run(msp_id=str(msp_id), import_id=str(batch.pk))
        with tenancy.use(msp_id):
            batch.refresh_from_db()
    with tenancy.use(msp_id):
        assert Referral.objects.count() - before == size, batch.summary


def _outlook(msp_id: UUID, owner: Membership) -> None:
    with tenancy.use(msp_id):
        batch = Import.objects.order_by("-uploaded_at")[0]
        assert undoing.outlook(batch, owner).undone == batch.done


def _floor(size: int, turn: int) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_STAGING)
        with cursor.copy("COPY staged FROM STDIN") as copy:
            for number in range(size):
                name = _name(number, turn)
                copy.write_row((f"{turn}-{number}", name, f"p{number}@firm.example", number % 20, 1_000 + number))
        cursor.execute("ANALYZE staged")
        cursor.execute(_UPSERT)


def _keep(size: int) -> None:
    """Put what the last import left behind aside, and make bare copies of its tables."""
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS last")
        cursor.execute(_LAST, [size])
        for table, which in _OWN.items():
            cursor.execute(f"DROP TABLE IF EXISTS kept_{table}")
            cursor.execute(f"CREATE TEMP TABLE kept_{table} AS SELECT * FROM public.{table} WHERE {which}")
            cursor.execute(f"CREATE TABLE IF NOT EXISTS bench.{table} (LIKE public.{table} INCLUDING ALL)")


def _own_rows() -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        for table in _OWN:
            cursor.execute(f"TRUNCATE bench.{table}")
            cursor.execute(f"INSERT INTO bench.{table} SELECT * FROM kept_{table}")


_LAST: Final = "CREATE TEMP TABLE last AS SELECT id FROM public.referrals_referral ORDER BY id DESC LIMIT %s"
_OWN: Final = {
    "referrals_referral": "id IN (SELECT id FROM last)",
    "referrals_credit": "referral_id IN (SELECT id FROM last)",
    "referrals_stagemove": "referral_id IN (SELECT id FROM last)",
    "referrals_matchkeys": "referral_id IN (SELECT id FROM last)",
    "audit_auditevent": "target_id IN (SELECT id FROM last)",
    "integrations_importrow": "target_id IN (SELECT id FROM last)",
}
_FLOOR_TABLE: Final = """
CREATE TABLE IF NOT EXISTS bench.introduction (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id int NOT NULL, ext text NOT NULL, name text NOT NULL, email text, partner int NOT NULL,
    mrr bigint NOT NULL, UNIQUE (tenant_id, ext))
"""
_STAGING: Final = "CREATE TEMP TABLE staged (ext text, name text, email text, partner int, mrr bigint) ON COMMIT DROP"
_UPSERT: Final = """
INSERT INTO bench.introduction (tenant_id, ext, name, email, partner, mrr) SELECT 1, ext, name, email, partner, mrr
FROM staged ON CONFLICT (tenant_id, ext) DO UPDATE SET name = excluded.name, email = excluded.email,
    partner = excluded.partner, mrr = excluded.mrr
    WHERE (introduction.name, introduction.email) IS DISTINCT FROM (excluded.name, excluded.email)
"""
