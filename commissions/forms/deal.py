"""The forms of a win: the client, and one row for each contract."""

import re
from typing import Any

from django import forms
from django.forms.formsets import BaseFormSet, formset_factory
from django.http import QueryDict

from elinkages.kernel.form_fields import AmountField, DayField, use_currency
from elinkages.kernel.forms import Rows, limit
from referrals import service_lines
from referrals.models import ServiceLine

MOST_ROWS = 20


class WinForm(forms.Form):
    """Who became a client, and when they said yes."""

    client_name = forms.CharField(label="Client", max_length=160)
    website = forms.CharField(max_length=200, required=False)
    won_on = DayField(label="Won on", help_text="The plan in force on this day is the one that counts.")


class ContractForm(forms.Form):
    """One contract: what they buy, for how much, from when."""

    service_line: "forms.ModelChoiceField[ServiceLine]" = forms.ModelChoiceField(
        None, label="Service line", empty_label="Choose a service line"
    )
    mrr = AmountField(label="MRR", positive=True, help_text="What they pay a month, without tax.")
    starts_on = DayField(label="First day of service")
    first_paid_on = DayField(
        label="First invoice paid on", required=False, help_text="Leave empty until the money arrives."
    )

    def __init__(self, *args: Any, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        limit(self, "service_line", service_lines.in_use())
        use_currency(self, currency)


class ContractRows(Rows[ContractForm]):
    """The rows of a win. Rows left empty are no contracts; without any there is no win."""

    def get_form_kwargs(self, index: int | None) -> dict[str, Any]:
        """What is expected of the deal belongs to the first row; the day is for all."""
        kwargs = super().get_form_kwargs(index)
        if index:
            kwargs["initial"] = {name: day for name, day in kwargs["initial"].items() if name == "starts_on"}
        return kwargs

    def clean(self) -> None:
        """At least one row is filled in."""
        super().clean()
        if not any(self.errors) and not self.filled():
            raise forms.ValidationError("Add at least one contract: what they buy and for how much a month.")

    def filled(self) -> list[dict[str, Any]]:
        """The values of the rows that have some."""
        return [form.cleaned_data for form in self.forms if form.is_valid() and form.cleaned_data]


def contract_rows(
    data: QueryDict | None, *, currency: str, initial: dict[str, Any], more: bool = False
) -> "BaseFormSet[ContractForm]":
    """The rows as they were sent, or one to begin with; `more` adds an empty one."""
    rows = formset_factory(
        ContractForm, ContractRows, extra=1, max_num=MOST_ROWS, validate_max=True, absolute_max=MOST_ROWS
    )
    if data is not None and more:
        data = data.copy()
        text = data.get("contracts-TOTAL_FORMS", "")
        total = min(int(text), MOST_ROWS - 1) if re.fullmatch("[0-9]{1,4}", text) else 0
        data["contracts-TOTAL_FORMS"] = str(total + 1)
        data[f"contracts-{total}-starts_on"] = str(initial.get("starts_on", ""))
    kwargs = {"currency": currency, "initial": initial}
    return rows(data, prefix="contracts", form_kwargs=kwargs)
