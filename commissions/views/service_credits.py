"""The pages of service credit: who has some open, what was applied to which invoice, and one partner's account."""

from functools import partial
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from commissions import listings, service_credits
from commissions.forms.payouts import ReasonForm
from commissions.forms.service_credits import CreditForm
from commissions.models import CreditApplication, Rail
from commissions.payouts import outlook
from commissions.views.acting import Step, act, sent
from elinkages.accounts.access import MspRequest, dashboard
from elinkages.kernel.money import format_money
from elinkages.kernel.pages import page
from elinkages.lists.pages import list_page
from partners.access import PortalRequest, earnings_portal
from partners.models import Partner

INCOME = (
    "Service credit is the partner’s income at its fair market value on the day it is given, as if you had paid it"
    " in money. These totals are what tax forms ask for."
)


@dashboard()
@require_safe
def credit_overview(request: MspRequest) -> HttpResponse:
    """Who has credit open, and what every partner was given in a calendar year."""
    years = service_credits.years()
    asked = request.GET.get("year", "")
    year = int(asked) if asked.isdecimal() and int(asked) in years else next(iter(years), None)
    balances = service_credits.balances()
    context = {
        "balances": balances,
        "open_minor": sum(one.minor for one in balances),
        "next": outlook(request.msp.today(timezone.now()), Rail.CREDIT),
        "years": years,
        "year": year,
        "totals": service_credits.year_totals(year) if year else [],
        "applications": service_credits.applications()[:5],
        "income": INCOME,
    }
    return page(request, "dashboard/service_credit/overview.html", context)


@dashboard()
@require_safe
def application_list(request: MspRequest) -> HttpResponse:
    """Everything that was applied to invoices."""
    return list_page(request, listings.CREDIT_APPLICATIONS, "dashboard/service_credit/list.html")


@dashboard()
@require_safe
def partner_credit(request: MspRequest, partner_id: UUID) -> HttpResponse:
    """A partner's credits, and the invoices that they were applied to."""
    partner = get_object_or_404(Partner, pk=partner_id)
    return page(request, "dashboard/service_credit/partner.html", _account(partner))


@dashboard(can="payouts.manage", recent=True)
def credit_apply(request: MspRequest, partner_id: UUID) -> HttpResponse:
    """Record that credit was applied to an invoice of the partner."""
    partner = get_object_or_404(Partner, pk=partner_id)
    there = service_credits.open_minor(partner)
    step = Step(
        title=f"Apply credit of {partner.name} to an invoice",
        button="Record it",
        done=f"Recorded. {partner.name} is notified and sees it in the portal.",
        notes=(
            f"{format_money(there, request.msp.currency)} is open. The oldest credit is used first.",
            "Apply the same amount to the invoice in your billing system; nothing is sent there from here.",
        ),
        **_around(partner),
    )
    today = request.msp.today(timezone.now())
    form = CreditForm(sent(request), currency=request.msp.currency, open_minor=there, today=today)
    apply = partial(service_credits.apply, partner, by=request.member, at=timezone.now())
    return act(request, form, step, lambda data: apply(**data))


@dashboard(can="payouts.manage", recent=True)
def credit_undo(request: MspRequest, credit_id: UUID) -> HttpResponse:
    """Take back that credit was applied to an invoice."""
    application = get_object_or_404(CreditApplication.objects.select_related("partner"), pk=credit_id)
    amount = format_money(application.minor, application.currency)
    step = Step(
        title=f"Undo credit on invoice {application.reference}",
        button=f"Open {amount} again",
        done=f"{amount} of {application.partner.name} is open again.",
        notes=(f"{amount} of service credit is open again and can be applied to another invoice.",),
        tone="danger final",
        **_around(application.partner),
    )
    form = ReasonForm(sent(request), label="Why it is undone", help_text="The partner sees it.")
    undo = partial(service_credits.undo, application, by=request.member, at=timezone.now())
    return act(request, form, step, lambda data: undo(**data))


@earnings_portal
@require_safe
def portal_credit(request: PortalRequest) -> HttpResponse:
    """A partner's own account: what is open, what was given, and which invoices it was applied to."""
    return page(request, "portal/earnings/service_credit.html", _account(request.partner))


def _account(partner: Partner) -> dict[str, Any]:
    credits = service_credits.given(partner)
    return {
        "partner": partner,
        "credits": credits[::-1],
        "open_minor": sum(credit.open_minor for credit in credits),
        "given_minor": sum(credit.payout.minor for credit in credits),
        "applications": service_credits.applications_of(partner),
    }


def _around(partner: Partner) -> dict[str, Any]:
    back = reverse("dashboard:partner-credit", args=[partner.pk])
    crumbs = (
        (reverse("dashboard:payout-run-list"), "Payouts"),
        (reverse("dashboard:service-credit"), "Service credit"),
    )
    return {"back": back, "crumbs": (*crumbs, (back, partner.name))}
