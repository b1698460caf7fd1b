"""What a partner reads about their money."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.views.decorators.http import require_safe

from commissions import earnings, holds
from commissions.earnings import TOLD
from commissions.models import Stage
from elinkages.kernel.pages import page
from elinkages.kernel.paging import paginate
from partners.access import PortalRequest, earnings_portal

ROWS = 20
STAGES = ((Stage.ACCRUED, "Accrued"), (Stage.PAYABLE, "Payable"), (Stage.RESERVED, "On its way"), (Stage.PAID, "Paid"))


@earnings_portal
@require_safe
def earnings_page(request: PortalRequest) -> HttpResponse:
    """What was earned and where it stands: held until when, payable, on its way, paid."""
    standing = earnings.totals(request.partner)
    stage = request.GET.get("stage", "")
    entries = earnings.of(request.partner)
    if stage in dict(STAGES):
        entries = entries.filter(stage=stage)
    found = paginate(entries, request, order=("-earning_month", "-pk"), size=ROWS)
    told = earnings.origins(found.items)
    held = holds.active(request.partner)
    context: dict[str, Any] = {
        "totals": standing,
        "next": earnings.what_is_next(standing, request.msp, is_held=bool(held)),
        "holds": held,
        "releases": earnings.releases(request.partner),
        "months": earnings.months(request.partner),
        "stages": STAGES,
        "stage": stage if stage in dict(STAGES) else "",
        "page": found,
        "rows": [(entry, told[entry.pool_id]) for entry in found.items],
        "today": request.msp.today(timezone.now()),
    }
    return page(request, "portal/earnings/earnings.html", context)


@earnings_portal
@require_safe
def entry_page(request: PortalRequest, entry_id: UUID) -> HttpResponse:
    """One amount and why it is what it is."""
    found = earnings.of(request.partner).select_related("pool__contract__client__referral")
    entry = get_object_or_404(found, pk=entry_id)
    told = earnings.explain(entry)
    referral = entry.pool.contract.client.referral if entry.pool.contract else None
    is_held = bool(holds.active(request.partner))
    payout = told.payout if told.payout and told.payout.state in TOLD else None
    context = {
        "entry": entry,
        "told": told,
        "payout": payout,
        "today": request.msp.today(timezone.now()),
        "is_held": is_held,
        "is_checked": referral is not None and referral.review_waits,
        "next": earnings.what_is_next(earnings.totals(request.partner), request.msp, is_held=is_held),
    }
    return page(request, "portal/earnings/entry.html", context)
