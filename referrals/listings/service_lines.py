"""Service lines as a file."""

from collections.abc import Sequence

from django.http import QueryDict

from elinkages.lists.columns import Field
from elinkages.lists.scope import Scope
from elinkages.lists.short import Short
from elinkages.lists.wanted import register
from referrals import service_lines
from referrals.models import ServiceLine


class ServiceLines(Short):
    """What the MSP sells."""

    name, title = "service-lines", "Service lines"
    fields = (
        Field("Name", lambda line: line.name),
        Field("Status", lambda line: "Archived" if line.archived_at else "Offered"),
    )

    def lines(self, query: QueryDict, scope: Scope) -> Sequence[ServiceLine]:
        """All of them, archived ones too."""
        return list(service_lines.every())


SERVICE_LINES = register(ServiceLines())
