"""The pages of payout runs: what the next one would pay, one run in full, and its steps."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Count, Sum
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from commissions import payouts
from commissions.forms.payouts import ApprovalForm, OpenForm, ReasonForm, ReferencesForm
from commissions.listings.payouts import run_lines
from commissions.models import PayoutRun, PayoutState, Rail, RunState
from commissions.rails.manual import bank_file
from commissions.run_statements import RUN_STATEMENTS
from commissions.views.acting import Step, act, sent
from commissions.views.run_page import NoQuestion, run_context, waiting_for_bank
from elinkages.accounts import confirmation
from elinkages.accounts.access import MspRequest, dashboard
from elinkages.kernel.forms import attempt
from elinkages.kernel.money import format_money
from elinkages.kernel.pages import page
from elinkages.kernel.refusal import Refused
from elinkages.kernel.words import say_count
from elinkages.lists.scope import Scope
from elinkages.lists.views.exports import take

PREVIEWED = 100
LATEST = 12
"""Runs on the first page; the list has them all."""

_MONEY_DONE = "The list for your bank is ready. Record each payment's reference once the bank has paid."
_MONEY_NOTES = (
    "The amounts are reserved and the list for your bank is made.",
    "Payments that fail later can be put back one by one; the run as a whole can no longer be canceled.",
)
_CREDIT_DONE = "The credit is given, and the partners are notified. Apply it to their next invoices."
_CREDIT_NOTES = (
    "The credit is given right away, and every partner gets an e-mail.",
    "It counts as the partner’s income at fair market value, as if it had been money.",
    "Credits can be taken back one by one, as long as nothing has been applied to an invoice.",
)


class NotIssued(Refused):
    """There is no list for the bank and no statement before the run is released, and no list of service credit."""


@dashboard()
@require_safe
def run_list(request: MspRequest) -> HttpResponse:
    """What the next run would pay and to whom not, and every run there was."""
    return _run_list(request, OpenForm(today=request.msp.today(timezone.now())))


@dashboard(can="payouts.manage")
@require_POST
def run_new(request: MspRequest) -> HttpResponse:
    """Open a run."""
    now = timezone.now()
    form = OpenForm(request.POST, today=request.msp.today(now))
    if form.is_valid():
        with attempt(form):
            run, left_out = payouts.open_run(**form.cleaned_data, by=request.member, at=now)
        if form.is_valid():
            told = f" {len(left_out)} are left out; the reasons are below." if left_out else ""
            messages.success(request, f"Payout run {run.number} is open and waiting for approval.{told}")
            return redirect("dashboard:payout-run", run.pk)
    return _run_list(request, form, status=422)


@dashboard()
@require_safe
def run_detail(request: MspRequest, run_id: UUID) -> HttpResponse:
    """One run: differences first, then every payout with its reasons."""
    run = get_object_or_404(PayoutRun, pk=run_id)
    return page(request, "dashboard/payouts/run.html", run_context(request, run))


@dashboard(can="payouts.manage", recent=True)
def run_approval(request: MspRequest, run_id: UUID) -> HttpResponse:
    """Approve a run."""
    run = get_object_or_404(PayoutRun, pk=run_id)
    is_own = request.member.pk == run.opened_by_id and request.msp.one_person_approval_at is not None
    form = ApprovalForm(sent(request)) if is_own else NoQuestion(sent(request))
    step = Step(
        title=f"Approve payout run {run.number}",
        button=f"Approve {_in_words(run)}",
        done=f"{run} is approved. Release it when you are ready to pay.",
        notes=("From here on, its amounts can only be paid or canceled.",),
        **_around(run),
    )
    return act(request, form, step, lambda data: payouts.approve(run, by=request.member, at=timezone.now(), **data))


@dashboard(can="payouts.manage", recent=True)
def run_release(request: MspRequest, run_id: UUID) -> HttpResponse:
    """Release an approved run."""
    run = get_object_or_404(PayoutRun, pk=run_id)
    done, notes = (_CREDIT_DONE, _CREDIT_NOTES) if run.is_credit else (_MONEY_DONE, _MONEY_NOTES)
    step = Step(
        title=f"Release payout run {run.number}",
        button=f"Release {_in_words(run)}",
        done=done,
        notes=notes,
        **_around(run),
    )
    form = NoQuestion(sent(request))
    return act(request, form, step, lambda _: payouts.release(run, by=request.member, at=timezone.now()))


@dashboard(can="payouts.manage", recent=True)
def run_cancellation(request: MspRequest, run_id: UUID) -> HttpResponse:
    """Give up a run."""
    run = get_object_or_404(PayoutRun, pk=run_id)
    step = Step(
        title=f"Cancel payout run {run.number}",
        button=f"Cancel {_in_words(run)}",
        done=f"{run} was canceled. Everything in it is payable again.",
        notes=("Nobody is paid. Every amount in it stays payable and is in the next run.",),
        tone="danger final",
        **_around(run),
    )
    form = ReasonForm(sent(request), label="Why it is canceled")
    return act(request, form, step, lambda data: payouts.cancel(run, by=request.member, at=timezone.now(), **data))


@dashboard(can="payouts.manage", recent=True)
@require_POST
def run_settlement(request: MspRequest, run_id: UUID) -> HttpResponse:
    """Record the references of many payouts at once."""
    run = get_object_or_404(PayoutRun, pk=run_id)
    now = timezone.now()
    form = ReferencesForm(request.POST, payouts=waiting_for_bank(run), today=request.msp.today(now))
    if form.is_valid():
        references = form.references()
        with attempt(form):
            payouts.settle_many(references, paid_on=form.cleaned_data["paid_on"], by=request.member, at=now)
        if form.is_valid():
            total = format_money(sum(payout.minor for payout in references), run.currency)
            count = say_count(len(references), "payout")
            messages.success(request, f"{count} recorded as paid, {total}. The partners are notified.")
            return redirect("dashboard:payout-run", run.pk)
    context = run_context(request, run, references=form)
    return page(request, "dashboard/payouts/run.html", context, status=422)


@dashboard(can="payouts.manage")
@require_safe
def run_file(request: MspRequest, run_id: UUID) -> HttpResponse:
    """The list for the bank as CSV; the same bytes whenever it is fetched, once it is sure by whom."""
    if not confirmation.is_recent(request):
        return confirmation.ask(request)
    run = get_object_or_404(PayoutRun, pk=run_id)
    if run.is_credit:
        raise NotIssued("Service credit is applied to invoices. There is no list for the bank.")
    if run.state not in (RunState.RELEASED, RunState.CLOSED):
        raise NotIssued("The list for the bank is made when the run is released.")
    name = f"payout-run-{run.number}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(bank_file(run), content_type="text/csv; charset=utf-8", headers=headers)


@dashboard()
@require_POST
def run_statements(request: MspRequest, run_id: UUID) -> HttpResponse:
    """Ask for all statements of a run in one file."""
    run = get_object_or_404(PayoutRun, pk=run_id)
    wanted = RUN_STATEMENTS.of(run, Scope.of(request))
    if not wanted.count(0):
        raise NotIssued("Statements are made when the run is released; nothing in this one has been paid.")
    return take(request, wanted)


def _run_list(request: MspRequest, form: OpenForm, *, status: int = 200) -> HttpResponse:
    today = request.msp.today(timezone.now())
    drafts = {run.rail: run for run in PayoutRun.objects.filter(state=RunState.DRAFT).select_related("opened_by__user")}
    is_asked = Rail.MANUAL not in drafts or "next" in request.GET
    # While a run waits for approval no other can be opened: what would be in it is counted for who asks.
    outlook = payouts.outlook(today) if is_asked else payouts.Outlook([], [])
    credit = payouts.outlook(today, Rail.CREDIT)
    latest = PayoutRun.objects.select_related("approved_by__user").order_by("-number")[:LATEST]
    context: dict[str, Any] = {
        "form": form,
        "is_asked": is_asked,
        "outlook": outlook,
        "payees": outlook.payees[:PREVIEWED],
        "left_out": outlook.left_out[:PREVIEWED],
        "more_payees": max(0, len(outlook.payees) - PREVIEWED),
        "more_left_out": max(0, len(outlook.left_out) - PREVIEWED),
        "draft": drafts.get(Rail.MANUAL),
        "drafts": list(drafts.values()),
        "credit": credit,
        "credit_draft": drafts.get(Rail.CREDIT),
        "runs": run_lines(list(latest)),
    }
    return page(request, "dashboard/payouts/run_list.html", context, status=status)


def _around(run: PayoutRun) -> dict[str, Any]:
    back = reverse("dashboard:payout-run", args=[run.pk])
    return {"back": back, "crumbs": ((reverse("dashboard:payout-run-list"), "Payouts"), (back, str(run)))}


def _in_words(run: PayoutRun) -> str:
    """“14 payouts, $8,214.55”: what the button would move."""
    found = run.payouts.exclude(state=PayoutState.CANCELED).aggregate(count=Count("pk"), minor=Sum("minor"))
    return f"{say_count(found['count'], 'payout')}, {format_money(int(found['minor'] or 0), run.currency)}"
