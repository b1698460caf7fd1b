"""The statement of a payout, as its partner reads it."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from commissions.earnings import TOLD
from commissions.models import Payout
from commissions.statements import statement
from elinkages.accounts.access import MspRequest, dashboard
from elinkages.kernel.pages import page


@dashboard()
@require_safe
def statement_page(request: MspRequest, payout_id: UUID) -> HttpResponse:
    """The statement of a payout that is on its way or was paid; 404 for a proposal."""
    payout = get_object_or_404(Payout.objects.select_related("partner", "run"), pk=payout_id, state__in=TOLD)
    context = {"statement": statement(payout), "payout": payout, "partner": payout.partner}
    return page(request, "dashboard/payouts/statement.html", context)
