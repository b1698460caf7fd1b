"""Statements in the portal: of a payout and of a month, to read and to keep."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.views.decorators.http import require_safe

from commissions import earnings, monthly, statement_files
from commissions.earnings import TOLD
from commissions.models import Payout
from commissions.statements import payouts_told, statement
from commissions.views.statements import as_csv, as_pdf, month_of
from elinkages.kernel.pages import page
from elinkages.kernel.paging import paginate
from elinkages.lists.columns import Field, Kind
from elinkages.lists.own import own_file
from partners.access import PortalRequest, earnings_portal

EXPORTED = (
    Field("Statement", lambda payout: payout.number, Kind.COUNT),
    Field("Status", lambda payout: payout.get_state_display()),
    Field("Paid on", lambda payout: payout.paid_on, Kind.DAY),
    Field("Bank reference", lambda payout: payout.reference),
    Field("Amount", lambda payout: payout.minor, Kind.MONEY),
)


@earnings_portal
@require_safe
def statement_list(request: PortalRequest) -> HttpResponse:
    """Every payout and every month that has a statement."""
    context = {
        "page": paginate(payouts_told(request.partner), request, order=("-number", "-pk")),
        "months": monthly.months(request.partner, request.msp.today(timezone.now())),
        "totals": earnings.totals(request.partner),
    }
    return page(request, "portal/statements/list.html", context)


@earnings_portal
@require_safe
def statement_export(request: PortalRequest) -> HttpResponse:
    """Every payment as a file."""
    return own_file(request, request.msp, "Payments", EXPORTED, payouts_told(request.partner))


@earnings_portal
@require_safe
def statement_page(request: PortalRequest, payout_id: UUID) -> HttpResponse:
    """The statement of one payout."""
    payout = _payout(request, payout_id)
    context = {"statement": statement(payout), "payout": payout, "partner": request.partner}
    return page(request, "portal/statements/statement.html", context)


@earnings_portal
@require_safe
def statement_pdf(request: PortalRequest, payout_id: UUID) -> HttpResponse:
    """The same as a PDF."""
    payout = _payout(request, payout_id)
    return as_pdf(statement_files.payout_pdf(statement(payout), request.msp), f"statement-{payout.number}")


@earnings_portal
@require_safe
def statement_csv(request: PortalRequest, payout_id: UUID) -> HttpResponse:
    """The same as CSV."""
    payout = _payout(request, payout_id)
    return as_csv(statement_files.payout_csv(statement(payout)), f"statement-{payout.number}")


@earnings_portal
@require_safe
def month_page(request: PortalRequest) -> HttpResponse:
    """The statement of one month, `?month=2026-07`; without it of this one."""
    told = month_of(request, request.partner, timezone.now())
    return page(request, "portal/statements/month.html", {"statement": told, "partner": request.partner})


@earnings_portal
@require_safe
def month_as_pdf(request: PortalRequest) -> HttpResponse:
    """The same as a PDF."""
    at = timezone.now()
    told = month_of(request, request.partner, at)
    return as_pdf(statement_files.month_pdf(told, request.msp, at=at), f"statement-{told.month:%Y-%m}")


@earnings_portal
@require_safe
def month_as_csv(request: PortalRequest) -> HttpResponse:
    """The same as CSV."""
    told = month_of(request, request.partner, timezone.now())
    return as_csv(statement_files.month_csv(told), f"statement-{told.month:%Y-%m}")


def _payout(request: PortalRequest, payout_id: UUID) -> Payout:
    return get_object_or_404(Payout, partner=request.partner, pk=payout_id, state__in=TOLD)
