"""The pages of a client's invoices and payments: what was received, and what a person types."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone

from commissions import facts
from commissions.forms.billing import InvoiceForm, MoneyForm, first_values, line_rows
from commissions.models import BillingFact, FactKind
from commissions.views.acting import Step, act, sent
from commissions.views.clients import client_of
from commissions.views.run_page import NoQuestion
from elinkages.accounts.access import MspRequest, dashboard
from elinkages.kernel.forms import attempt
from elinkages.kernel.money import format_money
from elinkages.kernel.pages import page
from elinkages.kernel.words import say_day

MONEY = {
    FactKind.PAYMENT: ("Record a payment", "Record payment", "What the client paid, on the day the money arrived."),
    FactKind.CREDIT_NOTE: (
        "Record a credit note",
        "Record credit note",
        "It reduces every line by the same share, at its invoice’s month and rate.",
    ),
    FactKind.REFUND: (
        "Record a refund",
        "Record refund",
        "Money that went back: a refund, a chargeback, a bounced check.",
    ),
}
"""For each kind of money its title, its verb, and what it is."""


@dashboard()
def client_billing(request: MspRequest, client_id: UUID) -> HttpResponse:
    """Everything that was invoiced, paid, credited and paid back for a client."""
    client = client_of(client_id)
    found = facts.of_client(client)
    invoices = [one for one in found if one.fact.kind == FactKind.INVOICE and not one.fact.is_void]
    ours = [one for one in invoices if one.fact.currency == request.msp.currency]
    context = {
        "client": client,
        "documents": found,
        "open_minor": sum(one.open_minor for one in ours),
        "paid_minor": sum(one.paid_minor for one in ours),
        "has_typed": any(one.fact.source == facts.MANUAL for one in invoices),
        "manual": facts.MANUAL,
        "currency": request.msp.currency,
    }
    return page(request, "dashboard/clients/billing.html", context)


@dashboard(can="billing.manage")
def invoice_new(request: MspRequest, client_id: UUID) -> HttpResponse:
    """Type an invoice with its lines."""
    client = client_of(client_id)
    data = request.POST if request.method == "POST" else None
    today = request.msp.today(timezone.now())
    form = InvoiceForm(data, initial=first_values(today), currency=request.msp.currency)
    rows = line_rows(data, currency=form.billed_in)
    if form.is_bound and form.is_valid() and rows.is_valid():
        with attempt(form):
            document = form.document(client, rows.lines())
            facts.receive_new(document, by=request.member, at=timezone.now())
            messages.success(request, f"Invoice {document.number} is recorded. It earns once it is paid.")
            return redirect("dashboard:client-billing", client.pk)
    context = {"client": client, "form": form, "rows": rows}
    return page(request, "dashboard/clients/invoice.html", context, status=422 if form.is_bound else 200)


@dashboard(can="billing.manage")
def payment_new(request: MspRequest, client_id: UUID) -> HttpResponse:
    """Type a payment for an invoice."""
    return _money(request, client_id, FactKind.PAYMENT)


@dashboard(can="billing.manage")
def credit_note_new(request: MspRequest, client_id: UUID) -> HttpResponse:
    """Type a credit note for an invoice."""
    return _money(request, client_id, FactKind.CREDIT_NOTE)


@dashboard(can="billing.manage")
def refund_new(request: MspRequest, client_id: UUID) -> HttpResponse:
    """Type money that went back."""
    return _money(request, client_id, FactKind.REFUND)


@dashboard(can="billing.manage")
def fact_void(request: MspRequest, fact_id: UUID) -> HttpResponse:
    """Take back a document that was typed by mistake."""
    fact = get_object_or_404(BillingFact.objects.select_related("client"), pk=fact_id)
    client_url, back = (reverse(f"dashboard:{name}", args=[fact.client_id]) for name in ("client", "client-billing"))
    step = Step(
        title=f"Take back {fact.get_kind_display().lower()} {fact.called}",
        button="Take it back",
        done=f"{fact} is taken back. Commissions follow.",
        back=back,
        crumbs=(
            (reverse("dashboard:client-list"), "Clients"),
            (client_url, fact.client.name),
            (back, "Invoices and payments"),
        ),
        notes=(
            f"{format_money(fact.minor, fact.currency)}, dated {say_day(fact.dated_on)}. It stays in the list, marked"
            " as taken back, and counts for nothing.",
            "What partners earned on it is taken back. Anything already paid out is deducted from what they earn next.",
        ),
        tone="danger final",
    )
    return act(
        request, NoQuestion(sent(request)), step, lambda _: facts.void(fact, by=request.member, at=timezone.now())
    )


def _money(request: MspRequest, client_id: UUID, kind: FactKind) -> HttpResponse:
    client = client_of(client_id)
    invoices = facts.open_to(client, kind)
    title, verb, lead = MONEY[kind]
    data = request.POST if request.method == "POST" else None
    initial = first_values(request.msp.today(timezone.now()))
    if invoices and invoices[0].open_minor and kind != FactKind.REFUND:
        initial["amount"] = invoices[0].open_minor
    form = MoneyForm(data, initial=initial, invoices=invoices)
    if form.is_bound and form.is_valid():
        with attempt(form):
            facts.receive([form.document(kind, client)], by=request.member, at=timezone.now())
            messages.success(request, f"The {kind.label.lower()} is recorded. Commissions follow.")
            return redirect("dashboard:client-billing", client.pk)
    context = {"client": client, "form": form, "invoices": invoices, "title": title, "verb": verb, "lead": lead}
    return page(request, "dashboard/clients/money.html", context, status=422 if form.is_bound else 200)
