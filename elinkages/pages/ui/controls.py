"""Form controls: which layout a field gets, and the summary of what is wrong."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django import forms
from django.forms.boundfield import BoundField
from django.forms.formsets import BaseFormSet
from django.forms.widgets import ChoiceWidget
from django.utils.safestring import SafeString
from django.utils.text import Truncator

from elinkages.pages.ui.problems import problems

type AnyForm = forms.BaseForm | BaseFormSet[Any]


@dataclass(frozen=True)
class Complaint:
    """One line of an error summary: what is wrong, and the control it is about; no label where the text has it."""

    text: str
    label: str = ""
    target: str = ""


def shape_of(bound: BoundField) -> str:
    """`check` for one box, `group` for several, `file`, `area`, or `line` for everything else."""
    widget = bound.field.widget
    if isinstance(widget, forms.CheckboxInput):
        return "check"
    if bound.use_fieldset:
        return "group"
    if isinstance(widget, forms.FileInput):
        return "file"
    return "area" if isinstance(widget, forms.Textarea) else "line"


def is_optional(bound: BoundField) -> bool:
    """Whether to say that a field may be left empty: not of a choice without an empty answer, or with a named one."""
    widget = bound.field.widget
    if isinstance(widget, ChoiceWidget) and not widget.allow_multiple_selected:
        empty = next((str(label) for value, label in widget.choices if value in {"", None}), "Always answered")
        return not bound.field.required and (not empty.strip("-") or empty.startswith("Choose"))
    return not bound.field.required


def control_html(bound: BoundField) -> SafeString:
    """The control itself. A date gets the browser's picker, which needs ISO values; a number is typed
    as text, because browsers throw away what they cannot read and with it what was typed."""
    widget = bound.field.widget
    if type(widget) is forms.DateInput:
        return bound.as_widget(forms.DateInput(attrs={"type": "date", **widget.attrs}, format="%Y-%m-%d"))
    if type(widget) is forms.NumberInput:
        whole = type(bound.field) is forms.IntegerField
        return bound.as_widget(forms.TextInput(attrs={"inputmode": "numeric" if whole else "decimal"}))
    return bound.as_widget(attrs=_without_echo(bound))


def _without_echo(bound: BoundField) -> dict[str, Any]:
    """A placeholder that only repeats the label is noise, and it vanishes when it is needed."""
    placeholder = str(bound.field.widget.attrs.get("placeholder") or "")
    return {"placeholder": False} if placeholder.lower().startswith(str(bound.label).lower()) else {}


def complaints(*sources: AnyForm) -> list[Complaint]:
    """What is wrong with these forms and form sets, in the order of their fields."""
    return [complaint for source in sources for complaint in _of(source)]


def _of(source: AnyForm) -> Iterator[Complaint]:
    if isinstance(source, BaseFormSet):
        yield from (Complaint(str(text)) for text in source.non_form_errors())
        for form in source.forms:
            yield from _of(form)
        return
    yield from (Complaint(str(text)) for text in source.non_field_errors())
    for bound in source:
        for text in problems(bound):
            label = "" if f"“{bound.label}”" in text else Truncator(str(bound.label)).words(8)
            yield Complaint(text, label, _target(bound))


def _target(bound: BoundField) -> str:
    if bound.is_hidden:
        return ""
    return str(bound.id_for_label) or f"{bound.auto_id}_0"
