"""A base billed in one currency and paid in another, at a rate frozen by the caller."""

from commissions.engine.deal import Basis, Deal, Exchange
from elinkages.kernel.money import exponent, round_half_away


def in_billed_currency(deal: Deal) -> Deal:
    """The deal as it is billed: how its MRR and receipts are read and said."""
    return deal if deal.exchange is None else deal._replace(currency=deal.exchange.currency)


def ratio(deal: Deal) -> tuple[int, int]:
    """What minor units billed are multiplied and divided by to be minor units paid."""
    return (1, 1) if deal.exchange is None else _ratio(deal.exchange, deal.currency)


def paid_in(minor: int, exchange: Exchange, currency: str) -> int:
    """Minor units as billed in the currency that is paid, rounded."""
    multiplier, divisor = _ratio(exchange, currency)
    return round_half_away(minor * multiplier, divisor)


def _ratio(exchange: Exchange, currency: str) -> tuple[int, int]:
    paid, billed = 10 ** exponent(currency), 10 ** exponent(exchange.currency)
    return exchange.rate_millionths * paid, 1_000_000 * billed


def exchanged(basis: Basis, deal: Deal) -> Basis:
    """The basis in the currency that is paid; still unrounded."""
    if deal.exchange is None:
        return basis
    multiplier, divisor = ratio(deal)
    rate = rate_digits(deal.exchange.rate_millionths)
    return basis._replace(
        numerator=basis.numerator * multiplier,
        denominator=basis.denominator * divisor,
        position=f"{basis.position}{at_rate(deal)}",
        formula=f"{basis.formula} × {rate}",
        inputs=basis.inputs | {"exchange": list(deal.exchange)},
    )


def at_rate(deal: Deal) -> str:
    """The rate in words, with a comma before them; empty when nothing is exchanged."""
    return "" if deal.exchange is None else f", at {say_rate(deal.exchange, deal.currency)}"


def say_rate(exchange: Exchange, currency: str) -> str:
    """A rate in words: “1.08735 USD for 1 EUR”."""
    return f"{rate_digits(exchange.rate_millionths)} {currency} for 1 {exchange.currency}"


def rate_digits(millionths: int) -> str:
    """A rate without trailing zeros: “1.08735”."""
    whole, rest = divmod(millionths, 1_000_000)
    return f"{whole}.{rest:06}".rstrip("0").rstrip(".")
