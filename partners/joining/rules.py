"""What happens to an application by itself: the first rule whose conditions all hold decides."""

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Final

from elinkages.accounts.models import Membership
from elinkages.audit import trail
from elinkages.kernel.refusal import Refused
from partners.models import Application, FieldType, JoinField, JoinRule

MOST_RULES: Final = 50
YES, NO = "Yes", "No"
_DOMAIN: Final = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+")


class BadRule(Refused):
    """The rule would never hold, or nobody stands behind it."""


class NoSuchRule(Refused):
    """It was removed before."""


def add(
    *,
    kind: str = "",
    email_domain: str = "",
    field: JoinField | None = None,
    answer: str = "",
    approves: bool,
    member: Membership,
    by: Membership,
    at: datetime,
) -> JoinRule:
    """Put a rule at the end of the list. Raises BadRule."""
    domain, wanted = email_domain.strip().lower().lstrip("@"), " ".join(answer.split())
    if domain and not _DOMAIN.fullmatch(domain):
        raise BadRule("Enter the part after the @ sign, for example firm.com.")
    if (field is None) != (not wanted):
        raise BadRule("Choose a question and the answer that it must have, or neither.")
    if field is not None and field.type == FieldType.CHOICE and wanted not in field.choices:
        raise BadRule(f"“{field.label}” has the choices {', '.join(field.choices)}.")
    if not member.may("partners.manage"):
        raise BadRule(f"{member} may not decide about partners. Choose an owner or a manager.")
    last = JoinRule.objects.order_by("-position").values_list("position", flat=True).first()
    if JoinRule.objects.count() >= MOST_RULES:
        raise BadRule(f"There can be {MOST_RULES} rules. Remove one first.")
    rule = JoinRule.objects.create(
        kind=kind,
        email_domain=domain,
        field=field,
        answer=wanted,
        approves=approves,
        member=member,
        position=0 if last is None else last + 1,
        created_at=at,
    )
    trail.record("join_rule.added", by.msp, by=by, at=at, rule=str(rule))
    return rule


def move_up(rule: JoinRule, *, by: Membership, at: datetime) -> None:
    """Ask a rule before the one above it; the first one stays where it is."""
    order = list(JoinRule.objects.select_for_update().order_by("position", "pk"))
    place = next((place for place, one in enumerate(order) if one.pk == rule.pk), 0)
    if place == 0:
        return
    order[place - 1], order[place] = order[place], order[place - 1]
    for position, one in enumerate(order):
        one.position = position
    JoinRule.objects.bulk_update(order, ["position"])
    trail.record("join_rule.moved", by.msp, by=by, at=at, rule=str(rule))


def remove(rule: JoinRule, *, by: Membership, at: datetime) -> None:
    """Forget a rule; what it decided stays. Raises NoSuchRule."""
    told = str(rule)
    if not JoinRule.objects.filter(pk=rule.pk).delete()[0]:
        raise NoSuchRule("This rule has already been removed.")
    trail.record("join_rule.removed", by.msp, by=by, at=at, rule=told)


def listed() -> list[JoinRule]:
    """Every rule in the order in which they are asked."""
    return list(JoinRule.objects.select_related("field", "member__user").order_by("position", "pk"))


def first_match(rules: Iterable[JoinRule], application: Application) -> JoinRule | None:
    """The first rule whose conditions all hold."""
    return next((rule for rule in rules if _holds(rule, application)), None)


def _holds(rule: JoinRule, application: Application) -> bool:
    if rule.kind and rule.kind != application.kind:
        return False
    host = application.email.rpartition("@")[2]
    if rule.email_domain and host != rule.email_domain and not host.endswith(f".{rule.email_domain}"):
        return False
    return rule.field is None or _is_answered(rule.field, rule.answer, application)


def _is_answered(field: JoinField, wanted: str, application: Application) -> bool:
    """A choice or a box must be exactly that; a text must contain it."""
    answer = answer_to(field, application).casefold()
    if field.type in (FieldType.CHOICE, FieldType.CHECKBOX):
        return answer == wanted.casefold()
    return wanted.casefold() in answer


def answer_to(field: JoinField, application: Application) -> str:
    """What was answered to a question, "" when it was not asked."""
    if field.standard:
        return str(getattr(application, field.standard))
    given = (answer["value"] for answer in application.answers if answer["field"] == str(field.pk))
    return str(next(given, ""))
