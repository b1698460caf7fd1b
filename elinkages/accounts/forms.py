"""Forms of signing up, setting up an MSP, and running its team."""

from typing import Any

from allauth.account.forms import AddEmailForm as AllauthAddEmailForm
from allauth.account.forms import ChangePasswordForm as AllauthChangePasswordForm
from allauth.account.forms import LoginForm as AllauthLoginForm
from allauth.account.forms import RequestLoginCodeForm as AllauthRequestLoginCodeForm
from allauth.account.forms import ResetPasswordForm as AllauthResetPasswordForm
from allauth.account.forms import ResetPasswordKeyForm as AllauthResetPasswordKeyForm
from allauth.account.forms import SetPasswordForm as AllauthSetPasswordForm
from allauth.account.forms import SignupForm as AllauthSignupForm
from allauth.mfa.webauthn.forms import AddWebAuthnForm
from django import forms
from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import validate_password
from django.http import HttpRequest

from elinkages.accounts import msps, pictures, time_zones
from elinkages.accounts.branding import Brand
from elinkages.accounts.models import Msp, Paper, User, slug_validator
from elinkages.accounts.rights import ROLE_SENTENCES, Role
from elinkages.kernel.form_fields import AmountField, use_currency

EMAIL = "E-mail"
PASSWORD_HELP = "At least 12 characters. A few unrelated words are easy to remember and hard to guess."  # noqa: S105
PASSWORD_LABELS = {
    "oldpassword": "Current password",
    "password1": "New password",
    "password2": "New password, again",
}
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
ROLE_CHOICES = [(role.value, f"{role.label}: {ROLE_SENTENCES[role]}") for role in Role]


def _call_it_e_mail(field: forms.Field) -> None:
    """One word for it everywhere; allauth's form says another one in the empty field."""
    field.label = EMAIL
    field.widget.attrs.pop("placeholder", None)


class LoginForm(AllauthLoginForm):  # type: ignore[misc]
    """E-mail and password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _call_it_e_mail(self.fields["login"])


class ResetPasswordForm(AllauthResetPasswordForm):  # type: ignore[misc]
    """Where to send the link for a new password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _call_it_e_mail(self.fields["email"])


def _help_with_password(form: forms.Form) -> None:
    """One wording wherever a password is chosen; the second field of two says nothing."""
    form.fields["password1"].help_text = PASSWORD_HELP
    if "password2" in form.fields:
        for name in PASSWORD_LABELS.keys() & form.fields.keys():
            form.fields[name].label = PASSWORD_LABELS[name]


class ResetPasswordKeyForm(AllauthResetPasswordKeyForm):  # type: ignore[misc]
    """A new password, by the link of a letter."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _help_with_password(self)


class ChangePasswordForm(AllauthChangePasswordForm):  # type: ignore[misc]
    """Another password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _help_with_password(self)


class SetPasswordForm(AllauthSetPasswordForm):  # type: ignore[misc]
    """The first password of a person who has none."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _help_with_password(self)


class RequestLoginCodeForm(AllauthRequestLoginCodeForm):  # type: ignore[misc]
    """Where to send a code to log in with."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _call_it_e_mail(self.fields["email"])


class AddPasskeyForm(AddWebAuthnForm):  # type: ignore[misc]
    """What to call a passkey. Every one of ours can log in by itself, so there is nothing to choose."""

    passwordless = None
    name = forms.CharField(
        label="Name", required=False, max_length=60, help_text="To tell your devices apart, for example “Work laptop”."
    )

    field_order = ["name", "credential"]


class AddEmailForm(AllauthAddEmailForm):  # type: ignore[misc]
    """Another address of the same person."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _call_it_e_mail(self.fields["email"])


class SignupForm(AllauthSignupForm):  # type: ignore[misc]
    """E-mail, name and password; the MSP is set up after the address is verified."""

    name = forms.CharField(label="Your name", max_length=120, widget=forms.TextInput(attrs={"autocomplete": "name"}))

    field_order = ["name", "email", "password1"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _call_it_e_mail(self.fields["email"])
        _help_with_password(self)

    def try_save(self, request: HttpRequest) -> Any:
        """A known address takes as long as a new one, so that the clock tells nobody who has an account."""
        if self.account_already_exists:
            make_password(self.cleaned_data["password1"])
        return super().try_save(request)

    def save(self, request: HttpRequest) -> Any:
        """Keep the name with the person."""
        user = super().save(request)
        user.name = " ".join(self.cleaned_data["name"].split())
        user.save(update_fields=["name"])
        return user


class TimeZoneField(forms.CharField):
    """A zone by its name or its city, found in a list that the page offers while typing."""

    default_error_messages = {
        "unknown": "“%(text)s” is no time zone. Choose one of the list, such as America/New_York."
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
        label="Time zone", initial="America/New_York", help_text="Your days and months begin and end in it."
    )
    currency = forms.ChoiceField(
        label="Currency",
        choices=CURRENCY_CHOICES,
        initial="USD",
        help_text="You pay partners in it. It is fixed once amounts are recorded.",
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
        label="Company name", max_length=120, help_text="Partners read it, and your e-mails carry it."
    )
    contact_email = forms.EmailField(
        label="Answers go to", help_text="Where answers to the e-mails that we send for you arrive."
    )
    time_zone = TimeZoneField(label="Time zone", help_text="Your days and months begin and end in it.")
    currency = forms.ChoiceField(label="Currency", choices=CURRENCY_CHOICES)

    minimum_payout_minor = AmountField(
        label="Minimum payout", help_text="Smaller amounts wait for the next run. 0 pays every amount."
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
        label="Sender name", max_length=80, required=False, help_text="Whom your e-mails come from. Empty: your name."
    )
    reply_to = forms.EmailField(
        label="Answers to partners' e-mails go to",
        required=False,
        help_text="Empty: the address for answers in your general settings.",
    )
    postal_address = forms.CharField(
        label="Postal address",
        required=False,
        max_length=400,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Up to four lines, under every e-mail and on every document. The law of many places asks for it.",
    )
    paper = forms.ChoiceField(label="Paper of documents", choices=Paper.choices, widget=forms.RadioSelect)

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
        help_text="A name below a domain of yours.",
    )


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
            (Role.READ_ONLY.value, "stay and only read"),
            ("", "leave the team"),
        ],
        widget=forms.RadioSelect,
        required=False,
        initial=Role.MANAGER,
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
        help_text="After them, the dashboard stays closed for people without one. New people get the same days.",
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


class JoinForm(forms.Form):
    """A new person's name and password; the link in the invitation has proved the address."""

    name = forms.CharField(label="Your name", max_length=120, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    password = forms.CharField(
        label="Choose a password",
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=PASSWORD_HELP,
    )

    def __init__(self, *args: Any, email: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.email = email

    def clean_password(self) -> str:
        """A password that the rules accept for this person."""
        password: str = self.cleaned_data["password"]
        validate_password(password, User(email=self.email, name=self.cleaned_data.get("name", "")))
        return password
