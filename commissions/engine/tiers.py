"""Rates that depend on how much the partner brought: slice by slice, or all at one rate."""

from collections.abc import Sequence

from commissions.engine.deal import Basis, Deal, Line, Standing
from commissions.engine.exchange import ratio
from commissions.terms import ALL, Tiered
from elinkages.kernel.money import format_basis_points, format_money, round_half_away
from elinkages.kernel.words import say_count

Tiers = Sequence[tuple[int, int]]


def tiered(terms: Tiered, deal: Deal, basis: Basis, standing: Standing | None) -> Line:
    """The basis at the rates of the tiers it reaches; alone in its period without a standing."""
    if terms.tier_base == "wins":
        return _by_wins(terms, deal, basis, standing or Standing(0, 1))
    if terms.tier_base == "new_mrr":
        multiplier, scale = ratio(deal)
        size = deal.mrr_minor * multiplier
    else:
        size, scale = basis.numerator, basis.denominator
    before = standing.before * scale if standing else 0
    total = standing.total * scale if standing else size
    if terms.mode == "whole":
        return _flat_rate(terms, deal, basis, rate_at(terms.tiers, total, scale), standing)
    slices = _slices(terms.tiers, before, before + size, scale)
    return _by_slices(terms, deal, basis, standing, slices, scale)


def rate_at(tiers: Tiers, reached: int, scale: int = 1) -> int:
    """The basis points of the tier that contains `reached` / `scale`; the boundary is inside."""
    return next(rate for bound, rate in reversed(tiers) if bound * scale <= max(reached, 0))


def _by_wins(terms: Tiered, deal: Deal, basis: Basis, standing: Standing) -> Line:
    place = standing.total - 1 if terms.mode == "whole" else standing.before
    return _flat_rate(terms, deal, basis, rate_at(terms.tiers, place), standing)


def _flat_rate(terms: Tiered, deal: Deal, basis: Basis, rate: int, standing: Standing | None) -> Line:
    amount = round_half_away(basis.numerator * rate, basis.denominator * ALL)
    shown = format_basis_points(rate)
    step = f"{basis.formula} × {shown} = {format_money(amount, deal.currency)}"
    reason = f"{shown} of {basis.words}{basis.position}{_place(terms, deal, standing)}"
    inputs = basis.inputs | _inputs(terms, standing) | {"basis_points": rate}
    return Line(amount, reason, (*basis.steps, step), inputs)


def _slices(tiers: Tiers, low: int, high: int, scale: int) -> list[tuple[int, int]]:
    """How much of low..high (in 1/scale minor units) lies in each tier, with the tier's rate."""
    low, high = max(min(low, high), 0), max(low, high, 0)
    found = []
    for index, (bound, rate) in enumerate(tiers):
        ceiling = tiers[index + 1][0] * scale if index + 1 < len(tiers) else high
        inside = min(high, ceiling) - max(low, bound * scale)
        if inside > 0:
            found.append((inside, rate))
    return found


def _by_slices(
    terms: Tiered,
    deal: Deal,
    basis: Basis,
    standing: Standing | None,
    slices: list[tuple[int, int]],
    scale: int,
) -> Line:
    if len(slices) < 2:
        rate = slices[0][1] if slices else terms.tiers[0][1]
        return _flat_rate(terms, deal, basis, rate, standing)
    size = sum(inside for inside, _ in slices)
    weighted = sum(inside * rate for inside, rate in slices)
    amount = round_half_away(basis.numerator * weighted, basis.denominator * size * ALL)
    shown = [
        (format_basis_points(rate), format_money(round_half_away(inside, scale), deal.currency))
        for inside, rate in slices
    ]
    rates = " + ".join(f"{rate} of {part}" for rate, part in shown)
    inputs = basis.inputs | _inputs(terms, standing) | {"slice_scale": scale}
    inputs["slices"] = [list(pair) for pair in slices]
    reason = f"{rates}: {basis.words}{basis.position}{_place(terms, deal, standing)}"
    step = f"{rates} = {format_money(amount, deal.currency)}"
    return Line(amount, reason, (*basis.steps, step), inputs)


def _inputs(terms: Tiered, standing: Standing | None) -> dict[str, object]:
    found: dict[str, object] = {"mode": terms.mode, "tier_base": terms.tier_base}
    if standing is not None:
        found |= {"before": standing.before, "total": standing.total}
    return found


def _place(terms: Tiered, deal: Deal, standing: Standing | None) -> str:
    if standing is None:
        return ""
    if terms.mode == "whole":
        reached = say_count(standing.total, "client")
        if terms.tier_base != "wins":
            reached = format_money(standing.total, deal.currency)
        return f", tier reached with {reached}"
    if terms.tier_base == "wins":
        return f", client number {standing.before + 1}"
    return f", on top of {format_money(standing.before, deal.currency)}" if standing.before else ""
