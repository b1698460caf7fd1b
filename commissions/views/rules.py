"""The pages of rules: which plan a deal gets."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import require_safe

from commissions import plans
from commissions.forms.rule import RuleEndForm, RuleForm
from commissions.listings import UNCOVERED
from commissions.models import Plan, PlanRule
from elinkages.accounts.access import MspRequest, dashboard
from elinkages.kernel.forms import attempt
from elinkages.kernel.pages import page
from elinkages.lists.pages import list_page
from referrals.models import Contract

STATES = ("now", "coming", "ended")


@dashboard()
def rule_list(request: MspRequest) -> HttpResponse:
    """The rules in the order in which they win, or those to come or ended."""
    today = request.msp.today(timezone.now())
    state = request.GET.get("state", "now")
    state = state if state in STATES else "now"
    rules = PlanRule.objects.select_related("plan", "partner", "service_line")
    if state == "now":
        rules = rules.filter(valid_from__lte=today).exclude(valid_until__lte=today)
    elif state == "coming":
        rules = rules.filter(valid_from__gt=today)
    else:
        rules = rules.filter(valid_until__lte=today)
    found = sorted(rules, key=lambda rule: (-rule.specificity, rule.scope))
    versions = plans.versions_on([rule.plan for rule in found], today)
    context = {
        "rows": [(rule, versions.get(rule.plan_id)) for rule in found],
        "state": state,
        "has_plans": Plan.objects.filter(archived_at__isnull=True).exists(),
        "has_uncovered": Contract.objects.without_plan().exists(),
    }
    return page(request, "dashboard/plans/rule_list.html", context)


@dashboard()
@require_safe
def uncovered_list(request: MspRequest) -> HttpResponse:
    """Running contracts without a plan, and what the rules would give each now."""
    return list_page(request, UNCOVERED, "dashboard/plans/uncovered.html")


@dashboard(can="plans.manage")
def rule_new(request: MspRequest) -> HttpResponse:
    """Say where a plan applies."""
    offered = list(Plan.objects.filter(archived_at__isnull=True))
    initial: dict[str, Any] = {"valid_from": request.msp.today(timezone.now())}
    for name in ("plan", "partner", "source_kind", "who"):
        if value := request.GET.get(name):
            initial[name] = value
    form = RuleForm(request.POST or None, initial=initial, plans=offered)
    if form.is_bound and form.is_valid():
        with attempt(form):
            rule = plans.apply(**form.rule(), by=request.member, at=timezone.now())
            messages.success(request, f"“{rule.plan.name}” applies to {rule.scope}.")
            return redirect("dashboard:plan-rule-list")
    return page(request, "dashboard/plans/rule_new.html", {"form": form}, status=422 if form.is_bound else 200)


@dashboard(can="plans.manage")
def rule_end(request: MspRequest, rule_id: UUID) -> HttpResponse:
    """End a rule from a day on."""
    rule = get_object_or_404(PlanRule.objects.select_related("plan", "partner", "service_line"), pk=rule_id)
    form = RuleEndForm(request.POST or None, today=request.msp.today(timezone.now()))
    if form.is_bound and form.is_valid():
        with attempt(form, field="on"):
            scope = rule.scope
            plans.end_rule(rule, on=form.cleaned_data["on"], by=request.member, at=timezone.now())
            messages.success(request, f"The rule for {scope} ends. Deals won under it keep their plan.")
            return redirect("dashboard:plan-rule-list")
    context = {"form": form, "rule": rule}
    return page(request, "dashboard/plans/rule_end.html", context, status=422 if form.is_bound else 200)
