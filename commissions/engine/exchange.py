"""A base billed in one currency and paid in another, at a rate frozen by the caller."""

from commissions.engine.deal import Basis, Deal
from elinkages.kernel.money import exponent


def in_billed_currency(deal: Deal) -> Deal:
    """The deal as it is billed: how its MRR and receipts are read and said."""
    return deal if deal.exchange is None else deal._replace(currency=deal.exchange.currency)


def ratio(deal: Deal) -> tuple[int, int]:
    """What minor units billed are multiplied and divided by to be minor units paid."""
    if deal.exchange is None:
        return 1, 1
    paid, billed = 10 ** exponent(deal.currency), 10 ** exponent(deal.exchange.currency)
    return deal.exchange.rate_millionths * paid, 1_000_000 * billed


def exchanged(basis: Basis, deal: Deal) -> Basis:
    """The basis in the currency that is paid; still unrounded."""
    if deal.exchange is None:
        return basis
    multiplier, divisor = ratio(deal)
    rate = _rate(deal.exchange.rate_millionths)
    return basis._replace(
        numerator=basis.numerator * multiplier,
        denominator=basis.denominator * divisor,
        position=f"{basis.position}{at_rate(deal)}",
        formula=f"{basis.formula} × {rate}",
        inputs=basis.inputs | {"exchange": list(deal.exchange)},
    )


def at_rate(deal: Deal) -> str:
    """The rate in words, with a comma before them; empty when nothing is exchanged."""
    if deal.exchange is None:
        return ""
    rate = _rate(deal.exchange.rate_millionths)
    return f", at {rate} {deal.currency} for 1 {deal.exchange.currency}"


def _rate(millionths: int) -> str:
    whole, rest = divmod(millionths, 1_000_000)
    return f"{whole}.{rest:06}".rstrip("0").rstrip(".")
