"""Every amount that was ever earned, every payout and every run, in lists that can be filtered."""

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from commissions import listings
from elinkages.accounts.access import MspRequest, dashboard
from elinkages.lists.pages import list_page


@dashboard()
@require_safe
def commission_list(request: MspRequest) -> HttpResponse:
    """Every amount, newest month first; each opens its reason."""
    return list_page(request, listings.ENTRIES, "dashboard/commissions/list.html")


@dashboard()
@require_safe
def payout_list(request: MspRequest) -> HttpResponse:
    """Every payout of every run, newest first."""
    return list_page(request, listings.PAYOUTS, "dashboard/payouts/list.html")


@dashboard()
@require_safe
def run_list(request: MspRequest) -> HttpResponse:
    """Every payout run, newest first."""
    return list_page(request, listings.RUNS, "dashboard/payouts/runs.html")
