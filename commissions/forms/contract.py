"""The forms of a contract's life: new MRR, first payment, end, plan."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from django import forms

from commissions.models import PlanVersion
from elinkages.kernel.form_fields import AmountField, DayField, use_currency
from elinkages.kernel.forms import offer
from referrals.models import MovementKind

INFERRED = "moved"
IMPLIED = (MovementKind.PAUSE, MovementKind.RESUME, MovementKind.RENEWAL)
"""Kinds whose amount follows from what was recorded before."""
KINDS = [
    (INFERRED, "It grew or shrank"),
    (MovementKind.PRICE, "The price changed"),
    (MovementKind.RENEWAL, "The contract was renewed"),
    (MovementKind.PAUSE, "Service is paused"),
    (MovementKind.RESUME, "Service resumes after a pause"),
    (MovementKind.CORRECTION, "What was recorded is wrong"),
]


class MovementForm(forms.Form):
    """A new MRR from a day on."""

    kind = forms.ChoiceField(label="What happened", choices=KINDS, initial=INFERRED, widget=forms.RadioSelect)
    mrr = AmountField(
        label="New MRR",
        error_messages={"required": "Enter the new MRR."},
        help_text="The full amount, not the difference. Not needed for a pause, its end or a renewal.",
    )
    effective_on = DayField(label="From", help_text="The first day of the new MRR. Past days are fine.")
    note = forms.CharField(max_length=300, required=False, help_text="For your team, for example “Ten more seats”.")

    def __init__(self, *args: Any, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        use_currency(self, currency)
        self.fields["mrr"].required = self["kind"].value() not in IMPLIED

    @property
    def change(self) -> dict[str, Any]:
        """What `contracts.preview` and `contracts.move` are asked for."""
        data = self.cleaned_data
        kind = None if data["kind"] == INFERRED else data["kind"]
        mrr_minor = None if kind == MovementKind.PAUSE else data["mrr"]
        return {"kind": kind, "effective_on": data["effective_on"], "mrr_minor": mrr_minor}


class FirstPaymentForm(forms.Form):
    """The day on which the first invoice was paid."""

    on = DayField(label="First invoice paid on")


class EndForm(forms.Form):
    """The last day of service and why; when money is taken back, the client's name too (`ask_for_name`)."""

    last_day = DayField(label="Last day of service")
    reason = forms.CharField(max_length=300, help_text="For your team and the history. The partner does not see it.")
    name = forms.CharField(required=False, max_length=160)

    def __init__(self, *args: Any, client_name: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.client_name = client_name
        self.fields["name"].label = f"Type “{client_name}” to confirm"
        self.fields["name"].widget.attrs["autocomplete"] = "off"

    @property
    def first_day_without(self) -> date:
        """The day after the last day of service."""
        last: date = self.cleaned_data["last_day"]
        return last + timedelta(days=1)

    def last(self, today: date) -> date | None:
        """The last day of service as it stands: what was typed, today before that, None for what is no day."""
        if not self.is_bound:
            return today
        self.is_valid()
        last: date | None = self.cleaned_data.get("last_day")
        return last

    def ask_for_name(self, *, complains: bool) -> None:
        """Ask for the client's name, whatever its case; once the form is sent it is not valid without."""
        self.fields["name"].required = True
        if not complains:
            return
        typed = " ".join(str(self.cleaned_data.get("name", "")).split())
        if typed.casefold() != " ".join(self.client_name.split()).casefold():
            self.add_error("name", f"Type the name of the client, {self.client_name}: commission is taken back.")


class NoteForm(forms.Form):
    """A reason for the history."""

    reason = forms.CharField(max_length=300, help_text="For your team and the history.")


class ChosenPlanForm(forms.Form):
    """The version that a contract earns by when no rule led to one, or when a person knows better."""

    won_on = DayField(label="Won on")
    version = forms.ChoiceField(label="Plan", widget=forms.RadioSelect)
    note = forms.CharField(label="Why this plan", max_length=300, required=False)

    def __init__(self, *args: Any, versions: Sequence[tuple[PlanVersion, str]], by_rule: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.versions = {str(version.pk): version for version, _ in versions}
        rule = [("rule", by_rule)] if by_rule else []
        by_hand = [(str(version.pk), f"{version}: {sentence}") for version, sentence in versions]
        offer(self, "version", [*rule, *by_hand])

    def clean(self) -> dict[str, Any]:
        """A choice against the rules needs a reason."""
        data = super().clean() or {}
        if data.get("version") not in {None, "rule"} and not data.get("note") and "note" not in self.errors:
            self.add_error("note", "Say why, for anyone who reads the history.")
        return data

    @property
    def chosen(self) -> PlanVersion | None:
        """The version that a person chose; None for the one of the rules."""
        return self.versions.get(self.cleaned_data["version"])
