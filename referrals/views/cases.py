"""Competing claims, for the team: what is open, the evidence, the decision."""

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
from elinkages.kernel.words import say_day
from elinkages.lists.pages import list_page
from referrals import cases
from referrals.attribution import Share
from referrals.credit_forms import SharesFormSet, shares_form
from referrals.listings import CASES
from referrals.models import FULL_SHARE, Case, Outcome
from referrals.standing_forms import CaseForm, DeadlineForm, DecisionOfCaseForm, NoteForm
from referrals.views.credit import line, sum_of
from referrals.views.referrals import referral_of


@dashboard()
@require_safe
def case_list(request: MspRequest) -> HttpResponse:
    """Where the credit is contested: those to decide, or all."""
    return list_page(request, CASES, "dashboard/cases/list.html")


@dashboard(can="referrals.manage")
def case_new(request: MspRequest, referral_id: UUID) -> HttpResponse:
    """Write down that another partner claims an introduction."""
    referral = referral_of(referral_id)
    form = CaseForm(request.POST or None)
    if request.method == "POST" and form.is_valid() and form.claimant:
        facts = form.cleaned_data
        with attempt(form):
            case = cases.open_case(
                referral,
                claimant=form.claimant,
                statement=facts["statement"],
                due_on=facts["due_on"],
                by=request.member,
                at=timezone.now(),
            )
            messages.success(request, "The case is open. The partners were asked what they know.")
            return redirect("dashboard:case", case.pk)
    context = {"referral": referral, "form": form, "choices": form.choices, "sender": form.claimant}
    return page(request, "dashboard/cases/new.html", context, status=422 if form.is_bound else 200)


@dashboard()
@require_safe
def case_page(request: MspRequest, case_id: UUID) -> HttpResponse:
    """The claims, the evidence, the deadline, the decision."""
    return _show(request, _case_of(case_id))


@dashboard(can="referrals.manage")
@require_POST
def case_note(request: MspRequest, case_id: UUID) -> HttpResponse:
    """Add evidence that only the team reads."""
    case, form = _case_of(case_id), NoteForm(request.POST)
    if form.is_valid():
        with attempt(form):
            cases.note(case, form.cleaned_data["text"], by=request.member, at=timezone.now())
            messages.success(request, "Your note was added.")
            return redirect("dashboard:case", case.pk)
    return _show(request, case, note_form=form, status=422)


@dashboard(can="referrals.manage")
@require_POST
def case_deadline(request: MspRequest, case_id: UUID) -> HttpResponse:
    """Move the day of the decision."""
    case, form = _case_of(case_id), DeadlineForm(request.POST)
    if form.is_valid():
        with attempt(form):
            cases.postpone(case, due_on=form.cleaned_data["due_on"], by=request.member, at=timezone.now())
            messages.success(request, f"To decide by {say_day(form.cleaned_data['due_on'])}.")
            return redirect("dashboard:case", case.pk)
    return _show(request, case, deadline_form=form, status=422)


@dashboard(can="referrals.manage")
def case_decision(request: MspRequest, case_id: UUID) -> HttpResponse:
    """Keep the credit, pass it on, or share it."""
    case = _case_of(case_id)
    if not case.is_open:
        raise cases.CaseOver("This case has been decided.")
    form = DecisionOfCaseForm(request.POST or None, case=case)
    shares = shares_form(request.POST or None, initial=_lines(case))
    if request.method == "POST" and form.is_valid() and (not _is_split(form) or shares.is_valid()):
        with attempt(form):
            facts = {name: form.cleaned_data[name] for name in ("outcome", "decision")}
            cases.decide(case, **facts, shares=_shares(form, shares), by=request.member, at=timezone.now())
            messages.success(request, "Decided. Everyone in the case is notified.")
            return redirect("dashboard:case", case.pk)
    complaints = shares if form.is_bound and _is_split(form) else None
    held = sum(case.referral.credits.values_list("basis_points", flat=True))
    context = {"case": case, "form": form, "shares": shares, "complaints": complaints}
    context |= sum_of(shares.total() if shares.is_bound else held)
    return page(request, "dashboard/cases/decision.html", context, status=422 if form.is_bound else 200)


def _case_of(case_id: UUID) -> Case:
    return get_object_or_404(Case.objects.select_related("referral__partner"), pk=case_id)


def _show(request: MspRequest, case: Case, *, status: int = 200, **forms: Any) -> HttpResponse:
    notes = list(case.notes.select_related("partner").order_by("at", "pk"))
    context = {
        "case": case,
        "referral": case.referral,
        "claims": list(case.claims.select_related("partner", "own_referral").order_by("pk")),
        "notes": notes,
        "heard": {note.partner_id for note in notes},
        "credits": list(case.referral.credits.select_related("partner").order_by("pk")),
        "events": [event for event in trail.history(case.referral) if event.action.startswith("case.")],
        "today": request.msp.today(timezone.now()),
        "note_form": forms.get("note_form") or NoteForm(),
        "deadline_form": forms.get("deadline_form") or DeadlineForm(initial={"due_on": case.due_on}),
        "outcomes": Outcome,
    }
    return page(request, "dashboard/cases/case.html", context, status=status)


def _is_split(form: DecisionOfCaseForm) -> bool:
    return form.cleaned_data.get("outcome") == Outcome.SPLIT


def _shares(form: DecisionOfCaseForm, shares: SharesFormSet) -> list[Share]:
    outcome = form.cleaned_data["outcome"]
    if outcome == Outcome.TRANSFER:
        return [(form.partners[form.cleaned_data["heir"]], FULL_SHARE)]
    return shares.shares() if outcome == Outcome.SPLIT else []


def _lines(case: Case) -> list[dict[str, Any]]:
    """A line for everybody in the case, with the share that they have now."""
    held = {credit.partner_id: credit for credit in case.referral.credits.select_related("partner")}
    lines = []
    for claim in case.claims.select_related("partner").order_by("pk"):
        known = held.get(claim.partner_id)
        empty = {"partner": claim.partner_id, "partner_name": claim.partner.name, "share": ""}
        lines.append(line(known) if known else empty)
    return lines
