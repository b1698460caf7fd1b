"""Files and changes of many rows that a worker should be busy with."""

from elinkages.lists.models import MOVING, UNFINISHED, Change, Export
from elinkages.watch.backlogs import Backlog, register

register(
    Backlog(
        name="exports",
        title="Exports",
        waiting=lambda: Export.objects.filter(state__in=UNFINISHED),
        since="moved_at",
    )
)
register(
    Backlog(
        name="changes",
        title="Changes of many rows",
        waiting=lambda: Change.objects.filter(state__in=MOVING),
        since="moved_at",
    )
)
