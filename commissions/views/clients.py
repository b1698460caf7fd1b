"""The page of a client: contracts with their MRR and plan, who introduced it, and leaving or coming back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.contrib import messages
from django.db.models import Sum
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from commissions import deals, forecast
from commissions.forecast import Promise
from commissions.forms.deal import ContractForm
from commissions.models import Entry, Stage
from commissions.terms import describe, from_json
from commissions.views import effects
from commissions.views.contracts import ending
from elinkages.accounts.access import MspRequest, dashboard
from elinkages.audit import trail
from elinkages.kernel.forms import attempt
from elinkages.kernel.pages import page
from referrals import clients, mrr
from referrals.models import FULL_SHARE, Client, Contract, Credit, MrrMovement


def client_of(client_id: UUID) -> Client:
    """The client of an address with its introduction, or 404."""
    return get_object_or_404(Client.objects.select_related("referral__partner"), pk=client_id)


@dataclass(frozen=True, slots=True)
class Row:
    """A contract on the page of its client."""

    contract: Contract
    level_minor: int
    is_paused: bool
    movements: list[tuple[MrrMovement, bool]]
    promise: Promise | None
    sentence: str
    state: tuple[str, str]


@dashboard()
def client(request: MspRequest, client_id: UUID) -> HttpResponse:
    """A client and everything that was recorded of it."""
    found = client_of(client_id)
    today = request.msp.today(timezone.now())
    rows = _rows(found, today)
    earned = _earned(found)
    credits = list(
        Credit.objects.filter(referral=found.referral_id).select_related("partner").order_by("-basis_points")
    )
    context = {
        "client": found,
        "rows": rows,
        "mrr_minor": sum(row.level_minor for row in rows),
        "running": sum(row.contract.is_running(today) for row in rows),
        "credits": [(credit, earned.get(credit.partner_id, 0)) for credit in credits],
        "kept_points": FULL_SHARE - sum(credit.basis_points for credit in credits),
        "earned_minor": sum(earned.values()),
        "is_counting": any(row.promise and row.contract.revision != row.contract.accrued_revision for row in rows),
        "is_leaving": found.left_on is not None and found.left_on > today,
        "events": trail.history(found),
        "timeline": _timeline(rows),
        "unplanned": [row for row in rows if row.promise is None and found.referral and row.contract.ends_on is None],
    }
    return page(request, "dashboard/clients/client.html", context)


@dashboard(can="clients.manage")
def client_leaving(request: MspRequest, client_id: UUID) -> HttpResponse:
    """Record that a client leaves; what is taken back is named before, and the client's name asked for."""
    found = client_of(client_id)
    form, shown = ending(request, list(found.contracts.select_related("client", "service_line")), found)

    def save() -> str:
        on, reason = form.first_day_without, form.cleaned_data["reason"]
        clients.leave(found, on=on, reason=reason, by=request.member, at=timezone.now())
        return f"{found.name} is recorded as leaving."

    context = {"client": found, "shown": shown}
    return effects.shown_then_saved(request, form, "leaving", context, save, client_id=found.pk, field="last_day")


@dashboard(can="clients.manage")
@require_POST
def client_return(request: MspRequest, client_id: UUID) -> HttpResponse:
    """The client came back."""
    found = clients.come_back(client_of(client_id), by=request.member, at=timezone.now())
    messages.success(request, f"{found.name} is a client again. Add the contract they signed.")
    return redirect("dashboard:client", found.pk)


@dashboard(can="clients.manage")
def contract_new(request: MspRequest, client_id: UUID) -> HttpResponse:
    """Add a contract to a client; for a referred one the plan of its first day is pinned."""
    found = client_of(client_id)
    today = request.msp.today(timezone.now())
    form = ContractForm(request.POST or None, initial={"starts_on": today}, currency=request.msp.currency)
    if form.is_bound and form.is_valid():
        with attempt(form):
            sold = deals.NewContract(
                service_line=form.cleaned_data["service_line"],
                mrr_minor=form.cleaned_data["mrr"],
                starts_on=form.cleaned_data["starts_on"],
                first_paid_on=form.cleaned_data["first_paid_on"],
            )
            contract = deals.add(found, sold, won_on=min(today, sold.starts_on), by=request.member, at=timezone.now())
            messages.success(request, f"{contract.service_line.name} was added to {found.name}.")
            return redirect("dashboard:client", found.pk)
    context = {"client": found, "form": form}
    return page(request, "dashboard/clients/contract_new.html", context, status=422 if form.is_bound else 200)


def _rows(found: Client, today: date) -> list[Row]:
    contracts = list(found.contracts.select_related("service_line", "client").order_by("starts_on", "pk"))
    promises = forecast.promises(contracts)
    written: dict[UUID, list[MrrMovement]] = {contract.pk: [] for contract in contracts}
    for movement in MrrMovement.objects.filter(contract__in=contracts).order_by("-effective_on", "-pk"):
        written[movement.contract_id].append(movement)
    rows = []
    for contract in contracts:
        history = mrr.in_force(written[contract.pk])
        standing = {movement.pk for movement in history.movements}
        promise = promises.get(contract.pk)
        rows.append(
            Row(
                contract=contract,
                level_minor=history.level(today) if contract.is_running(today) else 0,
                is_paused=history.is_paused(today),
                movements=[(movement, movement.pk in standing) for movement in written[contract.pk]],
                promise=promise,
                sentence=_sentence(promise, contract.currency, today),
                state=_state(contract, today, is_paused=history.is_paused(today)),
            )
        )
    return rows


@dataclass(frozen=True, slots=True)
class Moved:
    """A day on which the MRR of a contract moved, and what the client pays in all from then on, in minor units."""

    movement: MrrMovement
    service_line: str
    change_minor: int
    total_minor: int


def _timeline(rows: Sequence[Row]) -> list[Moved]:
    """Every movement in force of all contracts, newest first; told only when there are several contracts."""
    if len(rows) < 2:
        return []
    standing = [
        (movement, row.contract.service_line.name) for row in rows for movement, stands in row.movements if stands
    ]
    levels: dict[UUID, int] = {}
    found = []
    for movement, name in sorted(standing, key=lambda one: (one[0].effective_on, one[0].pk)):
        before = levels.get(movement.contract_id, 0)
        levels[movement.contract_id] = movement.mrr_minor
        found.append(Moved(movement, name, movement.mrr_minor - before, sum(levels.values())))
    return found[::-1]


def _sentence(promise: Promise | None, currency: str, today: date) -> str:
    """What the contract earns by now: for a floating plan the version of this month."""
    if promise is None:
        return ""
    terms = promise.terms(today.replace(day=1)) or from_json(promise.pin.plan_version.terms)
    return f"{describe(terms, currency)}."


def _state(contract: Contract, today: date, *, is_paused: bool) -> tuple[str, str]:
    if contract.ends_on is not None:
        return ("Ended", "neutral") if contract.ends_on <= today else ("Ending", "warn")
    if contract.starts_on > today:
        return "Starts later", "info"
    return ("Paused", "warn") if is_paused else ("Running", "good")


def _earned(found: Client) -> dict[UUID, int]:
    """Commission so far by partner, in minor units, whatever its stage; voided amounts do not count."""
    entries = Entry.objects.filter(pool__contract__client=found).exclude(stage=Stage.VOID)
    return dict(entries.values_list("partner").annotate(sum=Sum("minor")).values_list("partner", "sum"))
