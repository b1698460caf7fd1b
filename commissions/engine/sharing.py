"""Sharing a pool among partners, and what of a balance can be paid."""

from collections.abc import Sequence
from typing import NamedTuple

from commissions.terms import ALL
from elinkages.kernel.money import Sortable, allocate, format_basis_points, format_money


class Split[K: Sortable](NamedTuple):
    """A pool in parts: what each partner gets, and what stays with the MSP, in minor units."""

    partners: dict[K, int]
    kept: int


def split[K: Sortable](amount_minor: int, shares: Sequence[tuple[K, int]]) -> Split[K]:
    """Share a rounded pool by basis points; what they leave of 10,000 stays with the MSP.

    Loses no cent, whatever the order of the shares; among equal remainders the lowest key goes
    first and the MSP last. Raises ValueError for shares above 10,000 in all, below 1, or twice
    for one partner.
    """
    if len(shares) == 1 and shares[0][1] == ALL:
        return Split({shares[0][0]: amount_minor}, 0)
    given = sum(share for _, share in shares)
    if given > ALL or any(share < 1 for _, share in shares):
        raise ValueError("Shares are at least 1 basis point each and at most 10,000 in all.")
    if len({key for key, _ in shares}) < len(shares):
        raise ValueError("Every partner may have one share.")
    ordered = sorted(shares, key=lambda pair: pair[0])
    weights = [(index, share) for index, (_, share) in enumerate(ordered)]
    parts = allocate(amount_minor, [*weights, (len(ordered), ALL - given)])
    return Split({key: parts[index] for index, (key, _) in enumerate(ordered)}, parts[len(ordered)])


def share_reason(basis_points: int, amount_minor: int, currency: str) -> str:
    """What a partner with less than the whole reads after the pool's own reason."""
    return f"your {format_basis_points(basis_points)} share of {format_money(amount_minor, currency)}"


def payable_now(balance_minor: int, minimum_minor: int) -> int:
    """What of a payable balance is paid in a run: all of it, or nothing below the minimum.

    A balance that clawbacks made negative pays nothing and is netted against what comes next.
    """
    return balance_minor if balance_minor > 0 and balance_minor >= minimum_minor else 0
