"""What is wrong with a field, in a sentence of ours that names it where Django's own names nothing."""

from collections.abc import Callable
from typing import Final

from django import forms
from django.core.exceptions import ValidationError
from django.forms.boundfield import BoundField
from django.forms.widgets import ChoiceWidget
from django.utils.functional import Promise


def problems(bound: BoundField) -> list[str]:
    """The sentences beside a field and in the summary."""
    return [named(bound, error) or str(text) for error, text in zip(bound.errors.as_data(), bound.errors, strict=True)]


def named(bound: BoundField, error: ValidationError) -> str:
    """Our sentence for what Django says without a name; "" for a form's own words.

    Django's are translated when they are read, the sentences of our forms are plain text.
    """
    say = SENTENCES.get(error.code or "")
    if say is None or not isinstance(error.message, Promise):
        return ""
    limits = error.params or {}
    return say(bound).format(label=bound.label, limit=limits.get("limit_value"), size=limits.get("show_value"))


def _missing(bound: BoundField) -> str:
    widget = bound.field.widget
    if isinstance(widget, forms.CheckboxInput):
        return "Tick “{label}”."
    if isinstance(widget, ChoiceWidget) and widget.allow_multiple_selected:
        return "“{label}” is empty. Choose at least one."
    return f"“{{label}}” is empty. {next((do for kind, do in FILLED_BY if isinstance(widget, kind)), 'Fill it in.')}"


def _unreadable(bound: BoundField) -> str:
    return next((say for kind, say in UNREADABLE if isinstance(bound.field, kind)), "“{label}” cannot be read.")


FILLED_BY: Final = (
    (ChoiceWidget, "Choose one."),
    (forms.DateInput, "Choose a day."),
    (forms.FileInput, "Choose a file."),
)

UNREADABLE: Final = (
    (forms.DateField, "“{label}” is not a day that we can read. Write it like 2026-12-31."),
    (forms.IntegerField, "“{label}” is not a number. Write it in digits."),
    (forms.EmailField, "“{label}” is not an e-mail address. Write it like name@example.com."),
    (forms.URLField, "“{label}” is not a web address. Write it like example.com."),
)

SENTENCES: Final[dict[str, Callable[[BoundField], str]]] = {
    "required": _missing,
    "invalid": _unreadable,
    "invalid_choice": lambda _: "What was chosen for “{label}” is not on offer. Choose again.",
    "null_characters_not_allowed": lambda _: "“{label}” has a character in it that nobody can read. Take it out.",
    "max_length": lambda _: "“{label}” has {size} characters, and {limit} fit. Shorten it.",
    "min_length": lambda _: "“{label}” has {size} characters, and needs at least {limit}.",
    "max_value": lambda _: "“{label}” can be {limit} at most.",
    "min_value": lambda _: "“{label}” is {limit} at least.",
}
