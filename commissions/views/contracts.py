"""The pages that change a contract; each says what it does to commissions before it is saved."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone

from commissions import deals, forecast
from commissions.forms.contract import ChosenPlanForm, EndForm, FirstPaymentForm, MovementForm, NoteForm
from commissions.models import Pin, PlanVersion
from commissions.terms import describe, from_json
from commissions.views import effects
from elinkages.accounts.access import MspRequest, dashboard
from elinkages.kernel.forms import attempt
from elinkages.kernel.pages import page
from elinkages.kernel.refusal import Refused
from referrals import contracts
from referrals.models import Client, Contract
from referrals.mrr import timeline


def contract_of(contract_id: UUID) -> Contract:
    """The contract of an address with its client, or 404."""
    return get_object_or_404(
        Contract.objects.select_related("client__referral__partner", "service_line"), pk=contract_id
    )


@dashboard(can="clients.manage")
def contract_movement(request: MspRequest, contract_id: UUID) -> HttpResponse:
    """Record a new MRR, with what it does to commissions shown before."""
    contract = contract_of(contract_id)
    today = request.msp.today(timezone.now())
    data = effects.asked(request, "effective_on")
    form = MovementForm(data, initial={"effective_on": today}, currency=contract.currency)
    change, shown = _movement_effect(form, contract, today)

    def save() -> str:
        note = form.cleaned_data["note"]
        contracts.move(contract, **form.change, note=note, by=request.member, at=timezone.now())
        return f"The new MRR of {contract} is recorded."

    context = {"contract": contract, "change": change, "shown": shown, "level_minor": timeline(contract).level(today)}
    return effects.shown_then_saved(request, form, "movement", context, save, client_id=contract.client_id)


@dashboard(can="clients.manage")
def contract_first_payment(request: MspRequest, contract_id: UUID) -> HttpResponse:
    """Note when the first invoice was paid: for many plans the day on which commission is earned."""
    contract = contract_of(contract_id)
    today = request.msp.today(timezone.now())
    form = FirstPaymentForm(effects.asked(request, "on"), initial={"on": contract.first_paid_on or today})
    shown = None
    if (on := _day(form, "on", today)) is not None:
        shown = effects.show(
            [contract], lambda _, __, told: told._replace(first_paid_on=on), changed_on=on, today=today
        )

    def save() -> str:
        contracts.record_first_payment(contract, on=form.cleaned_data["on"], by=request.member, at=timezone.now())
        return f"The first payment for {contract} is recorded."

    context = {"contract": contract, "shown": shown}
    return effects.shown_then_saved(
        request, form, "first_payment", context, save, client_id=contract.client_id, field="on"
    )


@dashboard(can="clients.manage")
def contract_end(request: MspRequest, contract_id: UUID) -> HttpResponse:
    """End one contract; what is taken back is named before, and the client's name asked for."""
    contract = contract_of(contract_id)
    form, shown = ending(request, [contract], contract.client)

    def save() -> str:
        on, reason = form.first_day_without, form.cleaned_data["reason"]
        contracts.end(contract, on=on, reason=reason, by=request.member, at=timezone.now())
        return f"The end of {contract} is recorded."

    context = {"contract": contract, "client": contract.client, "shown": shown}
    return effects.shown_then_saved(
        request, form, "contract_end", context, save, client_id=contract.client_id, field="last_day"
    )


def ending(request: MspRequest, ended: Sequence[Contract], client: Client) -> tuple[EndForm, effects.Shown | None]:
    """The form that ends contracts, and what it does as it stands; when money goes back it asks for a name."""
    today = request.msp.today(timezone.now())
    form = EndForm(effects.asked(request, "last_day"), initial={"last_day": today}, client_name=client.name)
    if (last := form.last(today)) is None:
        return form, None
    shown = effects.of_ending(ended, last + timedelta(days=1), today=today)
    if shown.takes_back:
        form.ask_for_name(complains=request.method == "POST")
    return form, shown


@dashboard(can="clients.manage")
def contract_reinstatement(request: MspRequest, contract_id: UUID) -> HttpResponse:
    """Take back an end that was recorded by mistake."""
    contract = contract_of(contract_id)
    form = NoteForm(request.POST or None)
    today = request.msp.today(timezone.now())
    if form.is_bound and form.is_valid():
        with attempt(form):
            contracts.reinstate(contract, reason=form.cleaned_data["reason"], by=request.member, at=timezone.now())
            messages.success(request, f"{contract} continues as if it had not ended.")
            return redirect("dashboard:client", contract.client_id)
    return _form_page(request, "reinstatement", form, {"contract": contract, "form": form, "today": today})


@dashboard(can="plans.manage")
def contract_plan(request: MspRequest, contract_id: UUID) -> HttpResponse:
    """Pin a plan to a contract that was left without one: by the rules, or one that a person chooses."""
    contract = contract_of(contract_id)
    referral = contract.client.referral
    if referral is None:
        raise deals.NotReferred(f"Nobody introduced {contract.client.name}, so no commission plan applies.")
    today = request.msp.today(timezone.now())
    won_on = min(today, contract.told_won_on or contract.starts_on)
    pin = Pin.objects.filter(contract=contract).select_related("plan_version__plan").first()
    choice = deals.choose(referral.partner, referral.source_kind, contract.service_line, won_on)
    by_rule = choice.why if choice.version else ""
    initial = {"won_on": won_on, "version": "rule" if by_rule else ""}
    form = ChosenPlanForm(request.POST or None, initial=initial, versions=_versions(request), by_rule=by_rule)
    if form.is_bound and form.is_valid():
        with attempt(form):
            deals.pin(
                contract,
                won_on=form.cleaned_data["won_on"],
                version=form.chosen,
                note=form.cleaned_data["note"],
                by=request.member,
                at=timezone.now(),
            )
            messages.success(request, f"{contract} has its plan.")
            return redirect("dashboard:client", contract.client_id)
    return _form_page(
        request, "contract_plan", form, {"contract": contract, "form": form, "choice": choice, "pin": pin}
    )


def _form_page(request: MspRequest, name: str, form: Form, context: dict[str, Any]) -> HttpResponse:
    is_wrong = form.is_bound and "check" not in request.POST
    return page(request, f"dashboard/clients/{name}.html", context, status=422 if is_wrong else 200)


def _day(form: Form, name: str, today: date) -> date | None:
    """The day of a form as it stands: typed, or its first value before anything is typed."""
    if not form.is_bound:
        return form.get_initial_for_field(form.fields[name], name) or today
    form.is_valid()
    return form.cleaned_data.get(name)


def _movement_effect(
    form: MovementForm, contract: Contract, today: date
) -> tuple[contracts.Change | Refused | None, effects.Shown | None]:
    """What the form would record and do; a refusal instead of the change when it cannot be recorded."""
    if not form.is_bound or not form.is_valid():
        return None, None
    day = form.change["effective_on"]
    try:
        change = contracts.preview(contract, **form.change)
    except Refused as refusal:
        return refusal, None
    shown = effects.show(
        [contract],
        lambda one, history, told: forecast.deal(
            one,
            forecast.with_movement(history, kind=change.kind, effective_on=day, mrr_minor=change.mrr_minor),
            told.won_on or one.starts_on,
        ),
        changed_on=day,
        today=today,
    )
    return change, shown


def _versions(request: MspRequest) -> list[tuple[PlanVersion, str]]:
    """Every version of the plans that are offered, newest first, each with its sentence."""
    found = PlanVersion.objects.filter(plan__archived_at__isnull=True).select_related("plan")
    return [
        (version, describe(from_json(version.terms), request.msp.currency))
        for version in found.order_by("plan__name", "-valid_from")
    ]
