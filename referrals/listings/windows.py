"""For how long introductions are protected, as a file."""

from collections.abc import Sequence

from django.http import QueryDict

from elinkages.lists.columns import Field, Kind
from elinkages.lists.scope import Scope
from elinkages.lists.short import Short
from elinkages.lists.wanted import register
from referrals import protection


class Windows(Short):
    """One line for each kind of source."""

    name, title = "protection", "Protection of referrals"
    fields = (
        Field("Introductions from", lambda window: str(window.kind.label)),
        Field("Days", lambda window: window.days, Kind.COUNT),
        Field("Set for", lambda window: "Every kind" if window.own is None else "This kind"),
    )

    def lines(self, query: QueryDict, scope: Scope) -> Sequence[protection.Window]:
        """As they hold for introductions from now on."""
        return protection.windows()


WINDOWS = register(Windows())
