"""The owner's home: what needs me today, and how the program stands."""

from datetime import date
from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from django.utils.csp import CSP
from django.views.decorators.csp import csp_override

from commissions.totals import Totals, totals
from elinkages.accounts.access import MspRequest, dashboard
from elinkages.kernel.money import format_money
from elinkages.kernel.pages import page
from elinkages.kernel.words import say_count
from elinkages.pages import program, sourced
from elinkages.pages.first_steps import first_steps
from elinkages.pages.todo import tasks


@dashboard()
def home(request: MspRequest) -> HttpResponse:
    """Tasks first, then four figures, the chart and the pipeline; the first steps while they are not done."""
    at = timezone.now()
    today = request.msp.today(at)
    steps = first_steps(request.msp, request.member, today)
    context = {
        "today": today,
        "tasks": tasks(request.msp, request.member, at),
        "steps": steps,
        "steps_done": sum(step.is_done for step in steps),
        **_figures(request, today),
    }
    return page(request, "dashboard/home.html", context)


def _figures(request: MspRequest, today: date) -> dict[str, Any]:
    currency = request.msp.currency
    mrr, stages = sourced.mrr_sourced(on=today), program.pipeline()
    money = totals(year=today.year)
    stages_open = sum(stage.count for stage in stages)
    expected = sum(stage.expected_minor for stage in stages)
    change = mrr.change_minor
    return {
        "sourced": mrr,
        "has_figures": any((mrr.now_minor, stages_open, money.accrued, money.payable, money.payouts)),
        "mrr_change": f"{'+' if change > 0 else ''}{format_money(change, currency)} this month" if change else "",
        "chart": sourced.chart_of(mrr, currency),
        "pipeline": stages,
        "open_count": stages_open,
        "expected_note": f"{format_money(expected, currency)} MRR expected" if expected else "No expected MRR yet",
        "owed_minor": money.accrued + money.payable,
        "owed_note": _owed_note(money, currency),
        "paid_minor": money.paid,
        "paid_label": f"Paid in {today.year}",
        "paid_note": say_count(money.payouts, "payout") if money.payouts else "No payouts yet",
    }


def _owed_note(money: Totals, currency: str) -> str:
    if not (money.payable or money.accrued):
        return "Nothing earned and unpaid"
    rest = ", the rest on hold" if money.accrued else ""
    return f"{format_money(money.payable, currency)} payable now{rest}"


@csp_override({"default-src": [CSP.NONE], "style-src": [CSP.UNSAFE_INLINE]})
@dashboard()
def chart(request: MspRequest) -> HttpResponse:
    """The chart of home as a file of its own, colors inside, for a slide or an e-mail."""
    mrr = sourced.mrr_sourced(on=request.msp.today(timezone.now()))
    picture = sourced.chart_of(mrr, request.msp.currency).document()
    return HttpResponse(picture, headers={"Content-Type": "image/svg+xml"})
