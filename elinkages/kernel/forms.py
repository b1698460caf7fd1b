"""Forms: a refusal of the domain becomes an error beside what was typed."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction
from django.forms import BaseForm

from elinkages.kernel.refusal import Refused


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
