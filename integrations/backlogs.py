"""Imports that a worker should be busy with."""

from elinkages.watch.backlogs import Backlog, register
from integrations.models import Import, ImportState

register(
    Backlog(
        name="imports",
        title="Imports",
        waiting=lambda: Import.objects.filter(state__in=(ImportState.CHECKING, ImportState.IMPORTING)),
        since="moved_at",
    )
)
