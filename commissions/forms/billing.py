"""The forms of documents that a person types: an invoice with its lines, and money for one of them."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

from django import forms
from django.forms import formset_factory
from django.http import QueryDict

from commissions.facts import MANUAL, Applied, Document, Line, Standing
from commissions.models import FactKind, LineKind
from elinkages.accounts.forms.msp import CURRENCIES, CURRENCY_CHOICES
from elinkages.kernel.form_fields import AmountField, DayField, RateField, use_currency
from elinkages.kernel.forms import Rows, limit, offer
from elinkages.kernel.money import format_money
from elinkages.kernel.words import say_day
from referrals import service_lines
from referrals.models import Client, ServiceLine

ROWS = 6


class InvoiceForm(forms.Form):
    """An invoice without its lines."""

    number = forms.CharField(label="Invoice number", max_length=60)
    dated_on = DayField(label="Dated")
    service_from = DayField(label="For service from", required=False)
    service_to = DayField(
        label="To", required=False, help_text="The last day billed, for example the last day of the year."
    )
    currency = forms.ChoiceField(label="Currency", choices=CURRENCY_CHOICES, required=False)
    rate = RateField(places=6, example="1.08735", label="Exchange rate", required=False)

    def __init__(self, *args: Any, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.home = currency
        self.fields["currency"].initial = currency
        rate = self.fields["rate"]
        rate.help_text = (
            f"For an invoice in another currency: what one unit of it was worth in {currency} that day."
            " Kept permanently."
        )

    @property
    def billed_in(self) -> str:
        """The currency that was chosen, that of the MSP until then."""
        chosen = self.data.get("currency", "")
        return chosen if chosen in CURRENCIES else self.home

    def clean_currency(self) -> str:
        """That of the MSP when none is said."""
        return self.cleaned_data["currency"] or self.home

    def clean(self) -> dict[str, Any]:
        """A period has two ends, in order; a rate belongs to another currency."""
        data = super().clean() or {}
        currency, rate = data.get("currency"), data.get("rate")
        if currency == self.home and rate is not None:
            self.add_error("rate", f"Leave it empty: the invoice is in {self.home}, like your commissions.")
        elif currency and currency != self.home and not rate and "rate" not in self.errors:
            self.add_error("rate", f"Enter what 1 {currency} was in {self.home} on the day of the invoice.")
        first, last = data.get("service_from"), data.get("service_to")
        if last and (first is None or last < first):
            self.add_error("service_to", "The last day must be after the first. Enter both, or neither.")
        return data

    def document(self, client: Client, lines: Sequence[Line]) -> Document:
        """The invoice as `facts.receive` takes it."""
        data = self.cleaned_data
        return Document(
            kind=FactKind.INVOICE,
            source=MANUAL,
            external_id=data["number"],
            number=data["number"],
            client=client,
            currency=data["currency"],
            rate_millionths=data["rate"],
            dated_on=data["dated_on"],
            service_from=data["service_from"],
            service_until=data["service_to"] + timedelta(days=1) if data["service_to"] else None,
            lines=lines,
        )


class LineForm(forms.Form):
    """A line of an invoice; without an amount it is none."""

    kind = forms.ChoiceField(label="What for", choices=LineKind.choices)
    service_line: "forms.ModelChoiceField[ServiceLine]" = forms.ModelChoiceField(
        None, label="Service line", required=False, empty_label="The contract's"
    )
    amount = AmountField(label="Amount", required=False)
    is_discount = forms.BooleanField(label="It is a discount", required=False)

    def __init__(self, *args: Any, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        limit(self, "service_line", service_lines.in_use())
        use_currency(self, currency)


class LineRows(Rows[LineForm]):
    """The lines of an invoice: at least one with an amount."""

    def clean(self) -> None:
        """An invoice without lines says nothing."""
        super().clean()
        if not any(self.errors) and not self.lines():
            raise forms.ValidationError("Enter the amount of at least one line.")

    def lines(self) -> list[Line]:
        """The lines that have an amount."""
        rows = [form.cleaned_data for form in self.forms if form.is_valid() and form.cleaned_data.get("amount")]
        return [
            Line(row["kind"], -row["amount"] if row["is_discount"] else row["amount"], row["service_line"])
            for row in rows
        ]


def line_rows(data: QueryDict | None, *, currency: str) -> LineRows:
    """The lines as they were sent, or empty ones to begin with."""
    made: Any = formset_factory(LineForm, LineRows, extra=ROWS, max_num=ROWS, validate_max=True, absolute_max=ROWS)
    kinds = [
        LineKind.SERVICE,
        LineKind.SERVICE,
        LineKind.PASS_THROUGH,
        LineKind.HARDWARE,
        LineKind.ONE_TIME,
        LineKind.TAX,
    ]
    rows: LineRows = made(
        data, prefix="lines", form_kwargs={"currency": currency}, initial=[{"kind": kind} for kind in kinds]
    )
    rows.extra = 0
    return rows


class MoneyForm(forms.Form):
    """A payment, credit note or refund for one invoice, in the currency of that invoice."""

    invoice = forms.ChoiceField(label="For invoice")
    amount = AmountField(label="Amount", positive=True)
    dated_on = DayField(label="On")
    number = forms.CharField(
        label="Reference", max_length=60, required=False, help_text="For example, the check number."
    )

    def __init__(self, *args: Any, invoices: Sequence[Standing], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.currencies = {one.fact.external_id: one.fact.currency for one in invoices}
        said = [f"{one.fact.number}, {say_day(one.fact.dated_on)}, {_open(one)}" for one in invoices]
        offer(self, "invoice", zip(self.currencies, said, strict=True))
        first = next(iter(self.currencies.values()), "")
        use_currency(self, self.currencies.get(self.data.get("invoice", ""), first))

    @property
    def currency(self) -> str:
        """The currency of all the invoices; empty when they have several."""
        found = set(self.currencies.values())
        return found.pop() if len(found) == 1 else ""

    def document(self, kind: str, client: Client) -> Document:
        """The money as `facts.receive` takes it."""
        data = self.cleaned_data
        return Document(
            kind=kind,
            source=MANUAL,
            external_id=str(uuid4()),
            number=data["number"],
            client=client,
            currency=self.currencies[data["invoice"]],
            dated_on=data["dated_on"],
            applied=[Applied(data["invoice"], data["amount"])],
        )


def first_values(today: date) -> dict[str, Any]:
    """What the forms begin with."""
    return {"dated_on": today}


def _open(one: Standing) -> str:
    return f"{format_money(one.open_minor, one.fact.currency)} open" if one.open_minor else "paid"
