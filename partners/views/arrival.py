"""From our login into a portal at its own host name."""

from typing import Any

from django.contrib.auth import login
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_safe

from elinkages.accounts import arrivals, hosts
from elinkages.kernel.pages import page
from elinkages.kernel.refusal import Refused
from partners.access import PortalRequest, portal
from partners.models import PartnerLogin


@portal
@require_safe
def departure(request: PortalRequest) -> HttpResponse:
    """At our address: who is known here may go on. A page, not a redirect: a login form may not lead elsewhere."""
    path, state = request.GET.get("to", "/"), request.GET.get("state", "")
    ticket = arrivals.ticket(request.msp, request.user, path=path, state=state)
    if not ticket:
        return redirect("portal:home")
    return page(request, "portal/departure.html", {"ticket": ticket, "host": request.msp.portal_host})


@require_safe
def arrival(request: Any, token: str) -> HttpResponse:
    """At the portal's name: the same person, in a session of this name alone."""
    if request.portal_domain is None:
        raise Http404("Only at a portal's own name.")
    try:
        arrived = arrivals.accept(request, token, host=request.portal_domain.host)
    except Refused as refusal:
        return page(request, "refused.html", {"message": refusal.message, "back": "/"}, status=refusal.status)
    open_ones = PartnerLogin.objects.open().filter(msp=request.msp, user_id=arrived.user_id, user__is_active=True)
    found = open_ones.select_related("user").first()
    if found is None:
        raise Http404("Not a partner of this MSP.")
    login(request, found.user)
    request.session[hosts.HOST_KEY] = request.portal_domain.host
    return redirect(arrived.path)
