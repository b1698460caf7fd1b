"""The list of partners and a partner's own page: they read partners, referrals and money together."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from elinkages.accounts.access import MspRequest, dashboard
from elinkages.audit import trail
from elinkages.kernel.money import format_money
from elinkages.kernel.pages import page
from elinkages.kernel.paging import paginate
from elinkages.lists.pages import list_page
from elinkages.pages import program
from elinkages.pages.listings import PARTNERS
from partners import agreements
from partners.models import Contact, Partner, PartnerInvitation, PartnerLogin, PartnerState
from referrals.models import Referral

SHOWN_REFERRALS = 10


@dashboard()
@require_safe
def partner_list(request: MspRequest) -> HttpResponse:
    """Partners by name or newest first, with what each one sent."""
    return list_page(request, PARTNERS, "dashboard/partners/list.html")


@dashboard()
def partner_page(request: MspRequest, partner_id: UUID) -> HttpResponse:
    """One partner: who they are, what they sent, what they earned, what happened."""
    at = timezone.now()
    partner = get_object_or_404(Partner.objects.select_related("owner__user"), pk=partner_id)
    found = program.partner_figures([partner.pk], on=request.msp.today(at), exact=True)
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
        "standing": agreements.standing(partner, on=request.msp.today(at)),
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
