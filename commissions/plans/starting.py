"""Plans that an MSP can begin with."""

from dataclasses import dataclass

from commissions import terms as plan_terms
from commissions.terms import Flat, FullClawback, MrrMultiple, Percent, Terms
from elinkages.kernel.money import exponent


@dataclass(frozen=True, slots=True)
class StartingPoint:
    """Terms that an owner can begin with; nothing is published until they say so."""

    slug: str
    name: str
    why: str
    terms: Terms
    currency: str

    @property
    def sentence(self) -> str:
        """The terms in words."""
        return plan_terms.describe(self.terms, self.currency)


def starting_points(currency: str) -> list[StartingPoint]:
    """Three plans that most MSPs begin with, amounts in the MSP's currency."""
    flat = Flat(amount_minor=500 * 10 ** exponent(currency), clawback=FullClawback(window_days=90))
    multiple = MrrMultiple(basis_points=10_000, clawback=FullClawback(window_days=90))
    return [
        StartingPoint("flat", "Flat fee", "Easy to explain and remember. Good for happy clients.", flat, currency),
        StartingPoint(
            "multiple",
            "One month of MRR",
            "A larger introduction earns more, and you pay once. Good for advisers and peers.",
            multiple,
            currency,
        ),
        StartingPoint(
            "share",
            "10% for a year",
            "The partner shares the first year with you, good months and bad. Good for advisers and vendors.",
            Percent(basis_points=1000, months=12),
            currency,
        ),
    ]
