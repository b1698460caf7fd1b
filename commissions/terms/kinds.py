"""The kinds of terms: one frozen class each, with the sentence for every value it refuses.

Rates are basis points (1000 is 10%), amounts minor units, holds and windows days. Every class
checks itself, so terms that exist are terms that can be evaluated (`commissions.engine`).
The words of the rules: docs/algorithms/commission.md.
"""

from dataclasses import dataclass
from typing import Literal, get_args

Trigger = Literal["won", "service_start", "first_payment"]
Base = Literal["contracted", "collected"]
Counting = Literal["anchored", "calendar"]
Proration = Literal["actual", "thirty_360", "none"]
Expansion = Literal["included", "excluded"]
Pausing = Literal["clock_stops", "clock_runs"]
TierMode = Literal["marginal", "whole"]
TierBase = Literal["wins", "new_mrr", "active_mrr", "collected"]
TierReset = Literal["month", "quarter", "year", "anniversary", "never"]
TierRate = Literal["locked", "floating"]
PaidIn = Literal["money", "credit"]
LineKind = Literal["service", "one_time", "pass_through", "hardware", "late_fee"]
NamedLines = tuple[tuple[str, str], ...]
"""Service lines as (id, name on the day of publishing): matched by id, read by name."""

ALL = 10_000
LARGEST_AMOUNT = 10**12


class TermsError(ValueError):
    """Terms that cannot be kept; `field` is the name in the form, `sentence` says what to do."""

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(sentence)
        self.field = field
        self.sentence = sentence


def _whole(field: str, value: object, low: int, high: int, what: str) -> None:
    if type(value) is not int or not low <= value <= high:
        raise TermsError(field, f"{what} must be a whole number from {low:,} to {high:,}.")


def _amount(field: str, value: object, what: str) -> None:
    _whole(field, value, 1, LARGEST_AMOUNT, f"{what}, in minor units,")


def _choice(field: str, value: object, choices: object, what: str) -> None:
    options = get_args(choices)
    if value not in options:
        raise TermsError(field, f"{what} must be one of {', '.join(options)}.")


@dataclass(frozen=True, slots=True)
class FullClawback:
    """Everything is taken back when the client leaves before `window_days` days have passed."""

    window_days: int = 90

    def __post_init__(self) -> None:
        _whole("clawback.window_days", self.window_days, 1, 3650, "The clawback window in days")


@dataclass(frozen=True, slots=True)
class LinearClawback:
    """The part for the full months not served out of `months` is taken back."""

    months: int = 12

    def __post_init__(self) -> None:
        _whole("clawback.months", self.months, 1, 120, "The clawback window in months")


@dataclass(frozen=True, slots=True)
class SteppedClawback:
    """Pairs of (days, basis points): leaving before that many days takes back that share."""

    steps: tuple[tuple[int, int], ...]

    def __post_init__(self) -> None:
        if not 1 <= len(self.steps) <= 12:
            raise TermsError("clawback.steps", "A stepped clawback has 1 to 12 steps.")
        for days, share in self.steps:
            _whole("clawback.steps", days, 1, 3650, "The days of a clawback step")
            _whole("clawback.steps", share, 1, ALL, "The share of a clawback step in basis points")
        if list(self.steps) != sorted({days: share for days, share in self.steps}.items()):
            raise TermsError("clawback.steps", "Clawback steps go from the fewest days to the most.")


Clawback = FullClawback | LinearClawback | SteppedClawback


@dataclass(frozen=True, slots=True, kw_only=True)
class Common:
    """What every reward has: what starts it, how long it is held, what bounds it, and how it is paid.

    `cap_year_minor` bounds what one partner earns under the plan in a calendar year, all contracts together.
    """

    trigger: Trigger = "first_payment"
    paid_in: PaidIn = "money"
    hold_days: int = 30
    clawback: Clawback | None = None
    cap_per_month_minor: int | None = None
    cap_lifetime_minor: int | None = None
    cap_year_minor: int | None = None
    minimum_minor: int | None = None

    def __post_init__(self) -> None:
        _choice("trigger", self.trigger, Trigger, "The trigger")
        _choice("paid_in", self.paid_in, PaidIn, "How it is paid")
        _whole("hold_days", self.hold_days, 0, 365, "The hold in days")
        if self.clawback is not None and not isinstance(self.clawback, Clawback):
            raise TermsError("clawback", "The clawback must be full, linear, stepped or nothing.")
        for field in ("cap_per_month_minor", "cap_lifetime_minor", "cap_year_minor", "minimum_minor"):
            if (value := getattr(self, field)) is not None:
                _amount(field, value, "A cap or minimum")
        caps = [cap for cap in (self.cap_per_month_minor, self.cap_lifetime_minor, self.cap_year_minor) if cap]
        if self.minimum_minor and caps and self.minimum_minor > min(caps):
            raise TermsError("minimum_minor", "The minimum is above the cap. Lower it.")


@dataclass(frozen=True, slots=True, kw_only=True)
class NoReward:
    """Nothing is paid; the introduction still counts for reciprocity and reports."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flat(Common):
    """A fixed amount, once, in the month of its trigger."""

    amount_minor: int

    def __post_init__(self) -> None:
        Common.__post_init__(self)
        _amount("amount_minor", self.amount_minor, "The fee")


@dataclass(frozen=True, slots=True, kw_only=True)
class MrrMultiple(Common):
    """A multiple of MRR, once: 15000 basis points are 1.5 × the MRR of the trigger date."""

    basis_points: int

    def __post_init__(self) -> None:
        Common.__post_init__(self)
        _whole("basis_points", self.basis_points, 1, 36 * ALL, "The multiple in basis points")


@dataclass(frozen=True, slots=True, kw_only=True)
class Recurring(Common):
    """What rewards earned month by month share: the base, the term, and what bends them.

    `counts` are the kinds of invoice lines that earn on collected revenue; tax never does. `only_lines` and
    `except_lines` name service lines.
    """

    trigger: Trigger = "service_start"
    base: Base = "contracted"
    months: int | None = 12
    counting: Counting = "anchored"
    proration: Proration = "actual"
    expansion: Expansion = "included"
    pause: Pausing = "clock_stops"
    counts: tuple[LineKind, ...] = ("service",)
    only_lines: NamedLines = ()
    except_lines: NamedLines = ()

    def __post_init__(self) -> None:
        Common.__post_init__(self)
        _choice("base", self.base, Base, "The base")
        _choice("counting", self.counting, Counting, "The counting of months")
        _choice("proration", self.proration, Proration, "The proration")
        _choice("expansion", self.expansion, Expansion, "Expansion")
        _choice("pause", self.pause, Pausing, "A pause")
        if self.months is not None:
            _whole("months", self.months, 1, 600, "The term in months")
        self._check_lines()

    def _check_lines(self) -> None:
        for kind in self.counts:
            _choice("counts", kind, LineKind, "What counts")
        if not self.counts or len(set(self.counts)) < len(self.counts):
            raise TermsError("counts", "Choose at least one kind of invoice line that counts, each once.")
        for field in ("only_lines", "except_lines"):
            named = getattr(self, field)
            if len(named) > 50 or not all(isinstance(part, str) and part for pair in named for part in pair):
                raise TermsError(field, "Service lines are up to 50 pairs of an id and a name.")
        if self.only_lines and self.except_lines:
            raise TermsError("except_lines", "Name the service lines that count or those that do not, not both.")
        chooses = self.counts != ("service",) or self.only_lines or self.except_lines
        if chooses and self.base == "contracted":
            raise TermsError("base", "Only collected revenue is told apart by lines. Base it on what is collected.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Percent(Recurring):
    """A percentage of contracted MRR or of what was collected, for some months or for life."""

    basis_points: int

    def __post_init__(self) -> None:
        Recurring.__post_init__(self)
        _whole("basis_points", self.basis_points, 1, ALL, "The percentage in basis points")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tiered(Recurring):
    """Rates by how much the partner brought. `tiers` are (lower bound, basis points).

    The bound counts minor units, and reaching it exactly enters the tier; for `wins` it counts
    the clients won before, so that (2, 750) rates the third client at 7.5%. `marginal` rates
    each slice by itself, `whole` rates everything at the tier reached.
    """

    tiers: tuple[tuple[int, int], ...]
    mode: TierMode
    tier_base: TierBase = "active_mrr"
    reset: TierReset = "month"
    rate: TierRate = "floating"

    def __post_init__(self) -> None:
        Recurring.__post_init__(self)
        _choice("mode", self.mode, TierMode, "The mode of the tiers")
        _choice("tier_base", self.tier_base, TierBase, "What the tiers count")
        _choice("reset", self.reset, TierReset, "When the tiers start again")
        _choice("rate", self.rate, TierRate, "The rate of a client")
        if not 1 <= len(self.tiers) <= 20:
            raise TermsError("tiers", "A tiered plan has 1 to 20 tiers.")
        bounds = [bound for bound, _ in self.tiers]
        for bound, basis_points in self.tiers:
            _whole("tiers", bound, 0, LARGEST_AMOUNT, "The start of a tier")
            _whole("tiers", basis_points, 0, ALL, "The percentage of a tier in basis points")
        if bounds[0] != 0 or bounds != sorted(set(bounds)):
            raise TermsError("tiers", "The first tier starts at 0 and every next one higher.")


Single = Flat | MrrMultiple | Percent | Tiered


@dataclass(frozen=True, slots=True, kw_only=True)
class Combined:
    """Several rewards of different kinds for one deal, such as a fee and a percentage."""

    parts: tuple[Single, ...]

    def __post_init__(self) -> None:
        if not 2 <= len(self.parts) <= 4 or not all(isinstance(part, Single) for part in self.parts):
            raise TermsError("parts", "A combined plan has 2 to 4 parts, each of them a reward.")
        if len({type(part) for part in self.parts}) < len(self.parts):
            raise TermsError("parts", "A combined plan has at most one part of each kind.")


Terms = NoReward | Flat | MrrMultiple | Percent | Tiered | Combined

KINDS: dict[str, type[Terms]] = {
    "none": NoReward,
    "flat": Flat,
    "mrr_multiple": MrrMultiple,
    "percent": Percent,
    "tiered": Tiered,
    "combined": Combined,
}
_KIND_OF = {cls: kind for kind, cls in KINDS.items()}


def kind_of(terms: Terms) -> str:
    """The name of the kind of terms, as JSON and forms have it: “percent”."""
    return _KIND_OF[type(terms)]


def components(terms: Terms) -> tuple[tuple[str, Single], ...]:
    """The rewards inside terms, each under the key that its pools carry; none for NoReward."""
    if isinstance(terms, NoReward):
        return ()
    parts = terms.parts if isinstance(terms, Combined) else (terms,)
    return tuple((kind_of(part), part) for part in parts)
