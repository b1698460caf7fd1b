"""The pages of one payout: what is in it, and what became of it."""

from collections.abc import Callable
from typing import NamedTuple
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
        "attempt": payout.attempts.order_by("-number").first(),
        "postings": told(payout.postings.select_related("journal").order_by("journal__seq", "pk")),
        "events": trail.history(payout),
    }
    return page(request, "dashboard/payouts/payout.html", context)


@dashboard(can="payouts.manage", recent=True)
def payout_settlement(request: MspRequest, payout_id: UUID) -> HttpResponse:
    """Record that the bank paid."""
    payout = _payout(payout_id)
    words = Words(
        title=f"Record the payment to {payout.partner.name}",
        button=f"Record {_amount(payout)} as paid",
        done=f"{_amount(payout)} to {payout.partner.name} is recorded as paid.",
        note=f"The list said reference {payout.code}. The partner gets an e-mail with the statement.",
        tone="primary",
    )
    form = SettlementForm(sent(request), today=request.msp.today(timezone.now()))
    return _act(request, payout, payouts.settle, words, form)


@dashboard(can="payouts.manage", recent=True)
def payout_failure(request: MspRequest, payout_id: UUID) -> HttpResponse:
    """Record that the bank did not pay."""
    payout = _payout(payout_id)
    words = Words(
        title=f"The payment to {payout.partner.name} failed",
        button=f"Put {_amount(payout)} back",
        done=f"{_amount(payout)} is payable again and will be in the next run.",
        note=f"{_lines(payout)} back to payable, for the next run.",
    )
    return _act(request, payout, payouts.fail, words, ReasonForm(sent(request), label="What the bank said"))


@dashboard(can="payouts.manage", recent=True)
def payout_return(request: MspRequest, payout_id: UUID) -> HttpResponse:
    """Record that the money came back, or take service credit back."""
    payout = _payout(payout_id)
    words = Words(
        title=f"The payment to {payout.partner.name} came back",
        button=f"Take {_amount(payout)} back into payable",
        done=f"{_amount(payout)} came back and is payable again.",
        note=f"{_lines(payout)} back to payable. The partner gets an e-mail.",
    )
    if payout.is_credit:
        words = words._replace(
            title=f"Take back the service credit of {payout.partner.name}",
            done=f"{_amount(payout)} of service credit was taken back and is payable again.",
        )
    label = "Why it is taken back" if payout.is_credit else "Why it came back"
    return _act(request, payout, payouts.return_, words, ReasonForm(sent(request), label=label))


@dashboard(can="payouts.manage", recent=True)
def payout_cancellation(request: MspRequest, payout_id: UUID) -> HttpResponse:
    """Take a payout out of its run."""
    payout = _payout(payout_id)
    words = Words(
        title=f"Leave {payout.partner.name} out of {payout.run}",
        button=f"Leave out {_amount(payout)}",
        done=f"{payout.partner.name} is not in this run. {_amount(payout)} stays payable.",
        note=f"{_lines(payout, stay=True)} payable, for the next run.",
    )
    return _act(request, payout, payouts.cancel_payout, words, ReasonForm(sent(request), label="Why it is left out"))


class Words(NamedTuple):
    """What the page of one step of a payout says."""

    title: str
    button: str
    done: str
    note: str
    tone: str = "danger final"


def _act(
    request: MspRequest, payout: Payout, verb: Callable[..., object], words: Words, form: SettlementForm | ReasonForm
) -> HttpResponse:
    """Ask, then call the verb with what the form says; back to the run."""
    run = reverse("dashboard:payout-run", args=[payout.run_id])
    step = Step(
        title=words.title,
        button=words.button,
        done=words.done,
        back=run,
        notes=(words.note,),
        crumbs=((reverse("dashboard:payout-run-list"), "Payouts"), (run, str(payout.run))),
        tone=words.tone,
    )
    return act(request, form, step, lambda data: verb(payout, by=request.member, at=timezone.now(), **data))


def _payout(payout_id: UUID) -> Payout:
    return get_object_or_404(Payout.objects.select_related("run", "partner"), pk=payout_id)


def _amount(payout: Payout) -> str:
    return format_money(payout.minor, payout.currency)


def _lines(payout: Payout, *, stay: bool = False) -> str:
    """ "Its one line goes", "All 3 lines stay": who reads it is about to decide about them."""
    count = PayoutItem.objects.filter(payout=payout).count()
    if count == 1:
        return f"Its one line {'stays' if stay else 'goes'}"
    return f"All {count} lines {'stay' if stay else 'go'}"
