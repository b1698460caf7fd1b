"""The people of an MSP as a file."""

from collections.abc import Sequence

from django.http import QueryDict

from elinkages.accounts import factors, team
from elinkages.accounts.models import Membership
from elinkages.lists.columns import Field, Kind
from elinkages.lists.scope import Scope
from elinkages.lists.short import Short
from elinkages.lists.wanted import register


class Team(Short):
    """Who works here or did, as what."""

    name, title = "team", "Team"
    fields = (
        Field("Person", str),
        Field("E-mail", lambda member: member.user.email),
        Field("Role", lambda member: member.get_role_display()),
        Field("Second factor", lambda member: "Set up" if member.has_second_factor else "None"),
        Field("Status", lambda member: "Deactivated" if member.deactivated_at else "Active"),
        Field("Since", lambda member: member.created_at, Kind.INSTANT),
    )

    def lines(self, query: QueryDict, scope: Scope) -> Sequence[Membership]:
        """Everybody."""
        return list(team.team().annotate(has_second_factor=factors.of_user()))


TEAM = register(Team())
