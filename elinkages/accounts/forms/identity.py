"""Forms of a person: signing up, logging in, and the means to do so; allauth's, in our words.

Each does the same work for an address with an account and for one without: neither the page nor a clock tells.
"""

import uuid
from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.forms import AddEmailForm as AllauthAddEmailForm
from allauth.account.forms import ChangePasswordForm as AllauthChangePasswordForm
from allauth.account.forms import LoginForm as AllauthLoginForm
from allauth.account.forms import RequestLoginCodeForm as AllauthRequestLoginCodeForm
from allauth.account.forms import ResetPasswordForm as AllauthResetPasswordForm
from allauth.account.forms import ResetPasswordKeyForm as AllauthResetPasswordKeyForm
from allauth.account.forms import SetPasswordForm as AllauthSetPasswordForm
from allauth.account.forms import SignupForm as AllauthSignupForm
from allauth.core import context, ratelimit
from allauth.mfa.webauthn.forms import AddWebAuthnForm
from django import forms
from django.contrib.auth.password_validation import validate_password
from django.db import transaction
from django.http import HttpRequest

from elinkages.accounts import mailboxes
from elinkages.accounts.backend import ResetToken
from elinkages.accounts.models import User

EMAIL = "E-mail"
PASSWORD_HELP = "At least 12 characters. A few unrelated words are easy to remember and hard to guess."  # noqa: S105 - a hint, no password
PASSWORD_LABELS = {
    "oldpassword": "Current password",
    "password1": "New password",
    "password2": "New password, again",
}


def _call_it_e_mail(field: forms.Field) -> None:
    """One word for it everywhere; allauth's form says another one in the empty field."""
    field.label = EMAIL
    field.widget.attrs.pop("placeholder", None)


class LoginForm(AllauthLoginForm):
    """E-mail and password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _call_it_e_mail(self.fields["login"])


class ResetPasswordForm(AllauthResetPasswordForm):
    """Where to send the link for a new password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _call_it_e_mail(self.fields["email"])

    def clean_email(self) -> str:
        """Whose address it is, if anybody's: the letter says it, the page does not."""
        email: str = get_adapter().clean_email(self.cleaned_data["email"].lower())
        self.users = [user for user in mailboxes.whose(email) if user.is_active]
        return email

    def save(self, request: HttpRequest, **kwargs: Any) -> str:
        """A letter leaves in any case; a token is made for nobody, too."""
        if not self.users:
            ResetToken().make_token(User(pk=uuid.uuid4()))
        return str(super().save(request, **kwargs))


def _help_with_password(form: forms.Form) -> None:
    """One wording wherever a password is chosen; the second field of two says nothing."""
    form.fields["password1"].help_text = PASSWORD_HELP
    if "password2" in form.fields:
        for name in PASSWORD_LABELS.keys() & form.fields.keys():
            form.fields[name].label = PASSWORD_LABELS[name]


class ResetPasswordKeyForm(AllauthResetPasswordKeyForm):
    """A new password, by the link of a letter."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _help_with_password(self)


class ChangePasswordForm(AllauthChangePasswordForm):
    """Another password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _help_with_password(self)


class SetPasswordForm(AllauthSetPasswordForm):
    """The first password of a person who has none."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _help_with_password(self)


class RequestLoginCodeForm(AllauthRequestLoginCodeForm):
    """Where to send a code to log in with."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _call_it_e_mail(self.fields["email"])

    def clean_email(self) -> str:
        """A few letters an hour to one address, whoever has it."""
        email: str = self.cleaned_data["email"].lower()
        if not ratelimit.consume(context.request, action="request_login_code", key=email):
            raise get_adapter().validation_error("too_many_login_attempts")
        self._user = next((user for user in mailboxes.whose(email) if user.is_active), None)
        return email


class AddPasskeyForm(AddWebAuthnForm):
    """What to call a passkey. Every one of ours can log in by itself, so there is nothing to choose."""

    passwordless = None
    name = forms.CharField(
        label="Name", required=False, max_length=60, help_text="To tell your devices apart, for example “Work laptop”."
    )

    field_order = ["name", "credential"]


class AddEmailForm(AllauthAddEmailForm):
    """Another address of the same person."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _call_it_e_mail(self.fields["email"])


class SignupForm(AllauthSignupForm):
    """E-mail, name and password; the MSP is set up after the address is verified."""

    name = forms.CharField(label="Your name", max_length=120, widget=forms.TextInput(attrs={"autocomplete": "name"}))

    field_order = ["name", "email", "password1"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _call_it_e_mail(self.fields["email"])
        _help_with_password(self)

    def try_save(self, request: HttpRequest) -> Any:
        """A known address costs what a new one does: an account is opened for nobody, and taken back."""
        if self.account_already_exists:
            with transaction.atomic():
                self._open(f"{uuid.uuid4().hex}@nobody.invalid")
                transaction.set_rollback(True)
        return super().try_save(request)

    def save(self, request: HttpRequest) -> User:
        """The account, all of it or nothing."""
        with transaction.atomic():
            return self._open(self.cleaned_data["email"])

    def _open(self, email: str) -> User:
        name, password = self.cleaned_data["name"], self.cleaned_data["password1"]
        return mailboxes.open_account(email, name=name, password=password, is_proven=False)


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
