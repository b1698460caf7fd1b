"""What became of a payout: paid, failed, canceled, or sent back by the bank. Every amount can be followed."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from django.db import transaction

from commissions import ledger
from commissions.models import (
    AttemptState,
    CreditUse,
    Payout,
    PayoutAttempt,
    PayoutRun,
    PayoutState,
    RunState,
    Stage,
)
from commissions.payouts import letters, steps
from elinkages.accounts.models import Msp
from elinkages.audit import trail
from elinkages.kernel.actors import Actor
from elinkages.kernel.money import format_money
from elinkages.kernel.refusal import Refused
from elinkages.kernel.tenancy import current_msp_id

REFERENCE_LENGTH = 140


class NotOnItsWay(Refused):
    """The payout does not wait for the bank."""


class NotPaid(Refused):
    """Only a paid payout can come back."""


class TooLate(Refused):
    """The payout has gone too far to be canceled."""


class InUse(Refused):
    """Part of the service credit was applied to an invoice."""


class Unfit(Refused):
    """The reference or the day cannot be right."""


def settle(payout: Payout, *, reference: str, paid_on: date, by: Actor, at: datetime) -> Payout:
    """Record that the bank paid. Raises what `settle_many` raises."""
    return settle_many({payout: reference}, paid_on=paid_on, by=by, at=at)[0]


@transaction.atomic
def settle_many(references: Mapping[Payout, str], *, paid_on: date, by: Actor, at: datetime) -> list[Payout]:
    """Record that the bank paid these payouts on a day, each with its reference; tell the partners.

    Raises Unfit for an empty or too long reference or a day outside of release … today, NotOnItsWay when one of
    them was not waiting for the bank. Then none of them is changed.
    """
    ledger.lock_entries()
    ledger.lock()
    payouts = [_on_its_way(payout) for payout in _fresh(list(references))]
    _check_day(payouts, paid_on, at)
    for payout in payouts:
        payout.reference = _checked(payout, references[payout])
        payout.paid_on, payout.state = paid_on, PayoutState.PAID
        payout.save(update_fields=["reference", "paid_on", "state"])
        _end_attempt(payout, AttemptState.SUCCEEDED, reference=payout.reference)
    steps.move_entries(payouts, Stage.RESERVED, Stage.PAID)
    steps.post(payouts, "settle", [steps.SETTLE], effective_on=paid_on, by=by, at=at)
    for payout in payouts:
        trail.record("payout.paid", payout, by=by, at=at, **_facts(payout), reference=payout.reference, paid_on=paid_on)
        letters.paid(payout, at=at)
    _close_runs(payouts, by, at)
    return payouts


def give(payouts: Sequence[Payout], *, by: Actor, at: datetime) -> list[Payout]:
    """Give service credit that was released, and tell the partners: it is submitted and paid at once.

    From here on the MSP owes the partner invoices worth that much (commissions/service_credits.py). Raises NotOnItsWay
    for one that was not just instructed.
    """
    today = Msp.objects.get(pk=current_msp_id()).today(at)
    given = [_on_its_way(payout) for payout in _fresh(payouts)]
    Payout.objects.filter(pk__in=[payout.pk for payout in given]).update(state=PayoutState.PAID, paid_on=today)
    steps.move_entries(given, Stage.RESERVED, Stage.PAID)
    steps.post(given, "give", [steps.GIVE], effective_on=today, by=by, at=at)
    for payout in given:
        payout.state, payout.paid_on = PayoutState.PAID, today
        trail.record("payout.credited", payout, by=by, at=at, **_facts(payout))
        letters.paid(payout, at=at)
    _close_runs(given, by, at)
    return given


@transaction.atomic
def fail(payout: Payout, *, reason: str, by: Actor, at: datetime) -> Payout:
    """Record that the bank did not pay: everything is payable again. Raises NotOnItsWay."""
    ledger.lock_entries()
    ledger.lock()
    (payout,) = _fresh([payout])
    _on_its_way(payout)
    _give_back(payout, PayoutState.FAILED, reason, by, at)
    _end_attempt(payout, AttemptState.FAILED, error=reason)
    trail.record("payout.failed", payout, by=by, at=at, **_facts(payout), reason=reason)
    _close_runs([payout], by, at)
    return payout


@transaction.atomic
def cancel_payout(payout: Payout, *, reason: str, by: Actor, at: datetime) -> Payout:
    """Take one payout out of its run before it is instructed; its entries are payable in the next run.

    The last one takes the run with it. Raises TooLate once it is on its way.
    """
    ledger.lock_entries()
    (payout,) = _fresh([payout])
    if payout.state not in (PayoutState.DRAFT, PayoutState.APPROVED):
        raise TooLate(
            f"Payout {payout.number} is {payout.get_state_display().lower()} and can no longer be canceled."
            " If the bank did not pay it, record that it failed."
        )
    steps.release_items([payout], at)
    _end(payout, PayoutState.CANCELED, reason)
    trail.record("payout.canceled", payout, by=by, at=at, **_facts(payout), reason=reason)
    if not payout.run.payouts.exclude(state__in=steps.ENDED).exists():
        open_run = PayoutRun.objects.filter(pk=payout.run_id, state__in=[RunState.DRAFT, RunState.APPROVED])
        open_run.update(state=RunState.CANCELED, ended_at=at, ended_reason=reason)
        trail.record("payout_run.canceled", payout.run, by=by, at=at, reason=reason)
    return payout


@transaction.atomic
def return_(payout: Payout, *, reason: str, by: Actor, at: datetime) -> Payout:
    """Record that the money came back after it was paid: everything is payable again. Raises NotPaid.

    Service credit is taken back the same way while none of it was applied to an invoice; raises InUse afterwards.
    """
    ledger.lock_entries()
    ledger.lock()
    (payout,) = _fresh([payout])
    if payout.state != PayoutState.PAID:
        raise NotPaid(f"Payout {payout.number} is {payout.get_state_display().lower()}; only a paid one can come back.")
    if payout.is_credit:
        _refuse_if_in_use(payout)
    steps.move_entries([payout], Stage.PAID, Stage.PAYABLE)
    steps.release_items([payout], at)
    today = Msp.objects.get(pk=current_msp_id()).today(at)
    moves = [steps.TAKE] if payout.is_credit else [steps.UNSETTLE, steps.UNRESERVE]
    steps.post([payout], "return", moves, effective_on=today, by=by, at=at)
    _end(payout, PayoutState.RETURNED, reason, returned_on=today)
    told = "payout.credit_taken_back" if payout.is_credit else "payout.returned"
    trail.record(told, payout, by=by, at=at, **_facts(payout), reason=reason)
    letters.returned(payout, at=at)
    return payout


def _refuse_if_in_use(payout: Payout) -> None:
    uses = CreditUse.objects.filter(payout=payout, application__undone_at__isnull=True)
    if used := uses.select_related("application").order_by("application__number").first():
        amount = format_money(used.minor, payout.currency)
        raise InUse(
            f"{amount} of this credit was applied to invoice {used.application.reference}. Undo that first, then take"
            " the credit back."
        )


def _fresh(payouts: Sequence[Payout]) -> list[Payout]:
    """These payouts as they are now, in the order of their numbers."""
    found = Payout.objects.select_related("run", "partner").filter(pk__in=[payout.pk for payout in payouts])
    return list(found.order_by("number"))


def _on_its_way(payout: Payout) -> Payout:
    if payout.state != PayoutState.SUBMITTED:
        raise NotOnItsWay(
            f"Payout {payout.number} to {payout.partner.name} is {payout.get_state_display().lower()},"
            " not on its way. Nothing was changed."
        )
    return payout


def _check_day(payouts: Sequence[Payout], paid_on: date, at: datetime) -> None:
    msp = Msp.objects.get(pk=current_msp_id())
    if paid_on > msp.today(at):
        raise Unfit("The day of payment is in the future. Record it once the bank has paid.")
    for payout in payouts:
        if payout.run.released_at and paid_on < msp.today(payout.run.released_at):
            raise Unfit(f"The day of payment is before run {payout.run.number} was released.")


def _checked(payout: Payout, reference: str) -> str:
    reference = reference.strip()
    if not any(character.isalnum() for character in reference):
        raise Unfit(f"Enter the bank's reference for the payout to {payout.partner.name}.")
    if len(reference) > REFERENCE_LENGTH:
        raise Unfit(f"The reference for {payout.partner.name} is longer than {REFERENCE_LENGTH} characters.")
    return reference


def _give_back(payout: Payout, state: PayoutState, reason: str, by: Actor, at: datetime) -> None:
    """The mirror of the reservation: entries payable, items released, money back in PAYABLE."""
    steps.move_entries([payout], Stage.RESERVED, Stage.PAYABLE)
    steps.release_items([payout], at)
    today = Msp.objects.get(pk=current_msp_id()).today(at)
    steps.post([payout], "unreserve", [steps.UNRESERVE], effective_on=today, by=by, at=at)
    _end(payout, state, reason)


def _end(payout: Payout, state: PayoutState, reason: str, *, returned_on: date | None = None) -> None:
    payout.state, payout.ended_reason, payout.returned_on = state, reason, returned_on
    payout.save(update_fields=["state", "ended_reason", "returned_on"])


def _end_attempt(payout: Payout, state: AttemptState, *, reference: str = "", error: str = "") -> None:
    PayoutAttempt.objects.filter(payout=payout, state=AttemptState.SENT).update(
        state=state, provider_reference=reference, error=error
    )


def _close_runs(payouts: Sequence[Payout], by: Actor, at: datetime) -> None:
    for run in {payout.run for payout in payouts}:
        if steps.close_run(run.pk, at):
            trail.record("payout_run.closed", run, by=by, at=at)


def _facts(payout: Payout) -> dict[str, object]:
    return {"partner": payout.partner.name, "amount_minor": payout.minor, "currency": payout.currency}
