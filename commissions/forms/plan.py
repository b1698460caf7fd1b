"""The form of a plan's terms: which fields there are depends on the kind of reward."""

from typing import Any, Final

from django import forms

from commissions.forms.plan_terms import as_json, can_show
from commissions.models import PlanVersion, Versioning
from commissions.terms import Terms, TermsError, from_json, kind_of
from elinkages.kernel.form_fields import AmountField, DayField, RateField, use_currency
from elinkages.kernel.forms import offer
from referrals import service_lines

REWARDS: Final[dict[str, tuple[str, str]]] = {
    "flat": ("A flat fee", "The same amount for every client, paid once."),
    "mrr_multiple": ("A multiple of MRR", "Once, in proportion to the monthly revenue: one month, one and a half …"),
    "percent": (
        "A percentage every month",
        "Of the MRR or of what is collected, for some months or for as long as they stay.",
    ),
    "tiered": ("A percentage that rises", "In steps: the more a partner brings, the higher the rate."),
    "combined": ("A fee and a percentage", "A flat fee once, and a percentage every month after."),
    "none": ("No commission", "For partners who may not accept one, or who trade introductions with you instead."),
}
"""The kinds of reward that a person can choose, with what each means."""

TRIGGERS = (
    ("first_payment", "The first invoice is paid"),
    ("service_start", "Service starts"),
    ("won", "The deal is won"),
)
ONCE = {
    "trigger",
    "paid_in",
    "cap_year",
    "hold_days",
    "clawback_kind",
    "clawback_days",
    "clawback_months",
    "clawback_steps",
}
MONTHLY = {
    *("base", "counts", "line_choice", "lines", "duration", "months", "expansion", "proration", "pause"),
    *("cap_per_month", "cap_lifetime", "minimum"),
    *ONCE,
}
FIELDS: Final[dict[str, set[str]]] = {
    "none": set(),
    "flat": {"amount", *ONCE},
    "mrr_multiple": {"multiple", "cap_lifetime", *ONCE},
    "percent": {"percent", *MONTHLY},
    "tiered": {"tiers", "mode", "tier_base", "reset", "rate", *MONTHLY},
    "combined": {"amount", "fee_trigger", "percent", *MONTHLY},
}
"""The fields that each kind of reward has."""

_FORM_FIELDS = {
    "amount_minor": "amount",
    "basis_points": "percent",
    "clawback": "clawback_kind",
    "clawback.window_days": "clawback_days",
    "clawback.months": "clawback_months",
    "cap_per_month_minor": "cap_per_month",
    "cap_lifetime_minor": "cap_lifetime",
    "cap_year_minor": "cap_year",
    "minimum_minor": "minimum",
    "only_lines": "lines",
    "except_lines": "lines",
    "clawback.steps": "clawback_steps",
}
COUNTS = [
    ("service", "Recurring services"),
    ("one_time", "One-time work"),
    ("pass_through", "Pass-through licenses"),
    ("hardware", "Hardware"),
    ("late_fee", "Late fees"),
]


def _either(label: str, first: tuple[str, str], second: tuple[str, str], **said: Any) -> forms.ChoiceField:
    """One of two, side by side; the first to begin with."""
    choices = [first, second]
    return forms.ChoiceField(label=label, choices=choices, widget=forms.RadioSelect, initial=first[0], **said)


class TermsForm(forms.Form):
    """What a plan pays. `reward` is one of REWARDS; `clean` leaves the checked terms in `terms`."""

    amount = AmountField(label="Fee", positive=True)
    multiple = RateField(
        label="How many times the MRR", places=4, example="1.5", help_text="1 is one month, 1.5 is a month and a half."
    )
    percent = RateField(label="Percentage", places=2, example="7.5")
    tiers = forms.CharField(
        label="Steps",
        max_length=1_000,
        initial="0: 5%\n5000: 8%\n15000: 10%",
        widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false"}),
        help_text="One per line: the starting amount, a colon, the percentage. The first starts at 0. When counting"
        " clients, use the client’s number instead, starting at 1: “1: 5%”, “3: 7.5%”.",
    )
    tier_base = forms.ChoiceField(
        label="The step is chosen by",
        choices=[
            ("active_mrr", "The MRR of all their clients who are active in the month"),
            ("new_mrr", "The new MRR they brought in the period"),
            ("wins", "The number of clients they brought in the period"),
            ("collected", "What was collected from their clients in the period so far"),
        ],
        widget=forms.RadioSelect,
        initial="active_mrr",
    )
    mode = forms.ChoiceField(
        label="How steps work",
        choices=[
            ("marginal", "Each part at its own rate, as with income tax"),
            ("whole", "Everything at the rate reached; trued up at the end of the period"),
        ],
        widget=forms.RadioSelect,
        initial="marginal",
    )
    reset = forms.ChoiceField(
        label="Counting restarts",
        choices=[
            ("month", "Every month"),
            ("quarter", "Every quarter"),
            ("year", "Every calendar year"),
            ("anniversary", "Every year from the day the partner joined"),
            ("never", "Never"),
        ],
        initial="quarter",
        help_text="Active MRR needs no period: it is counted each month.",
    )
    rate = _either(
        "When the partner reaches another step later",
        ("floating", "The new rate applies to all their clients"),
        ("locked", "A client keeps the rate of its own period"),
        help_text="For “everything at the rate reached”.",
    )
    fee_trigger = forms.ChoiceField(label="The fee is earned when", choices=TRIGGERS, initial="first_payment")
    base = _either(
        "Counted on",
        ("contracted", "The MRR of the contract"),
        ("collected", "What the client has paid, from your invoices and payments"),
        required=False,
    )
    counts = forms.MultipleChoiceField(
        label="Lines of an invoice that count",
        choices=COUNTS,
        widget=forms.CheckboxSelectMultiple,
        initial=["service"],
        required=False,
        help_text="For what the client has paid. Tax never counts.",
    )
    line_choice = forms.ChoiceField(
        label="Service lines",
        choices=[("all", "All of the contract's"), ("only", "Only these"), ("except", "All but these")],
        initial="all",
        required=False,
    )
    lines = forms.MultipleChoiceField(label="Which", widget=forms.CheckboxSelectMultiple, required=False)
    duration = _either(
        "For how long", ("months", "For a number of months"), ("life", "For as long as the client stays")
    )
    months = forms.IntegerField(
        label="Number of months",
        initial=12,
        min_value=1,
        max_value=600,
        error_messages={"required": "Enter a number of months, or choose “as long as the client stays”."},
    )
    trigger = forms.ChoiceField(label="It is earned when", choices=TRIGGERS, initial="first_payment")
    paid_in = _either(
        "It is paid in",
        ("money", "Money, in a payout run"),
        ("credit", "Service credit, applied to the partner’s invoices from you"),
        required=False,
        help_text="Credit is for partners who are also clients. It counts as their income at its fair market value,"
        " just like money.",
    )
    hold_days = forms.IntegerField(
        label="Held before it can be paid",
        initial=30,
        min_value=0,
        max_value=365,
        help_text="Time for a refund or a mistake to come to light. 0 pays in the next run.",
    )
    clawback_kind = forms.ChoiceField(
        label="When the client leaves early",
        choices=[
            ("", "Nothing is taken back, or all of it within the days below"),
            ("linear", "A part is taken back, for the months not served"),
            ("stepped", "Less is taken back the longer they stayed"),
        ],
        required=False,
    )
    clawback_months = forms.IntegerField(
        label="Out of months", required=False, min_value=1, max_value=120, help_text="For a part by months."
    )
    clawback_steps = forms.CharField(
        label="Steps of days",
        required=False,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
        help_text="For “less is taken back the longer they stayed”. One per line: “30: 100%” takes"
        " everything back within 30 days.",
    )
    clawback_days = forms.IntegerField(
        label="Taken back within",
        required=False,
        min_value=1,
        max_value=3650,
        help_text="If the client leaves within this time after the first paid invoice or the start of service."
        " Leave empty to never take anything back.",
    )
    expansion = forms.ChoiceField(
        label="When the client grows",
        choices=[
            ("included", "The partner also earns on the higher MRR"),
            ("excluded", "The partner earns only on the MRR at the win"),
        ],
        widget=forms.RadioSelect,
        initial="included",
    )
    proration = forms.ChoiceField(
        label="Part months",
        choices=[
            ("actual", "By the day: 19 of 28 days earn 19/28"),
            ("thirty_360", "By the day, counting every month as 30 days"),
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
    cap_year = AmountField(
        label="At most a year for one partner",
        required=False,
        positive=True,
        help_text="Under this plan in a calendar year, for all clients together. What is earned first counts first.",
    )
    minimum = AmountField(
        label="At least a month", required=False, positive=True, help_text="In months when anything is earned."
    )
    valid_from = DayField(
        label="In force from",
        help_text="Deals won on this day or later can use it. Choose an earlier day to cover clients you won before.",
    )

    def __init__(self, *args: Any, reward: str, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.reward = reward
        self.currency = currency
        self.terms: Terms | None = None
        wanted = FIELDS[reward] | {"valid_from", "name", "versioning", "is_for_all", "confirm_past", "confirm_less"}
        for name in [name for name in self.fields if name not in wanted]:
            del self.fields[name]
        if "months" in self.fields:
            self.fields["months"].required = self["duration"].value() != "life"
        if "cap_lifetime" in self.fields and reward == "mrr_multiple":
            self.fields["cap_lifetime"].label = "At most"
        if "lines" in self.fields:
            self.names = {str(line.pk): line.name for line in service_lines.in_use()}
            offer(self, "lines", self.names.items())
        if "trigger" in self.fields and "months" in self.fields:
            self.fields["trigger"].label = "Months are counted from the day"
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
            self.terms = from_json(as_json(self.reward, data, self.currency, getattr(self, "names", {})))
        except TermsError as error:
            name = _FORM_FIELDS.get(error.field, error.field)
            if self.reward == "mrr_multiple" and name == "percent":
                name = "multiple"
            self.add_error(name if name in self.fields else None, error.sentence)


class VersionForm(TermsForm):
    """The next terms of a plan, and for which deals; what changes in the past is confirmed (`confirm`)."""

    is_for_all = forms.ChoiceField(
        label="Deals that were won before",
        choices=[("", "Keep their terms: the new ones are for new deals"), ("all", "Follow too, from that day on")],
        widget=forms.RadioSelect,
        initial="",
        required=False,
    )
    confirm_past = forms.BooleanField(label="Post these differences for months that are over", required=False)
    confirm_less = forms.BooleanField(
        label="Take back commission that was earned. My agreements with these partners allow it", required=False
    )


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


def reward_of(version: PlanVersion) -> str:
    """The kind of reward of a version, "" for one that this form cannot show."""
    terms = from_json(version.terms)
    return kind_of(terms) if can_show(terms) else ""
