"""The books of Northbeam: a nightly accrual on the first of every month, a payout run in the middle of it."""

from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from commissions import accruals, holds, payouts, service_credits
from commissions.engine import add_months
from commissions.models import Payout, PayoutRun, PayoutState, Rail
from elinkages.kernel.refusal import Refused
from elinkages.pages.demo import cast
from partners.models import Partner

if TYPE_CHECKING:
    from elinkages.pages.demo.story import Event, Story


def plan(story: "Story") -> None:
    """Put the month's work of finance into the queue of the story; the last run waits for its approval."""
    for months in range(1, cast.MONTHS + 1):
        first = add_months(story.first, months)
        story.plan(story.at(first, 5), partial(_accrue, story))
        story.plan(story.at(first + timedelta(days=14), 5), partial(_accrue, story))
    days = [add_months(story.first, months) + timedelta(days=14) for months in range(1, cast.MONTHS + 1)]
    past = [day for day in days if story.at(day) < story.now - timedelta(days=12)]
    for day in past:
        story.plan(story.at(day, 11), _pay(story, settle=day != past[-1]))
    story.plan(story.now - timedelta(hours=20), partial(_accrue, story))
    story.plan(story.now - timedelta(hours=19), partial(_open, story))
    story.plan(story.now - timedelta(days=12), partial(_hold, story))


def _accrue(story: "Story", at: datetime) -> None:
    accruals.accrue(today=story.msp.today(at), at=at)
    accruals.release(today=story.msp.today(at), at=at)


def _open(story: "Story", at: datetime) -> PayoutRun | None:
    try:
        return payouts.open_run(cutoff_on=story.msp.today(at), by=story.finance, at=at).run
    except Refused:
        return None


def _give(story: "Story", at: datetime) -> None:
    """Service credit for who asked for it; most of it is applied to the next invoice, the rest stays open."""
    try:
        run = payouts.open_run(cutoff_on=story.msp.today(at), rail=Rail.CREDIT, by=story.finance, at=at).run
    except Refused:
        return
    approved = at + timedelta(hours=20)
    payouts.release(payouts.approve(run, by=story.owner, at=approved), by=story.finance, at=approved)
    for balance in service_credits.balances():
        partner, later = Partner.objects.get(pk=balance.partner_id), approved + timedelta(hours=1)
        minor, on = min(balance.minor, 45_000), story.msp.today(later)
        service_credits.apply(
            partner, minor=minor, reference=f"NB-{on:%y%m}-17", applied_on=on, by=story.finance, at=later
        )


def _pay(story: "Story", *, settle: bool) -> "Event":
    def happen(at: datetime) -> None:
        _give(story, at)
        run = _open(story, at)
        if run is None:
            return
        approved = at + timedelta(hours=20)
        run = payouts.approve(run, by=story.owner, at=approved)
        payouts.release(run, by=story.finance, at=approved + timedelta(minutes=20))
        paid_on = story.msp.today(at) + timedelta(days=3)
        sent = list(Payout.objects.filter(run=run, state=PayoutState.SUBMITTED).order_by("number"))
        for payout in sent if settle else sent[:-2]:
            when = story.at(paid_on, 9)
            payouts.settle(
                payout, reference=f"ACH {paid_on:%y%m%d}-{payout.number}", paid_on=paid_on, by=story.finance, at=when
            )

    return happen


def _hold(story: "Story", at: datetime) -> None:
    partner = story.partners["Lakeshore Networks"]
    holds.place(partner, reason="They and Quad Cities both say they sent the same client", by=story.owner, at=at)
