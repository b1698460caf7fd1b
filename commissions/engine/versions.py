"""Which version of a plan holds for an earning month."""

from collections.abc import Sequence
from datetime import date
from typing import Literal, NamedTuple

Policy = Literal["pinned", "floating"]


class Version[T](NamedTuple):
    """Terms in force from a day until the first day they no longer are (None: open)."""

    valid_from: date
    valid_until: date | None
    terms: T


def version_on[T](versions: Sequence[Version[T]], day: date) -> T | None:
    """The terms in force on a day; None in a gap. Published versions never overlap."""
    for version in versions:
        if version.valid_from <= day and (version.valid_until is None or day < version.valid_until):
            return version.terms
    return None


def terms_for[T](versions: Sequence[Version[T]], *, won_on: date, month: date, policy: Policy) -> T | None:
    """The terms for an earning month: those of the day the deal was won, or those of the month.

    A floating plan takes the version in force on the first day of the earning month, but never
    one from before the deal was won.
    """
    return version_on(versions, won_on if policy == "pinned" else max(month, won_on))
