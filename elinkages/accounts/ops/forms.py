"""How our staff enters an MSP."""

from django import forms
from django.core.validators import MinLengthValidator

from elinkages.accounts.models import Msp

TIMES = [("15", "15 minutes"), ("60", "1 hour"), ("240", "4 hours")]


class EnterForm(forms.Form):
    """Which MSP, why, and for how long."""

    msp = forms.ModelChoiceField(Msp.objects.order_by("name", "pk"), label="MSP")
    reason = forms.CharField(
        label="Reason",
        max_length=300,
        validators=[
            MinLengthValidator(10, "Give a reason of at least ten characters: the MSP sees it in its history.")
        ],
        widget=forms.TextInput(attrs={"size": 60, "autocomplete": "off"}),
        help_text="The MSP sees it in its history, for example “Ticket 4711: import stopped at row 12”.",
    )
    minutes = forms.ChoiceField(label="For", choices=TIMES, initial="15")


class ClosingForm(forms.Form):
    """Why we close an MSP, and when."""

    reason = forms.CharField(
        label="Reason",
        max_length=300,
        validators=[MinLengthValidator(10, "Give a reason of at least ten characters: the MSP sees it.")],
        widget=forms.TextInput(attrs={"size": 60, "autocomplete": "off"}),
        help_text="The MSP sees it in its settings and its history.",
    )
    days = forms.ChoiceField(
        label="When", choices=[("30", "In 30 days"), ("14", "In 14 days"), ("0", "At once")], initial="30"
    )
