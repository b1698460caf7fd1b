"""What a change would do to commissions, ready for the page that asks for the change."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from commissions import forecast
from commissions.engine import Deal
from commissions.forecast import Effect
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
    names = _names([partner_id for partner_id, minor in whole.past.items() if minor])
    return Shown(
        whole,
        tuple((name, whole.past[partner_id]) for partner_id, name in names),
        bool(promises),
        any(contract.client.referral_id for contract in contracts),
    )


def of_ending(contracts: Sequence[Contract], on: date, *, today: date) -> Shown:
    """The effect of ending contracts; `on` is the first day without service. Those that end before stay as they are."""
    running = [one for one in contracts if one.ends_on is None or one.ends_on > max(on, one.starts_on)]
    return show(running, lambda one, _, told: told._replace(ends_on=max(on, one.starts_on)), changed_on=on, today=today)


def _names(partner_ids: Sequence[UUID]) -> list[tuple[UUID, str]]:
    return list(Partner.objects.filter(pk__in=partner_ids).order_by("name_key").values_list("pk", "name"))
