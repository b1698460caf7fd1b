"""Opening balances: what an MSP owed its partners on the day it switched over (decisions 15).

Each is a computation without a contract and one entry of its own kind: nothing computes it again, it earns nothing
further, and it is held, paid and explained like every other amount.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from commissions import ledger
from commissions.models import Account, Entry, EntryKind, PayoutItem, Pin, Pool, Stage
from elinkages.accounts.models import Msp
from elinkages.audit import trail
from elinkages.kernel.actors import Actor
from elinkages.kernel.money import format_money
from elinkages.kernel.refusal import Refused
from elinkages.kernel.tenancy import current_msp_id
from elinkages.kernel.words import say_day
from partners.models import Partner
from referrals.models import Credit

COMPONENT: Final = "opening"
NOTE_LENGTH: Final = 300
FREE: Final = (Stage.ACCRUED, Stage.PAYABLE)


class NotAnAmount(Refused):
    """Zero, or below it."""


class NotYet(Refused):
    """A balance of a day that has not come."""


class RecordedBefore(Refused):
    """The partner has an opening balance."""


class CountedTwice(Refused):
    """Commission from before that day is computed here already."""


class MovedOn(Refused):
    """The balance is in a payout, or was taken back."""


@dataclass(frozen=True, slots=True)
class Balance:
    """What a partner was owed at the end of the day before `owed_on`: `minor` units of the MSP's currency.

    It may be paid from `payable_on` on, by default at once. The partner reads `note`.
    """

    partner: Partner
    minor: int
    owed_on: date
    payable_on: date | None = None
    note: str = ""


def record(balance: Balance, *, by: Actor, at: datetime) -> Entry:
    """Write down what a partner was owed at the switch-over.

    Raises NotAnAmount, NotYet, RecordedBefore, or CountedTwice when a contract of theirs counts from before that day.
    """
    return record_all([balance], by=by, at=at)[0]


def record_all(balances: Sequence[Balance], *, by: Actor, at: datetime) -> list[Entry]:
    """The same for many partners in few statements; all of them or, when one is refused, none."""
    with transaction.atomic():
        ledger.lock_entries()
        if refused := [one for one in refusals(balances, today=_msp().today(at)) if one]:
            raise refused[0]
        return _write(balances, by, at)


def refusals(balances: Sequence[Balance], *, today: date) -> list[Refused | None]:
    """Why each of these cannot be written down now; None for those that can. Three queries for any number."""
    partners = {one.partner.pk for one in balances}
    recorded = {entry.partner_id: entry for entry in live().filter(partner__in=partners)}
    counted = _counted_from(partners)
    return [_refusal(one, today, recorded.get(one.partner.pk), counted.get(one.partner.pk)) for one in balances]


def live() -> QuerySet[Entry]:
    """Opening balances that were not taken back."""
    return Entry.objects.filter(kind=EntryKind.OPENING).exclude(stage=Stage.VOID)


def settled_until(partner_ids: Sequence[UUID]) -> dict[UUID, date]:
    """Partner → the day of their opening balance. What was earned before it is in the balance, or was paid."""
    found = live().filter(partner__in=partner_ids).values_list("partner_id", "pool__explain")
    return {partner_id: date.fromisoformat(explain["inputs"]["owed_on"]) for partner_id, explain in found}


def in_payout(entry_ids: Sequence[UUID]) -> dict[UUID, int]:
    """Entry → the number of the payout that it is in or was paid by."""
    items = PayoutItem.objects.filter(entry__in=entry_ids, released_at__isnull=True)
    return dict(items.values_list("entry_id", "payout__number"))


def take_back(entry: Entry, *, reason: str, by: Actor, at: datetime) -> Entry:
    """Void a balance that was written down by mistake, with the posting that answers it.

    Raises MovedOn once it is in a payout, is paid, or was taken back before.
    """
    with transaction.atomic():
        ledger.lock_entries()
        now = Entry.objects.select_for_update().select_related("partner").get(pk=entry.pk)
        if number := in_payout([now.pk]).get(now.pk):
            raise MovedOn(f"{_amount(now)} of {now.partner.name} is in payout {number}.")
        if now.kind != EntryKind.OPENING or now.stage not in FREE:
            raise MovedOn(f"{_amount(now)} of {now.partner.name} is {now.get_stage_display().lower()} already.")
        place = Account.ACCRUED if now.stage == Stage.ACCRUED else Account.PAYABLE
        today = _msp().today(at)
        now.stage, now.voided_on = Stage.VOID, today
        now.save(update_fields=["stage", "voided_on"])
        line = ledger.Line(place, Account.EXPENSE, now.minor, now.currency, now.partner_id, now.pk)
        ledger.post(source=f"opening:{now.pk}:void", kind="opening", lines=[line], effective_on=today, by=by, at=at)
        trail.record(
            "opening_balance.taken_back", now.partner, by=by, at=at, amount_minor=now.minor, reason=reason.strip()
        )
        return now


def _msp() -> Msp:
    return Msp.objects.get(pk=current_msp_id())


def _amount(entry: Entry) -> str:
    return f"The opening balance of {format_money(entry.minor, entry.currency)}"


def _counted_from(partner_ids: set[UUID]) -> dict[UUID, tuple[date, str]]:
    """Partner → the first day that commission of theirs is computed from, and for which client."""
    pinned = Pin.objects.values("contract__client__referral")
    credits = Credit.objects.filter(partner__in=partner_ids, referral__in=pinned)
    rows = credits.values_list(
        "partner_id", "referral__clients__contracts__owed_from", "referral__clients__name"
    ).order_by("-referral__clients__contracts__owed_from")
    return {partner_id: (day, name) for partner_id, day, name in rows if day}


def _refusal(one: Balance, today: date, recorded: Entry | None, counted: tuple[date, str] | None) -> Refused | None:
    name = one.partner.name
    if one.minor <= 0:
        return NotAnAmount(
            "An opening balance is what you owe, above zero. What a partner owes you is not recorded here."
        )
    if one.owed_on > today:
        return NotYet(f"{say_day(one.owed_on)} has not come yet. Enter what you owed as of today or an earlier day.")
    if recorded is not None:
        return RecordedBefore(
            f"{name} has an opening balance of {format_money(recorded.minor, recorded.currency)} already."
            " Take that one back first."
        )
    if counted is not None and counted[0] < one.owed_on:
        return CountedTwice(
            f"Commission of {name} for {counted[1]} is counted here from {say_day(counted[0])} on, so part of what was"
            f" owed on {say_day(one.owed_on)} would be counted twice."
        )
    return None


def _write(balances: Sequence[Balance], by: Actor, at: datetime) -> list[Entry]:
    msp = _msp()
    today = msp.today(at)
    pools = Pool.objects.bulk_create(_pool(one, msp, at) for one in balances)
    entries = Entry.objects.bulk_create(
        Entry(
            pool=pool,
            partner=one.partner,
            kind=EntryKind.OPENING,
            earning_month=pool.earning_month,
            posting_month=today.replace(day=1),
            minor=one.minor,
            currency=msp.currency,
            hold_until=one.payable_on or one.owed_on,
            created_at=at,
        )
        for one, pool in zip(balances, pools, strict=True)
    )
    lines = [
        ledger.Line(Account.EXPENSE, Account.ACCRUED, one.minor, one.currency, one.partner_id, one.pk)
        for one in entries
    ]
    source = f"opening:{entries[0].pk}"
    ledger.post(source=source, kind="opening", lines=lines, effective_on=today, by=by, at=at)
    trail.record_all([_recorded(one, by, at) for one in balances])
    return entries


def _recorded(one: Balance, by: Actor, at: datetime) -> trail.Event:
    facts = {"amount_minor": one.minor, "owed_on": one.owed_on, "note": one.note.strip() or None}
    return trail.event("opening_balance.recorded", one.partner, by=by, at=at, **facts)


def _pool(one: Balance, msp: Msp, at: datetime) -> Pool:
    amount, note = format_money(one.minor, msp.currency), " ".join(one.note.split())[:NOTE_LENGTH]
    facts = f"{one.partner.pk}|{one.minor}|{msp.currency}|{one.owed_on}|{one.payable_on}|{note}"
    steps = [f"{amount} was owed for what was earned before {say_day(one.owed_on)}", note]
    return Pool(
        contract=None,
        component=COMPONENT,
        earning_month=one.owed_on.replace(day=1),
        seq=1,
        currency=msp.currency,
        amount_minor=one.minor,
        shared_minor=one.minor,
        input_sha256=hashlib.sha256(facts.encode()).digest(),
        reason=f"Owed on {say_day(one.owed_on)}, when {msp.name} began to keep its commissions here",
        explain={
            "steps": [step for step in steps if step],
            "inputs": {"owed_on": one.owed_on.isoformat(), "minor": one.minor},
            "shares": [],
        },
        computed_at=at,
    )
