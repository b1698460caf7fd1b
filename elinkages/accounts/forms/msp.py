"""Forms of an MSP: setting it up, its settings and its brand."""

from typing import Any

from django import forms

from elinkages.accounts import msps, pictures, time_zones
from elinkages.accounts.branding import Brand
from elinkages.accounts.models import Msp, Paper, slug_validator
from elinkages.kernel.form_fields import AmountField, use_currency

CURRENCIES = {
    "USD": "US dollar",
    "CAD": "Canadian dollar",
    "GBP": "British pound",
    "EUR": "Euro",
    "AUD": "Australian dollar",
    "NZD": "New Zealand dollar",
    "CHF": "Swiss franc",
    "DKK": "Danish krone",
    "NOK": "Norwegian krone",
    "SEK": "Swedish krona",
    "SGD": "Singapore dollar",
    "ZAR": "South African rand",
    "JPY": "Japanese yen",
}
CURRENCY_CHOICES = [(code, f"{name} ({code})") for code, name in CURRENCIES.items()]


class TimeZoneField(forms.CharField):
    """A zone by its name or its city, found in a list that the page offers while typing."""

    default_error_messages = {
        "unknown": "“%(text)s” is not a time zone. Choose one from the list, such as America/New_York."
    }

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.TextInput(attrs={"list": "time-zones", "autocomplete": "off", "spellcheck": "false"})
        super().__init__(max_length=64, widget=widget, **kwargs)

    def clean(self, value: Any) -> str:
        """The full name of the zone."""
        text = super().clean(value)
        if not (name := time_zones.find(text)):
            raise forms.ValidationError(self.error_messages["unknown"], code="unknown", params={"text": text})
        return name


class NewMspForm(forms.Form):
    """What an MSP begins with. The address is made from the name when it is left empty."""

    name = forms.CharField(label="Company name", max_length=120, strip=True)
    slug = forms.CharField(
        label="Address",
        max_length=40,
        required=False,
        help_text="Where your dashboard lives. Lower-case letters, digits and hyphens. It cannot change later.",
    )
    time_zone = TimeZoneField(
        label="Time zone", initial="America/New_York", help_text="Your days and months begin and end by its clock."
    )
    currency = forms.ChoiceField(
        label="Currency",
        choices=CURRENCY_CHOICES,
        initial="USD",
        help_text="The currency you pay partners in. It cannot change once amounts are recorded.",
    )

    def clean_slug(self) -> str:
        """A well-formed address, or one suggested from the name."""
        slug: str = self.cleaned_data["slug"].strip().lower()
        if slug:
            slug_validator(slug)
            return slug
        return msps.suggest_slug(str(self.cleaned_data.get("name", "")))


class MspForm(forms.Form):
    """The settings of an MSP. Without a currency field when the currency is fixed."""

    name = forms.CharField(
        label="Company name", max_length=120, help_text="Partners see it, and your e-mails carry it."
    )
    contact_email = forms.EmailField(label="Replies go to", help_text="Replies to the e-mails we send for you go here.")
    time_zone = TimeZoneField(label="Time zone", help_text="Your days and months begin and end by its clock.")
    currency = forms.ChoiceField(label="Currency", choices=CURRENCY_CHOICES)

    minimum_payout_minor = AmountField(
        label="Minimum payout", help_text="Smaller amounts wait for the next run. Enter 0 to pay every amount."
    )

    def __init__(self, *args: Any, msp: Msp, currency_is_fixed: bool, **kwargs: Any) -> None:
        kwargs["initial"] = {field: getattr(msp, field) for field in self.base_fields}
        super().__init__(*args, **kwargs)
        chosen = self.data.get("currency", "")
        use_currency(self, chosen if chosen in CURRENCIES and not currency_is_fixed else msp.currency)
        if currency_is_fixed:
            del self.fields["currency"]


class BrandForm(forms.Form):
    """The accent, and who letters and documents come from. `accent_instead` is the button of a suggestion."""

    accent = forms.CharField(
        label="Accent color",
        max_length=7,
        widget=forms.TextInput(attrs={"type": "color"}),
        help_text="Buttons, links and headings of your portal, e-mails and documents.",
    )
    sender_name = forms.CharField(
        label="Sender name",
        max_length=80,
        required=False,
        help_text="Who your e-mails come from. Leave empty to use your company name.",
    )
    reply_to = forms.EmailField(
        label="Replies from partners go to",
        required=False,
        help_text="Leave empty to use the reply address in your general settings.",
    )
    postal_address = forms.CharField(
        label="Postal address",
        required=False,
        max_length=400,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Up to four lines, at the foot of every e-mail and on every document. Required by law in"
        " many places.",
    )
    paper = forms.ChoiceField(label="Paper size of documents", choices=Paper.choices, widget=forms.RadioSelect)

    def __init__(self, data: Any = None, *, brand: Brand, **kwargs: Any) -> None:
        chosen = data.get("accent_instead", "") if data else ""
        if chosen:
            data = data.copy()
            data["accent"] = chosen
        kwargs["initial"] = {
            "accent": brand.accent_light,
            "sender_name": "" if brand.sender_name == brand.name else brand.sender_name,
            "reply_to": brand.own_reply_to,
            "postal_address": "\n".join(brand.address_lines),
            "paper": brand.paper,
        }
        super().__init__(data, **kwargs)

    @property
    def chosen_accent(self) -> str:
        """The color that is in the form now."""
        return str(self["accent"].value() or "")


class LogoForm(forms.Form):
    """A picture to upload."""

    logo = forms.FileField(
        label="Logo",
        widget=forms.FileInput(attrs={"accept": "image/png,image/jpeg,image/webp"}),
        help_text=f"PNG, JPEG or WebP of up to {pictures.LARGEST_UPLOAD // 1024 // 1024} MB. A transparent background"
        " looks best; in the dark theme it stands on a light plate.",
        error_messages={"required": "Choose the picture to upload.", "empty": "The file is empty."},
    )


class DomainForm(forms.Form):
    """A host name for the portal."""

    host = forms.CharField(
        label="Host name",
        max_length=253,
        widget=forms.TextInput(
            attrs={"placeholder": "partners.example.com", "autocomplete": "off", "spellcheck": "false"}
        ),
        help_text="A subdomain of your own domain.",
    )


class ClosingForm(forms.Form):
    """Why an MSP leaves, and its name once more."""

    reason = forms.CharField(label="Why", max_length=300, help_text="It stays in your history.")
    name = forms.CharField(label="Type the company name to confirm", widget=forms.TextInput({"autocomplete": "off"}))

    def __init__(self, *args: Any, msp: Msp, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.msp = msp

    def clean_name(self) -> str:
        """The name, whatever its case."""
        name: str = self.cleaned_data["name"]
        if " ".join(name.split()).lower() != self.msp.name.lower():
            raise forms.ValidationError(f"Type {self.msp.name}.")
        return name
