"""The form of a plan's terms: which fields there are depends on the kind of reward."""

from typing import Any, Final

from django import forms

from commissions.models import PlanVersion, Versioning
from commissions.terms import FullClawback, NoReward, Recurring, Terms, TermsError, from_json, kind_of, to_json
from elinkages.kernel.form_fields import AmountField, DayField, RateField, use_currency

REWARDS: Final[dict[str, tuple[str, str]]] = {
    "flat": ("A flat fee", "The same amount for every client, paid once."),
    "mrr_multiple": ("A multiple of MRR", "Once, in proportion to the monthly revenue: one month, one and a half …"),
    "percent": ("A percentage every month", "Of the contract's MRR, for some months or while the client stays."),
    "none": ("No commission", "For partners who may not take one, or where you give and get introductions instead."),
}
"""The kinds of reward that a person can choose, with what each means."""

TRIGGERS = (
    ("first_payment", "The first invoice is paid"),
    ("service_start", "Service starts"),
    ("won", "The deal is won"),
)
ONCE = {"trigger", "hold_days", "clawback_days"}
FIELDS: Final[dict[str, set[str]]] = {
    "none": set(),
    "flat": {"amount", *ONCE},
    "mrr_multiple": {"multiple", "cap_lifetime", *ONCE},
    "percent": {
        *("percent", "duration", "months", "expansion", "proration", "pause", "cap_per_month", "cap_lifetime"),
        *ONCE,
    },
}
"""The fields that each kind of reward has."""

_FORM_FIELDS = {
    "amount_minor": "amount",
    "basis_points": "percent",
    "clawback.window_days": "clawback_days",
    "cap_per_month_minor": "cap_per_month",
    "cap_lifetime_minor": "cap_lifetime",
}


class TermsForm(forms.Form):
    """What a plan pays. `reward` is one of REWARDS; `clean` leaves the checked terms in `terms`."""

    amount = AmountField(label="Fee", positive=True)
    multiple = RateField(
        label="How many times the MRR", places=4, example="1.5", help_text="1 is one month, 1.5 one and a half months."
    )
    percent = RateField(label="Percentage of MRR", places=2, example="7.5")
    duration = forms.ChoiceField(
        label="For how long",
        choices=[("months", "For a number of months"), ("life", "For as long as the client stays")],
        widget=forms.RadioSelect,
        initial="months",
    )
    months = forms.IntegerField(
        label="Number of months",
        initial=12,
        min_value=1,
        max_value=600,
        error_messages={"required": "Enter a number of months, or choose “as long as the client stays”."},
    )
    trigger = forms.ChoiceField(label="It is earned when", choices=TRIGGERS, initial="first_payment")
    hold_days = forms.IntegerField(
        label="Held before it can be paid",
        initial=30,
        min_value=0,
        max_value=365,
        help_text="Time for a refund or a mistake to come to light. 0 pays at the next run.",
    )
    clawback_days = forms.IntegerField(
        label="Taken back within",
        required=False,
        min_value=1,
        max_value=3650,
        help_text="When the client leaves so soon after the first paid invoice or the start of service."
        " Leave empty to never take anything back.",
    )
    expansion = forms.ChoiceField(
        label="When the client grows",
        choices=[
            ("included", "The partner earns on the higher MRR too"),
            ("excluded", "The partner earns on the MRR of the win only"),
        ],
        widget=forms.RadioSelect,
        initial="included",
    )
    proration = forms.ChoiceField(
        label="Part months",
        choices=[
            ("actual", "By the day: 19 of 28 days earn 19/28"),
            ("thirty_360", "By the day, every month counted as 30 days"),
            ("none", "Paid in full"),
        ],
        initial="actual",
    )
    pause = forms.ChoiceField(
        label="When service is paused",
        choices=[("clock_stops", "The months are made up for at the end"), ("clock_runs", "The months are lost")],
        initial="clock_stops",
    )
    cap_per_month = AmountField(label="At most a month", required=False, positive=True)
    cap_lifetime = AmountField(label="At most in all", required=False, positive=True)
    valid_from = DayField(
        label="In force from",
        help_text="Deals won on this day or later can use it. Choose an earlier day to cover clients you won before.",
    )

    def __init__(self, *args: Any, reward: str, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.reward = reward
        self.terms: Terms | None = None
        wanted = FIELDS[reward] | {"valid_from", "name", "versioning"}
        for name in [name for name in self.fields if name not in wanted]:
            del self.fields[name]
        if "months" in self.fields:
            self.fields["months"].required = self["duration"].value() != "life"
        if "cap_lifetime" in self.fields and reward == "mrr_multiple":
            self.fields["cap_lifetime"].label = "At most"
        if "trigger" in self.fields and reward == "percent":
            self.fields["trigger"].label = "The months are counted from the day that"
            self.fields["trigger"].initial = "service_start"
        use_currency(self, currency)

    def clean(self) -> dict[str, Any]:
        """The terms as one, with each refusal beside its field."""
        data = super().clean() or {}
        if not set(self.errors) - {"name", "versioning", "valid_from"}:
            self._read(data)
        return data

    def _read(self, data: dict[str, Any]) -> None:
        try:
            self.terms = from_json(_as_json(self.reward, data))
        except TermsError as error:
            name = _FORM_FIELDS.get(error.field, error.field)
            if self.reward == "mrr_multiple" and name == "percent":
                name = "multiple"
            self.add_error(name if name in self.fields else None, error.sentence)


class PlanForm(TermsForm):
    """A new plan with its first terms."""

    name = forms.CharField(max_length=120, help_text="Partners see it, for example “Advisers 2027”.")
    versioning = forms.ChoiceField(
        label="When you change the plan later",
        choices=[
            (Versioning.PINNED, "Deals keep the terms they were won under"),
            (Versioning.FLOATING, "Every deal follows the terms in force each month"),
        ],
        widget=forms.RadioSelect,
        initial=Versioning.PINNED,
    )
    field_order = ("name",)


def _as_json(reward: str, data: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {"kind": reward}
    if reward == "none":
        return found
    found |= {"trigger": data["trigger"], "hold_days": data["hold_days"]}
    if days := data.get("clawback_days"):
        found["clawback"] = {"kind": "full", "window_days": days}
    for name, key in (("cap_per_month", "cap_per_month_minor"), ("cap_lifetime", "cap_lifetime_minor")):
        if data.get(name) is not None:
            found[key] = data[name]
    if reward == "flat":
        return found | {"amount_minor": data["amount"]}
    if reward == "mrr_multiple":
        return found | {"basis_points": data["multiple"]}
    options = {name: data[name] for name in ("expansion", "proration", "pause")}
    months = data["months"] if data["duration"] == "months" else None
    return found | options | {"basis_points": data["percent"], "months": months}


def initial_of(terms: Terms) -> dict[str, Any]:
    """Terms as the form's initial values."""
    if isinstance(terms, NoReward):
        return {}
    data = to_json(terms)
    found: dict[str, Any] = {
        name: data[name] for name in ("trigger", "hold_days", "expansion", "proration", "pause") if name in data
    }
    rate = data.get("basis_points")
    found |= {"amount": data.get("amount_minor"), "multiple": rate, "percent": rate}
    found |= {"cap_per_month": data.get("cap_per_month_minor"), "cap_lifetime": data.get("cap_lifetime_minor")}
    clawback = getattr(terms, "clawback", None)
    if isinstance(clawback, FullClawback):
        found["clawback_days"] = clawback.window_days
    if isinstance(terms, Recurring):
        found |= {"duration": "life" if terms.months is None else "months", "months": terms.months or 12}
    return found


def reward_of(version: PlanVersion) -> str:
    """The kind of reward of a version, "" for one that this form cannot show."""
    kind = kind_of(from_json(version.terms))
    return kind if kind in REWARDS else ""
