"""Who the next run would pay, and who it would not and why, as a file."""

from collections.abc import Sequence

from django.http import QueryDict

from commissions import payouts
from commissions.payouts.due import Owed
from elinkages.lists.columns import Field, Kind
from elinkages.lists.scope import Scope
from elinkages.lists.short import Short
from elinkages.lists.wanted import register
from partners.models import SourceKind

KIND_NAMES: dict[str, str] = dict(SourceKind.choices)


class NextRun(Short):
    """Everybody who is owed something today, those to pay first."""

    name, title = "payout-run-list", "Next payout run"
    fields = (
        Field("Partner", lambda owed: owed.name),
        Field("Kind of source", lambda owed: KIND_NAMES[owed.kind]),
        Field("Lines", lambda owed: owed.entries, Kind.COUNT),
        Field("Balance", lambda owed: owed.minor, Kind.MONEY),
        Field("Would be paid", lambda owed: "No" if owed.code else "Yes"),
        Field("Why not", lambda owed: owed.reason),
    )

    def lines(self, query: QueryDict, scope: Scope) -> Sequence[Owed]:
        """As the page of payouts shows them, all of them."""
        found = payouts.outlook(scope.today)
        return [*found.payees, *found.left_out]


NEXT_RUN = register(NextRun())
