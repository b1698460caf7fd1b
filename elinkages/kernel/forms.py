"""Forms: a refusal becomes an error beside what was typed; choices that only the request knows."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Model, QuerySet
from django.forms import BaseForm, BaseFormSet, ChoiceField, ModelChoiceField

from elinkages.kernel.refusal import Refused

Choice = tuple[str, str]
"""What is sent, and what is read."""

if TYPE_CHECKING:
    Rows = BaseFormSet
else:

    class Rows(BaseFormSet):
        """A formset that says which form its rows are, as in Django's stubs: `class Lines(Rows[LineForm])`."""

        def __class_getitem__(cls, form: type) -> type:
            return cls


@contextmanager
def attempt(form: BaseForm, *, field: str | None = None) -> Iterator[None]:
    """Try a verb; when it refuses, undo its writes and put its sentence on the form (or on `field`).

    Afterwards ask `form.is_valid()` again: it is False when the verb refused.
    """
    try:
        with transaction.atomic():
            yield
    except Refused as refusal:
        form.add_error(field, refusal.message)


def offer(form: BaseForm, name: str, choices: Iterable[Choice]) -> None:
    """Let the field be one of these. Raises TypeError when it is not a field to choose with."""
    field = form.fields[name]
    if not isinstance(field, ChoiceField):
        raise TypeError(f"“{name}” of {type(form).__name__} is a {type(field).__name__}, which offers no choices.")
    field.choices = list(choices)


def limit(form: BaseForm, name: str, rows: QuerySet[Model]) -> None:
    """Let the field be one of these rows. Raises TypeError when it does not choose rows."""
    field = form.fields[name]
    if not isinstance(field, ModelChoiceField):
        raise TypeError(f"“{name}” of {type(form).__name__} is a {type(field).__name__}, which chooses no rows.")
    field.queryset = rows


def by_key(rows: Iterable[Model], *, nothing: str = "") -> list[Choice]:
    """Rows as choices; `nothing` is what the empty choice says, none by default."""
    empty = [("", nothing)] if nothing else []
    return [*empty, *((str(row.pk), str(row)) for row in rows)]
