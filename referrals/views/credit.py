"""Who has the credit: shares by agreement, and decisions about companies that were known before."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from elinkages.accounts.access import MspRequest, dashboard
from elinkages.kernel.forms import attempt
from elinkages.kernel.money import format_basis_points
from elinkages.kernel.pages import page
from referrals import attribution, decisions, splits
from referrals.credit_forms import DecisionForm, SharesFormSet, shares_form
from referrals.models import FULL_SHARE, Credit, Finding, FindingState, Referral, Split, Stage
from referrals.standing_forms import CreditNoteForm
from referrals.views.referrals import referral_of


@dashboard(can="referrals.manage")
def credit(request: MspRequest, referral_id: UUID) -> HttpResponse:
    """Split the credit of an introduction, by agreement with everybody who loses or gains by it."""
    referral = referral_of(referral_id)
    attribution.refuse_contested(referral)
    if referral.stage == Stage.WON:
        raise attribution.CreditSettled(f"{referral.company} is won: its credit already determines what is paid.")
    credits = list(referral.credits.select_related("partner").order_by("pk"))
    shares = shares_form(request.POST or None, initial=[line(credit) for credit in credits])
    form = CreditNoteForm(request.POST or None)
    if request.method == "POST" and shares.is_valid() and form.is_valid():
        with attempt(form):
            return _propose(request, referral, shares, form)
    total = shares.total() if shares.is_bound else sum(credit.basis_points for credit in credits)
    context = {"referral": referral, "shares": shares, "form": form, **sum_of(total)}
    return page(request, "dashboard/referrals/credit.html", context, status=422 if shares.is_bound else 200)


def _propose(request: MspRequest, referral: Referral, shares: SharesFormSet, form: CreditNoteForm) -> HttpResponse:
    wanted, how = shares.shares(), form.cleaned_data["agreed"]
    concerned = [partner.pk for partner, _ in wanted] + list(referral.credits.values_list("partner_id", flat=True))
    split = splits.propose(
        referral,
        wanted,
        note=form.cleaned_data["note"],
        given=dict.fromkeys(concerned, how),
        by=request.member,
        at=timezone.now(),
    )
    is_asked = split is not None and Split.objects.asked().filter(pk=split.pk).exists()
    told = (
        "The partners were asked. The shares apply once everyone has agreed." if is_asked else "The shares were saved."
    )
    messages.success(request, told)
    return redirect("dashboard:referral", referral.pk)


@dashboard(can="referrals.manage")
@require_POST
def credit_sum(request: MspRequest, referral_id: UUID) -> HttpResponse:
    """What the shares that are being typed add up to."""
    referral_of(referral_id)
    shares = shares_form(request.POST)
    shares.is_valid()
    return page(request, "dashboard/referrals/_credit_sum.html", sum_of(shares.total()))


@dashboard(can="referrals.manage")
@require_POST
def finding_decision(request: MspRequest, finding_id: UUID) -> HttpResponse:
    """Say whether a match is the same company."""
    finding = get_object_or_404(Finding.objects.select_related("referral__partner", "other_referral"), pk=finding_id)
    form = DecisionForm(request.POST)
    if not form.is_valid():
        raise decisions.NoSuchDecision("Choose whether it is the same company or a different one.", status=422)
    decisions.decide(finding, **form.cleaned_data, by=request.member, at=timezone.now())
    referral = Referral.objects.get(pk=finding.referral_id)
    messages.success(request, _outcome(finding, referral))
    return redirect("dashboard:referral", referral.pk)


def _outcome(finding: Finding, referral: Referral) -> str:
    if finding.state == FindingState.SAME and referral.stage == Stage.LOST:
        return f"{referral.company} was closed as a duplicate. {referral.partner.name} is told tactfully."
    if referral.credits.exists():
        return f"{referral.partner.name} has the credit for {referral.company}."
    return "Decided. The credit is still withheld because of another match."


def line(credit: Credit) -> dict[str, Any]:
    """A share as a line of the form set."""
    share = format_basis_points(credit.basis_points).removesuffix("%")
    return {"partner": credit.partner_id, "partner_name": credit.partner.name, "share": share}


def sum_of(total: int) -> dict[str, Any]:
    """What shares add up to in basis points, and what is left for the MSP."""
    return {
        "total_basis_points": total,
        "left_basis_points": max(0, FULL_SHARE - total),
        "is_over": total > FULL_SHARE,
    }
