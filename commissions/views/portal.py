"""What a partner reads about their money."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.views.decorators.http import require_safe

from commissions import earnings, holds, offers, service_credits
from commissions.earnings import TOLD, Origin
from commissions.models import Entry, Stage
from elinkages.kernel.pages import page
from elinkages.kernel.paging import paginate
from elinkages.lists.columns import Field, Kind
from elinkages.lists.own import own_file
from partners.access import PortalRequest, earnings_portal

ROWS = 20
STAGES = ((Stage.ACCRUED, "Accrued"), (Stage.PAYABLE, "Payable"), (Stage.RESERVED, "On its way"), (Stage.PAID, "Paid"))
STAGE_NAMES: dict[str, str] = {stage.value: label for stage, label in STAGES}


EXPORTED = (
    Field("For", lambda line: line[1].name),
    Field("Service line", lambda line: line[1].service_line),
    Field("Kind", lambda line: line[0].get_kind_display()),
    Field("Earned in", lambda line: line[0].earning_month, Kind.MONTH),
    Field("Where it stands", lambda line: STAGE_NAMES.get(line[0].stage, line[0].get_stage_display())),
    Field("Held until", lambda line: line[0].hold_until if line[0].stage == Stage.ACCRUED else None, Kind.DAY),
    Field("Why", lambda line: line[0].pool.reason),
    Field("Amount", lambda line: line[0].minor, Kind.MONEY),
)


@earnings_portal
@require_safe
def earnings_page(request: PortalRequest) -> HttpResponse:
    """What was earned and where it stands: held until when, payable, on its way, paid."""
    today = request.msp.today(timezone.now())
    standing = earnings.totals(request.partner)
    found = paginate(_at(request), request, order=("-earning_month", "-pk"), size=ROWS)
    held = holds.active(request.partner)
    credits = service_credits.given(request.partner)
    context: dict[str, Any] = {
        "totals": standing,
        "next": earnings.what_is_next(standing, request.msp, is_held=bool(held)),
        "holds": held,
        "releases": earnings.releases(request.partner),
        "credits": credits,
        "credit_minor": sum(credit.open_minor for credit in credits),
        "months": earnings.months(request.partner),
        "stages": STAGES,
        "stage": _stage(request),
        "page": found,
        "rows": _with_origins(found.items),
        "today": today,
        "terms": offers.shown(request.partner, currency=request.msp.currency, on=today),
    }
    return page(request, "portal/earnings/earnings.html", context)


@earnings_portal
@require_safe
def earnings_export(request: PortalRequest) -> HttpResponse:
    """Every amount, or those at the stage that is looked at, as a file."""
    entries = _at(request).select_related("pool").order_by("-earning_month", "-pk")
    return own_file(request, request.msp, "Earnings", EXPORTED, entries, _with_origins)


@earnings_portal
@require_safe
def entry_page(request: PortalRequest, entry_id: UUID) -> HttpResponse:
    """One amount and why it is what it is."""
    found = earnings.of(request.partner).select_related("pool__contract__client__referral")
    entry = get_object_or_404(found, pk=entry_id)
    told = earnings.explain(entry)
    referral = entry.pool.contract.client.referral if entry.pool.contract else None
    is_held = bool(holds.active(request.partner))
    payout = told.payout if told.payout and told.payout.state in TOLD else None
    context = {
        "entry": entry,
        "told": told,
        "payout": payout,
        "today": request.msp.today(timezone.now()),
        "is_held": is_held,
        "is_checked": referral is not None and referral.review_waits,
        "next": earnings.what_is_next(earnings.totals(request.partner), request.msp, is_held=is_held),
    }
    return page(request, "portal/earnings/entry.html", context)


def _stage(request: PortalRequest) -> str:
    stage = request.GET.get("stage", "")
    return stage if stage in STAGE_NAMES else ""


def _at(request: PortalRequest) -> QuerySet[Entry]:
    entries = earnings.of(request.partner)
    stage = _stage(request)
    return entries.filter(stage=stage) if stage else entries


def _with_origins(entries: Sequence[Entry]) -> list[tuple[Entry, Origin]]:
    told = earnings.origins(entries)
    return [(entry, told[entry.pool_id]) for entry in entries]
