"""Where a plan applies: to a partner, a kind of source, a service line, or everyone."""

from datetime import date, datetime

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from commissions.models import Plan, PlanRule
from commissions.plans.publishing import version_on
from commissions.plans.refusals import Archived, EmptyPeriod, say_period
from elinkages.accounts.models import Msp
from elinkages.audit import trail
from elinkages.kernel.actors import Actor
from elinkages.kernel.constraints import only
from elinkages.kernel.refusal import Refused
from elinkages.kernel.tenancy import current_msp_id
from elinkages.kernel.words import say_day
from partners.models import Partner
from referrals.models import ServiceLine


class NoVersion(Refused):
    """A plan that says nothing on the day it should apply."""


class RulesConflict(Refused):
    """Two rules of one scope on one day."""


def apply(
    plan: Plan,
    *,
    partner: Partner | None = None,
    source_kind: str = "",
    service_line: ServiceLine | None = None,
    valid_from: date,
    valid_until: date | None = None,
    replacing: bool = False,
    by: Actor,
    at: datetime,
) -> PlanRule:
    """Say where a plan applies to deals won from a day on: a partner or a kind of source, a service line, or everyone.

    `replacing` ends the open rule of the same scope on that day. Raises RulesConflict, NoVersion, Archived,
    EmptyPeriod.
    """
    if plan.archived_at is not None:
        raise Archived(f"“{plan.name}” is archived. Restore it before you apply it.")
    if valid_until is not None and valid_until <= valid_from:
        raise EmptyPeriod("A rule applies for at least one day: it must end after it begins.")
    if version_on(plan, valid_from) is None:
        raise NoVersion(f"“{plan.name}” has no version in force on {say_day(valid_from)}. {_known(plan)}")
    rule = PlanRule(
        plan=plan,
        partner=partner,
        source_kind=source_kind,
        service_line=service_line,
        valid_from=valid_from,
        valid_until=valid_until,
        created_at=at,
    )
    if replacing:
        for old in _same_scope(rule).filter(valid_until__isnull=True, valid_from__lt=valid_from):
            end_rule(old, on=valid_from, by=by, at=at)
    try:
        with transaction.atomic():
            rule.save(force_insert=True)
    except IntegrityError as error:
        only("plan_rule_one_per_scope", error)
        raise RulesConflict(_conflict(rule)) from error
    trail.record("plan.rule_added", plan, by=by, at=at, applies_to=rule.scope, from_on=valid_from, until_on=valid_until)
    return rule


def end_rule(rule: PlanRule, *, on: date, by: Actor, at: datetime) -> None:
    """End a rule; `on` is the first day on which it no longer applies. Deals won under it keep their plan.

    A rule that would end before it has begun is taken back altogether. Raises EmptyPeriod for a day before the
    start of a rule that has applied, or after its end.
    """
    if rule.valid_until is not None and rule.valid_until <= on:
        raise EmptyPeriod(f"This rule already ends on {say_day(rule.valid_until)}.")
    facts = {"applied_to": rule.scope, "first_day_without_on": on}
    if on <= rule.valid_from:
        if rule.valid_from < Msp.objects.get(pk=current_msp_id()).today(at):
            raise EmptyPeriod(f"This rule has applied since {say_day(rule.valid_from)}. Choose a later day.")
        rule.delete()
        trail.record("plan.rule_taken_back", rule.plan, by=by, at=at, **facts)
        return
    rule.valid_until = on
    rule.save(update_fields=["valid_until"])
    trail.record("plan.rule_ended", rule.plan, by=by, at=at, **facts)


def _same_scope(rule: PlanRule) -> "QuerySet[PlanRule]":
    same = PlanRule.objects.filter(partner=rule.partner, source_kind=rule.source_kind, service_line=rule.service_line)
    return same.select_related("plan", "partner", "service_line")


def _conflict(rule: PlanRule) -> str:
    others = _same_scope(rule).exclude(valid_until__lte=rule.valid_from)
    if rule.valid_until is not None:
        others = others.filter(valid_from__lt=rule.valid_until)
    other = others.order_by("valid_from")[0]
    return (
        f"“{other.plan.name}” already applies to {other.scope} {say_period(other.valid_from, other.valid_until)}."
        " A deal can have only one plan: end that rule first, or choose other days."
    )


def _known(plan: Plan) -> str:
    first = plan.versions.order_by("valid_from").first()
    return f"Its first version begins on {say_day(first.valid_from)}." if first else "Publish one first."
