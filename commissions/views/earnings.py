"""Every amount that was ever earned, in a list that can be filtered."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.db.models import QuerySet, Sum
from django.http import HttpResponse
from django.views.decorators.http import require_safe

from commissions.earnings import origins
from commissions.models import Entry, EntryKind, Stage
from elinkages.accounts.access import MspRequest, dashboard
from elinkages.kernel.match_keys import company_key
from elinkages.kernel.pages import page
from elinkages.kernel.paging import paginate
from partners.models import Partner

PARTNERS_FOUND = 50
ORDER = ("-earning_month", "-pk")
SUMMED = (Stage.ACCRUED, Stage.PAYABLE, Stage.RESERVED)


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter as a link."""

    label: str
    query: str
    is_on: bool


@dataclass(frozen=True, slots=True)
class Filters:
    """What the address asks for; whatever cannot be read is left out."""

    stage: str = ""
    kind: str = ""
    month: date | None = None
    partner: Partner | None = None
    words: str = ""

    def apply(self, entries: QuerySet[Entry]) -> QuerySet[Entry]:
        """Only what the filters let through; voided amounts are shown when they are asked for."""
        entries = entries.filter(stage=self.stage) if self.stage else entries.exclude(stage=Stage.VOID)
        if self.kind:
            entries = entries.filter(kind=self.kind)
        if self.month:
            entries = entries.filter(earning_month=self.month)
        if self.partner:
            entries = entries.filter(partner=self.partner)
        if self.words:
            entries = entries.filter(partner__in=_partners(self.words))
        return entries

    def query(self, **changes: str) -> str:
        """The address of these filters with some changed."""
        values = {
            "stage": self.stage,
            "kind": self.kind,
            "month": f"{self.month:%Y-%m}" if self.month else "",
            "partner": str(self.partner.pk) if self.partner else "",
            "q": self.words,
            **changes,
        }
        return "?" + urlencode({name: value for name, value in values.items() if value})

    @property
    def is_any(self) -> bool:
        """Whether something is filtered."""
        return bool(self.stage or self.kind or self.month or self.partner or self.words)


@dashboard()
@require_safe
def commission_list(request: MspRequest) -> HttpResponse:
    """Every amount, newest month first; each opens its reason."""
    filters = _filters(request)
    found = paginate(filters.apply(Entry.objects.all()), request, order=ORDER)
    told = origins(found.items)
    context: dict[str, Any] = {
        "filters": filters,
        "stages": [
            Chip(label, filters.query(stage=value), filters.stage == value)
            for value, label in [("", "All"), *Stage.choices]
        ],
        "without_partner": filters.query(partner=""),
        "kinds": EntryKind.choices,
        "months": _months(),
        "page": found,
        "rows": [(entry, told[entry.pool_id]) for entry in found.items],
        "sums": _sums(),
    }
    return page(request, "dashboard/commissions/list.html", context)


def _filters(request: MspRequest) -> Filters:
    asked = request.GET
    stage, kind = asked.get("stage", ""), asked.get("kind", "")
    return Filters(
        stage=stage if stage in Stage.values else "",
        kind=kind if kind in EntryKind.values else "",
        month=_month(asked.get("month", "")),
        partner=_partner(asked.get("partner", "")),
        words=asked.get("q", "").strip()[:160],
    )


def _month(text: str) -> date | None:
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError:
        return None


def _partner(text: str) -> Partner | None:
    try:
        return Partner.objects.filter(pk=UUID(text)).first()
    except ValueError:
        return None


def _partners(words: str) -> Sequence[UUID]:
    key = company_key(words) or words.lower()
    found = Partner.objects.filter(name_key__prefix=key).order_by("name_key", "pk")
    return list(found.values_list("pk", flat=True)[:PARTNERS_FOUND])


def _months() -> list[date]:
    """Every month from the newest to the oldest that anything was earned in, two look-ups of an index."""
    newest = Entry.objects.order_by("-earning_month").values_list("earning_month", flat=True).first()
    oldest = Entry.objects.order_by("earning_month").values_list("earning_month", flat=True).first()
    months: list[date] = []
    while newest and oldest and newest >= oldest:
        months.append(newest)
        newest = date(newest.year - (newest.month == 1), (newest.month - 2) % 12 + 1, 1)
    return months


def _sums() -> dict[str, int]:
    """What is not paid yet, by stage, in minor units."""
    rows = Entry.objects.filter(stage__in=SUMMED).values("stage").annotate(minor=Sum("minor")).order_by()
    return {row["stage"]: int(row["minor"]) for row in rows}
