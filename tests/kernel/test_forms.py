"""Choices that only the request knows."""

import pytest
from django import forms

from elinkages.accounts.models import Membership
from elinkages.kernel.forms import by_key, limit, offer
from tests import builders

pytestmark = pytest.mark.django_db


class CallForm(forms.Form):
    """Who calls whom."""

    subject = forms.CharField()
    urgency = forms.ChoiceField()
    member: "forms.ModelChoiceField[Membership]" = forms.ModelChoiceField(None)


def test_a_field_takes_what_is_offered_and_nothing_else() -> None:
    ana = builders.a_member(builders.an_msp(), name="Ana Ruiz")
    for urgency, member, wrong in [("now", ana.pk, set()), ("later", "x", {"urgency", "member"})]:
        form = CallForm({"subject": "Hello", "urgency": urgency, "member": member})
        offer(form, "urgency", [("now", "At once")])
        limit(form, "member", Membership.objects.filter(msp=ana.msp))
        assert set(form.errors) == wrong
    assert by_key([ana]) == [(str(ana.pk), "Ana Ruiz")]
    assert by_key([ana], nothing="Nobody") == [("", "Nobody"), (str(ana.pk), "Ana Ruiz")]


def test_a_field_of_another_kind_is_named() -> None:
    with pytest.raises(TypeError, match="“subject” of CallForm is a CharField, which offers no choices"):
        offer(CallForm(), "subject", [])
    with pytest.raises(TypeError, match="“urgency” of CallForm is a ChoiceField, which chooses no rows"):
        limit(CallForm(), "urgency", Membership.objects.none())
