"""Forms of running a team: who belongs to it, as what, and with how many factors."""

from typing import Any

from django import forms

from elinkages.accounts import msps
from elinkages.accounts.models import Msp
from elinkages.accounts.rights import ROLE_SENTENCES, Role

ROLE_CHOICES = [(role.value, f"{role.label}: {ROLE_SENTENCES[role]}") for role in Role]


class InviteForm(forms.Form):
    """Whom to invite to the team, as what."""

    email = forms.EmailField(label="E-mail", widget=forms.EmailInput(attrs={"autocomplete": "off"}))
    role = forms.ChoiceField(label="Role", choices=ROLE_CHOICES, widget=forms.RadioSelect, initial=Role.MANAGER)


class RoleForm(forms.Form):
    """Another role for a person of the team."""

    role = forms.ChoiceField(label="Role", choices=ROLE_CHOICES, widget=forms.RadioSelect)


class OwnershipForm(forms.Form):
    """What an owner is once another person has taken their place."""

    role_after = forms.ChoiceField(
        label="Afterwards, you",
        choices=[
            (Role.FINANCE.value, "stay as finance"),
            (Role.MANAGER.value, "stay as manager"),
            (Role.READ_ONLY.value, "stay as read-only"),
            ("", "leave the team"),
        ],
        widget=forms.RadioSelect,
        required=False,
        initial=Role.MANAGER,
    )


class SecondFactorForm(forms.Form):
    """Who needs a second factor at this MSP."""

    who = forms.ChoiceField(
        label="Who needs one",
        choices=[("payers", "Owners and finance, because they move money"), ("everyone", "Everybody on the team")],
        widget=forms.RadioSelect,
    )
    days = forms.IntegerField(
        label="Days to set it up",
        min_value=0,
        max_value=msps.LONGEST_GRACE,
        help_text="After that, the dashboard is closed to people without one. New people get the same number of days.",
    )

    def __init__(self, *args: Any, msp: Msp, **kwargs: Any) -> None:
        who = "everyone" if msp.second_factor_required_at else "payers"
        kwargs["initial"] = {"who": who, "days": msp.second_factor_grace_days}
        super().__init__(*args, **kwargs)

    @property
    def grace_days(self) -> int | None:
        """For everybody these days, or None for payers only."""
        days: int = self.cleaned_data["days"]
        return days if self.cleaned_data["who"] == "everyone" else None
