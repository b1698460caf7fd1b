"""A change of MRR before it is recorded: its kind, its amount, and why it cannot be."""

from dataclasses import dataclass
from datetime import date

from elinkages.kernel.money import LARGEST_MINOR, format_money
from elinkages.kernel.refusal import Refused
from elinkages.kernel.words import say_day
from referrals.models import Contract, MovementKind, MrrMovement
from referrals.mrr import Timeline, timeline


class InvalidMrr(Refused):
    """An amount that no contract can have."""


class OutsideService(Refused):
    """A day before the contract starts or after it ends."""


class WrongKind(Refused):
    """The kind of movement does not fit what happened to the MRR."""


@dataclass(frozen=True, slots=True)
class Change:
    """What a movement would do: its kind, the MRR before and after, and the later change that keeps its amount."""

    kind: str
    before_minor: int
    mrr_minor: int
    keeps: MrrMovement | None


def preview(contract: Contract, *, kind: str | None, effective_on: date, mrr_minor: int | None) -> Change:
    """What `move` would record, without writing it. Raises what `move` raises."""
    return change_of(contract, timeline(contract), kind=kind, effective_on=effective_on, mrr_minor=mrr_minor)


def change_of(
    contract: Contract, history: Timeline, *, kind: str | None, effective_on: date, mrr_minor: int | None
) -> Change:
    """The same of a contract whose movements are known."""
    _check_day(contract, effective_on)
    before = history.level(effective_on)
    is_paused = history.is_paused(effective_on)
    replaces = history.on(effective_on) is not None
    if mrr_minor is None:
        mrr_minor = _implied(history, kind, effective_on)
    check_mrr(mrr_minor, contract.currency)
    kind = kind or _inferred(before, mrr_minor, is_paused=is_paused, replaces=replaces)
    _check_kind(contract, kind, before, mrr_minor, is_paused=is_paused, replaces=replaces)
    return Change(kind, before, mrr_minor, next(iter(history.after(effective_on)), None))


def _implied(history: Timeline, kind: str | None, day: date) -> int:
    if kind == MovementKind.PAUSE:
        return 0
    if kind == MovementKind.RESUME:
        return history.before_pause(day)
    if kind == MovementKind.RENEWAL:
        return history.level(day)
    raise InvalidMrr("Enter the new MRR.")


def _inferred(before: int, mrr_minor: int, *, is_paused: bool, replaces: bool) -> str:
    if is_paused:
        return MovementKind.CORRECTION if replaces else MovementKind.RESUME
    if replaces:
        return MovementKind.CORRECTION
    return MovementKind.EXPANSION if mrr_minor > before else MovementKind.CONTRACTION


def _check_kind(contract: Contract, kind: str, before: int, mrr_minor: int, *, is_paused: bool, replaces: bool) -> None:
    name = contract.service_line.name
    for is_wrong, sentence in _objections(kind, before, mrr_minor, is_paused=is_paused, replaces=replaces):
        if is_wrong:
            raise WrongKind(sentence.format(name=name, before=format_money(before, contract.currency)))


def _objections(kind: str, before: int, mrr_minor: int, *, is_paused: bool, replaces: bool) -> list[tuple[bool, str]]:
    """What would be wrong about a kind of movement, each with its sentence."""
    is_pause, is_resume = kind == MovementKind.PAUSE, kind == MovementKind.RESUME
    is_correction = kind == MovementKind.CORRECTION
    moves = kind not in {MovementKind.RENEWAL, MovementKind.PAUSE}
    return [
        (kind in {MovementKind.START, MovementKind.CHURN}, "Sign or end the contract instead."),
        (is_pause and is_paused and not replaces, "{name} is already paused on that day."),
        (is_resume and not is_paused, "{name} is not paused on that day, so there is nothing to resume."),
        (is_paused and not (is_pause or is_resume or is_correction), "{name} is paused on that day. Resume it first."),
        (is_pause and mrr_minor != 0, "During a pause the MRR is zero. Leave the amount out."),
        (
            mrr_minor == 0 and not (is_pause or is_correction),
            "An MRR of zero is a pause or the end of the contract. Choose one of these.",
        ),
        (moves and mrr_minor == before, "The MRR of {name} is already {before} on that day."),
        (
            kind == MovementKind.EXPANSION and mrr_minor < before,
            "An expansion raises the MRR, and {name} has {before} on that day. Choose contraction or price change.",
        ),
        (
            kind == MovementKind.CONTRACTION and mrr_minor > before,
            "A contraction lowers the MRR, and {name} has {before} on that day. Choose expansion or price change.",
        ),
    ]


def check_mrr(mrr_minor: int, currency: str) -> None:
    """Raise InvalidMrr for what no contract can cost: below zero, or more than is kept here (minor units)."""
    if mrr_minor < 0:
        raise InvalidMrr(f"{format_money(mrr_minor, currency)} is below zero. MRR is zero or more.")
    if mrr_minor > LARGEST_MINOR:
        raise InvalidMrr(f"{format_money(mrr_minor, currency)} is larger than any amount kept here.")


def _check_day(contract: Contract, day: date) -> None:
    if day < contract.starts_on:
        raise OutsideService(
            f"{contract.service_line.name} starts on {say_day(contract.starts_on)}. Choose that day or a later one."
        )
    if contract.ends_on is not None and day >= contract.ends_on:
        raise OutsideService(
            f"{contract.service_line.name} has ended: the first day without service is {say_day(contract.ends_on)}."
        )
