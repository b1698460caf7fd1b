"""What the join page asks, and what happens to applications by itself, as files."""

from collections.abc import Sequence

from django.http import QueryDict

from elinkages.lists.columns import Field, Kind
from elinkages.lists.scope import Scope
from elinkages.lists.short import Short
from elinkages.lists.wanted import register
from partners.joining import rules
from partners.models import JoinField, JoinRule


class Questions(Short):
    """The questions of the form, with those that were taken off it."""

    name, title = "join-page", "Join page questions"
    fields = (
        Field("Question", lambda one: one.label),
        Field("Help", lambda one: one.help_text),
        Field("Answer", lambda one: one.get_type_display()),
        Field("Choices", lambda one: ", ".join(one.choices)),
        Field("Must be answered", lambda one: "Yes" if one.is_required else "No"),
        Field("Asked of", lambda one: ", ".join(one.kind_labels)),
        Field("Taken off at", lambda one: one.removed_at, Kind.INSTANT),
    )

    def lines(self, query: QueryDict, scope: Scope) -> Sequence[JoinField]:
        """In the order in which they are asked; those taken off come last."""
        removed = JoinField.objects.filter(removed_at__isnull=False)
        return [*JoinField.objects.current(), *removed.order_by("label", "pk")]


class Rules(Short):
    """The rules of the same page, which stand on it below the questions."""

    name, title = "join-page-rules", "Join page rules"
    fields = (
        Field("Order", lambda line: line[0], Kind.COUNT),
        Field("When", lambda line: line[1].condition),
        Field("Then", lambda line: line[1].outcome),
    )

    def lines(self, query: QueryDict, scope: Scope) -> Sequence[tuple[int, JoinRule]]:
        """In the order in which they are asked."""
        return list(enumerate(rules.listed(), start=1))


QUESTIONS, RULES = register(Questions()), register(Rules())
