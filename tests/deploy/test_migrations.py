"""A migration neither stops the release before it nor keeps it waiting."""

import os
import threading
import time
from typing import Any

import psycopg
import pytest
from django.db import OperationalError, connection, migrations, models, transaction
from django.db.migrations.loader import MigrationLoader

from elinkages.pages import migration_folding, migration_rules
from elinkages.pages.management.commands import migrate

TABLE = "accounts_msp"


def rules(*operations: Any, sql: list[str] | None = None, atomic: bool = True) -> list[str]:
    kind = type("Planted", (migrations.Migration,), {"operations": list(operations), "atomic": atomic})
    migration: migrations.Migration = kind("0002_planted", "accounts")
    return [
        rule for rule, _ in [*migration_rules.operations(migration), *migration_rules.statements(migration, sql or [])]
    ]


@pytest.mark.parametrize(
    ("sql", "rule"),
    [
        ("CREATE INDEX x ON accounts_msp (name);", "require-concurrent-index-creation"),
        ("ALTER TABLE accounts_msp ADD CONSTRAINT x CHECK (minor > 0);", "constraint-missing-not-valid"),
        ("ALTER TABLE accounts_msp ADD CONSTRAINT x UNIQUE (name);", "disallowed-unique-constraint"),
        ("ALTER TABLE accounts_msp ALTER COLUMN name TYPE text;", "changing-column-type"),
        ("ALTER TABLE accounts_msp DROP COLUMN name;", "ban-drop-column"),
        ("ALTER TABLE accounts_msp RENAME COLUMN name TO title;", "renaming-column"),
        ("DROP TABLE accounts_msp;", "ban-drop-table"),
        ("ALTER TABLE accounts_msp ADD COLUMN x int NOT NULL;", "adding-required-field"),
        ("ALTER TABLE accounts_msp ALTER COLUMN name SET NOT NULL;", "adding-not-nullable-field"),
    ],
)
def test_sql_that_locks_or_breaks_is_named(sql: str, rule: str) -> None:
    assert rule in rules(sql=[sql])


def test_sql_that_does_neither_passes() -> None:
    assert rules(sql=["ALTER TABLE accounts_msp ADD COLUMN note text;"]) == []
    assert rules(sql=["CREATE INDEX CONCURRENTLY x ON accounts_msp (name);"], atomic=False) == []
    check = "ALTER TABLE accounts_msp ADD CONSTRAINT x CHECK (minor > 0) NOT VALID;"
    assert rules(sql=[check]) == []


def test_a_column_that_the_release_before_does_not_fill_needs_a_default_in_the_database() -> None:
    def add(field: Any) -> list[str]:
        return rules(migrations.AddField("msp", "note", field))

    assert add(models.TextField(default="")) == [migration_rules.NO_DATABASE_DEFAULT]
    assert add(models.TextField(db_default="")) == []
    assert add(models.TextField(null=True)) == []


def test_rows_are_not_changed_under_the_locks_of_a_schema_change() -> None:
    change = migrations.RunPython(migrations.RunPython.noop)
    assert rules(change, migrations.RemoveConstraint("msp", "x")) == [migration_rules.DATA_WITH_SCHEMA]
    assert rules(change) == []


def a_table(name: str, parent: str = "") -> migrations.CreateModel:
    reference = [("parent", models.ForeignKey(parent, models.PROTECT))] if parent else []
    return migrations.CreateModel(name, [("id", models.BigAutoField(primary_key=True)), *reference])


def test_a_table_is_made_with_all_that_belongs_to_it_after_the_tables_it_points_at() -> None:
    unique = migrations.AddConstraint("child", models.UniqueConstraint(fields=["late"], name="once"))
    index = migrations.AddIndex("parent", models.Index(fields=["id"], name="by_id"))
    later = migrations.AddField("child", "late", models.ForeignKey("planted.parent", models.PROTECT))
    before = migrations.RunSQL("SELECT 1")
    elsewhere = migrations.AddConstraint("elder", models.UniqueConstraint(fields=["id"], name="id_once"))
    found = migration_folding.folded(
        [before, a_table("Child"), a_table("Parent"), later, index, unique, elsewhere], "planted"
    )
    parent, child = found[1], found[2]
    assert [type(one).__name__ for one in found] == ["RunSQL", "CreateModel", "CreateModel", "AddConstraint"]
    assert isinstance(parent, migrations.CreateModel)
    assert isinstance(child, migrations.CreateModel)
    assert (parent.name, parent.options) == ("Parent", {"indexes": [index.index]})
    assert (child.name, child.options) == ("Child", {"constraints": [unique.constraint]})
    assert [name for name, _ in child.fields] == ["id", "late"]


def test_tables_that_point_at_each_other_are_made_as_django_does() -> None:
    back = migrations.AddField("one", "other", models.ForeignKey("planted.two", models.PROTECT))
    asked = [a_table("One"), a_table("Two", "planted.one"), back]
    assert migration_folding.folded(asked, "planted") == asked


@pytest.mark.django_db
def test_no_migration_of_ours_does_in_two_operations_what_fits_into_one() -> None:
    for (app_label, name), migration in MigrationLoader(None).disk_migrations.items():
        if migration.__module__.startswith(("elinkages.", "partners.", "referrals.", "commissions.", "integrations.")):
            operations = migration_folding.folded(migration.operations, app_label)
            assert len(operations) == len(migration.operations), f"{app_label} {name}: bin/manage makemigrations folds"


@pytest.mark.django_db
def test_the_rules_see_what_django_would_run_and_a_reason_lets_it_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    class Planted(migrations.Migration):
        dependencies = [("accounts", "0001_initial")]
        operations = [migrations.RemoveField("msp", "contact_email")]

    planted = Planted("0999_planted", "accounts")
    real = MigrationLoader.load_disk

    def load(self: MigrationLoader) -> None:
        real(self)
        self.disk_migrations["accounts", "0999_planted"] = planted

    def found() -> list[str]:
        return [one.rule for one in migration_rules.findings() if one.migration == "accounts.0999_planted"]

    monkeypatch.setattr(MigrationLoader, "load_disk", load)
    assert found() == ["ban-drop-column"]
    planted.accepted = {"ban-drop-column": "Nobody reads it."}  # type: ignore[attr-defined]
    assert found() == []
    planted.accepted = {"ban-drop-column": ""}  # type: ignore[attr-defined]
    assert found() == ["ban-drop-column"]


def hold(release: threading.Event, held: threading.Event) -> None:
    """Somebody's long transaction on the table."""
    with psycopg.connect(os.environ["DATABASE_URL"]) as other:
        other.execute(f"SELECT count(*) FROM {TABLE}".encode())
        held.set()
        release.wait(60)


@pytest.fixture
def busy() -> Any:
    release, held = threading.Event(), threading.Event()
    thread = threading.Thread(target=hold, args=(release, held))
    thread.start()
    assert held.wait(20)
    yield release
    release.set()
    thread.join()


def exclusive() -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"LOCK TABLE {TABLE} IN ACCESS EXCLUSIVE MODE")


@pytest.mark.django_db(transaction=True)
def test_migrate_steps_back_from_a_busy_table_so_that_nobody_waits_long(
    busy: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    waits: list[float] = []
    ended = threading.Event()

    def ask_like_a_visitor() -> None:
        with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as visitor:
            while not ended.is_set():
                began = time.monotonic()
                visitor.execute(f"SELECT count(*) FROM {TABLE}".encode())
                waits.append(time.monotonic() - began)
                time.sleep(0.02)

    def hear(text: str) -> None:
        said.append(text)
        busy.set()

    monkeypatch.setattr(migrate, "PATIENCE", "300ms")
    monkeypatch.setattr(migrate, "PAUSE_SECONDS", 0.2)
    visitor = threading.Thread(target=ask_like_a_visitor)
    visitor.start()
    try:
        migrate.patiently(exclusive, say=hear)
    finally:
        ended.set()
        visitor.join()
    assert said
    assert "nothing was changed by this try" in said[0]
    assert max(waits) < 5, "nobody waited behind it for as long as the long transaction lasted"


@pytest.mark.django_db(transaction=True)
def test_it_ends_when_the_table_stays_busy(busy: threading.Event, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migrate, "PATIENCE", "100ms")
    monkeypatch.setattr(migrate, "PAUSE_SECONDS", 0.01)
    with pytest.raises(OperationalError, match="lock timeout"):
        migrate.patiently(exclusive, say=lambda _: None, tries=2)
