"""The pages of one payout: what is in it, and what became of it."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from commissions import payouts
from commissions.earnings import TOLD
from commissions.forms.payouts import ReasonForm, SettlementForm
from commissions.models import Payout, PayoutItem
from commissions.rails.manual import reference_of
from commissions.statements import statement
from commissions.views.acting import Step, act, sent
from commissions.views.postings import told
from elinkages.accounts.access import MspRequest, dashboard
from elinkages.audit import trail
from elinkages.kernel.money import format_money
from elinkages.kernel.pages import page


@dashboard()
@require_safe
def payout_detail(request: MspRequest, payout_id: UUID) -> HttpResponse:
    """One payout with all its lines, how the money moved, and its history."""
    payout = _payout(payout_id)
    context = {
        "payout": payout,
        "statement": statement(payout),
        "has_statement": payout.state in TOLD,
        "reference": reference_of(payout),
        "attempt": payout.attempts.order_by("-number").first(),
        "postings": told(payout.postings.select_related("journal").order_by("journal__seq", "pk")),
        "events": trail.history(payout),
    }
    return page(request, "dashboard/payouts/payout.html", context)


@dashboard(can="payouts.manage", recent=True)
def payout_settlement(request: MspRequest, payout_id: UUID) -> HttpResponse:
    """Record that the bank paid."""
    payout = _payout(payout_id)
    step = _step(
        payout,
        title=f"Record the payment to {payout.partner.name}",
        button=f"Record {_amount(payout)} as paid",
        done=f"{_amount(payout)} to {payout.partner.name} is recorded as paid.",
        notes=(f"The list said reference {reference_of(payout)}. The partner gets an e-mail with the statement.",),
    )
    form = SettlementForm(sent(request), today=request.msp.today(timezone.now()))
    return act(request, form, step, _called(payouts.settle, payout, request))


@dashboard(can="payouts.manage", recent=True)
def payout_failure(request: MspRequest, payout_id: UUID) -> HttpResponse:
    """Record that the bank did not pay."""
    payout = _payout(payout_id)
    step = _step(
        payout,
        title=f"The payment to {payout.partner.name} failed",
        button=f"Put {_amount(payout)} back",
        done=f"{_amount(payout)} is payable again and will be in the next run.",
        notes=(f"{_lines(payout)} back to payable, for the next run.",),
        tone="danger final",
    )
    form = ReasonForm(sent(request), label="What the bank said")
    return act(request, form, step, _called(payouts.fail, payout, request))


@dashboard(can="payouts.manage", recent=True)
def payout_return(request: MspRequest, payout_id: UUID) -> HttpResponse:
    """Record that the money came back."""
    payout = _payout(payout_id)
    step = _step(
        payout,
        title=f"The payment to {payout.partner.name} came back",
        button=f"Take {_amount(payout)} back into payable",
        done=f"{_amount(payout)} came back and is payable again.",
        notes=(f"{_lines(payout)} back to payable. The partner gets an e-mail.",),
        tone="danger final",
    )
    form = ReasonForm(sent(request), label="Why it came back")
    return act(request, form, step, _called(payouts.return_, payout, request))


@dashboard(can="payouts.manage")
def payout_cancellation(request: MspRequest, payout_id: UUID) -> HttpResponse:
    """Take a payout out of its run."""
    payout = _payout(payout_id)
    step = _step(
        payout,
        title=f"Leave {payout.partner.name} out of {payout.run}",
        button=f"Leave out {_amount(payout)}",
        done=f"{payout.partner.name} is not in this run. {_amount(payout)} stays payable.",
        notes=(f"{_lines(payout, stay=True)} payable, for the next run.",),
        tone="danger final",
    )
    form = ReasonForm(sent(request), label="Why it is left out")
    return act(request, form, step, _called(payouts.cancel_payout, payout, request))


def _payout(payout_id: UUID) -> Payout:
    return get_object_or_404(Payout.objects.select_related("run", "partner"), pk=payout_id)


def _called(verb: Callable[..., object], payout: Payout, request: MspRequest) -> Callable[[dict[str, Any]], object]:
    return lambda data: verb(payout, by=request.member, at=timezone.now(), **data)


def _step(payout: Payout, *, title: str, button: str, done: str, notes: tuple[str, ...], tone: str = "primary") -> Step:
    run = reverse("dashboard:payout-run", args=[payout.run_id])
    crumbs = ((reverse("dashboard:payout-run-list"), "Payouts"), (run, str(payout.run)))
    return Step(title=title, button=button, done=done, back=run, notes=notes, crumbs=crumbs, tone=tone)


def _amount(payout: Payout) -> str:
    return format_money(payout.minor, payout.currency)


def _lines(payout: Payout, *, stay: bool = False) -> str:
    """ "Its one line goes", "All 3 lines stay": who reads it is about to decide about them."""
    count = PayoutItem.objects.filter(payout=payout).count()
    if count == 1:
        return f"Its one line {'stays' if stay else 'goes'}"
    return f"All {count} lines {'stay' if stay else 'go'}"
