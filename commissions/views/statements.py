"""Statements as a partner reads them, for the MSP's own people: of a payout and of a month."""

import re
from datetime import date, datetime
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.views.decorators.http import require_safe

from commissions import monthly, statement_files
from commissions.earnings import TOLD
from commissions.models import Payout
from commissions.monthly import MonthStatement
from commissions.statements import payouts_told, statement
from elinkages.accounts.access import MspRequest, dashboard
from elinkages.kernel.pages import page
from elinkages.kernel.paging import paginate
from partners.access import PortalRequest
from partners.models import Partner


@dashboard()
@require_safe
def statement_page(request: MspRequest, payout_id: UUID) -> HttpResponse:
    """The statement of a payout that is on its way or was paid; 404 for a proposal."""
    payout = _payout(payout_id)
    context = {"statement": statement(payout), "payout": payout, "partner": payout.partner}
    return page(request, "dashboard/payouts/statement.html", context)


@dashboard()
@require_safe
def statement_pdf(request: MspRequest, payout_id: UUID) -> HttpResponse:
    """The same as a PDF."""
    payout = _payout(payout_id)
    return as_pdf(statement_files.payout_pdf(statement(payout), request.msp), f"statement-{payout.number}")


@dashboard()
@require_safe
def statement_csv(request: MspRequest, payout_id: UUID) -> HttpResponse:
    """The same as CSV."""
    payout = _payout(payout_id)
    return as_csv(statement_files.payout_csv(statement(payout)), f"statement-{payout.number}")


@dashboard()
@require_safe
def partner_statements(request: MspRequest, partner_id: UUID) -> HttpResponse:
    """Every statement of a partner, by month and by payout."""
    partner = get_object_or_404(Partner, pk=partner_id)
    context = {
        "partner": partner,
        "months": monthly.months(partner, request.msp.today(timezone.now())),
        "page": paginate(payouts_told(partner), request, order=("-number", "-pk")),
    }
    return page(request, "dashboard/payouts/statement_list.html", context)


@dashboard()
@require_safe
def month_page(request: MspRequest, partner_id: UUID) -> HttpResponse:
    """The statement of one month, `?month=2026-07`; without it of this one."""
    told = month_of(request, get_object_or_404(Partner, pk=partner_id), timezone.now())
    return page(request, "dashboard/payouts/month.html", {"statement": told, "partner": told.partner})


@dashboard()
@require_safe
def month_as_pdf(request: MspRequest, partner_id: UUID) -> HttpResponse:
    """The same as a PDF."""
    at = timezone.now()
    told = month_of(request, get_object_or_404(Partner, pk=partner_id), at)
    return as_pdf(statement_files.month_pdf(told, request.msp, at=at), f"statement-{told.month:%Y-%m}")


@dashboard()
@require_safe
def month_as_csv(request: MspRequest, partner_id: UUID) -> HttpResponse:
    """The same as CSV."""
    told = month_of(request, get_object_or_404(Partner, pk=partner_id), timezone.now())
    return as_csv(statement_files.month_csv(told), f"statement-{told.month:%Y-%m}")


def month_of(request: MspRequest | PortalRequest, partner: Partner, at: datetime) -> MonthStatement:
    """The statement of the month that the address asks for; 404 before the first amount and after today."""
    today = request.msp.today(at)
    asked = request.GET.get("month", "")
    month = _month(asked) if asked else today.replace(day=1)
    if asked and month not in monthly.months(partner, today):
        raise Http404("There is no statement for this month.")
    return monthly.statement_of(partner, month, currency=request.msp.currency, today=today)


def as_pdf(content: bytes, name: str) -> HttpResponse:
    """A PDF that the browser shows, and saves under this name."""
    headers = {"Content-Disposition": f'inline; filename="{name}.pdf"'}
    return HttpResponse(content, content_type="application/pdf", headers=headers)


def as_csv(content: bytes, name: str) -> HttpResponse:
    """A CSV to save under this name."""
    headers = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
    return HttpResponse(content, content_type="text/csv; charset=utf-8", headers=headers)


def _payout(payout_id: UUID) -> Payout:
    return get_object_or_404(Payout.objects.select_related("partner", "run"), pk=payout_id, state__in=TOLD)


def _month(text: str) -> date:
    found = re.fullmatch(r"(20[0-9]{2})-(0[1-9]|1[0-2])", text)
    if not found:
        raise Http404("There is no such month.")
    return date(int(found[1]), int(found[2]), 1)
