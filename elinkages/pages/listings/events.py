"""The list of everything that was done at an MSP, for its owners: the audit trail."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from elinkages.accounts.models import Membership
from elinkages.audit.models import AuditEvent
from elinkages.lists import columns
from elinkages.lists.columns import Column, Field, row_link, sub, together
from elinkages.lists.filters import Filter, Options, Order, Rows
from elinkages.lists.listing import Listing, register
from elinkages.lists.scope import Scope
from elinkages.pages.search import PAGES
from elinkages.pages.ui.story import Moment, moment


@dataclass(frozen=True, slots=True)
class EventLine:
    """An event and how it is told."""

    event: AuditEvent
    told: Moment


def _people(scope: Scope) -> Options:
    members = Membership.objects.filter(msp=scope.msp).order_by("user__name", "user__email")
    return [(str(pk), name or email) for pk, name, email in members.values_list("pk", "user__name", "user__email")]


def _is_id(value: str, scope: Scope) -> bool:
    try:
        return bool(UUID(value))
    except ValueError:
        return False


def _what(line: EventLine, scope: Scope) -> str:
    return together(line.told.what, sub(line.told.note) if line.told.note else "")


def _about(line: EventLine, scope: Scope) -> str:
    event = line.event
    if event.target_type not in PAGES:
        return event.target_name
    return row_link(scope, PAGES[event.target_type][0], event.target_id, event.target_name)


class Events(Listing):
    """Every event, newest first."""

    name, title, noun, model = "event-list", "Activity", "event", AuditEvent
    right = "settings.manage"
    columns = (
        Column(
            "what",
            "What happened",
            _what,
            (
                Field("What happened", lambda line: line.told.what),
                Field("Details", lambda line: line.told.note),
            ),
        ),
        Column("about", "About", _about, (Field("About", lambda line: line.event.target_name),)),
        columns.text("who", "Who", lambda line: line.event.actor_name),
        columns.instant("at", "When", lambda line: line.event.at, sorts=("newest", "oldest")),
        columns.text("action", "Name of the event", lambda line: line.event.action, is_extra=True),
    )
    orders = (Order("newest", "Newest first", ("-at", "-pk")), Order("oldest", "Oldest first", ("at", "pk")))
    filters = (
        Filter(
            "who",
            "Who",
            _people,
            lambda rows, value, _: rows.filter(actor_id=value),
            everything="Everyone",
            accepts=_is_id,
        ),
    )

    def rows(self, scope: Scope) -> Rows:
        """All of them."""
        return AuditEvent.objects.all()

    def lines(self, rows: Sequence[AuditEvent], scope: Scope) -> Sequence[EventLine]:
        """With their sentences."""
        return [EventLine(event, moment(event, scope.msp.currency)) for event in rows]


EVENTS = register(Events())
