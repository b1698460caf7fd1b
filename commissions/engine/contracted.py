"""The base of contracted MRR: which of it falls into one calendar month, day by day."""

from datetime import date, timedelta
from itertools import pairwise
from typing import Any

from commissions.engine.deal import Basis, Deal, Line, Movement, nothing
from commissions.engine.periods import (
    Calendar,
    Term,
    calendar_month,
    merged,
    owed_from,
    position_of,
    say_day,
    say_last_day,
    term_of,
    trigger_date,
)
from commissions.terms import Recurring
from elinkages.kernel.money import format_money, round_half_away

WAITING = {
    "won": "the deal is not won",
    "service_start": "service has no start date",
    "first_payment": "the first invoice is not paid",
}
_ONE_DAY = timedelta(days=1)
Segment = tuple[int, date, date]


def contracted_term(terms: Recurring, deal: Deal) -> Term | None:
    """The days that can earn on contracted MRR, or None while the trigger has not happened."""
    anchor = trigger_date(terms.trigger, deal)
    if anchor is None or deal.starts_on is None:
        return None
    return term_of(terms, deal, anchor)


def first_day(deal: Deal, term: Term) -> date:
    """The first day that can earn: in service, inside the term, and owed."""
    first = term.anchor
    if deal.starts_on is not None and deal.starts_on > first:
        first = deal.starts_on
    owed = owed_from(deal)
    return first if owed is None else max(first, owed)


def contracted_basis(terms: Recurring, deal: Deal, month: date) -> Basis | Line:
    """What the contract's MRR of the month gives a rate to work on, or a Line of zero."""
    calendar = calendar_month(month)
    term = contracted_term(terms, deal)
    if term is None:
        waiting = terms.trigger if trigger_date(terms.trigger, deal) is None else "service_start"
        return nothing(f"Nothing yet: {WAITING[waiting]}", month)
    start = max(month, first_day(deal, term))
    until = _last_until(deal, term, calendar)
    if start >= until:
        return nothing(_why_nothing(terms, deal, month, calendar, term), month)
    if not deal.movements and not deal.pauses:
        return _weighed(terms, deal, term, calendar, [(deal.mrr_minor, start, until)])
    segments = _segments(deal, start, until)
    if not segments:
        return nothing(f"Nothing for {calendar.name}: service was paused", month)
    counted = segments
    if terms.expansion == "excluded":
        counted = [(min(amount, deal.mrr_minor), first, end) for amount, first, end in segments]
    basis = _weighed(terms, deal, term, calendar, _joined(counted))
    if counted == segments:
        return basis
    first_mrr = format_money(deal.mrr_minor, deal.currency)
    return basis._replace(words=f"{basis.words} (growth above {first_mrr} not counted)")


def _last_until(deal: Deal, term: Term, calendar: Calendar) -> date:
    until = calendar.following
    if term.until is not None and term.until < until:
        until = term.until
    if deal.ends_on is not None and deal.ends_on < until:
        until = deal.ends_on
    return until


def _segments(deal: Deal, start: date, until: date) -> list[Segment]:
    """The runs of days with one MRR between two days, without paused ones."""
    mrr_minor = deal.mrr_minor
    cuts: list[tuple[date, int]] = []
    for movement in sorted(deal.movements, key=_when):
        if movement.effective_on <= start:
            mrr_minor = movement.mrr_minor
        elif movement.effective_on < until:
            cuts.append((movement.effective_on, movement.mrr_minor))
    if not cuts and not deal.pauses:
        return [(mrr_minor, start, until)]
    runs = pairwise([(start, mrr_minor), *cuts, (until, 0)])
    return [(amount, *span) for (day, amount), (following, _) in runs for span in _served(deal, day, following)]


def _joined(segments: list[Segment]) -> list[Segment]:
    """Adjoining runs of one MRR made into one: a movement that changes nothing is not told."""
    found: list[Segment] = []
    for amount, start, until in segments:
        if found and found[-1][0] == amount and found[-1][2] == start:
            start = found.pop()[1]
        found.append((amount, start, until))
    return found


def mrr_on(deal: Deal, day: date) -> int:
    """The contract's MRR in force on a day, in minor units; the MRR it was won at before any."""
    return _segments(deal._replace(pauses=()), day, day + _ONE_DAY)[0][0]


def mrr_in(deal: Deal, month: date) -> int:
    """What the contract is worth in one calendar month, day by day and rounded; nothing outside service."""
    calendar = calendar_month(month)
    start = max(month, deal.starts_on or month)
    until = min(calendar.following, deal.ends_on or calendar.following)
    if start >= until:
        return 0
    weighed = sum(minor * (end - first).days for minor, first, end in _segments(deal, start, until))
    return round_half_away(weighed, calendar.days)


def _when(movement: Movement) -> tuple[date, int, int]:
    # The amount comes last so that even two unordered movements of one day have one answer.
    return movement.effective_on, movement.sequence, movement.mrr_minor


def _served(deal: Deal, start: date, until: date) -> list[tuple[date, date]]:
    spans = []
    for pause in merged(deal.pauses):
        if pause.starts_on > start:
            spans.append((start, min(pause.starts_on, until)))
        start = until if pause.ends_on is None else max(start, pause.ends_on)
        if start >= until:
            return [span for span in spans if span[0] < span[1]]
    return [span for span in [*spans, (start, until)] if span[0] < span[1]]


def _weighed(terms: Recurring, deal: Deal, term: Term, calendar: Calendar, segments: list[Segment]) -> Basis:
    """Segments as a weighted amount: MRR × days, summed, over the days of the month."""
    mrr_minor, start, until = segments[0]
    inputs: dict[str, Any] = {"month": f"{start.year}-{start.month:02}", "base": "contracted"}
    position = ""
    if term.months is not None:
        number = position_of(terms, deal, term, segments[-1][2] - _ONE_DAY)
        position = f", month {number} of {term.months}"
        inputs["term_month"] = number
        inputs["term_months"] = term.months
    whole = until == calendar.following and start.day == 1
    if whole or terms.proration == "none":
        inputs["mrr_minor"] = mrr_minor
        amount = format_money(mrr_minor, deal.currency)
        words = f"{amount} MRR for {calendar.name}"
        return Basis(mrr_minor, 1, words, position, amount, (), inputs)
    weights = [(amount, _days(terms, calendar, *span)) for amount, *span in segments]
    of_days = 30 if terms.proration == "thirty_360" else calendar.days
    inputs["mrr_minor_by_days"] = [list(pair) for pair in weights]
    inputs["of_days"] = of_days
    words, formula = _weighed_words(deal, calendar, weights, of_days)
    numerator = sum(amount * days for amount, days in weights)
    steps = tuple(
        f"{format_money(amount, deal.currency)} MRR from {say_day(first)} to {say_last_day(end)}"
        for amount, first, end in segments
    )
    return Basis(numerator, of_days, words, position, formula, steps, inputs)


def _weighed_words(deal: Deal, calendar: Calendar, weights: list[tuple[int, int]], of_days: int) -> tuple[str, str]:
    amounts = [format_money(amount, deal.currency) for amount, _ in weights]
    formula = " + ".join(f"{amount} × {days}/{of_days}" for amount, (_, days) in zip(amounts, weights, strict=True))
    if len(weights) == 1:
        return f"{amounts[0]} MRR for {calendar.name}, {weights[0][1]} of {of_days} days", formula
    parts = [f"{amount} for {days}" for amount, (_, days) in zip(amounts, weights, strict=True)]
    listed = f"{', '.join(parts[:-1])} and {parts[-1]} of {of_days} days"
    return f"MRR for {calendar.name} ({listed})", f"({formula})"


def _days(terms: Recurring, calendar: Calendar, start: date, until: date) -> int:
    if terms.proration == "actual":
        return (until - start).days
    # Every month has 30 days and the 31st is the 30th: adjoining spans still add up to 30.
    end = 30 if until == calendar.following else min(until.day, 30) - 1
    return end - min(start.day, 30) + 1


def _why_nothing(terms: Recurring, deal: Deal, month: date, calendar: Calendar, term: Term) -> str:
    first = first_day(deal, term)
    if first >= calendar.following:
        what = "the term starts on"
        if first == owed_from(deal):
            what = "commission for this client is owed from"
        elif first == deal.starts_on:
            what = "service starts on"
        return f"Nothing for {calendar.name}: {what} {say_day(first)}"
    if term.until is not None and term.until <= month:
        return outside_term(terms, deal, term, term.until, calendar.following - _ONE_DAY, calendar.name)
    if deal.ends_on is not None and deal.ends_on <= month:
        last_day = say_last_day(deal.ends_on)
        return f"Nothing for {calendar.name}: the client left, last day of service {last_day}"
    return f"Nothing for {calendar.name}: no day of service falls inside the term"


def outside_term(terms: Recurring, deal: Deal, term: Term, until: date, day: date, what: str) -> str:
    """The sentence for a day after the term's end; `what` names the month or invoice it is in."""
    number = position_of(terms, deal, term, day)
    return (
        f"{what} is month {number} of {terms.months}, outside the term: "
        f"the {terms.months} months ended {say_last_day(until)}"
    )
