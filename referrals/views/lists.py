"""The log of introductions and the board."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from elinkages.accounts.access import MspRequest, dashboard
from elinkages.accounts.models import Membership
from elinkages.kernel.pages import page
from elinkages.lists.pages import list_page
from elinkages.lists.scope import Scope
from referrals import listings, sla
from referrals.models import OPEN_STAGES, Referral, Stage

COLUMN_SIZE = 10
"""Cards in a column of the board; the list shows the rest."""
CLOSED_FOR = timedelta(days=30)
"""How long the board remembers what was won and lost."""


@dataclass(frozen=True, slots=True)
class Column:
    """One stage of the board with its first cards; `is_cut` when there are more."""

    stage: Stage
    cards: list[Referral]
    is_cut: bool
    note: str = ""


def team(request: MspRequest) -> list[Membership]:
    """Who can look after an introduction."""
    return list(listings.team(Scope.of(request)).select_related("user"))


@dashboard()
@require_safe
def referral_list(request: MspRequest) -> HttpResponse:
    """Every introduction, newest first, or by name when one is looked for."""
    return list_page(request, listings.REFERRALS, "dashboard/referrals/list.html")


@dashboard()
def board(request: MspRequest) -> HttpResponse:
    """The pipeline by stage, what moved last on top, with what was won and lost in the last 30 days."""
    at = timezone.now()
    columns = []
    for stage in Stage:
        cards = Referral.objects.filter(stage=stage).select_related("partner", "owner__user")
        if stage not in OPEN_STAGES:
            cards = cards.filter(stage_at__gte=at - CLOSED_FOR)
        found = list(
            cards.annotate(is_undecided=listings.is_undecided()).order_by("-stage_at", "-pk")[: COLUMN_SIZE + 1]
        )
        warn(found, request)
        note = "" if stage in OPEN_STAGES else "last 30 days"
        columns.append(Column(stage, found[:COLUMN_SIZE], len(found) > COLUMN_SIZE, note))
    groups = [*([column] for column in columns[: len(OPEN_STAGES)]), columns[len(OPEN_STAGES) :]]
    context = {"groups": groups, "stages": list(Stage), **_now(request)}
    return page(request, "dashboard/referrals/board.html", context)


def warn(referrals: list[Any], request: MspRequest) -> None:
    """Give every introduction its `warning`: what is wrong with our response, "" when nothing is."""
    at, zone = timezone.now(), request.msp.zone
    for referral in referrals:
        referral.warning = sla.warning(referral, at=at, zone=zone)


def _now(request: MspRequest) -> dict[str, Any]:
    return {"today": request.msp.today(timezone.now())}
