"""What terms pay in one plain case, computed by the engine: the example beside every plan."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from commissions.engine import Deal, Receipt, add_months, month_of, targets
from commissions.terms import Common, FullClawback, NoReward, Recurring, Terms, Tiered, components
from elinkages.kernel.money import exponent, format_basis_points, format_money

MONTHS = 60


@dataclass(frozen=True, slots=True)
class Example:
    """Sentences about what a client of `mrr_minor` MRR would earn its partner, minor units."""

    mrr_minor: int
    total_minor: int
    sentences: tuple[str, ...]


def example(terms: Terms, currency: str, *, today: date, mrr_minor: int | None = None) -> Example:
    """What a client who starts next month with this MRR (2,000 in whole units when left out) would earn."""
    mrr_minor = 2_000 * 10 ** exponent(currency) if mrr_minor is None else mrr_minor
    start = add_months(month_of(today), 1)
    deal = Deal(currency, mrr_minor, won_on=start, starts_on=start, first_paid_on=start, owed_from=start)
    by_month = _by_month(terms, deal)
    total = sum(by_month.values())
    if isinstance(terms, NoReward) or total == 0:
        return Example(mrr_minor, 0, ("Nothing is paid.",))
    return Example(mrr_minor, total, tuple(_sentences(terms, deal, by_month)))


def _by_month(terms: Terms, deal: Deal) -> dict[date, int]:
    """The amounts of five years at most, by month."""
    found: dict[date, int] = {}
    through = add_months(deal.starts_on or date.min, MONTHS - 1)
    for _, one in components(terms):
        told = deal
        if isinstance(one, Recurring) and one.base == "collected":
            told = deal._replace(receipts=_paid_monthly(deal))
        for month, line in targets(one, told, through).items():
            found[month] = found.get(month, 0) + line.amount_minor
    return found


def _paid_monthly(deal: Deal) -> tuple[Receipt, ...]:
    """The client pays its MRR on the first of every month while it stays."""
    days = [add_months(deal.starts_on or date.min, number) for number in range(MONTHS)]
    return tuple(Receipt(day, day, deal.mrr_minor) for day in days if deal.ends_on is None or day < deal.ends_on)


def _sentences(terms: Terms, deal: Deal, by_month: dict[date, int]) -> Iterator[str]:
    amounts = [minor for minor in by_month.values() if minor]
    total = format_money(sum(amounts), deal.currency)
    first = format_money(amounts[0], deal.currency)
    if len(amounts) == 1:
        yield f"{first}, once."
    elif _is_for_life(terms):
        year = format_money(sum(amounts[:12]), deal.currency)
        yield f"{first} a month, {year} in the first year, and on for as long as the client stays."
    elif amounts[0] == amounts[-1]:
        yield f"{first} a month, {total} in all over {len(amounts)} months."
    else:
        yield f"{first} in the first month, {total} in all over {len(amounts)} months."
    yield from _at_the_top(terms)
    yield from _when_they_leave(terms, deal)


def _at_the_top(terms: Terms) -> Iterator[str]:
    for _, one in components(terms):
        if isinstance(one, Tiered) and len(one.tiers) > 1:
            highest = format_basis_points(max(rate for _, rate in one.tiers))
            yield f"That is for a partner’s first client. The more they bring, the more it is, up to {highest}."


def _is_for_life(terms: Terms) -> bool:
    return any(isinstance(one, Recurring) and one.months is None for _, one in components(terms))


def _when_they_leave(terms: Terms, deal: Deal) -> Iterator[str]:
    """What is kept when the client leaves just inside the clawback window."""
    if not isinstance(terms, Common) or not isinstance(terms.clawback, FullClawback) or deal.starts_on is None:
        return
    days = terms.clawback.window_days
    last = deal._replace(ends_on=date.fromordinal(deal.starts_on.toordinal() + days - 1))
    kept = sum(_by_month(terms, last).values())
    unless = "nothing is kept" if kept == 0 else f"{format_money(kept, deal.currency)} is kept"
    yield f"Should the client leave before day {days}, {unless}; from day {days} on, what was earned stays."
