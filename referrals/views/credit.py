"""Who has the credit: shares by agreement, and decisions about companies that were known before."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from elinkages.accounts.access import MspRequest, dashboard
from elinkages.kernel.money import format_basis_points
from elinkages.kernel.pages import page
from referrals import attribution, decisions
from referrals.credit_forms import DecisionForm, shares_form
from referrals.models import FULL_SHARE, Credit, Finding, FindingState, Referral, Stage
from referrals.views.referrals import referral_of


@dashboard(can="referrals.manage")
def credit(request: MspRequest, referral_id: UUID) -> HttpResponse:
    """Split the credit of an introduction."""
    referral = referral_of(referral_id)
    if referral.stage == Stage.WON:
        raise attribution.CreditSettled(f"{referral.company} is won: its credit is part of what is paid now.")
    credits = list(referral.credits.select_related("partner").order_by("pk"))
    shares = shares_form(request.POST or None, initial=[_line(credit) for credit in credits])
    if request.method == "POST" and shares.is_valid():
        attribution.share(referral, shares.shares(), by=request.member, at=timezone.now())
        messages.success(request, "The shares were saved.")
        return redirect("dashboard:referral", referral.pk)
    total = shares.total() if shares.is_bound else sum(credit.basis_points for credit in credits)
    context = {"referral": referral, "shares": shares, **_sum(total)}
    return page(request, "dashboard/referrals/credit.html", context, status=422 if shares.is_bound else 200)


@dashboard(can="referrals.manage")
@require_POST
def credit_sum(request: MspRequest, referral_id: UUID) -> HttpResponse:
    """What the shares that are being typed add up to."""
    referral_of(referral_id)
    shares = shares_form(request.POST)
    shares.is_valid()
    return page(request, "dashboard/referrals/_credit_sum.html", _sum(shares.total()))


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
        return f"{referral.company} was closed as a duplicate. {referral.partner.name} is told in kind words."
    if referral.credits.exists():
        return f"{referral.partner.name} has the credit for {referral.company}."
    return "Decided. Another match still withholds the credit."


def _line(credit: Credit) -> dict[str, Any]:
    share = format_basis_points(credit.basis_points).removesuffix("%")
    return {"partner": credit.partner_id, "partner_name": credit.partner.name, "share": share}


def _sum(total: int) -> dict[str, Any]:
    """What shares add up to in basis points, and what is left for the MSP."""
    return {
        "total_basis_points": total,
        "left_basis_points": max(0, FULL_SHARE - total),
        "is_over": total > FULL_SHARE,
    }
