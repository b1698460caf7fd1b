"""Forms about introductions: what is checked before a verb is called, in sentences."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from elinkages.accounts.models import Membership
from elinkages.kernel.form_fields import AmountField, DayField, use_currency
from elinkages.kernel.forms import by_key, offer
from elinkages.kernel.match_keys import company_key, phone_key
from partners.models import Partner
from referrals.models import LostReason, Stage


class CompanyForm(forms.Form):
    """A company and how to reach someone there."""

    company = forms.CharField(
        label="Company",
        max_length=160,
        error_messages={"required": "Enter the company's name."},
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "words"}),
    )
    contact_name = forms.CharField(
        label="Person", required=False, max_length=120, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    contact_email = forms.EmailField(
        label="E-mail",
        required=False,
        max_length=254,
        error_messages={"invalid": "That is not an e-mail address. It looks like name@company.com."},
        widget=forms.EmailInput(attrs={"autocomplete": "off", "inputmode": "email", "autocapitalize": "none"}),
    )
    contact_phone = forms.CharField(
        label="Phone",
        required=False,
        max_length=40,
        widget=forms.TextInput(attrs={"type": "tel", "inputmode": "tel", "autocomplete": "off"}),
    )
    website = forms.CharField(
        label="Website",
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs={"inputmode": "url", "autocomplete": "off", "autocapitalize": "none"}),
    )

    def clean_company(self) -> str:
        """The name has at least one letter or digit."""
        name = " ".join(str(self.cleaned_data["company"]).split())
        if not company_key(name):
            raise ValidationError("Enter the company's name using letters or digits.")
        return name

    def clean_contact_phone(self) -> str:
        """A number that can be called."""
        number = str(self.cleaned_data["contact_phone"]).strip()
        if number and not phone_key(number):
            raise ValidationError(
                f"“{number}” is not a phone number. Include the area code, for example 212 555 0123, or +"
                " and the country."
            )
        return number


class IntroductionForm(CompanyForm):
    """What a partner sends from a phone in half a minute."""

    note = forms.CharField(
        label="Why are they a fit?",
        required=False,
        max_length=2_000,
        widget=forms.Textarea(attrs={"rows": 2, "placeholder": "They outgrew their IT person."}),
    )
    is_announced = forms.BooleanField(
        label="I told them you would be in touch",
        required=False,
        help_text="A call they expect gets off to a better start. You can send it either way.",
    )
    expected_size = forms.CharField(
        label="How many people work there?",
        required=False,
        max_length=40,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["contact_name"].required = True
        self.fields["contact_name"].error_messages["required"] = "Enter the name of the person to talk to."

    def clean(self) -> dict[str, Any]:
        """One way to reach the person is enough."""
        values = super().clean() or {}
        reachable = values.get("contact_email") or values.get("contact_phone")
        if not reachable and not {"contact_email", "contact_phone"} & set(self.errors):
            self.add_error("contact_email", "Enter an e-mail address or a phone number so that we can reach them.")
        return values

    def facts(self) -> dict[str, Any]:
        """The keyword arguments of `pipeline.submit`."""
        facts = dict(self.cleaned_data)
        if size := facts.pop("expected_size"):
            facts["note"] = f"{facts['note']}\nPeople: {size}".strip()
        return facts


class LoggedReferralForm(CompanyForm):
    """An introduction that someone of the team writes down."""

    partner = forms.UUIDField(required=False)
    partner_name = forms.CharField(
        label="Partner",
        max_length=160,
        error_messages={"required": "Enter the partner who sent it."},
        help_text="Type the first letters of the firm or person who sent it.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    expected_mrr = AmountField(
        label="Expected MRR", required=False, error_messages={"negative": "Expected MRR cannot be negative."}
    )
    note = forms.CharField(
        label="What they said",
        required=False,
        max_length=2_000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Only your team sees this.",
    )
    owner = forms.ChoiceField(label="Owner", required=False, help_text="Who makes the first contact.")
    is_announced = forms.BooleanField(label="They expect your call", required=False)

    def __init__(self, *args: Any, currency: str, team: Sequence[Membership], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        use_currency(self, currency)
        _members(self, "owner", team, "Whoever looks after the partner")
        self.team = {str(member.pk): member for member in team}
        self.sender: Partner | None = None
        self.choices: list[Partner] = []

    def clean(self) -> dict[str, Any]:
        """The partner by choice, or by a name that only one of them begins with."""
        values = super().clean() or {}
        if name := values.get("partner_name"):
            self.sender, self.choices = sender_called(values.get("partner"), name)
            if self.sender is None:
                self.add_error("partner_name", which_partner(name, self.choices))
        return values

    def facts(self) -> dict[str, Any]:
        """The keyword arguments of `pipeline.submit`."""
        facts = {
            name: value
            for name, value in self.cleaned_data.items()
            if name not in {"partner", "partner_name", "expected_mrr", "owner"}
        }
        owner = self.team.get(self.cleaned_data["owner"])
        return {**facts, "expected_mrr_minor": self.cleaned_data["expected_mrr"], "owner": owner}


CHOICES = 8
"""How many partners a search offers at once."""


def partners_called(text: str) -> list[Partner]:
    """The first partners whose name begins with the text; none for an empty text."""
    key = company_key(text)
    if not key:
        return []
    return list(Partner.objects.filter(name_key__prefix=key).order_by("name_key", "pk")[:CHOICES])


def sender_called(partner_id: Any, name: str) -> tuple[Partner | None, list[Partner]]:
    """The partner that was chosen or that alone begins with the name; otherwise whom to choose from."""
    chosen = Partner.objects.filter(pk=partner_id).first() if partner_id else None
    # Whoever types another name over a choice means the name.
    if chosen is not None and chosen.name_key.startswith(company_key(name)):
        return chosen, []
    found = partners_called(name)
    exact = [partner for partner in found if partner.name_key == company_key(name)]
    for candidates in (exact, found):
        if len(candidates) == 1:
            return candidates[0], []
    return None, found


def which_partner(name: str, choices: Sequence[Partner]) -> str:
    """Why no partner was found, in a sentence."""
    if choices:
        return f"More than one partner is called “{name}”. Choose the one you mean."
    return f"No partner's name begins with “{name.strip()}”. Check the spelling, or add the partner first."


class NextActionForm(forms.Form):
    """Who does what until when."""

    owner = forms.ChoiceField(label="Owner", required=False)
    next_action = forms.CharField(
        label="Next action",
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "off", "placeholder": "Call Dana about the assessment"}),
    )
    next_action_on = DayField(
        label="Due",
        required=False,
        widget=forms.DateInput,
        error_messages={"invalid": "That is not a date. Write it like 2026-11-30."},
    )

    def __init__(self, *args: Any, team: Sequence[Membership], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _members(self, "owner", team, "Nobody yet")
        self.team = {str(member.pk): member for member in team}

    def facts(self) -> dict[str, Any]:
        """The keyword arguments of `pipeline.assign`."""
        day: date | None = self.cleaned_data["next_action_on"]
        return {
            "owner": self.team.get(self.cleaned_data["owner"]),
            "next_action": self.cleaned_data["next_action"],
            "next_action_on": day,
        }


class TouchForm(forms.Form):
    """A contact with the prospect, in a line."""

    note = forms.CharField(
        label="What happened",
        required=False,
        max_length=1_000,
        widget=forms.Textarea(attrs={"rows": 2, "placeholder": "Called; they want to talk on Thursday."}),
        help_text="Only your team sees this.",
    )


class StageForm(forms.Form):
    """A move, with the stage that the mover saw."""

    seen = forms.ChoiceField(choices=Stage.choices)
    stage = forms.ChoiceField(choices=Stage.choices)


class LossForm(forms.Form):
    """Why it did not work out."""

    seen = forms.ChoiceField(choices=Stage.choices, widget=forms.HiddenInput)
    reason = forms.ChoiceField(
        label="Why it did not work out",
        choices=[choice for choice in LostReason.choices if choice[0] != LostReason.EXPIRED],
        widget=forms.RadioSelect,
        error_messages={"required": "Choose why it did not work out."},
        help_text="The partner gets this in tactful words.",
    )
    note = forms.CharField(
        label="Note",
        required=False,
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Only your team sees this.",
    )


def _members(form: forms.Form, field: str, team: Sequence[Membership], nobody: str) -> None:
    form.fields[field].error_messages["invalid_choice"] = "Choose someone on your team."
    offer(form, field, by_key(team, nothing=nobody))
