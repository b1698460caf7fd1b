"""The portal's door: a partner's people see that partner's rows, by the database's own role."""

from collections.abc import Sequence
from functools import wraps
from typing import Any

from allauth.account.adapter import get_adapter
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone

from elinkages.accounts.access import SAFE, View, to_login, unit_of_work
from elinkages.accounts.models import Msp, User
from elinkages.kernel.pages import page
from partners import agreements
from partners.doorways import Doorway, at_our_site, doorways, open_logins
from partners.models import Contact, Partner, PartnerLogin


class PortalRequest(HttpRequest):
    """A request inside a portal; typing only."""

    door: str
    msp: Msp
    user: User
    partner: Partner
    contact: Contact
    login: PartnerLogin
    portals: Sequence[Doorway]
    standing: agreements.Standing | None


def portal(view: View) -> View:
    """Open the MSP's portal to a partner's people.

    Signed out: to the login. Not a partner of this MSP: 404. Pages are read as `elinkages_portal`, bound to one
    partner by policy; a POST calls verbs as the app, with the partner taken from the login (decisions 3). A partner
    who is suspended reads everything and sends nothing: 403 with the reason.
    """

    @wraps(view)
    def opened(request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.user.is_authenticated:
            return to_login(request)
        logins = list(open_logins(request.user))
        login = next((login for login in logins if login.msp_id == request.msp.pk), None)
        if login is None:
            raise Http404("Not a partner of this MSP.")
        login.arrive(timezone.now())
        request.standing = None
        # Read before the walls go up, because the portal's role may not read who works where.
        request.login = login
        own = doorways(request.user, logins, door="portal", msp=request.msp)
        request.portals = (
            own if getattr(request, "portal_domain", None) is None else [at_our_site(doorway) for doorway in own]
        )
        bound = login.partner_id if request.method in SAFE else None

        def with_partner(request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
            request.contact = Contact.objects.select_related("partner").get(pk=login.contact_id)
            request.partner = request.contact.partner
            if request.method not in SAFE and not request.partner.is_active:
                return refuse_inactive(request)
            return view(request, *args, **kwargs)

        return unit_of_work(request, with_partner, *args, as_partner=bound, **kwargs)

    return opened


def active_portal(view: View) -> View:
    """As `portal`, for pages that only make sense while the partner may refer: a suspended one reads why not."""

    @portal
    @wraps(view)
    def opened(request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.partner.is_active:
            return refuse_inactive(request)
        return sign_first(request) or view(request, *args, **kwargs)

    return opened


def earnings_portal(view: View) -> View:
    """As `portal`, for pages with amounts: who was not given sight of them reads who was."""

    @portal
    @wraps(view)
    def opened(request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.contact.sees_earnings:
            return view(request, *args, **kwargs)
        seeing = Contact.objects.current().filter(partner=request.partner, sees_earnings=True).order_by("name", "pk")
        return page(request, "portal/no_earnings.html", {"seeing": list(seeing)}, status=403)

    return opened


def sign_first(request: Any) -> HttpResponse | None:
    """To the agreement, when an active partner must sign it before anything else; None while they need not.

    What is there to read stays readable: earnings and statements are theirs, signed or not.
    """
    if not request.partner.is_active:
        return None
    request.standing = agreements.standing(request.partner, on=request.msp.today(timezone.now()))
    return redirect("portal:agreement") if request.standing and request.standing.is_due else None


def refuse_inactive(request: HttpRequest) -> HttpResponse:
    """The page that says why a partner cannot send anything now."""
    return page(request, "portal/not_active.html", status=403)


def ip_address_of(request: HttpRequest) -> str:
    """The address that a request comes from, through as many proxies as we run; "" when it cannot be known."""
    try:
        return str(get_adapter().get_client_ip(request))
    except (ImproperlyConfigured, PermissionDenied):
        return ""
