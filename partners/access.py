"""The portal's door: a partner's people see that partner's rows, by the database's own role."""

from functools import wraps
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse

from elinkages.accounts.access import SAFE, View, to_login, unit_of_work
from elinkages.accounts.models import Msp, User
from partners.models import Contact, Partner, PartnerLogin


class PortalRequest(HttpRequest):
    """A request inside a portal; typing only."""

    door: str
    msp: Msp
    user: User
    partner: Partner
    contact: Contact


def portal(view: View) -> View:
    """Open the MSP's portal to a partner's people.

    Signed out: to the login. Not a partner of this MSP: 404. Pages are read as `elinkages_portal`, bound to one
    partner by policy; a POST calls verbs as the app, with the partner taken from the login (decisions 3).
    """

    @wraps(view)
    def opened(request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.user.is_authenticated:
            return to_login(request)
        login = PartnerLogin.objects.filter(msp=request.msp, user=request.user, closed_at__isnull=True).first()
        if login is None:
            raise Http404("Not a partner of this MSP.")
        bound = login.partner_id if request.method in SAFE else None

        def with_partner(request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
            request.partner = Partner.objects.get(pk=login.partner_id)
            request.contact = Contact.objects.get(pk=login.contact_id)
            request.contact.partner = request.partner
            return view(request, *args, **kwargs)

        return unit_of_work(request, with_partner, *args, partner_id=bound, **kwargs)

    return opened
