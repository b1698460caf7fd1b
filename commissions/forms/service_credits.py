"""The form that takes service credit off an invoice."""

from datetime import date
from typing import Any

from django import forms

from commissions.service_credits import REFERENCE_LENGTH
from elinkages.kernel.form_fields import AmountField, DayField, use_currency


class CreditForm(forms.Form):
    """Which invoice, how much of it, and when."""

    reference = forms.CharField(
        label="Invoice", max_length=REFERENCE_LENGTH, help_text="Its number in your books. The partner sees it."
    )
    minor = AmountField(label="Amount", positive=True, help_text="How much to apply: part of the credit, or all of it.")
    applied_on = DayField(label="Applied on")

    def __init__(self, *args: Any, currency: str, open_minor: int, today: date, **kwargs: Any) -> None:
        initial = {"minor": open_minor or None, "applied_on": today}
        super().__init__(*args, **{**kwargs, "initial": initial})
        use_currency(self, currency)
