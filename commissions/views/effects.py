"""What a change would do to commissions, ready for the page that asks for the change."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.forms import Form
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect

from commissions import forecast
from commissions.engine import Deal
from commissions.forecast import Effect
from commissions.terms import Recurring, Single, Tiered, components
from elinkages.accounts.access import MspRequest
from elinkages.kernel.forms import attempt
from elinkages.kernel.pages import page
from partners.models import Partner
from referrals.models import Contract
from referrals.mrr import Timeline, timelines

type Changed = Callable[[Contract, Timeline, Deal], Deal]
"""The deal as it would be after the change."""


@dataclass(frozen=True, slots=True)
class Shown:
    """An effect with the partners' names; `past` are the ones whose past months change, (name, minor units)."""

    effect: Effect
    past: tuple[tuple[str, int], ...]
    has_plan: bool
    was_referred: bool
    clock: str = ""
    has_steps: bool = False
    has_year_cap: bool = False

    @property
    def takes_back(self) -> bool:
        """Whether a partner loses what counted already, so that the client's name is asked for."""
        return any(minor < 0 for _, minor in self.past)

    @property
    def taken_minor(self) -> int:
        """What is taken back in all, in minor units, as a positive number."""
        return -sum(minor for _, minor in self.past if minor < 0)


def show(contracts: Sequence[Contract], changed: Changed, *, changed_on: date, today: date) -> Shown:
    """The effect of one change on contracts of one client; their client must be loaded."""
    promises = forecast.promises(contracts)
    histories = timelines([contract.pk for contract in contracts])
    effects = []
    for contract in contracts:
        if (promise := promises.get(contract.pk)) is None:
            continue
        history = histories[contract.pk]
        before = forecast.deal(contract, history, promise.pin.won_on)
        after = changed(contract, history, before)
        effects.append(forecast.effect(promise, before, after, changed_on=changed_on, today=today))
    whole = forecast.together(effects)
    now = [promise.terms(today.replace(day=1)) for promise in promises.values()]
    rewards = [one for terms in now if terms is not None for _, one in components(terms)]
    names = _names([partner_id for partner_id, minor in whole.past.items() if minor])
    return Shown(
        whole,
        tuple((name, whole.past[partner_id]) for partner_id, name in names),
        bool(promises),
        any(contract.client.referral_id for contract in contracts),
        _clock(rewards),
        any(isinstance(one, Tiered) for one in rewards),
        any(one.cap_year_minor for one in rewards),
    )


def _clock(rewards: Sequence[Single]) -> str:
    """What a pause does to the months that are owed, in words; empty where it makes no difference."""
    kinds = {one.pause for one in rewards if isinstance(one, Recurring) and one.months is not None}
    if not kinds:
        return ""
    if kinds == {"clock_stops"}:
        return "Whole months of a pause are made up at the end of the term."
    return "The term keeps running during a pause: the partner loses those months."


def asked(request: MspRequest, name: str) -> QueryDict | None:
    """What was sent; or what is being typed (`name` is among it), when the page asks for its effect."""
    if request.method == "POST":
        return request.POST
    return request.GET if name in request.GET else None


def shown_then_saved(
    request: MspRequest,
    form: Form,
    template: str,
    context: dict[str, Any],
    save: Callable[[], str],
    *,
    client_id: UUID,
    field: str | None = None,
) -> HttpResponse:
    """The page of a change: its effect while it is typed, then the change itself, then the client's page.

    `save` makes the change and returns the sentence for the person; what it refuses is said on `field`.
    """
    context = {**context, "form": form}
    if request.method != "POST" and form.is_bound:
        return page(request, "dashboard/clients/effect.html", context)
    only_checks = "check" in request.POST
    if form.is_bound and form.is_valid() and not only_checks:
        with attempt(form, field=field):
            messages.success(request, save())
            return redirect("dashboard:client", client_id)
    status = 422 if form.is_bound and not only_checks else 200
    return page(request, f"dashboard/clients/{template}.html", context, status=status)


def of_ending(contracts: Sequence[Contract], on: date, *, today: date) -> Shown:
    """The effect of ending contracts; `on` is the first day without service. Those that end before stay as they are."""
    running = [one for one in contracts if one.ends_on is None or one.ends_on > max(on, one.starts_on)]
    return show(running, lambda one, _, told: told._replace(ends_on=max(on, one.starts_on)), changed_on=on, today=today)


def _names(partner_ids: Sequence[UUID]) -> list[tuple[UUID, str]]:
    return list(Partner.objects.filter(pk__in=partner_ids).order_by("name_key").values_list("pk", "name"))
