"""The forms of payouts and holds."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from django import forms

from commissions.models import Payout, Rail
from elinkages.kernel.form_fields import DayField

REASON = 300


class OpenForm(forms.Form):
    """Up to which day amounts are in a run, and whether it pays money or gives service credit."""

    cutoff_on = DayField(label="Pay what was payable on")
    rail = forms.TypedChoiceField(
        choices=Rail.choices, coerce=Rail, empty_value=Rail.MANUAL, required=False, widget=forms.HiddenInput
    )

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **{**kwargs, "initial": {"cutoff_on": today}})

    @property
    def credit_cutoff(self) -> str:
        """The same day for the run of service credit, which stands on the same page."""
        return self["cutoff_on"].as_widget(attrs={"id": "id_credit_cutoff_on"})


class ApprovalForm(forms.Form):
    """The reason of an owner who approves what they opened."""

    one_person_reason = forms.CharField(
        label="Why nobody else can approve it",
        max_length=REASON,
        help_text="You opened this run. Your reason is kept with the run and in the history.",
    )


class ReasonForm(forms.Form):
    """Why something is given up, failed or held."""

    reason = forms.CharField(max_length=REASON)

    def __init__(self, *args: Any, label: str = "Reason", help_text: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].label = label
        self.fields["reason"].help_text = help_text


class SettlementForm(forms.Form):
    """What the bank says about one payout."""

    reference = forms.CharField(label="Bank reference", max_length=140, help_text="The transfer or check number.")
    paid_on = DayField(label="Paid on")

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **{**kwargs, "initial": {"paid_on": today}})


class ReferencesForm(forms.Form):
    """One reference per payout that waits for the bank; lines left empty stay as they are."""

    paid_on = DayField(label="Paid on")

    def __init__(self, *args: Any, payouts: Sequence[Payout], today: date, **kwargs: Any) -> None:
        super().__init__(*args, **{**kwargs, "initial": {"paid_on": today}})
        self.payouts = payouts
        for payout in payouts:
            label = f"Reference for {payout.partner.name}"
            widget = forms.TextInput(attrs={"aria-label": label, "autocomplete": "off"})
            self.fields[_name(payout)] = forms.CharField(label=label, required=False, max_length=140, widget=widget)

    def lines(self) -> list[tuple[Payout, forms.BoundField]]:
        """Each payout with its control."""
        return [(payout, self[_name(payout)]) for payout in self.payouts]

    def clean(self) -> dict[str, Any]:
        """At least one line says something."""
        data = super().clean() or {}
        if not self.errors and not self.references():
            raise forms.ValidationError("Enter at least one reference.")
        return data

    def references(self) -> dict[Payout, str]:
        """The lines that were filled."""
        found = {payout: self.cleaned_data.get(_name(payout), "").strip() for payout in self.payouts}
        return {payout: reference for payout, reference in found.items() if reference}


def _name(payout: Payout) -> str:
    return f"reference_{payout.number}"
