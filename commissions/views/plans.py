"""The pages of plans: what is promised, since when, and to how many deals."""

from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from django.contrib import messages
from django.db.models import Count
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from commissions import plans
from commissions.examples import example
from commissions.forms.plan import REWARDS, PlanForm, TermsForm, VersionForm, reward_of
from commissions.forms.plan_terms import initial_of
from commissions.models import Pin, Plan, PlanRule, PlanVersion
from commissions.terms import describe, from_json, kind_of
from elinkages.accounts.access import MspRequest, dashboard
from elinkages.audit import trail
from elinkages.kernel.forms import attempt
from elinkages.kernel.pages import page


def plan_of(plan_id: UUID) -> Plan:
    """The plan of an address, or 404."""
    return get_object_or_404(Plan.objects.all(), pk=plan_id)


@dashboard()
def plan_list(request: MspRequest) -> HttpResponse:
    """Every plan with its terms of today, where it applies, and how many contracts have it."""
    today = request.msp.today(timezone.now())
    shows_archived = request.GET.get("state") == "archived"
    found = list(Plan.objects.filter(archived_at__isnull=not shows_archived).order_by("name"))
    versions, rules, counts = plans.versions_on(found, today), _rules_of(found), _counts_of(found)
    rows = [
        {
            "plan": plan,
            "version": versions.get(plan.pk),
            "sentence": _sentence(versions.get(plan.pk), request.msp.currency),
            "scopes": [rule.scope for rule in rules.get(plan.pk, []) if rule.is_valid(today)],
            "pinned": counts.get(plan.pk, 0),
        }
        for plan in found
    ]
    context = {"rows": rows, "shows_archived": shows_archived, "starting_points": _starting_points(request)}
    return page(request, "dashboard/plans/list.html", context)


@dashboard(can="plans.manage")
def plan_new(request: MspRequest) -> HttpResponse:
    """Choose a kind of reward, then say how much; nothing is promised before “Publish plan”."""
    reward = request.POST.get("reward") or request.GET.get("reward", "")
    start = next((one for one in _starting_points(request) if one.slug == request.GET.get("start")), None)
    if start is not None:
        reward = kind_of(start.terms)
    if reward not in REWARDS:
        return page(request, "dashboard/plans/choose.html", {"rewards": REWARDS})
    initial: dict[str, Any] = {"valid_from": request.msp.today(timezone.now()).replace(day=1)}
    if start is not None:
        initial |= {"name": start.name, **initial_of(start.terms, request.msp.currency)}
    form = PlanForm(_sent(request), initial=initial, reward=reward, currency=request.msp.currency)
    if form.is_bound and form.is_valid() and "preview" not in request.POST and form.terms is not None:
        data = form.cleaned_data
        with attempt(form):
            plan = plans.create(
                name=data["name"],
                versioning=data["versioning"],
                terms=form.terms,
                valid_from=data["valid_from"],
                by=request.member,
                at=timezone.now(),
            )
            messages.success(request, f"“{plan.name}” is published. Now say where it applies.")
            return redirect("dashboard:plan", plan.pk)
    return _terms_page(request, form, {"title": "New plan", "label": REWARDS[reward][0], "verb": "Publish plan"})


@dashboard(can="plans.manage")
def plan_preview(request: MspRequest) -> HttpResponse:
    """The sentence and the example of a form that is being filled in."""
    reward = request.GET.get("reward", "")
    if reward not in REWARDS:
        raise Http404("No such kind of reward.")
    form = TermsForm(request.GET, reward=reward, currency=request.msp.currency)
    form.is_valid()
    return page(request, "dashboard/plans/summary.html", _summary(request, form))


class VersionRow(NamedTuple):
    """A version in the table of its plan."""

    version: PlanVersion
    sentence: str
    pinned: int
    is_current: bool
    is_coming: bool


@dashboard()
def plan(request: MspRequest, plan_id: UUID) -> HttpResponse:
    """A plan: its versions, where it applies, the deals that have it, its history."""
    found = plan_of(plan_id)
    today = request.msp.today(timezone.now())
    rows = _version_rows(found, request.msp.currency, today)
    current = next((row for row in rows if row.is_current), None)
    context = {
        "plan": found,
        "rows": rows,
        "current": current,
        "example": example(from_json(current.version.terms), request.msp.currency, today=today) if current else None,
        "rules": [(rule, rule.is_valid(today)) for rule in _rules_of([found]).get(found.pk, [])],
        "pinned": sum(row.pinned for row in rows),
        "events": trail.history(found),
    }
    return page(request, "dashboard/plans/plan.html", context)


@dashboard(can="plans.manage")
def plan_version_new(request: MspRequest, plan_id: UUID) -> HttpResponse:
    """The next version of a plan from a day on; the effect on deals that are there is said before."""
    found = plan_of(plan_id)
    newest = found.versions.order_by("-valid_from").first()
    asked = request.POST.get("reward") or request.GET.get("reward", "")
    reward = asked or (reward_of(newest) if newest else "")
    if reward not in REWARDS:
        return page(request, "dashboard/plans/choose.html", {"rewards": REWARDS, "plan": found})
    form = _version_form(request, newest, reward)
    if form.is_bound and form.is_valid() and "preview" not in request.POST and form.terms is not None:
        with attempt(form, field="valid_from"):
            version = plans.publish(
                found,
                terms=form.terms,
                valid_from=form.cleaned_data["valid_from"],
                is_for_all=form.cleaned_data["is_for_all"] == "all",
                may_post_past=form.cleaned_data["confirm_past"],
                may_lower=form.cleaned_data["confirm_less"],
                by=request.member,
                at=timezone.now(),
            )
            messages.success(request, f"Version {version.number} of “{found.name}” is published.")
            return redirect("dashboard:plan", found.pk)
    context = {
        "title": f"New version of {found.name}",
        "label": REWARDS[reward][0],
        "verb": "Publish version",
        "plan": found,
        "newest": newest,
        "newest_sentence": _sentence(newest, request.msp.currency),
        "pinned": plans.pinned(found),
    }
    return _terms_page(request, form, context)


@dashboard(can="plans.manage")
@require_POST
def plan_archival(request: MspRequest, plan_id: UUID) -> HttpResponse:
    """Offer a plan no longer."""
    found = plans.archive(plan_of(plan_id), by=request.member, at=timezone.now())
    messages.success(request, f"“{found.name}” is archived. Deals that have it keep it.")
    return redirect("dashboard:plan-list")


@dashboard(can="plans.manage")
@require_POST
def plan_restoration(request: MspRequest, plan_id: UUID) -> HttpResponse:
    """Offer an archived plan again."""
    found = plans.restore(plan_of(plan_id), by=request.member, at=timezone.now())
    messages.success(request, f"“{found.name}” can be used again.")
    return redirect("dashboard:plan", found.pk)


def _version_form(request: MspRequest, newest: PlanVersion | None, reward: str) -> VersionForm:
    """The form of the next version; it begins with the terms of the newest one unless the kind of reward is another."""
    initial: dict[str, Any] = {"valid_from": request.msp.today(timezone.now())}
    if newest is not None and reward == reward_of(newest):
        initial |= initial_of(from_json(newest.terms), request.msp.currency)
    return VersionForm(_sent(request), initial=initial, reward=reward, currency=request.msp.currency)


def _terms_page(request: MspRequest, form: TermsForm, context: dict[str, Any]) -> HttpResponse:
    summary = _summary(request, form)
    is_wrong = form.is_bound and "preview" not in request.POST
    return page(
        request, "dashboard/plans/terms.html", {"form": form, **summary, **context}, status=422 if is_wrong else 200
    )


def _summary(request: MspRequest, form: TermsForm) -> dict[str, Any]:
    """What the form promises as it stands: its own values, or its initial ones before anything is typed."""
    if form.is_bound:
        form.is_valid()
        terms = form.terms
    else:
        typed = QueryDict(mutable=True)
        for name, field in form.fields.items():
            value = form.get_initial_for_field(field, name)
            if isinstance(value, list | tuple):
                typed.setlist(name, [str(one) for one in value])
            else:
                typed[name] = "" if value is None else str(field.prepare_value(value))
        draft = TermsForm(typed, reward=form.reward, currency=request.msp.currency)
        draft.is_valid()
        terms = draft.terms
    if terms is None:
        return {"summary": "", "example": None}
    today = request.msp.today(timezone.now())
    currency = request.msp.currency
    return {"summary": f"{describe(terms, currency)}.", "example": example(terms, currency, today=today)}


def _sent(request: MspRequest) -> QueryDict | None:
    """What was sent with a form that has fields; choosing the kind of reward sends none."""
    return request.POST if request.method == "POST" else None


def _sentence(version: PlanVersion | None, currency: str) -> str:
    return f"{describe(from_json(version.terms), currency)}." if version else ""


def _version_rows(plan: Plan, currency: str, today: date) -> list[VersionRow]:
    """The versions of a plan, the newest first."""
    versions = plan.versions.select_related("published_by__user").annotate(pinned=Count("pins"))
    return [
        VersionRow(
            version,
            _sentence(version, currency),
            version.pinned,
            is_current=version.is_valid(today),
            is_coming=version.valid_from > today,
        )
        for version in versions.order_by("-valid_from")
    ]


def _counts_of(found: list[Plan]) -> dict[UUID, int]:
    """How many contracts were won under each of these plans."""
    pins = Pin.objects.filter(plan_version__plan__in=found).values_list("plan_version__plan")
    return dict(pins.annotate(count=Count("pk")))


def _rules_of(found: list[Plan]) -> dict[UUID, list[PlanRule]]:
    rules: dict[UUID, list[PlanRule]] = {}
    rows = PlanRule.objects.filter(plan__in=found).select_related("plan", "partner", "service_line")
    for rule in rows.order_by("-valid_from", "pk"):
        rules.setdefault(rule.plan_id, []).append(rule)
    return rules


def _starting_points(request: MspRequest) -> list[Any]:
    return plans.starting_points(request.msp.currency)
