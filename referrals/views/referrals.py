"""One introduction: its page, its moves, its next action."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from elinkages.accounts.access import MspRequest, dashboard
from elinkages.audit import trail
from elinkages.kernel.forms import attempt
from elinkages.kernel.pages import page
from referrals import decisions, history, pipeline, screening, sla
from referrals.forms import LossForm, NextActionForm, StageForm, TouchForm
from referrals.matching import MOST
from referrals.models import FULL_SHARE, CommonKey, FindingState, KeyKind, Referral, Stage
from referrals.views.beside import standing
from referrals.views.lists import team

FORWARD = {Stage.REGISTERED: "Mark as qualified", Stage.QUALIFIED: "Proposal sent"}
"""The verb of the one obvious step at a stage."""


def referral_of(referral_id: UUID) -> Referral:
    """The introduction of an address, or 404."""
    return get_object_or_404(Referral.objects.select_related("partner", "owner__user"), pk=referral_id)


@dashboard()
@require_safe
def detail(request: MspRequest, referral_id: UUID) -> HttpResponse:
    """Everything about one introduction, with its one obvious next step."""
    return show(request, referral_of(referral_id))


def show(request: MspRequest, referral: Referral, *, status: int = 200, **forms: Any) -> HttpResponse:
    """The page, with the forms that someone has filled in wrongly."""
    moves, credits = list(referral.moves.all()), list(referral.credits.select_related("partner").order_by("pk"))
    findings = _findings(referral)
    context = {
        "referral": referral,
        "steps": history.steps(referral, moves),
        "credits": credits,
        "kept_basis_points": FULL_SHARE - sum(credit.basis_points for credit in credits),
        "findings": findings,
        "left": screening.count_left(referral) if referral.is_open and len(findings) >= MOST else 0,
        "undecided": [finding for finding in findings if finding.state == FindingState.OPEN],
        "warning": sla.warning(referral, at=timezone.now(), zone=request.msp.zone),
        "today": request.msp.today(timezone.now()),
        "forward": FORWARD.get(Stage(referral.stage), ""),
        "following": _following(referral),
        "other_stages": [stage for stage in Stage if stage not in (referral.stage, Stage.LOST)],
        "events": trail.history(referral),
        "client": referral.clients.first() if referral.stage == Stage.WON else None,
        **standing(referral),
        "next_form": forms.get("next_form") or _next_form(request, referral),
        "touch_form": forms.get("touch_form") or TouchForm(),
    }
    return page(request, "dashboard/referrals/detail.html", context, status=status)


@dashboard(can="referrals.manage")
@require_POST
def stage(request: MspRequest, referral_id: UUID) -> HttpResponse:
    """Move an introduction from the stage that was seen; won and lost have pages of their own."""
    referral = referral_of(referral_id)
    form = StageForm(request.POST)
    if not form.is_valid():
        raise pipeline.StageChanged("Choose the stage that it is at now.", status=422)
    target = Stage(form.cleaned_data["stage"])
    if target == Stage.WON:
        return redirect("dashboard:referral-win", referral.pk)
    if target == Stage.LOST:
        return redirect("dashboard:referral-loss", referral.pk)
    referral.stage = form.cleaned_data["seen"]
    pipeline.move(referral, to=target, by=request.member, at=timezone.now())
    messages.success(request, f"{referral.company} is at “{target.label}” now.")
    if request.POST.get("from") == "board":
        return redirect("dashboard:referral-board")
    return redirect("dashboard:referral", referral.pk)


@dashboard(can="referrals.manage")
def loss(request: MspRequest, referral_id: UUID) -> HttpResponse:
    """Close an introduction with a reason."""
    referral = referral_of(referral_id)
    form = LossForm(request.POST or None, initial={"seen": referral.stage})
    if request.method == "POST" and form.is_valid():
        facts = dict(form.cleaned_data)
        referral.stage = facts.pop("seen")
        with attempt(form):
            pipeline.lose(referral, **facts, by=request.member, at=timezone.now())
            messages.success(request, f"{referral.company} was closed. Its partner is told tactfully.")
            return redirect("dashboard:referral", referral.pk)
    context = {"referral": referral, "form": form, "why": history.WHY_LOST}
    return page(request, "dashboard/referrals/loss.html", context, status=422 if form.is_bound else 200)


@dashboard(can="referrals.manage")
def reopening(request: MspRequest, referral_id: UUID) -> HttpResponse:
    """Ask, then take a lost introduction back into the pipeline."""
    referral = referral_of(referral_id)
    if request.method == "POST":
        pipeline.reopen(referral, by=request.member, at=timezone.now())
        messages.success(request, f"{referral.company} is open again.")
        return redirect("dashboard:referral", referral.pk)
    return page(request, "dashboard/referrals/reopening.html", {"referral": referral})


@dashboard(can="referrals.manage")
@require_POST
def touch(request: MspRequest, referral_id: UUID) -> HttpResponse:
    """Record that somebody spoke to them."""
    referral, form = referral_of(referral_id), TouchForm(request.POST)
    if form.is_valid():
        with attempt(form):
            pipeline.touch(referral, note=form.cleaned_data["note"], by=request.member, at=timezone.now())
            messages.success(request, "The contact was recorded.")
            return redirect("dashboard:referral", referral.pk)
    return show(request, referral, touch_form=form, status=422)


@dashboard(can="referrals.manage")
@require_POST
def next_action(request: MspRequest, referral_id: UUID) -> HttpResponse:
    """Say who does what until when."""
    referral, form = referral_of(referral_id), NextActionForm(request.POST, team=team(request))
    if form.is_valid():
        with attempt(form):
            pipeline.assign(referral, **form.facts(), by=request.member, at=timezone.now())
            messages.success(request, "The next action was saved.")
            return redirect("dashboard:referral", referral.pk)
    return show(request, referral, next_form=form, status=422)


def _next_form(request: MspRequest, referral: Referral) -> NextActionForm | None:
    if not referral.is_open:
        return None
    initial = {
        "owner": str(referral.owner_id or ""),
        "next_action": referral.next_action,
        "next_action_on": referral.next_action_on,
    }
    return NextActionForm(initial=initial, team=team(request))


def _following(referral: Referral) -> Stage | None:
    return {Stage.REGISTERED: Stage.QUALIFIED, Stage.QUALIFIED: Stage.PROPOSAL}.get(Stage(referral.stage))


def _findings(referral: Referral) -> list[Any]:
    """Matches as a page compares them: which lines are the same, and what “the same” would do."""
    related = ("other_referral__partner", "other_referral__owner__user", "other_client__referral__partner")
    findings: list[Any] = list(referral.findings.select_related(*related).order_by("found_at", "pk"))
    set_aside = CommonKey.objects.keys() if findings else frozenset()
    for finding in findings:
        keys = finding.evidence["keys"]
        finding.same = {key["kind"] for key in keys}
        finding.named = [
            {**key, "label": KeyKind(key["kind"]).label, "badge": key.get("words", "same")} for key in keys
        ]
        finding.shareable = [
            key for key in keys if key["kind"] in CommonKey.Kind.values and (key["kind"], key["key"]) not in set_aside
        ]
        finding.likeness = next((key["words"] for key in keys if key["kind"] == KeyKind.SIMILAR), "")
        finding.passes_on = decisions.passes_on(finding)
    return findings
