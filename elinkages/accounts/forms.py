"""Forms of signing up."""

from typing import Any

from allauth.account.forms import SignupForm as AllauthSignupForm
from django import forms
from django.http import HttpRequest


class SignupForm(AllauthSignupForm):
    """E-mail, name and password; the MSP is set up after the address is verified."""

    name = forms.CharField(label="Your name", max_length=120, widget=forms.TextInput(attrs={"autocomplete": "name"}))

    field_order = ["name", "email", "password1"]

    def save(self, request: HttpRequest) -> Any:
        """Keep the name with the person."""
        user = super().save(request)
        if user is not None:
            user.name = self.cleaned_data["name"].strip()
            user.save(update_fields=["name"])
        return user
