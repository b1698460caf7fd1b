"""The questions of the join form: added, changed, put in order, taken off and put back."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from elinkages.accounts.models import Membership
from elinkages.audit import trail
from elinkages.kernel.refusal import Refused
from partners.models import FieldType, JoinField, JoinRule, SourceKind

MOST_FIELDS: Final = 40
MOST_CHOICES: Final = 30
LABEL_LENGTH: Final = 120
HELP_LENGTH: Final = 300


class BadField(Refused):
    """The question cannot be asked like that."""


class AlwaysAsked(Refused):
    """An application without this answer could not become a partner."""


class InUse(Refused):
    """A rule asks for the answer to this question."""


class NotOnTheForm(Refused):
    """It was taken off, or put back, before."""


def add(
    *,
    label: str,
    help_text: str = "",
    type: str,
    choices: Sequence[str] = (),
    is_required: bool = False,
    kinds: Sequence[str],
    by: Membership,
    at: datetime,
) -> JoinField:
    """Put a question at the end of the form. Raises BadField."""
    current = list(JoinField.objects.current().select_for_update())
    if len(current) >= MOST_FIELDS:
        raise BadField(f"A form has at most {MOST_FIELDS} questions. Take one off first.")
    field = JoinField(type=type, position=1 + max((one.position for one in current), default=-1))
    if type not in FieldType.values:
        raise BadField("Choose what the answer is.")
    _describe(field, label, help_text, choices, is_required, kinds)
    field.save()
    trail.record("join_field.added", by.msp, by=by, at=at, name=field.label)
    return field


def edit(
    field: JoinField,
    *,
    label: str,
    help_text: str = "",
    choices: Sequence[str] = (),
    is_required: bool = False,
    kinds: Sequence[str],
    by: Membership,
    at: datetime,
) -> JoinField:
    """Change a question; answers that were given keep the question as it was. Its type stays. Raises BadField."""
    if field.is_always_asked:
        is_required, kinds = True, SourceKind.values
    _describe(field, label, help_text, choices, is_required, kinds)
    field.save(update_fields=["label", "help_text", "choices", "is_required", "kinds"])
    trail.record("join_field.edited", by.msp, by=by, at=at, name=field.label)
    return field


def move(field: JoinField, *, up: bool, by: Membership, at: datetime) -> None:
    """Ask a question one place earlier or later; at the end of the form it stays where it is. Raises NotOnTheForm."""
    order = list(JoinField.objects.current().select_for_update())
    place = _place(order, field.pk)
    other = place + (-1 if up else 1)
    if not 0 <= other < len(order):
        return
    order[place], order[other] = order[other], order[place]
    for position, one in enumerate(order):
        one.position = position
    JoinField.objects.bulk_update(order, ["position"])
    trail.record("join_field.moved", by.msp, by=by, at=at, name=field.label)


def remove(field: JoinField, *, by: Membership, at: datetime) -> JoinField:
    """Take a question off the form; answers that were given stay. Raises AlwaysAsked, InUse, NotOnTheForm."""
    if field.is_always_asked:
        raise AlwaysAsked(f"“{field.label}” is always asked: nobody can become a partner without it.")
    if JoinRule.objects.filter(field=field).exists():
        raise InUse(f"A rule looks at the answer to “{field.label}”. Remove that rule first.")
    if not JoinField.objects.filter(pk=field.pk, removed_at__isnull=True).update(removed_at=at):
        raise NotOnTheForm(f"“{field.label}” has already been taken off the form.")
    trail.record("join_field.removed", by.msp, by=by, at=at, name=field.label)
    return field


def restore(field: JoinField, *, by: Membership, at: datetime) -> JoinField:
    """Put a question back, at the end. Raises NotOnTheForm."""
    last = max((one.position for one in JoinField.objects.current()), default=-1)
    if not JoinField.objects.filter(pk=field.pk, removed_at__isnull=False).update(removed_at=None, position=last + 1):
        raise NotOnTheForm(f"“{field.label}” is already on the form.")
    trail.record("join_field.restored", by.msp, by=by, at=at, name=field.label)
    return field


def asked(kind: str) -> list[JoinField]:
    """The questions for one kind of source, in order."""
    return list(JoinField.objects.current().filter(kinds__contains=[kind]))


def _describe(
    field: JoinField, label: str, help_text: str, choices: Sequence[str], is_required: bool, kinds: Sequence[str]
) -> None:
    field.label, field.help_text = " ".join(label.split()), " ".join(help_text.split())
    field.choices = list(dict.fromkeys(" ".join(choice.split()) for choice in choices if choice.strip()))
    field.kinds = [kind for kind in SourceKind.values if kind in kinds]
    field.is_required = is_required
    if not field.label or len(field.label) > LABEL_LENGTH or len(field.help_text) > HELP_LENGTH:
        raise BadField(f"Enter a question of at most {LABEL_LENGTH} characters, and help of at most {HELP_LENGTH}.")
    if not field.kinds:
        raise BadField("Choose at least one kind of source to ask.")
    if field.type == FieldType.CHOICE and not 2 <= len(field.choices) <= MOST_CHOICES:
        raise BadField(f"Enter 2 to {MOST_CHOICES} choices, each on its own line.")
    if any(len(choice) > LABEL_LENGTH for choice in field.choices):
        raise BadField(f"Keep each choice under {LABEL_LENGTH} characters.")
    if field.type != FieldType.CHOICE:
        field.choices = []


def _place(order: Sequence[JoinField], pk: UUID) -> int:
    for place, one in enumerate(order):
        if one.pk == pk:
            return place
    raise NotOnTheForm("This question was taken off the form. Reload the page.")
