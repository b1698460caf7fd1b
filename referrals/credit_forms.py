"""Forms about the credit: shares of it, and decisions about companies that were known before."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError

from elinkages.kernel.form_fields import RateField
from elinkages.kernel.forms import Rows
from partners.models import Partner
from referrals import attribution
from referrals.forms import sender_called, which_partner
from referrals.models import FULL_SHARE, FindingState

MOST_SHARES = 12


class ShareField(RateField):
    """A share as people write it (“50”, “33.3%”); its value is basis points, 0 when empty."""

    default_error_messages = {
        "unreadable": "“%(text)s” is not a share. Write a number from 0 to 100, for example %(example)s."
    }

    def clean(self, value: Any) -> Any:
        """Basis points; a sentence where it is no share."""
        basis_points = super().clean(value) or 0
        if basis_points > FULL_SHARE:
            raise ValidationError("A share cannot be more than 100%.")
        return basis_points


class DecisionForm(forms.Form):
    """The same company, or a different one."""

    state = forms.ChoiceField(choices=[(FindingState.SAME, "Same"), (FindingState.DIFFERENT, "Different")])
    note = forms.CharField(label="Note", required=False, max_length=300)


class ShareForm(forms.Form):
    """One partner's share of the credit."""

    sender: Partner | None = None
    choices: Sequence[Partner] = ()
    partner = forms.UUIDField(required=False, widget=forms.HiddenInput)
    partner_name = forms.CharField(
        label="Partner", required=False, max_length=160, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    share = ShareField(label="Share", required=False, places=2, example="50 or 33.33")

    def clean(self) -> dict[str, Any]:
        """A line without a name and share is left out; a share needs a partner."""
        values = super().clean() or {}
        name = values.get("partner_name", "")
        if not (values.get("partner") or name.strip()):
            if values.get("share"):
                self.add_error("partner_name", "Enter the partner who gets this share.")
            return values
        self.sender, self.choices = sender_called(values.get("partner"), name)
        if self.sender is None:
            self.add_error("partner_name", which_partner(name, self.choices))
        return values


class SharesFormSet(Rows[ShareForm]):
    """All shares of one introduction."""

    def clean(self) -> None:
        """Each partner once, and no more than the whole."""
        if any(self.errors):
            return
        try:
            attribution.check(self.shares())
        except attribution.SharesRefused as refused:
            raise ValidationError(refused.message) from refused

    def total(self) -> int:
        """What the shares that can be read add up to, in basis points."""
        return sum(getattr(form, "cleaned_data", {}).get("share") or 0 for form in self.forms)

    def shares(self) -> list[tuple[Partner, int]]:
        """Partner and basis points of the lines that have a share; 0% means none."""
        return [
            (form.sender, form.cleaned_data["share"])
            for form in self.forms
            if form.sender is not None and form.cleaned_data["share"]
        ]


def shares_form(data: Any = None, *, initial: Sequence[Mapping[str, Any]] = ()) -> SharesFormSet:
    """A line for every share, and two empty ones."""
    lines = forms.formset_factory(ShareForm, formset=SharesFormSet, extra=2, max_num=MOST_SHARES)
    return cast(SharesFormSet, lines(data, initial=initial, prefix="share"))
