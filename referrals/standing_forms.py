"""Forms about protection, signs of self-dealing and competing claims."""

from typing import Any

from django import forms

from elinkages.kernel.form_fields import DayField
from elinkages.kernel.forms import offer
from partners.models import Partner, SourceKind
from referrals.forms import sender_called, which_partner
from referrals.models import LONGEST_PROTECTION, Case, Outcome
from referrals.protection import DEFAULT_DAYS

TEXT = 5_000


class ExtensionForm(forms.Form):
    """More time, and why."""

    until_on = DayField(
        label="Protected until",
        widget=forms.DateInput,
        error_messages={
            "required": "Choose the new last day.",
            "invalid": "That is not a date. Write it like 2026-11-30.",
        },
    )
    reason = forms.CharField(
        label="Why",
        max_length=300,
        error_messages={"required": "Say why. The partner sees it."},
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "placeholder": "They decide after their budget in March."}
        ),
        help_text="The partner sees it.",
    )


class WindowsForm(forms.Form):
    """Days of protection: for everybody, and for kinds of source that differ."""

    everyone = forms.IntegerField(
        label="Every kind of source",
        required=False,
        min_value=1,
        max_value=LONGEST_PROTECTION,
        help_text=f"Days from the introduction. Leave empty for {DEFAULT_DAYS}.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for kind, label in SourceKind.choices:
            self.fields[kind] = forms.IntegerField(
                label=label, required=False, min_value=1, max_value=LONGEST_PROTECTION
            )
        for field in self.fields.values():
            field.error_messages["invalid"] = "Write a whole number of days."
            for limit in ("min_value", "max_value"):
                field.error_messages[limit] = f"Choose from 1 to {LONGEST_PROTECTION:,} days."

    @property
    def kinds(self) -> list[Any]:
        """The fields of the kinds of source."""
        return [self[kind] for kind in SourceKind.values]

    def days(self) -> dict[str, int | None]:
        """What `protection.set_rules` takes."""
        facts = dict(self.cleaned_data)
        return {"": facts.pop("everyone"), **facts}


class ReleaseForm(forms.Form):
    """Why a sign is all right."""

    note = forms.CharField(
        label="Why it is all right",
        max_length=300,
        error_messages={"required": "Say why it is all right."},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text="Only your team sees this.",
    )


class WithholdingForm(forms.Form):
    """Why the sender of an introduction gets no commission for it, or gets it back."""

    reason = forms.CharField(
        label="Why",
        max_length=300,
        error_messages={"required": "Say why. The partner sees it."},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text="The partner sees it.",
    )


class CreditNoteForm(forms.Form):
    """Beside the shares: why, and whether the partners have agreed already."""

    note = forms.CharField(
        label="Why",
        required=False,
        max_length=300,
        widget=forms.TextInput(attrs={"autocomplete": "off", "placeholder": "Both of them brought us together."}),
        help_text="The partners see it.",
    )
    agreed = forms.CharField(
        label="Have they all agreed already? How?",
        required=False,
        max_length=300,
        widget=forms.TextInput(attrs={"autocomplete": "off", "placeholder": "Both by phone on Tuesday"}),
        help_text="Then the shares apply right away. Leave this empty to ask everyone whose share changes.",
    )


class ConsentForm(forms.Form):
    """One partner's answer; `how` is for the team that writes it down."""

    answer = forms.ChoiceField(choices=[("agree", "Agree"), ("decline", "Decline")])
    how = forms.CharField(required=False, max_length=300)


class StatementForm(forms.Form):
    """What somebody says about who introduced a company."""

    statement = forms.CharField(
        label="What happened",
        max_length=TEXT,
        widget=forms.Textarea(attrs={"rows": 4, "placeholder": "Who you spoke to, when, and what was said."}),
        error_messages={"required": "Write what happened: who you spoke to, when, and what was said."},
    )


class CaseForm(StatementForm):
    """Which partner claims the credit, by when it is decided, and what they say."""

    partner = forms.UUIDField(required=False)
    partner_name = forms.CharField(
        label="Partner who claims it",
        max_length=160,
        error_messages={"required": "Enter the partner who claims it."},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    due_on = DayField(
        label="To decide by",
        required=False,
        widget=forms.DateInput,
        help_text="Two weeks from today if you leave it empty.",
        error_messages={"invalid": "That is not a date. Write it like 2026-11-30."},
    )
    claimant: Partner | None = None
    choices: list[Partner] = []

    def clean(self) -> dict[str, Any]:
        """The partner by choice, or by a name that only one of them begins with."""
        values = super().clean() or {}
        if name := values.get("partner_name"):
            self.claimant, self.choices = sender_called(values.get("partner"), name)
            if self.claimant is None:
                self.add_error("partner_name", which_partner(name, self.choices))
        return values


class NoteForm(forms.Form):
    """A piece of evidence."""

    text = forms.CharField(
        label="Add evidence",
        max_length=TEXT,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": "Enter your evidence."},
    )


class DeadlineForm(forms.Form):
    """By when a case is decided."""

    due_on = DayField(
        label="To decide by",
        widget=forms.DateInput,
        error_messages={"required": "Choose a day.", "invalid": "That is not a date. Write it like 2026-11-30."},
    )


class DecisionOfCaseForm(forms.Form):
    """How a case ends; shares are asked for in a form set beside it."""

    outcome = forms.ChoiceField(
        label="Decision",
        choices=[
            (Outcome.KEEP, "Keep: the credit stays where it is"),
            (Outcome.TRANSFER, "Pass on: all of it goes to one partner"),
            (Outcome.SPLIT, "Share: split it as below"),
            (Outcome.WITHDRAWN, "The claim was withdrawn: the credit stays"),
        ],
        widget=forms.RadioSelect,
        error_messages={"required": "Choose a decision."},
    )
    heir = forms.ChoiceField(label="Who it passes to", required=False)
    decision = forms.CharField(
        label="The reason",
        max_length=TEXT,
        widget=forms.Textarea(attrs={"rows": 4}),
        error_messages={"required": "Write the reason."},
        help_text="Every partner in the case reads it. Do not name the other partners.",
    )

    def __init__(self, *args: Any, case: Case, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        claims = list(case.claims.select_related("partner").order_by("pk"))
        self.partners = {str(claim.partner_id): claim.partner for claim in claims}
        heirs = ((pk, partner.name) for pk, partner in self.partners.items())
        offer(self, "heir", [("", "Choose a partner"), *heirs])
        self.fields["heir"].initial = next((str(claim.partner_id) for claim in claims if not claim.is_holder), "")

    def clean(self) -> dict[str, Any]:
        """Passing it on needs somebody to pass it to."""
        values = super().clean() or {}
        if values.get("outcome") == Outcome.TRANSFER and not values.get("heir"):
            self.add_error("heir", "Choose the partner the credit passes to.")
        return values
