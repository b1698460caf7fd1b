"""The forms of rules: where a plan applies, and until when."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from django import forms

from commissions.models import Plan
from elinkages.kernel.form_fields import DayField
from elinkages.kernel.forms import limit
from partners.models import Partner, SourceKind
from referrals import service_lines
from referrals.models import ServiceLine

EVERYONE, KIND, PARTNER = "everyone", "kind", "partner"


class RuleForm(forms.Form):
    """Where a plan applies: everyone, a kind of source or one partner, for all service lines or one."""

    plan: "forms.ModelChoiceField[Plan]" = forms.ModelChoiceField(None, empty_label="Choose a plan")
    who = forms.ChoiceField(
        label="It applies to introductions from",
        choices=[(EVERYONE, "Everyone"), (KIND, "One kind of source"), (PARTNER, "One partner")],
        widget=forms.RadioSelect,
        initial=EVERYONE,
    )
    source_kind = forms.ChoiceField(
        label="Kind of source", choices=[("", "Choose a kind"), *SourceKind.choices], required=False
    )
    partner: "forms.ModelChoiceField[Partner]" = forms.ModelChoiceField(
        None, required=False, empty_label="Choose a partner"
    )
    service_line: "forms.ModelChoiceField[ServiceLine]" = forms.ModelChoiceField(
        None, label="Service line", required=False, empty_label="All service lines"
    )
    valid_from = DayField(
        label="From",
        help_text="For deals won on this day or later. Choose an earlier day to cover clients you won before.",
    )
    valid_until = DayField(
        label="First day without it", required=False, help_text="Leave empty if the rule has no end."
    )
    replacing = forms.BooleanField(
        label="If another plan applies to exactly these now, end that rule on this day", required=False
    )

    def __init__(self, *args: Any, plans: Sequence[Plan], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        limit(self, "plan", Plan.objects.filter(pk__in=[plan.pk for plan in plans]).order_by("name"))
        limit(self, "partner", Partner.objects.order_by("name_key"))
        limit(self, "service_line", service_lines.in_use())

    def clean(self) -> dict[str, Any]:
        """Only what the chosen scope needs, and all that it needs."""
        data = super().clean() or {}
        who = data.get("who")
        if who == KIND and not data.get("source_kind") and "source_kind" not in self.errors:
            self.add_error("source_kind", "Choose a kind of source.")
        if who == PARTNER and not data.get("partner") and "partner" not in self.errors:
            self.add_error("partner", "Choose a partner.")
        return data

    def rule(self) -> dict[str, Any]:
        """The arguments of `plans.apply`."""
        data = dict(self.cleaned_data)
        who = data.pop("who")
        if who != KIND:
            data["source_kind"] = ""
        if who != PARTNER:
            data["partner"] = None
        return data


class RuleEndForm(forms.Form):
    """From which day a rule no longer applies."""

    on = DayField(label="First day without it", help_text="Deals won before this day keep their plan.")

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial = {"on": today}
