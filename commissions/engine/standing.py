"""Where a contract stands in its partner's tiers: which period counts, and what came before."""

from collections.abc import Sequence
from datetime import date

from commissions.engine.deal import Standing
from commissions.engine.periods import add_months, month_of, whole_months
from commissions.terms import TierReset


def tier_period(reset: TierReset, day: date, partner_since: date) -> tuple[date, date | None]:
    """The period that the day's tiers count in: its first day, and the first day after it.

    Quarters and years are those of the calendar; an anniversary year begins on the day the
    partner joined, clamped to the month's end; `never` counts from that day on.
    """
    if reset == "never":
        return partner_since, None
    if reset == "anniversary":
        years = whole_months(partner_since, day) // 12
        return add_months(partner_since, 12 * years), add_months(partner_since, 12 * years + 12)
    months = {"month": 1, "quarter": 3, "year": 12}[reset]
    first = add_months(month_of(day), -((day.month - 1) % months))
    return first, add_months(first, months)


def standings[K](sizes: Sequence[tuple[K, int]]) -> dict[K, Standing]:
    """The standing of every contract of one partner and period, given in the order they were won.

    A size is 1 for tiers by wins and minor units otherwise: new MRR, active MRR of the month, or
    money collected.
    """
    total = sum(size for _, size in sizes)
    found: dict[K, Standing] = {}
    before = 0
    for key, size in sizes:
        found[key] = Standing(before, total)
        before += size
    return found
