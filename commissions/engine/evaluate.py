"""The targets of one component of one contract: how much, for which months, held until when."""

from collections.abc import Iterator
from datetime import date, timedelta

from commissions.engine.collected import collected_basis, counted_parts
from commissions.engine.contracted import contracted_basis, contracted_term, first_day
from commissions.engine.deal import Basis, Deal, Line, Standing, nothing
from commissions.engine.exchange import exchanged, in_billed_currency
from commissions.engine.limits import bounded, clawed_back, within_lifetime
from commissions.engine.once import once
from commissions.engine.periods import (
    calendar_month,
    month_of,
    months_from,
    trigger_date,
)
from commissions.engine.tiers import tiered
from commissions.terms import ALL, Flat, MrrMultiple, NoReward, Percent, Recurring, Single, Tiered
from elinkages.kernel.money import format_basis_points, format_money, round_half_away

_ONE_DAY = timedelta(days=1)


def evaluate(
    terms: Single | NoReward,
    deal: Deal,
    month: date,
    *,
    standing: Standing | None = None,
    earned_before_minor: int | None = None,
) -> Line:
    """The target of one component for one earning month, absolute, with its reason.

    `month` is the first day of the month (ValueError otherwise). `standing` places the contract
    among its partner's for tiers. `earned_before_minor` is the sum of the targets of earlier
    months before any clawback, for a lifetime cap; left out, it is computed here.
    """
    if isinstance(terms, NoReward):
        return nothing("This agreement pays no commission", month)
    line = _before_lifetime(terms, deal, month, standing)
    if terms.cap_lifetime_minor is not None:
        if earned_before_minor is None:
            earned_before_minor = _earned_before(terms, deal, month, standing)
        line = within_lifetime(terms.cap_lifetime_minor, deal, line, earned_before_minor)
    if terms.clawback is not None and deal.ends_on is not None:
        return clawed_back(terms, deal, line)
    return line


def _before_lifetime(terms: Single, deal: Deal, month: date, standing: Standing | None) -> Line:
    if isinstance(terms, Flat | MrrMultiple):
        line = once(terms, deal, month)
    else:
        basis = _basis(terms, in_billed_currency(deal), month)
        if isinstance(basis, Line):
            return basis
        line = _rated(terms, deal, exchanged(basis, deal), standing)
    if terms.cap_per_month_minor is None and terms.minimum_minor is None:
        return line
    return bounded(terms, deal, line)


def _basis(terms: Recurring, deal: Deal, month: date) -> Basis | Line:
    if terms.base == "contracted":
        return contracted_basis(terms, deal, month)
    return collected_basis(terms, deal, month)


def _rated(terms: Percent | Tiered, deal: Deal, basis: Basis, standing: Standing | None) -> Line:
    if isinstance(terms, Percent):
        return _percent(terms, deal, basis)
    return tiered(terms, deal, basis, standing)


def _percent(terms: Percent, deal: Deal, basis: Basis) -> Line:
    basis_points = terms.basis_points
    amount = round_half_away(basis.numerator * basis_points, basis.denominator * ALL)
    rate = format_basis_points(basis_points)
    step = f"{basis.formula} × {rate} = {format_money(amount, deal.currency)}"
    basis.inputs["basis_points"] = basis_points
    reason = f"{rate} of {basis.words}{basis.position}"
    return Line(amount, reason, (*basis.steps, step), basis.inputs)


def _earned_before(terms: Single, deal: Deal, month: date, standing: Standing | None) -> int:
    months = earning_months(terms, deal, month - _ONE_DAY)
    earned = sum(_before_lifetime(terms, deal, one, standing).amount_minor for one in months)
    return min(earned, terms.cap_lifetime_minor or earned)


def earning_months(terms: Single | NoReward, deal: Deal, through_month: date) -> tuple[date, ...]:
    """Every month through `through_month` that has or could have a target, in order.

    Months that had one under earlier facts are the caller's to add: their target is zero now,
    and `evaluate` gives the reason.
    """
    if isinstance(terms, NoReward):
        return ()
    if isinstance(terms, Flat | MrrMultiple):
        day = trigger_date(terms.trigger, deal)
        return () if day is None or day > _end(through_month) else (month_of(day),)
    if terms.base == "collected":
        found = {month_of(part.service_on) for part in counted_parts(terms, deal)}
        return tuple(sorted(month for month in found if month <= through_month))
    return tuple(_contracted_months(terms, deal, through_month))


def _contracted_months(terms: Recurring, deal: Deal, through_month: date) -> Iterator[date]:
    term = contracted_term(terms, deal)
    if term is None:
        return
    last = month_of(through_month)
    for until in (term.until, deal.ends_on):
        if until is not None:
            last = min(last, month_of(until - _ONE_DAY))
    yield from months_from(month_of(first_day(deal, term)), last)


def targets(
    terms: Single | NoReward,
    deal: Deal,
    through_month: date,
    *,
    standings: dict[date, Standing] | None = None,
) -> dict[date, Line]:
    """The target of every earning month, by month: what `evaluate` gives one by one."""
    places = standings or {}
    found: dict[date, Line] = {}
    earned = 0
    for month in earning_months(terms, deal, through_month):
        standing = places.get(month)
        found[month] = evaluate(terms, deal, month, standing=standing, earned_before_minor=earned)
        if not isinstance(terms, NoReward) and terms.cap_lifetime_minor is not None:
            line = _before_lifetime(terms, deal, month, standing)
            earned += within_lifetime(terms.cap_lifetime_minor, deal, line, earned).amount_minor
    return found


def accrues_on(terms: Single, deal: Deal, month: date) -> date:
    """The first day on which the month's target is due to be computed.

    Contracted: the first of the next month. Collected: the day of the last money for it, but not before the month
    begins: a year paid ahead is earned month by month. Once: the day of the trigger.
    """
    return _earned_on(terms, deal, month) or calendar_month(month).following


def hold_until(terms: Single, deal: Deal, month: date) -> date:
    """The first day on which the month's amount may be paid, gates aside.

    The hold counts from the last day of the earning month for contracted MRR, from the last payment for collected
    revenue (or the first day of the month when that was paid ahead), and from the trigger for a one-time reward.
    """
    day = _earned_on(terms, deal, month) or _end(month)
    return day + timedelta(days=terms.hold_days)


def _earned_on(terms: Single, deal: Deal, month: date) -> date | None:
    if isinstance(terms, Flat | MrrMultiple):
        return trigger_date(terms.trigger, deal)
    if terms.base == "contracted":
        return None
    parts = [part for part in counted_parts(terms, deal) if month_of(part.service_on) == month]
    return max((month, *(part.paid_on for part in parts))) if parts else None


def _end(month: date) -> date:
    return calendar_month(month_of(month)).following - _ONE_DAY
