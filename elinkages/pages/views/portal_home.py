"""A partner's home: what changed since last time, what is open, and what is paid next."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Count, Sum
from django.http import HttpResponse
from django.utils import timezone

from commissions import offers
from commissions.models import Entry, Payout, PayoutState
from elinkages.kernel.money import format_money
from elinkages.kernel.pages import page
from elinkages.pages import program
from partners.access import PortalRequest, portal, sign_first
from partners.signatures import Terms
from referrals import history
from referrals.models import OPEN_STAGES, Referral, Stage
from referrals.models.referral import ReferralQuerySet

SHOWN = 6


@dataclass(frozen=True, slots=True)
class News:
    """What happened since the visit before: introductions that moved, new earnings, payments."""

    since: datetime
    moved: list[tuple[Referral, history.Words]]
    earned_minor: int
    earned_count: int
    paid: list[Payout]

    def __bool__(self) -> bool:
        return bool(self.moved or self.earned_count or self.paid)


@portal
def home(request: PortalRequest) -> HttpResponse:
    """The first thing a partner sees, after the agreement; read under the partner's own database role."""
    if asked := sign_first(request):
        return asked
    today = request.msp.today(timezone.now())
    partner = request.partner
    mine, earned = Referral.objects.of(partner), program.earned(partner.pk)
    counts = dict(mine.values_list("stage").annotate(total=Count("pk")))
    open_ones = mine.open().order_by("-stage_at", "-pk")
    context: dict[str, Any] = {
        "standing": request.standing,
        "today": today,
        "sent_count": sum(counts.values()),
        "open_count": sum(counts.get(stage, 0) for stage in OPEN_STAGES),
        "won_count": counts.get(Stage.WON, 0),
        "earned": earned,
        "coming_minor": earned["accrued"] + earned["payable"] + earned["reserved"],
        "payable_note": f"{format_money(earned['payable'], request.msp.currency)} ready to be paid",
        "sent_note": f"of {sum(counts.values()):,} you sent",
        "news": _news(request, mine),
        "referrals": [(referral, history.words(referral)) for referral in open_ones[:SHOWN]],
        "next_payouts": _next_payouts(request),
        "terms": [] if counts or not request.contact.sees_earnings else _offered(request, today),
    }
    return page(request, "portal/home.html", context)


def _offered(request: PortalRequest, today: date) -> list[Terms]:
    return offers.shown(request.partner, currency=request.msp.currency, on=today)


def _news(request: PortalRequest, mine: ReferralQuerySet) -> News | None:
    """None on the first visit: everything would be news."""
    since = request.login.seen_before_at
    if since is None:
        return None
    moved = mine.filter(stage_at__gt=since).exclude(stage=Stage.REGISTERED).order_by("-stage_at")
    entries = Entry.objects.filter(partner=request.partner, created_at__gt=since)
    earned = entries.aggregate(minor=Sum("minor"), total=Count("pk"))
    paid = Payout.objects.filter(
        partner=request.partner, state=PayoutState.PAID, paid_on__gt=request.msp.today(since)
    ).order_by("-number")
    told = [(referral, history.words(referral)) for referral in moved[:SHOWN]]
    return News(since, told, earned["minor"] or 0, earned["total"], list(paid[:SHOWN]))


def _next_payouts(request: PortalRequest) -> list[Payout]:
    """Payouts that are approved and not yet there."""
    coming = (PayoutState.APPROVED, PayoutState.RESERVED, PayoutState.SUBMITTED)
    return list(Payout.objects.filter(partner=request.partner, state__in=coming).order_by("number"))
