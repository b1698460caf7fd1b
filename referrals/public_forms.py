"""Forms of the public referral page and of what the MSP says about it."""

from typing import Any

from django import forms

from elinkages.kernel.spam import PublicForm
from referrals.forms import CompanyForm
from referrals.models import InquiryKind


class InquiryForm(CompanyForm, PublicForm):
    """An introduction of somebody without a login. On a partner's link one may also ask to be called oneself."""

    kind = forms.ChoiceField(
        label="Who should we talk to?",
        choices=[
            (InquiryKind.MYSELF, "Me: I would like to hear from you"),
            (InquiryKind.SOMEONE, "Someone I know"),
        ],
        widget=forms.RadioSelect,
        error_messages={"required": "Choose who we should talk to."},
    )
    sender_name = forms.CharField(
        label="Your name",
        max_length=120,
        error_messages={"required": "Enter your name."},
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    sender_email = forms.EmailField(
        label="Your e-mail",
        max_length=254,
        error_messages={
            "required": "Enter your e-mail address: we will ask you there to confirm that it was you.",
            "invalid": "That is not an e-mail address. It looks like name@company.com.",
        },
        widget=forms.EmailInput(attrs={"autocomplete": "email", "autocapitalize": "none"}),
        help_text="We will write to it once, to confirm.",
    )
    note = forms.CharField(
        label="What should we know?", required=False, max_length=2_000, widget=forms.Textarea(attrs={"rows": 3})
    )
    consent = forms.BooleanField(error_messages={"required": "Please agree so that we may use these details."})

    def __init__(self, *args: Any, is_link: bool, consent: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["consent"].label = consent
        if not is_link:
            del self.fields["kind"]
            self.fields["contact_name"].required = True
            self.fields["contact_name"].error_messages["required"] = "Enter the name of the person to talk to."

    def clean(self) -> dict[str, Any]:
        """Somebody else needs a name and a way to reach them."""
        values = super().clean() or {}
        if values.get("kind") == InquiryKind.MYSELF:
            return values
        if not values.get("contact_name") and "contact_name" not in self.errors:
            self.add_error("contact_name", "Enter the name of the person to talk to.")
        reachable = values.get("contact_email") or values.get("contact_phone")
        if not reachable and not {"contact_email", "contact_phone"} & set(self.errors):
            self.add_error("contact_email", "Enter their e-mail address or phone number so that we can reach them.")
        return values

    def facts(self) -> dict[str, Any]:
        """The keyword arguments of `inquiries.send`."""
        facts = {name: value for name, value in self.cleaned_data.items() if name != "consent"}
        return {"kind": InquiryKind.SOMEONE.value, **facts}


class ReferralPageForm(forms.Form):
    """Whether there is a page, and its words."""

    is_on = forms.BooleanField(label="Accept introductions on the public page", required=False)
    intro = forms.CharField(
        label="What it says at the top",
        required=False,
        max_length=2_000,
        widget=forms.Textarea(attrs={"rows": 3, "placeholder": "We look after the IT of firms with 10 to 80 people."}),
    )
    consent = forms.CharField(
        label="What the sender agrees to",
        required=False,
        max_length=1_000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Kept with every introduction as it was worded at the time. Leave empty to use our wording.",
    )


class AddressForm(forms.Form):
    """Where a status link is sent."""

    email = forms.EmailField(
        label="E-mail",
        max_length=254,
        error_messages={"required": "Enter an address.", "invalid": "That is not an e-mail address."},
    )
