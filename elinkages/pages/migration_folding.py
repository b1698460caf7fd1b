"""A migration makes a table with its indexes and constraints in one operation."""

from collections.abc import Sequence
from graphlib import CycleError, TopologicalSorter
from typing import Any

from django.db.migrations import operations as steps
from django.db.migrations.autodetector import MigrationAutodetector
from django.db.migrations.operations.base import Operation

PARTS = (steps.AddField, steps.AddIndex, steps.AddConstraint)


class Folding(MigrationAutodetector):
    """Django renders all related models anew for each operation: 550 of them cost an empty database most of a minute.

    Its own optimizer stops at every operation on another model.
    """

    def changes(self, *args: Any, **kwargs: Any) -> Any:
        """Django's, folded."""
        changes = super().changes(*args, **kwargs)
        for app_label, migrations in changes.items():
            for migration in migrations:
                migration.operations = folded(migration.operations, app_label)  # type: ignore[misc]  # of the class, say the stubs
        return changes


def folded(operations: Sequence[Operation], app_label: str) -> list[Operation]:
    """What is added to tables of the same migration becomes a part of their CreateModel; parents come first.

    Tables that point at each other in a circle cannot be made whole: their migration stays as Django made it.
    """
    try:
        return _folded(operations, app_label)
    except CycleError:
        return list(operations)


def _folded(operations: Sequence[Operation], app_label: str) -> list[Operation]:
    kept: list[Operation] = []
    models: dict[str, steps.CreateModel] = {}
    for operation in operations:
        if isinstance(operation, steps.CreateModel):
            models[operation.name_lower] = operation
        elif isinstance(operation, PARTS) and operation.model_name_lower in models:
            parts: Any = models[operation.model_name_lower].reduce(operation, app_label)
            [models[operation.model_name_lower]] = parts
        else:
            kept += _parents_first(models, app_label)
            models = {}
            kept.append(operation)
    return kept + _parents_first(models, app_label)


def _parents_first(models: dict[str, steps.CreateModel], app_label: str) -> list[Operation]:
    graph = {
        name: [other for other in models if other != name and model.references_model(other, app_label)]
        for name, model in models.items()
    }
    return [models[name] for name in TopologicalSorter(graph).static_order()]
