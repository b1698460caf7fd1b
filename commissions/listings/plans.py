"""Plans, and the rules by which deals get them, as files."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.http import QueryDict

from commissions.models import Plan, PlanRule, PlanVersion
from commissions.terms import from_json
from commissions.terms.words import describe
from elinkages.lists.columns import Field, Kind
from elinkages.lists.scope import Scope
from elinkages.lists.short import Short
from elinkages.lists.wanted import register


@dataclass(frozen=True, slots=True)
class VersionLine:
    """A version of a plan and its terms in a sentence."""

    version: PlanVersion
    plan: Plan
    sentence: str


class Plans(Short):
    """Every version of every plan, archived ones too."""

    name, title = "plan-list", "Plans"
    fields = (
        Field("Plan", lambda line: line.plan.name),
        Field("Version", lambda line: line.version.number, Kind.COUNT),
        Field("What it pays", lambda line: line.sentence),
        Field("Valid from", lambda line: line.version.valid_from, Kind.DAY),
        Field("Valid until", lambda line: line.version.valid_until, Kind.DAY),
        Field("Status", lambda line: "Archived" if line.plan.archived_at else "In use"),
    )

    def lines(self, query: QueryDict, scope: Scope) -> Sequence[VersionLine]:
        """By plan, the newest version first."""
        found = PlanVersion.objects.select_related("plan").order_by("plan__name", "-number", "pk")
        return [VersionLine(one, one.plan, describe(from_json(one.terms), scope.msp.currency)) for one in found]


class Rules(Short):
    """Every rule, those that win first."""

    name, title = "plan-rule-list", "Where plans apply"
    fields = (
        Field("Introductions from", lambda rule: _who(rule)),
        Field("Service line", lambda rule: rule.service_line.name if rule.service_line else "All"),
        Field("Plan", lambda rule: rule.plan.name),
        Field("Deals won from", lambda rule: rule.valid_from, Kind.DAY),
        Field("Deals won until", lambda rule: rule.valid_until, Kind.DAY),
    )

    def lines(self, query: QueryDict, scope: Scope) -> Sequence[PlanRule]:
        """In force, coming and ended alike."""
        found = PlanRule.objects.select_related("plan", "partner", "service_line")
        return sorted(found, key=lambda rule: (-rule.specificity, rule.scope, rule.valid_from))


def _who(rule: PlanRule) -> str:
    return rule.partner.name if rule.partner else str(rule.get_source_kind_display()) or "Everyone"


PLANS, RULES = register(Plans()), register(Rules())
