"""The walls, read from the catalogue of the migrated database: not what the code says, but what Postgres keeps."""

from collections.abc import Sequence
from typing import Any

import pytest
from django.apps import apps
from django.db import connection

from elinkages.kernel.tenancy import TenantModel

pytestmark = pytest.mark.django_db

UNWALLED = {
    "accounts_portaldomain": "asked for by host name, before an MSP is known",
    "accounts_membership": "asked before an MSP is entered; ids and roles only",
    "partners_partnerlogin": "asked before an MSP is entered; ids only",
}
"""Tables with an msp_id that row security does not cover, and why (decisions 4)."""


def rows(sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """What a query over the catalogue gives."""
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return list(cursor.fetchall())


TENANT_TABLES = """
    SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = 'public'
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'msp_id' AND NOT a.attisdropped WHERE c.relkind = 'r'"""


def test_every_table_with_an_msp_is_walled_or_on_the_list() -> None:
    found = rows(
        f"""SELECT relname FROM pg_class WHERE oid IN ({TENANT_TABLES}) AND NOT (relrowsecurity AND relforcerowsecurity)
        ORDER BY 1"""
    )
    assert [name for (name,) in found] == sorted(UNWALLED)


def test_every_tenant_model_has_a_walled_table() -> None:
    walled = {name for (name,) in rows("SELECT relname FROM pg_class WHERE relrowsecurity AND relforcerowsecurity")}
    models = [model for model in apps.get_models() if issubclass(model, TenantModel)]
    assert len(models) >= 30
    assert {model._meta.db_table for model in models} <= walled


def test_every_policy_is_the_one_that_raises_without_a_tenant() -> None:
    canonical = "(msp_id = ( SELECT elinkages_require_msp() AS elinkages_require_msp))"
    policies = rows(
        """SELECT c.relname, p.polname, pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid),
        p.polpermissive, p.polcmd::text,
        (SELECT array_agg(rolname::text ORDER BY 1) FROM pg_roles WHERE oid = ANY(p.polroles))
        FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid"""
    )
    assert policies
    for table, name, using, check, permissive, command, roles in policies:
        assert name in ("tenant", "portal"), table
        if name == "tenant":
            assert (using, check, permissive, command) == (canonical, canonical, True, "*"), table
            assert roles == ["elinkages_app", "elinkages_owner"], table
        else:
            assert using.startswith(f"({canonical} AND "), table
            assert (check, command, roles) == (None, "r", ["elinkages_portal"]), table


def test_foreign_keys_between_tenant_tables_carry_the_tenant_and_are_checked() -> None:
    loose = rows(
        f"""SELECT conname FROM pg_constraint k WHERE contype = 'f' AND conrelid IN ({TENANT_TABLES})
        AND confrelid IN ({TENANT_TABLES}) AND NOT (
            (SELECT attnum FROM pg_attribute WHERE attrelid = conrelid AND attname = 'msp_id') = ANY(conkey)
            AND (SELECT attnum FROM pg_attribute WHERE attrelid = confrelid AND attname = 'msp_id') = ANY(confkey))"""
    )
    assert loose == []
    assert rows("SELECT conname FROM pg_constraint WHERE contype = 'f' AND NOT convalidated") == []


def test_every_tenant_row_belongs_to_an_msp_that_exists() -> None:
    orphans = rows(
        f"""SELECT relname FROM pg_class c WHERE oid IN ({TENANT_TABLES}) AND NOT EXISTS (
            SELECT 1 FROM pg_constraint WHERE contype = 'f' AND conrelid = c.oid
            AND (SELECT attnum FROM pg_attribute WHERE attrelid = c.oid AND attname = 'msp_id') = ANY(conkey))"""
    )
    assert orphans == []


def test_every_index_of_a_walled_table_starts_with_the_msp() -> None:
    stray = rows(
        f"""SELECT indexrelid::regclass::text FROM pg_index JOIN pg_class t ON t.oid = indrelid AND t.relrowsecurity
        WHERE indrelid IN ({TENANT_TABLES}) AND NOT indisprimary
        AND indkey[0] <> (SELECT attnum FROM pg_attribute WHERE attrelid = indrelid AND attname = 'msp_id')"""
    )
    assert stray == []


def test_the_serving_roles_own_nothing_and_ignore_nothing() -> None:
    above = rows("SELECT rolname FROM pg_roles WHERE rolname ~ '^elinkages' AND (rolsuper OR rolbypassrls)")
    assert above in ([], [("elinkages_backup",)]), "who makes backups reads everything, and no program serves as it"
    assert (
        rows(
            """SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
        AND has_table_privilege('elinkages_backup', oid, 'INSERT, UPDATE, DELETE, TRUNCATE')"""
            if above
            else "SELECT 1 WHERE false"
        )
        == []
    )
    assert (
        rows(
            "SELECT relname FROM pg_class WHERE pg_get_userbyid(relowner) IN ('elinkages_app', 'elinkages_portal')"
            " AND relkind = 'r' AND relpersistence = 'p'"
        )
        == []
    )
    assert rows("SELECT pg_has_role('elinkages_app', 'elinkages_owner', 'MEMBER')") == [(False,)]
    assert rows("SELECT pg_has_role('elinkages_app', 'elinkages_portal', 'USAGE')") == [(False,)], "inherits the portal"


def test_the_app_may_not_truncate_and_the_portal_may_only_read() -> None:
    truncates = rows(
        """SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
        AND has_table_privilege('elinkages_app', oid, 'TRUNCATE')"""
    )
    assert truncates == []
    writes = rows(
        """SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
        AND has_table_privilege('elinkages_portal', oid, 'INSERT, UPDATE, DELETE, TRUNCATE')"""
    )
    assert writes == []


def test_the_portal_reads_only_tables_with_a_policy_of_its_own() -> None:
    readable = rows(
        """SELECT relname FROM pg_class c WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
        AND has_table_privilege('elinkages_portal', oid, 'SELECT')
        AND NOT EXISTS (SELECT 1 FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname = 'portal')"""
    )
    assert readable == []


@pytest.mark.parametrize(
    ("table", "columns"),
    [
        ("commissions_posting", set()),
        ("commissions_journal", set()),
        ("commissions_pool", set()),
        ("commissions_pin", set()),
        ("commissions_entry", {"stage", "voided_on"}),
        ("commissions_planversion", {"valid_until"}),
        ("commissions_payoutitem", {"released_at"}),
        ("referrals_mrrmovement", set()),
        ("referrals_stagemove", set()),
        ("audit_auditevent", set()),
        ("partners_agreementversion", {"ended_at"}),
        ("partners_signature", set()),
        ("partners_signedcopy", set()),
    ],
)
def test_the_app_may_change_only_these_columns(table: str, columns: set[str]) -> None:
    allowed = rows(
        """SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped
        AND has_column_privilege('elinkages_app', attrelid, attnum, 'UPDATE')""",
        [table],
    )
    assert {name for (name,) in allowed} == columns
    assert rows("SELECT has_table_privilege('elinkages_app', %s, 'DELETE')", [table]) == [(False,)]


def test_there_are_no_views_and_no_functions_with_the_owners_right() -> None:
    assert (
        rows("SELECT relname FROM pg_class WHERE relkind IN ('v', 'm') AND relnamespace = 'public'::regnamespace") == []
    )
    assert rows("SELECT proname FROM pg_proc WHERE prosecdef AND pronamespace = 'public'::regnamespace") == []


def test_no_index_of_a_walled_table_needs_an_operator_that_is_not_leakproof() -> None:
    dead = rows(
        f"""SELECT DISTINCT i.indexrelid::regclass::text FROM pg_index i
        JOIN pg_class ic ON ic.oid = i.indexrelid JOIN pg_am am ON am.oid = ic.relam AND am.amname = 'btree'
        JOIN pg_opclass oc ON oc.oid = ANY(i.indclass::oid[]) JOIN pg_amop ao ON ao.amopfamily = oc.opcfamily
        JOIN pg_operator o ON o.oid = ao.amopopr JOIN pg_proc p ON p.oid = o.oprcode
        WHERE i.indrelid IN ({TENANT_TABLES}) AND ao.amopstrategy IN (1, 3)
        AND ao.amoplefttype = oc.opcintype AND ao.amoprighttype = oc.opcintype
        AND (NOT p.proleakproof OR i.indexprs IS NOT NULL)"""
    )
    assert dead == []
