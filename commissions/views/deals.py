"""The page of a win: an introduction becomes a client with its contracts and their plans."""

from datetime import date
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.forms.formsets import BaseFormSet
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone

from commissions import deals
from commissions.examples import example
from commissions.forms.deal import ContractForm, WinForm, contract_rows
from commissions.terms import describe, from_json
from elinkages.accounts.access import MspRequest, dashboard
from elinkages.kernel.forms import attempt
from elinkages.kernel.pages import page
from referrals.models import FindingState, Referral
from referrals.views.referrals import referral_of


@dashboard(can="referrals.manage")
def referral_win(request: MspRequest, referral_id: UUID) -> HttpResponse:
    """Win an introduction: the client, its contracts, and which plan each of them gets and why."""
    referral = referral_of(referral_id)
    is_sent = request.method == "POST"
    only_shows = "add" in request.POST or "check" in request.POST
    today = request.msp.today(timezone.now())
    initial = {"client_name": referral.company, "website": referral.website, "won_on": today}
    form = WinForm(request.POST if is_sent else None, initial=initial)
    rows = _rows(request, referral, more="add" in request.POST)
    if is_sent and not only_shows and form.is_valid() and rows.is_valid():
        with attempt(form):
            client = deals.win(
                referral,
                client_name=form.cleaned_data["client_name"],
                website=form.cleaned_data["website"],
                contracts=[deals.NewContract(**_contract(row)) for row in _filled(rows)],
                won_on=form.cleaned_data["won_on"],
                by=request.member,
                at=timezone.now(),
            )
            messages.success(
                request, f"{client.name} is now a client. Thank {referral.partner.name} for the introduction."
            )
            return redirect("dashboard:client", client.pk)
    context = {
        "referral": referral,
        "form": form,
        "rows": rows,
        "credits": list(referral.credits.select_related("partner").order_by("-basis_points", "partner")),
        "has_findings": referral.findings.filter(state=FindingState.OPEN).exists(),
        "lines": _lines(request, referral, form, rows) if is_sent else [],
        "introduced_on": _introduced_later(request, referral, form) if is_sent else None,
    }
    return page(request, "dashboard/deals/win.html", context, status=422 if is_sent and not only_shows else 200)


@dashboard(can="referrals.manage")
def referral_win_plans(request: MspRequest, referral_id: UUID) -> HttpResponse:
    """Which plan each row of the form gets as it stands, for the page to show while it is filled in."""
    referral = referral_of(referral_id)
    form = WinForm(request.GET)
    rows = contract_rows(request.GET, currency=request.msp.currency, initial={})
    context = {
        "lines": _lines(request, referral, form, rows),
        "introduced_on": _introduced_later(request, referral, form),
    }
    return page(request, "dashboard/deals/plans.html", context)


def _rows(request: MspRequest, referral: Referral, *, more: bool) -> "BaseFormSet[ContractForm]":
    today = request.msp.today(timezone.now())
    initial: dict[str, Any] = {"starts_on": today}
    if referral.expected_mrr_minor and referral.currency == request.msp.currency:
        initial["mrr"] = referral.expected_mrr_minor
    data = request.POST if request.method == "POST" else None
    return contract_rows(data, currency=request.msp.currency, initial=initial, more=more)


def _filled(rows: "BaseFormSet[ContractForm]") -> list[dict[str, Any]]:
    """The values of rows that say what and how much; those of half-filled rows too."""
    found = []
    for row in rows.forms:
        row.is_valid()
        data = getattr(row, "cleaned_data", {})
        if data.get("service_line") and data.get("mrr") is not None:
            found.append(data)
    return found


def _contract(data: dict[str, Any]) -> dict[str, Any]:
    return {
        "service_line": data["service_line"],
        "mrr_minor": data["mrr"],
        "starts_on": data["starts_on"],
        "first_paid_on": data["first_paid_on"],
    }


def _introduced_later(request: MspRequest, referral: Referral, form: WinForm) -> date | None:
    """The day of an introduction that came after the win; None when it came before, as it should."""
    form.is_valid()
    won_on, introduced_on = form.cleaned_data.get("won_on"), request.msp.today(referral.registered_at)
    return introduced_on if won_on and won_on < introduced_on else None


def _lines(
    request: MspRequest, referral: Referral, form: WinForm, rows: "BaseFormSet[ContractForm]"
) -> list[dict[str, Any]]:
    """For each contract its plan, why, and what it would pay."""
    form.is_valid()
    today = request.msp.today(timezone.now())
    won_on = form.cleaned_data.get("won_on") or today
    currency = request.msp.currency
    lines = []
    for data in _filled(rows):
        choice = deals.choose(referral.partner, referral.source_kind, data["service_line"], won_on)
        terms = from_json(choice.version.terms) if choice.version else None
        lines.append(
            {
                "service_line": data["service_line"],
                "mrr_minor": data["mrr"],
                "choice": choice,
                "sentence": f"{describe(terms, currency)}." if terms else "",
                "example": example(terms, currency, today=today, mrr_minor=data["mrr"]) if terms else None,
            }
        )
    return lines
