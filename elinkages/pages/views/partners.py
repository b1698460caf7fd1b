"""The list of partners and a partner's own page: they read partners, referrals and money together."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone

from elinkages.accounts.access import MspRequest, dashboard
from elinkages.audit import trail
from elinkages.kernel.match_keys import company_key
from elinkages.kernel.money import format_money
from elinkages.kernel.pages import page
from elinkages.kernel.paging import paginate
from elinkages.pages import program
from partners.models import Contact, Partner, PartnerInvitation, PartnerLogin, PartnerState, SourceKind
from referrals.models import Referral

ORDERS: dict[str, tuple[str, ...]] = {"name": ("name_key", "pk"), "newest": ("-created_at", "-pk")}
SHOWN_REFERRALS = 10


@dashboard()
def partner_list(request: MspRequest) -> HttpResponse:
    """Partners by name or newest first, with what each one sent."""
    today = request.msp.today(timezone.now())
    query = request.GET
    order = query.get("sort") if query.get("sort") in ORDERS else "name"
    partners = paginate(_matching(query), request, order=ORDERS[order or "name"])
    figures = program.partner_figures([partner.pk for partner in partners.items], on=today)
    rows = [(partner, figures.get(partner.pk, program.PartnerFigures())) for partner in partners.items]
    context = {
        "rows": rows,
        "page": partners,
        "order": order,
        "search": query.get("q", ""),
        "states": _chips(query, "state", PartnerState.choices),
        "kinds": _chips(query, "kind", SourceKind.choices),
        "is_filtered": any(query.get(name) for name in ("q", "state", "kind")),
    }
    return page(request, "dashboard/partners/list.html", context)


def _matching(query: QueryDict) -> QuerySet[Partner]:
    """The partners that the address asks for; an unknown state or kind matches nobody's wish and is ignored."""
    partners: QuerySet[Partner] = Partner.objects.all()
    if query.get("state") in PartnerState.values:
        partners = partners.filter(state=query["state"])
    if query.get("kind") in SourceKind.values:
        partners = partners.filter(kind=query["kind"])
    if not (search := query.get("q", "").strip()):
        return partners
    if "@" in search:
        people = Contact.objects.current().filter(email=search.lower())
        return partners.filter(pk__in=people.values("partner"))
    key = company_key(search)
    return partners.filter(name_key__prefix=key) if key else partners.none()


def _chips(query: QueryDict, name: str, choices: list[tuple[str, str]]) -> list[dict[str, Any]]:
    """Filter chips whose addresses keep the other filters and drop the cursor."""
    chosen = query.get(name, "")
    chosen = chosen if any(value == chosen for value, _ in choices) else ""
    found = []
    for value, label in [("", "All"), *choices]:
        link = query.copy()
        for gone in (name, "after", "before"):
            link.pop(gone, None)
        if value:
            link[name] = value
        found.append({"label": label, "value": value, "url": f"?{link.urlencode()}", "current": value == chosen})
    return found


@dashboard()
def partner_page(request: MspRequest, partner_id: UUID) -> HttpResponse:
    """One partner: who they are, what they sent, what they earned, what happened."""
    at = timezone.now()
    partner = get_object_or_404(Partner.objects.select_related("owner__user"), pk=partner_id)
    found = program.partner_figures([partner.pk], on=request.msp.today(at))
    figures, earned = found.get(partner.pk, program.PartnerFigures()), program.earned(partner.pk)
    referrals = Referral.objects.filter(partner=partner)
    context = {
        "partner": partner,
        "figures": figures,
        "earned": earned,
        "owed_minor": earned["accrued"] + earned["payable"] + earned["reserved"],
        "paid_note": f"{format_money(earned['paid'], request.msp.currency)} paid so far",
        "open_note": f"{figures.open:,} in the pipeline" if figures.referrals else "Nothing sent yet",
        "won_note": _won_note(figures),
        "people": _people(partner, at),
        "may_invite": partner.state not in (PartnerState.SUSPENDED, PartnerState.PARTED),
        "referrals": paginate(referrals, request, order=("-registered_at", "-pk"), size=SHOWN_REFERRALS),
        "earnings_url": f"{reverse('dashboard:commission-list')}?partner={partner.pk}",
        "website": partner.website.removeprefix("https://").removeprefix("http://").rstrip("/"),
        "events": trail.history(partner),
    }
    return page(request, "dashboard/partners/partner.html", context)


def _won_note(figures: program.PartnerFigures) -> str:
    decided = figures.referrals - figures.open
    return f"{100 * figures.won // decided}% of {decided:,} decided" if decided else "None decided yet"


def _people(partner: Partner, at: Any) -> list[dict[str, Any]]:
    """The people with how they stand: joined, invited and whether that is too old, or neither."""
    contacts = list(Contact.objects.current().filter(partner=partner).order_by("name", "pk"))
    logins = {
        login.contact_id: login for login in PartnerLogin.objects.open().filter(msp=partner.msp_id, partner=partner)
    }
    waiting = {
        invitation.contact_id: invitation
        for invitation in PartnerInvitation.objects.waiting().filter(contact__in=contacts)
    }
    return [
        {
            "contact": contact,
            "login": logins.get(contact.pk),
            "invitation": waiting.get(contact.pk),
            "is_over": contact.pk in waiting and not waiting[contact.pk].is_open(at),
        }
        for contact in contacts
    ]
