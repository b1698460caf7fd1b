"""The log of introductions and the board: what there is, filtered by what the address says."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef
from django.http import HttpResponse
from django.utils import timezone

from elinkages.accounts.access import MspRequest, dashboard
from elinkages.accounts.models import Membership
from elinkages.accounts.rights import Role
from elinkages.kernel.match_keys import company_key
from elinkages.kernel.pages import page
from elinkages.kernel.paging import paginate
from partners.models import SourceKind
from referrals import sla
from referrals.models import OPEN_STAGES, Finding, Referral, Stage
from referrals.models.referral import ReferralQuerySet

COLUMN_SIZE = 10
"""Cards in a column of the board; the list shows the rest."""
CLOSED_FOR = timedelta(days=30)
"""How long the board remembers what was won and lost."""

STAGE_CHIPS = (
    ("open", "Open"),
    *((stage.value, stage.label) for stage in Stage),
    ("all", "All"),
)
ATTENTION_CHIPS = (
    ("untouched", "No contact yet"),
    ("late", "First contact late"),
    ("overdue", "Due today or overdue"),
    ("stale", "Quiet for two weeks"),
    ("undecided", "To decide"),
)


@dataclass(frozen=True, slots=True)
class Filters:
    """What the address asks for; anything that it cannot mean is left out."""

    stage: str
    needs: str
    kind: str
    owner: str
    text: str

    @property
    def is_plain(self) -> bool:
        """Whether nothing but the usual view was asked for."""
        return self.stage == "open" and not (self.needs or self.kind or self.owner or self.text)


@dataclass(frozen=True, slots=True)
class Column:
    """One stage of the board with its first cards; `is_cut` when there are more."""

    stage: Stage
    cards: list[Referral]
    is_cut: bool
    note: str = ""


def team(request: MspRequest) -> list[Membership]:
    """Who can look after an introduction."""
    members = Membership.objects.active().filter(msp=request.msp).exclude(role=Role.READ_ONLY)
    return list(members.select_related("user").order_by("user__name", "user__email"))


@dashboard()
def referral_list(request: MspRequest) -> HttpResponse:
    """Every introduction, newest first, or by name when one is looked for."""
    filters = _filters(request)
    found = _filtered(request, filters).select_related("partner", "owner__user")
    order = ("company_key", "pk") if filters.text else ("-registered_at", "-pk")
    rows = paginate(found.annotate(is_undecided=_undecided()), request, order=order)
    context = {
        "rows": rows,
        "filters": filters,
        "stage_chips": STAGE_CHIPS,
        "attention_chips": ATTENTION_CHIPS,
        "kinds": SourceKind.choices,
        "team": team(request),
        "is_empty": not rows and filters.is_plain and not Referral.objects.exists(),
        **_now(request),
    }
    warn(rows.items, request)
    return page(request, "dashboard/referrals/list.html", context)


@dashboard()
def board(request: MspRequest) -> HttpResponse:
    """The pipeline by stage, what moved last on top, with what was won and lost in the last 30 days."""
    at = timezone.now()
    columns = []
    for stage in Stage:
        cards = Referral.objects.filter(stage=stage).select_related("partner", "owner__user")
        if stage not in OPEN_STAGES:
            cards = cards.filter(stage_at__gte=at - CLOSED_FOR)
        found = list(cards.annotate(is_undecided=_undecided()).order_by("-stage_at", "-pk")[: COLUMN_SIZE + 1])
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


def _undecided() -> Exists:
    return Exists(Finding.objects.waiting().filter(referral=OuterRef("pk")))


def _filters(request: MspRequest) -> Filters:
    text = request.GET.get("q", "").strip()[:160]
    needs = _known(request, "needs", [value for value, _ in ATTENTION_CHIPS])
    stage = _known(request, "stage", [value for value, _ in STAGE_CHIPS]) or ("all" if text or needs else "open")
    owner = request.GET.get("owner", "")
    return Filters(stage, needs, _known(request, "kind", SourceKind.values), owner if _is_owner(owner) else "", text)


def _known(request: MspRequest, name: str, values: list[str]) -> str:
    value = request.GET.get(name, "")
    return value if value in values else ""


def _is_owner(text: str) -> bool:
    if text in {"me", "nobody"}:
        return True
    try:
        return bool(UUID(text))
    except ValueError:
        return False


def _filtered(request: MspRequest, filters: Filters) -> ReferralQuerySet:
    found = _needing(request, filters.needs)
    if filters.stage == "open":
        found = found.open()
    elif filters.stage != "all":
        found = found.filter(stage=filters.stage)
    if filters.kind:
        found = found.filter(source_kind=filters.kind)
    if filters.owner:
        found = found.filter(owner=_owner(request, filters.owner))
    if filters.text:
        key = company_key(filters.text)
        found = found.filter(company_key__prefix=key) if key else found.none()
    return found


def _owner(request: MspRequest, text: str) -> UUID | None:
    if text == "nobody":
        return None
    return request.member.pk if text == "me" else UUID(text)


def _needing(request: MspRequest, needs: str) -> ReferralQuerySet:
    at, zone = timezone.now(), request.msp.zone
    every: ReferralQuerySet = Referral.objects.all()
    if needs == "untouched":
        return every.untouched()
    if needs == "late":
        return every.late(sla.late_before(at, zone))
    if needs == "overdue":
        return every.due(request.msp.today(at))
    if needs == "stale":
        return every.stale(sla.stale_before(at))
    return every.open().filter(_undecided()) if needs else every
