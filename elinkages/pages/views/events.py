"""Everything that was done, for the owners of an MSP."""

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from elinkages.accounts.access import MspRequest, dashboard
from elinkages.lists.pages import list_page
from elinkages.pages.listings import EVENTS


@dashboard(can=EVENTS.right)
@require_safe
def event_list(request: MspRequest) -> HttpResponse:
    """The audit trail, newest first."""
    return list_page(request, EVENTS, "dashboard/settings/events.html")
