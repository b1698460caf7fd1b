"""The form of a plan's terms as terms, and back."""

import re
from collections.abc import Iterator
from typing import Any, Final

from commissions.terms import (
    Combined,
    Flat,
    FullClawback,
    LinearClawback,
    NoReward,
    Percent,
    Recurring,
    SteppedClawback,
    Terms,
    TermsError,
    Tiered,
    to_json,
)
from elinkages.kernel.money import format_basis_points, parse_money, plain_money

_SHARED: Final = ("trigger", "hold_days")
_MONTHLY: Final = ("expansion", "proration", "pause")
_BOUNDS: Final = (
    ("cap_per_month", "cap_per_month_minor"),
    ("cap_lifetime", "cap_lifetime_minor"),
    ("cap_year", "cap_year_minor"),
    ("minimum", "minimum_minor"),
)


def as_json(reward: str, data: dict[str, Any], currency: str, names: dict[str, str]) -> dict[str, Any]:
    """What was typed as the JSON of terms; `names` are the service lines by id. Raises TermsError for steps."""
    if reward == "none":
        return {"kind": "none"}
    if reward == "combined":
        fee = {"kind": "flat", "amount_minor": data["amount"], **_shared(data), "trigger": data["fee_trigger"]}
        fee["cap_year_minor"] = data.get("cap_year")
        return {"kind": "combined", "parts": [fee, _monthly("percent", data, names)]}
    if reward == "tiered":
        steps = {"tiers": list(_steps(data["tiers"], data["tier_base"], currency))}
        chosen = {name: data[name] for name in ("mode", "tier_base", "reset", "rate")}
        if chosen["tier_base"] == "active_mrr":
            chosen["reset"] = "month"
        return {**_monthly("tiered", data, names), **steps, **chosen}
    if reward == "percent":
        return _monthly("percent", data, names)
    found = {"kind": reward, **_shared(data), **_bounds(data)}
    if reward == "flat":
        return found | {"amount_minor": data["amount"]}
    return found | {"basis_points": data["multiple"]}


def initial_of(terms: Terms, currency: str) -> dict[str, Any]:
    """Terms as the form's initial values."""
    if isinstance(terms, NoReward):
        return {}
    if isinstance(terms, Combined):
        flat, percent = terms.parts
        fee = to_json(flat)
        return {**initial_of(percent, currency), "amount": fee["amount_minor"], "fee_trigger": fee["trigger"]}
    data = to_json(terms)
    found: dict[str, Any] = {
        name: data[name] for name in (*_SHARED, *_MONTHLY, "paid_in", "base", "counts") if name in data
    }
    rate = data.get("basis_points")
    found |= {"amount": data.get("amount_minor"), "multiple": rate, "percent": rate}
    found |= {name: data.get(key) for name, key in _BOUNDS} | _clawback_of(terms)
    if isinstance(terms, Recurring):
        found |= {"duration": "life" if terms.months is None else "months", "months": terms.months or 12}
        named = terms.only_lines or terms.except_lines
        found["line_choice"] = "only" if terms.only_lines else "except" if terms.except_lines else "all"
        found["lines"] = [line_id for line_id, _ in named]
    if isinstance(terms, Tiered):
        found |= {name: data[name] for name in ("mode", "tier_base", "reset", "rate")}
        found["tiers"] = "\n".join(
            f"{_bound(bound, terms, currency)}: {format_basis_points(points)}" for bound, points in terms.tiers
        )
    return found


def can_show(terms: Terms) -> bool:
    """Whether the form has everything that these terms say."""
    if isinstance(terms, Combined):
        return [type(part) for part in terms.parts] == [Flat, Percent]
    return True


def _shared(data: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {name: data[name] for name in _SHARED}
    found["paid_in"] = data.get("paid_in") or "money"
    kind = data.get("clawback_kind")
    if kind == "linear":
        if not data.get("clawback_months"):
            raise TermsError("clawback.months", "Enter how many months the part is based on.")
        found["clawback"] = {"kind": "linear", "months": data["clawback_months"]}
    elif kind == "stepped":
        steps = [(_whole(first, "clawback.steps"), points) for first, points in _pairs(data, "clawback_steps")]
        found["clawback"] = {"kind": "stepped", "steps": steps}
    elif days := data.get("clawback_days"):
        found["clawback"] = {"kind": "full", "window_days": days}
    return found


def _bounds(data: dict[str, Any]) -> dict[str, Any]:
    return {key: data[name] for name, key in _BOUNDS if data.get(name) is not None}


def _monthly(kind: str, data: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    found = {"kind": kind, **_shared(data), **_bounds(data), **{name: data[name] for name in _MONTHLY}}
    found["months"] = data["months"] if data["duration"] == "months" else None
    if kind == "percent":
        found["basis_points"] = data["percent"]
    if (data.get("base") or "contracted") == "contracted":
        return found
    chosen = [(line_id, names[line_id]) for line_id in data.get("lines") or ()]
    choice = data.get("line_choice") or "all"
    if choice != "all" and not chosen:
        raise TermsError("only_lines", "Choose the service lines.")
    if choice != "all":
        found["only_lines" if choice == "only" else "except_lines"] = chosen
    return found | {"base": "collected", "counts": data.get("counts") or []}


def _steps(text: str, tier_base: str, currency: str) -> Iterator[tuple[int, int]]:
    for first, points in _pairs({"tiers": text}, "tiers"):
        if tier_base == "wins":
            yield _whole(first, "tiers") - 1, points
            continue
        try:
            yield parse_money(first, currency).minor, points
        except ValueError as error:
            raise TermsError("tiers", str(error)) from error


def _pairs(data: dict[str, Any], name: str) -> Iterator[tuple[str, int]]:
    """(what stands before the colon, basis points) line by line."""
    for line in str(data.get(name) or "").strip().splitlines():
        match = re.fullmatch(r"\s*(.{1,40}?)\s*:\s*([0-9]{1,3})(?:[.,]([0-9]{1,2}))?\s*%?\s*", line)
        if match is None:
            field = "clawback.steps" if name == "clawback_steps" else name
            raise TermsError(field, f"“{line.strip()[:40]}” is not a step. Write it like “5,000: 8%”.")
        yield match[1], int(match[2]) * 100 + int((match[3] or "").ljust(2, "0"))


def _whole(text: str, field: str) -> int:
    digits = text.removesuffix("days").removesuffix("day").strip()
    if not re.fullmatch("[0-9]{1,6}", digits):
        raise TermsError(field, f"“{text[:40]}” is not a whole number.")
    return int(digits)


def _bound(bound: int, terms: Tiered, currency: str) -> str:
    return str(bound + 1) if terms.tier_base == "wins" else plain_money(bound, currency)


def _clawback_of(terms: Any) -> dict[str, Any]:
    clawback = getattr(terms, "clawback", None)
    if isinstance(clawback, FullClawback):
        return {"clawback_days": clawback.window_days}
    if isinstance(clawback, LinearClawback):
        return {"clawback_kind": "linear", "clawback_months": clawback.months}
    if isinstance(clawback, SteppedClawback):
        steps = "\n".join(f"{days}: {format_basis_points(share)}" for days, share in clawback.steps)
        return {"clawback_kind": "stepped", "clawback_steps": steps}
    return {}
