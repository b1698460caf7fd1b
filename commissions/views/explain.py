"""Explain this number: from the terms of the plan to the payout, and every posting behind it."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from commissions import earnings, holds
from commissions.models import Entry, Hold, Posting
from commissions.terms import describe, from_json
from commissions.views.postings import Told, told
from elinkages.accounts.access import MspRequest, dashboard
from elinkages.kernel.pages import page
from referrals.models import Referral


@dashboard()
@require_safe
def entry_page(request: MspRequest, entry_id: UUID) -> HttpResponse:
    """One amount and everything behind it."""
    entry = get_object_or_404(Entry.objects.select_related("pool__plan_version__plan", "partner"), pk=entry_id)
    why = earnings.explain(entry)
    context: dict[str, Any] = {
        "entry": entry,
        "told": why,
        "version": entry.pool.plan_version,
        "terms": _terms(entry),
        "others": _others(entry),
        "holds": _holds(entry),
        "checked": _checked(entry),
        "postings": _postings(entry),
    }
    return page(request, "dashboard/commissions/entry.html", context)


def _terms(entry: Entry) -> str:
    version = entry.pool.plan_version
    return describe(from_json(version.terms), entry.currency) if version else ""


def _others(entry: Entry) -> list[Entry]:
    """The other partners' parts of the same computation."""
    others = Entry.objects.filter(pool=entry.pool).exclude(pk=entry.pk).select_related("partner")
    return list(others.order_by("partner__name_key"))


def _holds(entry: Entry) -> list[Hold]:
    contract = entry.pool.contract
    return [*holds.active(entry.partner), *(holds.active(contract) if contract else [])]


def _checked(entry: Entry) -> Referral | None:
    """The introduction, while a person has to look at it before anything is paid for it."""
    contract = entry.pool.contract
    referral = contract.client.referral if contract else None
    return referral if referral is not None and referral.review_waits else None


def _postings(entry: Entry) -> list[Told]:
    """The amount's own postings; what its payouts moved is on their pages."""
    return told(Posting.objects.filter(entry=entry).select_related("journal").order_by("journal__seq"))
