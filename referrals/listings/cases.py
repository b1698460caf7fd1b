"""The list of cases: where more than one partner says that a company came through them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.utils.safestring import SafeString

from elinkages.kernel.figures import day_html, instant_html
from elinkages.kernel.icons import badge_html
from elinkages.kernel.markup import fill
from elinkages.lists import columns
from elinkages.lists.columns import Column, Field, Kind, row_link, together
from elinkages.lists.filters import Filter, Order, Rows, choices
from elinkages.lists.listing import Listing, register
from elinkages.lists.scope import Scope
from referrals.models import Case, Claim, Outcome

OUTCOME_NAMES: dict[str, str] = dict(Outcome.choices)
SHOWN = (("open", "To decide"), ("decided", "Decided"), ("all", "All"))


@dataclass(frozen=True, slots=True)
class CaseLine:
    """A case and who claims the company."""

    case: Case
    claimed_by: str


def _show(rows: Rows, value: str, scope: Scope) -> Rows:
    return rows if value == "all" else rows.filter(decided_at__isnull=value == "open")


def _due(line: CaseLine, scope: Scope) -> str:
    case = line.case
    if case.decided_at is not None:
        return fill('<span class="muted">Decided {}</span>', instant_html(case.decided_at, scope.at, scope.zone))
    late = (SafeString(" "), badge_html("Late", "bad")) if scope.today > case.due_on else ()
    return together(day_html(case.due_on), *late)


class Cases(Listing):
    """Those to decide, by their day."""

    name, title, noun, model = "case-list", "Cases", "case", Case
    columns = (
        Column(
            "company",
            "Company",
            lambda line, scope: row_link(scope, "case", line.case.pk, line.case.company),
            (Field("Company", lambda line: line.case.company),),
        ),
        columns.text("claimed", "Claimed by", lambda line: line.claimed_by),
        Column(
            "state",
            "State",
            lambda line, _: badge_html(OUTCOME_NAMES[line.case.outcome], line.case.tone),
            (Field("State", lambda line: OUTCOME_NAMES[line.case.outcome]),),
        ),
        Column(
            "due",
            "Decide by",
            _due,
            (
                Field("Decide by", lambda line: line.case.due_on, Kind.DAY),
                Field("Decided", lambda line: line.case.decided_at, Kind.INSTANT),
            ),
            sorts=("due",),
        ),
        columns.instant("opened", "Opened", lambda line: line.case.opened_at, sorts=("newest", "oldest")),
        columns.text("decided", "Decided by", lambda line: line.case.decided_by_name, is_extra=True),
        columns.text("reason", "Reason", lambda line: line.case.decision, is_extra=True),
    )
    orders = (
        Order("due", "By decision date", ("due_on", "pk")),
        Order("newest", "Newest first", ("-opened_at", "-pk")),
        Order("oldest", "Oldest first", ("opened_at", "pk")),
    )
    filters = (Filter("show", "Which cases", choices(SHOWN), _show, shown="chips"),)

    def rows(self, scope: Scope) -> Rows:
        """Every case."""
        return Case.objects.all()

    def lines(self, rows: Sequence[Case], scope: Scope) -> Sequence[CaseLine]:
        """With who claims what, in one query."""
        names: dict[UUID, list[str]] = {case.pk: [] for case in rows}
        claims = Claim.objects.filter(case__in=list(names)).order_by("-is_holder", "claimed_at", "pk")
        for case_id, name in claims.values_list("case_id", "partner__name"):
            names[case_id].append(name)
        return [CaseLine(case, ", ".join(names[case.pk])) for case in rows]

    def default(self, name: str, asked: Mapping[str, str]) -> str:
        """Those to decide."""
        return "open" if name == "show" else ""

    def row_name(self, line: CaseLine) -> str:
        """What it is about."""
        return line.case.company


CASES = register(Cases())
