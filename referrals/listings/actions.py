"""What can be done to many introductions at once."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from django import forms
from django.db.models import CharField, QuerySet, Value
from django.db.models.functions import Coalesce, NullIf

from elinkages.accounts.models import Membership
from elinkages.accounts.rights import Role
from elinkages.kernel.actors import Actor
from elinkages.kernel.form_fields import DayField
from elinkages.kernel.forms import offer
from elinkages.kernel.prepared import PreparedValues
from elinkages.lists.actions import Action
from elinkages.lists.filters import Options
from elinkages.lists.scope import Scope
from referrals import pipeline
from referrals.models import Referral


def team(scope: Scope) -> QuerySet[Membership]:
    """Who can look after an introduction."""
    return _of_team(scope.msp.pk)


def _of_team(msp: UUID) -> QuerySet[Membership]:
    members = Membership.objects.active().filter(msp=msp).exclude(role=Role.READ_ONLY)
    return members.order_by("user__name", "user__email")


_NAME = Coalesce(NullIf("user__name", Value("")), "user__email", output_field=CharField())
_names = PreparedValues(lambda msp: _of_team(msp).values_list("pk", _NAME), msp=UUID)


def names_of(scope: Scope) -> Options:
    """The same as choices."""
    return [(str(pk), called) for pk, called in _names(msp=scope.msp.pk)]


class Assign(Action):
    """Give introductions to somebody of the team."""

    name, label, verb, icon = "assign", "Assign", "Assign", "user-plus"
    right = "referrals.manage"
    note = "The new owner gets an e-mail for each one. Next actions and due dates stay as they are."
    can_undo = True

    def form(self, data: Any, scope: Scope) -> forms.Form:
        """To whom."""
        return OwnerForm(data, scope=scope)

    def do(self, row: Referral, facts: Mapping[str, Any], *, by: Membership, scope: Scope) -> dict[str, Any]:
        """One introduction."""
        before = {"owner": str(row.owner_id or ""), "now": facts["owner"]}
        _assign(row, facts["owner"], by=by, scope=scope)
        return before

    def undo(self, row: Referral, before: Mapping[str, Any], *, by: Actor, scope: Scope) -> None:
        """Back to who had it, unless it has passed on since."""
        if str(row.owner_id or "") != before["now"]:
            raise pipeline.StageChanged(f"{row.company} has a different owner by now.")
        _assign(row, before["owner"], by=by, scope=scope)


def _assign(row: Referral, owner_id: str, *, by: Actor, scope: Scope) -> None:
    owner = Membership.objects.get(msp=scope.msp, pk=UUID(owner_id)) if owner_id else None
    action, due = row.next_action, row.next_action_on
    pipeline.assign(row, owner=owner, next_action=action, next_action_on=due, by=by, at=scope.at)


class OwnerForm(forms.Form):
    """To whom introductions are given."""

    owner = forms.ChoiceField(label="New owner", required=False)

    def __init__(self, data: Any, *, scope: Scope) -> None:
        super().__init__(data)
        offer(self, "owner", [("", "Nobody"), *names_of(scope)])


class Plan(Action):
    """Say what is next."""

    name, label, verb, icon = "next", "Set next action", "Set the next action of", "calendar-plus"
    right = "referrals.manage"
    note = "This replaces their current next action."
    can_undo = True

    def form(self, data: Any, scope: Scope) -> forms.Form:
        """What, and by when."""
        return NextForm(data)

    def facts(self, cleaned: Mapping[str, Any]) -> dict[str, Any]:
        """The day in ISO."""
        due = cleaned["next_action_on"]
        return {"action": cleaned["next_action"], "on": due.isoformat() if due else ""}

    def do(self, row: Referral, facts: Mapping[str, Any], *, by: Membership, scope: Scope) -> dict[str, Any]:
        """One introduction."""
        due = row.next_action_on.isoformat() if row.next_action_on else ""
        before = {"action": row.next_action, "on": due, "now": facts["action"]}
        _set_next(row, facts["action"], facts["on"], by=by, scope=scope)
        return before

    def undo(self, row: Referral, before: Mapping[str, Any], *, by: Actor, scope: Scope) -> None:
        """Back to what was planned, unless something else is by now."""
        if row.next_action != before["now"]:
            raise pipeline.StageChanged(f"{row.company} has a different next action by now.")
        _set_next(row, before["action"], before["on"], by=by, scope=scope)


def _set_next(row: Referral, action: str, on: str, *, by: Actor, scope: Scope) -> None:
    due = date.fromisoformat(on) if on else None
    pipeline.assign(row, owner=row.owner, next_action=action, next_action_on=due, by=by, at=scope.at)


class NextForm(forms.Form):
    """What is next for several introductions."""

    next_action = forms.CharField(label="Next action", max_length=200)
    next_action_on = DayField(label="Due on", required=False)


class Touch(Action):
    """Record that somebody spoke to them."""

    name, label, verb, icon = "contact", "Record contact", "Record contact with", "phone"
    right = "referrals.manage"
    note = "The first contact stops the clock on the one-business-day promise. It cannot be undone."

    def form(self, data: Any, scope: Scope) -> forms.Form:
        """What was said."""
        return NoteForm(data)

    def do(self, row: Referral, facts: Mapping[str, Any], *, by: Membership, scope: Scope) -> dict[str, Any]:
        """One introduction."""
        pipeline.touch(row, note=facts["note"], by=by, at=scope.at)
        return {}


class NoteForm(forms.Form):
    """What was said to several."""

    note = forms.CharField(label="Note", max_length=1_000, required=False, widget=forms.Textarea(attrs={"rows": 3}))
