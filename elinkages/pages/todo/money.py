"""Money that waits for somebody: payout runs, what none was opened for, and contracts on which nobody earns."""

from collections.abc import Iterator
from typing import Final

from django.db.models import Count, Q, Sum

from commissions import totals
from commissions.models import PayoutRun, PayoutState, Rail, RunState
from elinkages.kernel.money import format_money
from elinkages.kernel.words import say_count, say_day
from elinkages.pages.todo.desk import Desk, Task, cut
from referrals.models import Contract

UNSETTLED = (PayoutState.APPROVED, PayoutState.RESERVED, PayoutState.SUBMITTED)
RUNS: Final = {Rail.MANUAL: "Open a payout run", Rail.CREDIT: "Open a run of service credit"}


def runs(desk: Desk) -> Iterator[Task]:
    """Payout runs that wait for an approval that this person may give, for release, or for a reference."""
    found = PayoutRun.objects.filter(state__in=[RunState.DRAFT, RunState.APPROVED, RunState.RELEASED])
    rows = found.select_related("opened_by__user").annotate(
        payouts_count=Count("payouts"),
        total=Sum("payouts__minor"),
        unsettled=Count("payouts", filter=Q(payouts__state__in=UNSETTLED)),
    )
    for run in rows.order_by("number"):
        money = format_money(run.total or 0, run.currency)
        count = say_count(run.payouts_count, "payout")
        url = desk.url("payout-run", run.pk)
        name = f"payout run {run.number}"
        if run.state == RunState.APPROVED:
            yield Task("banknote", f"Release {name}", f"{count}, {money}. Approved and ready.", url, "Release the run")
        elif run.state == RunState.RELEASED:
            detail = f"{run.unsettled} of {count} without a reference."
            yield Task("banknote", f"Record the payments of {name}", detail, url, "Record payments")
        elif run.opened_by_id != desk.member.pk or desk.msp.one_person_approval_at:
            detail = f"{count}, {money}. Opened by {run.opened_by} {desk.ago(run.opened_at)}."
            yield Task("banknote", f"Approve {name}", detail, url, "Review the run")


def unopened(desk: Desk) -> Iterator[Task]:
    """What could be paid by a run that nobody has opened this month."""
    if desk.msp.is_parked:
        return
    live = PayoutRun.objects.exclude(state=RunState.CANCELED)
    recent = live.filter(Q(opened_at__gte=desk.month_began) | Q(state__in=[RunState.DRAFT, RunState.APPROVED]))
    opened = set(recent.values_list("rail", flat=True))
    missing = {rail: title for rail, title in RUNS.items() if rail not in opened}
    ready = totals.ready(on=desk.today) if missing else None
    for rail, title in missing.items():
        if ready and ready.payees[rail]:
            money = format_money(ready.minor[rail], desk.msp.currency)
            detail = f"{say_count(ready.payees[rail], 'partner')} would get {money}. No run was opened this month."
            yield Task("banknote", title, detail, desk.url("payout-run-list"), "See what it pays")


def without_plan(desk: Desk) -> Iterator[Task]:
    """Contracts of referred clients that no commission plan covers: nothing is earned on them."""
    rows = cut(Contract.objects.without_plan().select_related("client", "service_line").order_by("pk"))

    def line(contract: Contract) -> Task:
        return Task(
            "percent",
            f"No commission plan covers {contract.client}",
            f"{contract.service_line} since {say_day(contract.starts_on)}. Nobody earns anything on it so far.",
            desk.url("client", contract.client_id),
            "Open client",
        )

    yield from desk.together(
        rows,
        line,
        "contracts have no commission plan",
        lambda: f"Among them {rows[0].client} and {rows[1].client}. Nobody earns anything on them so far.",
        "plan-uncovered",
    )
