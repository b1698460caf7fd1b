"""Money in whole minor units: rounding, sharing out, reading and writing amounts.

Every amount is an integer of minor units (cents) beside its ISO 4217 code, every rate an integer
of basis points. The rules and their proofs by example: docs/algorithms/rounding.md.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any, Protocol

from babel.core import Locale, get_global
from babel.numbers import get_currency_symbol, get_decimal_symbol, get_group_symbol

MINUS = "\u2212"
LARGEST_MINOR = 10**15

# CLDR, and so Babel, counts the decimals people use in shops (none for IQD); ISO 4217 counts those
# that banks keep (three). The ledger follows ISO. Whatever is not listed has two.
_WITH_DECIMALS = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
_DECIMALS = {code: places for places, codes in _WITH_DECIMALS.items() for code in codes.split()}


class CurrencyMismatch(ValueError):
    """Two currencies met in one sum or comparison."""


class Sortable(Protocol):
    """A key with an order, so that ties in a sharing-out have one answer."""

    def __lt__(self, other: Any, /) -> bool: ...


@lru_cache(maxsize=512)
def exponent(currency: str) -> int:
    """How many decimal places ISO 4217 gives the currency (USD 2, JPY 0, KWD 3).

    Raises ValueError for a code that is no currency.
    """
    if currency not in get_global("all_currencies"):
        raise ValueError(f"“{currency}” is not an ISO 4217 currency code such as USD.")
    return _DECIMALS.get(currency, 2)


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in minor units of one currency; arithmetic never crosses currencies."""

    minor: int
    currency: str

    def __post_init__(self) -> None:
        if type(self.minor) is not int:
            raise TypeError("Money is counted in whole minor units.")
        exponent(self.currency)

    def __add__(self, other: "Money") -> "Money":
        return Money(self.minor + self._minor_of(other), self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return Money(self.minor - self._minor_of(other), self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.minor, self.currency)

    def __lt__(self, other: "Money") -> bool:
        return self.minor < self._minor_of(other)

    def __le__(self, other: "Money") -> bool:
        return self.minor <= self._minor_of(other)

    def __bool__(self) -> bool:
        return self.minor != 0

    def __str__(self) -> str:
        return format_money(self.minor, self.currency)

    def _minor_of(self, other: "Money") -> int:
        if other.currency != self.currency:
            raise CurrencyMismatch(f"{self.currency} and {other.currency} cannot be combined.")
        return other.minor


def round_half_away(numerator: int, denominator: int) -> int:
    """The nearest integer to numerator / denominator, halves away from zero.

    Symmetric: rounding the negative gives exactly the negative. Raises ValueError unless the
    denominator is positive.
    """
    if denominator <= 0:
        raise ValueError("The denominator must be positive.")
    if numerator < 0:
        return -((denominator - 2 * numerator) // (2 * denominator))
    return (2 * numerator + denominator) // (2 * denominator)


def allocate[K: Sortable](minor: int, weights: Sequence[tuple[K, int]]) -> dict[K, int]:
    """Share out minor units in proportion to weights, losing none: largest remainder.

    Ties go to the lowest key, so the order of the weights never matters, and the sign is put on
    last, so a reversal mirrors its original. Raises ValueError when a key comes twice, a weight is
    negative, or all weights are zero.
    """
    total = sum(weight for _, weight in weights)
    ordered = sorted(weights, key=lambda pair: pair[0])
    if total <= 0 or any(weight < 0 for _, weight in weights):
        raise ValueError("Weights are zero or more, and not all of them zero.")
    if any(one[0] == two[0] for one, two in pairwise(ordered)):
        raise ValueError("Every key may come once.")
    sign = -1 if minor < 0 else 1
    parts = {key: abs(minor) * weight // total for key, weight in ordered}
    missing = abs(minor) - sum(parts.values())
    # A stable sort keeps equal remainders in the order of their keys.
    by_remainder = sorted(ordered, key=lambda pair: -(abs(minor) * pair[1] % total))
    for key, _ in by_remainder[:missing]:
        parts[key] += 1
    return {key: sign * part for key, part in parts.items()}


@lru_cache(maxsize=512)
def _style(currency: str, locale: str) -> tuple[str, str, str, str, tuple[int, int], int]:
    """Prefix, suffix, decimal mark, group mark, group sizes and decimals of a currency there."""
    pattern = Locale.parse(locale).currency_formats["standard"]
    symbol = get_currency_symbol(currency, locale)
    prefix = pattern.prefix[0].replace("¤", symbol)
    suffix = pattern.suffix[0].replace("¤", symbol)
    if prefix[-1:].isalpha():
        prefix += "\xa0"
    decimal = get_decimal_symbol(locale, numbering_system="latn")
    group = get_group_symbol(locale, numbering_system="latn")
    return prefix, suffix, decimal, group, pattern.grouping, exponent(currency)


def _grouped(whole: int, mark: str, sizes: tuple[int, int]) -> str:
    if sizes == (3, 3):
        return f"{whole:,}" if mark == "," else f"{whole:,}".replace(",", mark)
    digits, first, rest = str(whole), *sizes
    head, groups = digits[:-first], [digits[-first:]]
    while head:
        head, groups = head[:-rest], [head[-rest:], *groups]
    return mark.join(groups)


def format_money(minor: int, currency: str, locale: str = "en_US") -> str:
    """Minor units for people: “$1,234.56”, “−$500.00” (U+2212 in front), “¥7,407”."""
    prefix, suffix, decimal, group, sizes, places = _style(currency, locale)
    sign = MINUS if minor < 0 else ""
    if not places:
        return f"{sign}{prefix}{_grouped(abs(minor), group, sizes)}{suffix}"
    whole, fraction = divmod(abs(minor), 10**places)
    return f"{sign}{prefix}{_grouped(whole, group, sizes)}{decimal}{fraction:0{places}}{suffix}"


def bare_money(minor: int, currency: str) -> str:
    """Minor units for people in a column that names its currency once: “1,234.56”, “−500.00”, “7,407”."""
    places = exponent(currency)
    whole, rest = divmod(abs(minor), 10**places)
    text = f"{whole:,}.{rest:0{places}}" if places else f"{whole:,}"
    return f"{MINUS}{text}" if minor < 0 else text


def plain_money(minor: int, currency: str) -> str:
    """Minor units for programs: “-1234.56”, ASCII, no sign of currency, no grouping."""
    places = exponent(currency)
    whole, fraction = divmod(abs(minor), 10**places)
    number = f"{whole}.{fraction:0{places}}" if places else str(whole)
    return f"-{number}" if minor < 0 else number


@lru_cache(maxsize=1024)
def format_basis_points(basis_points: int) -> str:
    """A rate for people: 1000 is “10%”, 750 “7.5%”, 1 “0.01%”."""
    return f"{_hundredths(basis_points)}%"


@lru_cache(maxsize=1024)
def format_multiple(basis_points: int) -> str:
    """A multiple for people: 15000 is “1.5”, 10000 “1”."""
    sign = MINUS if basis_points < 0 else ""
    whole, rest = divmod(abs(basis_points), 10_000)
    return f"{sign}{whole}.{rest:04}".rstrip("0").rstrip(".")


def _hundredths(value: int) -> str:
    sign = MINUS if value < 0 else ""
    whole, rest = divmod(abs(value), 100)
    return f"{sign}{whole}.{rest:02}".rstrip("0").rstrip(".")


_AMOUNT = re.compile(
    rf"(?P<sign>[-{MINUS}])?\s*(?P<before>[^0-9.,'’\s{MINUS}-]*)\s*(?P<inner>[-{MINUS}])?\s*"
    r"(?P<number>[0-9][0-9.,'’ ]*|[.,][0-9]+)(?P<after>[^0-9.,'’\s]*)"
)


def parse_money(text: str, currency: str, *, decimal_mark: str | None = None) -> Money:
    """Read an amount as people write it: “$1,234.56”, “1.234,56”, “1 234,56 €”, “1234”, “-12”.

    Where a dot or comma could be either a decimal mark or a group mark (docs/algorithms/
    rounding.md has the rules), the reading is refused; `decimal_mark` settles it for a whole
    column. Raises ValueError with a sentence for the person who typed it.
    """
    shown = f"“{text.strip()[:40]}”"
    cleaned = re.sub(r"[\s\u00a0\u202f\u2009]+", " ", text).strip()
    if not cleaned:
        raise ValueError("Enter an amount, for example 1,234.56.")
    if cleaned.startswith("(") and cleaned.endswith(")"):
        raise ValueError(f"{shown} is in parentheses. Write a negative amount as -12.00.")
    match = _AMOUNT.fullmatch(cleaned)
    if match is None or (match["sign"] and match["inner"]):
        raise ValueError(f"{shown} is not an amount. Write it like 1,234.56.")
    for sign_of_currency in (match["before"], match["after"]):
        check_currency(sign_of_currency, currency)
    whole, fraction = _split(match["number"].strip(), shown, currency, decimal_mark)
    places = exponent(currency)
    if fraction[places:].strip("0"):
        allowed = f"{places} decimal places" if places else "no decimal places"
        raise ValueError(f"{shown} is finer than {currency} allows: {allowed}.")
    minor = int(whole + fraction[:places].ljust(places, "0"))
    if minor > LARGEST_MINOR:
        raise ValueError(f"{shown} is larger than any amount kept here.")
    return Money(-minor if match["sign"] or match["inner"] else minor, currency)


def check_currency(written: str, currency: str) -> None:
    """Raise ValueError when a sign or code that somebody wrote is not that of the currency."""
    if not written:
        return
    symbol = get_currency_symbol(currency, "en_US")
    accepted = {currency, symbol}
    if not symbol[-1].isalnum():
        accepted |= {symbol[-1], currency[:2] + symbol[-1]}
    if written.upper() not in accepted:
        raise ValueError(f"“{written[:20]}” is not {currency}. Write the amount in {currency}.")


_GROUPS = re.compile(r"[0-9]*|[0-9]{1,3}(?:([., '’])[0-9]{3})(?:\1[0-9]{3})*|[0-9]{1,2}(?:,[0-9]{2})*,[0-9]{3}")


def _split(number: str, shown: str, currency: str, decimal_mark: str | None) -> tuple[str, str]:
    """The digits before and after the decimal mark; raises ValueError for broken grouping."""
    mark = decimal_mark if decimal_mark is not None else _decimal_mark(number, shown, currency)
    whole, fraction = number, ""
    if mark and mark in number:
        whole, _, fraction = number.partition(mark)
    if not _GROUPS.fullmatch(whole) or re.search(r"[^0-9]", fraction):
        raise ValueError(f"{shown} is not an amount. Write it like 1,234.56.")
    return re.sub(r"[^0-9]", "", whole) or "0", fraction


def _decimal_mark(number: str, shown: str, currency: str) -> str:
    """Which character of the number begins its decimals; empty when none does."""
    marks = [character for character in number if character in ".,"]
    if len(set(marks)) == 2:
        return marks[-1]
    if len(marks) != 1:
        return ""
    head, _, tail = number.partition(marks[0])
    if len(tail) != 3 or not head.isdigit() or head.startswith("0") or len(head) > 3:
        return marks[0]
    places = exponent(currency)
    if places == 0 or (marks[0] == "," and places != 3):
        return ""
    if marks[0] == "." and places == 3:
        return "."
    raise ValueError(f"{shown} could be read two ways. Write {head}{tail} or {head}.{tail[:2]}.")
