"""Form fields for amounts, rates and days: typed as people write them, cleaned to what is kept."""

import re
from datetime import date
from typing import Any

from django import forms

from elinkages.kernel.money import parse_money, plain_money

EARLIEST, LATEST = date(1980, 1, 1), date(2099, 12, 31)
"""A day outside of them is a slip of the keyboard (0026 for 2026), and would cost centuries of months to compute."""


class DayField(forms.DateField):
    """A day between EARLIEST and LATEST."""

    def clean(self, value: Any) -> Any:
        """The day, None when left out; ValidationError with a sentence."""
        day = super().clean(value)
        if day is not None and not EARLIEST <= day <= LATEST:
            raise forms.ValidationError(f"Choose a day between {EARLIEST.year} and {LATEST.year}.")
        return day


class AmountField(forms.CharField):
    """An amount of the form's currency (`use_currency`), cleaned to minor units; None when left out."""

    default_error_messages = {"negative": "Enter zero or more.", "not_positive": "Enter an amount above zero."}

    def __init__(self, *, positive: bool = False, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 40)
        super().__init__(**kwargs)
        self.positive = positive
        self.currency = ""
        self.widget.attrs |= {"inputmode": "decimal", "autocomplete": "off"}

    def prepare_value(self, value: Any) -> Any:
        """Minor units as an amount; what was typed stays as it was typed."""
        return plain_money(value, self.currency) if isinstance(value, int) else value

    def clean(self, value: Any) -> Any:
        """Minor units; ValidationError with a sentence."""
        text = super().clean(value)
        if not text:
            return None
        try:
            minor = parse_money(text, self.currency).minor
        except ValueError as error:
            raise forms.ValidationError(str(error)) from error
        if minor < 0 or (self.positive and minor == 0):
            raise forms.ValidationError(self.error_messages["not_positive" if self.positive else "negative"])
        return minor


class RateField(forms.CharField):
    """A rate with up to `places` decimals, cleaned to basis points: percentages have 2, multiples 4."""

    default_error_messages = {
        "unreadable": "“%(text)s” is not a number with up to %(places)s decimal places, for example %(example)s."
    }

    def __init__(self, *, places: int, example: str, **kwargs: Any) -> None:
        super().__init__(max_length=20, **kwargs)
        self.places = places
        self.example = example
        self.widget.attrs |= {"inputmode": "decimal", "autocomplete": "off"}

    def prepare_value(self, value: Any) -> Any:
        """Basis points as a rate; what was typed stays as it was typed."""
        if not isinstance(value, int):
            return value
        whole, rest = divmod(value, 10**self.places)
        return f"{whole}.{rest:0{self.places}}".rstrip("0").rstrip(".")

    def clean(self, value: Any) -> Any:
        """Basis points; ValidationError with a sentence."""
        text = super().clean(value)
        if not text:
            return None
        match = re.fullmatch(rf"([0-9]{{0,6}})(?:[.,]([0-9]{{1,{self.places}}}))?\s*[%×x]?", text.strip())
        if match is None or not (match[1] or match[2]):
            shown = {"text": text[:40], "places": self.places, "example": self.example}
            raise forms.ValidationError(self.error_messages["unreadable"], params=shown)
        return int(match[1] or "0") * 10**self.places + int((match[2] or "").ljust(self.places, "0"))


def use_currency(form: forms.BaseForm, currency: str) -> None:
    """Tell every amount field of a form its currency."""
    for field in form.fields.values():
        if isinstance(field, AmountField):
            field.currency = currency
