"""What a migration may do to tables that are in use: nothing that stops the release before it, or makes it wait.

squawk reads the SQL; our own rules read the operations. A migration that must break a rule says why, by rule:

    class Migration(migrations.Migration):
        accepted = {"ban-drop-column": "No release since 1.3 reads it."}

An app's initial migration makes tables that nobody uses yet, and is not looked at.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

from django.apps import apps
from django.db import connection
from django.db.migrations import AddField, Migration, RunPython
from django.db.migrations.loader import MigrationLoader

SQUAWK: Final = Path(sys.executable).parent / "squawk"
NOT_OURS: Final = (
    "require-lock-timeout",  # the owner's role and manage.py migrate set it
    "require-statement-timeout",
    "prefer-text-field",
    "prefer-bigint-over-int",
    "prefer-bigint-over-smallint",
    "prefer-robust-stmts",  # every migration is one transaction, or says that it is not
    "ban-drop-default",  # Django drops the defaults that it used to fill a column; NO_DATABASE_DEFAULT minds the rest
)
NO_DATABASE_DEFAULT: Final = "no-database-default"
DATA_WITH_SCHEMA: Final = "data-with-schema"


class Finding(NamedTuple):
    """A rule that a migration breaks."""

    migration: str
    rule: str
    message: str

    def __str__(self) -> str:
        return f"{self.migration}: {self.rule}: {self.message}"


def findings() -> Iterator[Finding]:
    """Everything that is wrong with the migrations that are not initial."""
    loader = MigrationLoader(connection, replace_migrations=False)
    for (app, name), migration in sorted(loader.disk_migrations.items()):
        if not migration.initial and _is_ours(app):
            found = [*operations(migration), *statements(migration, loader.collect_sql([(migration, False)]))]
            accepted: dict[str, str] = getattr(migration, "accepted", {})
            yield from (Finding(f"{app}.{name}", *one) for one in found if not accepted.get(one[0]))


def _is_ours(app: str) -> bool:
    return "site-packages" not in Path(apps.get_app_config(app).path).parts


def operations(migration: Migration) -> Iterator[tuple[str, str]]:
    """What our own rules find."""
    for operation in migration.operations:
        if isinstance(operation, AddField) and _needs_a_value(operation.field):
            yield (
                NO_DATABASE_DEFAULT,
                f"{operation.model_name}.{operation.name} has no db_default: the release before cannot insert rows.",
            )
    kinds = {isinstance(operation, RunPython) for operation in migration.operations}
    if kinds == {True, False} and migration.atomic:
        yield DATA_WITH_SCHEMA, "Changes rows while it holds the locks of its schema changes: make two migrations."


def _needs_a_value(field: Any) -> bool:
    return not (field.many_to_many or field.null or field.has_db_default())


def statements(migration: Migration, sql: list[str]) -> Iterator[tuple[str, str]]:
    """What squawk finds in its SQL."""
    if not sql:
        return
    answer = subprocess.run(
        [
            *(str(SQUAWK), "--reporter", "json", "--pg-version", "18", "--stdin-filepath", "migration.sql"),
            *("--assume-in-transaction" if migration.atomic else "--no-assume-in-transaction",),
            *("--exclude", ",".join(NOT_OURS)),
        ],
        input="\n".join(line for line in sql if not line.startswith("--")),
        capture_output=True,
        text=True,
        check=False,
    )
    if answer.returncode not in (0, 1) or not answer.stdout.strip().startswith("["):
        raise RuntimeError(f"squawk did not answer: {answer.stderr.strip()}")
    for one in json.loads(answer.stdout):
        yield one["rule_name"], f"{one['message']} {one.get('help') or ''}".strip()
