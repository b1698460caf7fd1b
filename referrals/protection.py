"""The protection window: for how long the first introduction of a company keeps later ones from counting.

An introduction is protected from the day it was registered to `protected_until`, that day included. Two reminders go
out before, one letter after. What has lost its protection stays open and keeps its credit, until somebody introduces
the same company again: that one counts then (docs/algorithms/attribution.md).
"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import NamedTuple

from django.db.models import DateField, ExpressionWrapper, F, Q

from elinkages.accounts.models import Msp
from elinkages.audit import trail
from elinkages.kernel.actors import Actor, System
from elinkages.kernel.refusal import Refused
from elinkages.kernel.tenancy import current_msp_id
from elinkages.kernel.words import say_count, say_day
from partners.models import SourceKind
from referrals import notices
from referrals.models import (
    LONGEST_PROTECTION,
    Channel,
    Finding,
    ProtectionExtension,
    ProtectionRule,
    Referral,
    Stage,
)
from referrals.models.referral import ReferralQuerySet

DEFAULT_DAYS = 180
"""How long an introduction is protected unless the MSP says otherwise: the usual sales cycle, twice."""
REMIND_BEFORE = (14, 3)
"""Days before the last day of protection on which its partner and its owner are reminded."""
AT_ONCE = 200
"""How many introductions one sweep writes about; the next one goes on."""
SYSTEM = System("Protection window")


class BadWindow(Refused):
    """Days that no window can have."""


class CannotExtend(Refused):
    """There is nothing to extend, or somebody else's introduction counts by now."""


def rules() -> dict[str, int]:
    """Days by kind of source; "" is every other kind. What the MSP never set is not in it."""
    return dict(ProtectionRule.objects.values_list("source_kind", "days"))


class Window(NamedTuple):
    """For how many days introductions of a kind are protected; `own` is None where they are as every other kind."""

    kind: SourceKind
    own: int | None
    days: int


def windows() -> list[Window]:
    """The windows of all kinds of source, from one query."""
    known = rules()
    return [Window(SourceKind(kind), known.get(kind), days_for(kind, known)) for kind in SourceKind.values]


def days_for(source_kind: str, known: Mapping[str, int] | None = None) -> int:
    """For how many days an introduction of a kind is protected; the caller may know the `rules` already."""
    known = rules() if known is None else known
    return known.get(source_kind, known.get("", DEFAULT_DAYS))


def set_rules(days: Mapping[str, int | None], *, by: Actor, at: datetime, msp: Msp) -> None:
    """Say for how many days each kind (`""` for every other one) is protected, None for no rule of its own.

    It holds for introductions from now on: those before keep the day that their partner was told. Raises BadWindow.
    """
    for kind, count in days.items():
        if kind not in {"", *SourceKind.values}:
            raise BadWindow(f"“{kind}” is not a kind of source.")
        if count is not None and not 1 <= count <= LONGEST_PROTECTION:
            raise BadWindow(f"Choose from 1 to {LONGEST_PROTECTION:,} days.")
    before = rules()
    for kind, count in days.items():
        if count is None:
            ProtectionRule.objects.filter(source_kind=kind).delete()
        else:
            ProtectionRule.objects.update_or_create(source_kind=kind, defaults={"days": count})
    after = rules()
    if after != before:
        told = [f"{_label(kind)} {say_count(count, 'day')}" for kind, count in sorted(after.items())]
        trail.record("protection.set", msp, by=by, at=at, windows=told or [say_count(DEFAULT_DAYS, "day")])


def begin(referral: Referral, known: Mapping[str, int] | None = None) -> None:
    """Give a new introduction its last day of protection; the caller saves it, and may know the `rules` already."""
    registered_on = referral.partner.msp.today(referral.registered_at)
    referral.protected_until = registered_on + timedelta(days=days_for(referral.source_kind, known))


def sweep(*, at: datetime) -> int:
    """Remind of protections that end soon, and record those that have ended; returns how many were told."""
    today = Msp.objects.get(pk=current_msp_id()).today(at)
    told = 0
    for referral in _due(today).select_related("partner").order_by("protected_until", "pk")[:AT_ONCE]:
        told += expire(referral, at=at) or remind(referral, at=at)
    return told


def _due(today: date) -> ReferralQuerySet:
    """Those with something to tell; whoever was told is out of the way of the rest."""
    first, last = max(REMIND_BEFORE), min(REMIND_BEFORE)
    told_before_last = ExpressionWrapper(F("protection_told_on") + timedelta(days=last), DateField())
    return Referral.objects.ending(today + timedelta(days=first)).filter(
        Q(protection_told_on__isnull=True)
        | Q(protected_until__lt=today)
        | Q(protected_until__lte=today + timedelta(days=last), protected_until__gt=told_before_last)
    )


def remind(referral: Referral, *, at: datetime) -> bool:
    """Write to the partner and the owner when a reminder is due; whether one was."""
    today, last = referral.partner.msp.today(at), referral.protected_until
    if last is None or not _is_due(referral, today):
        return False
    Referral.objects.filter(pk=referral.pk).update(protection_told_on=today)
    referral.protection_told_on = today
    left = "today" if last == today else f"in {say_count((last - today).days, 'day')}, on {say_day(last)}"
    key = f"protection-ends:{referral.pk}:{last}:{today}"
    notices.tell_team(
        referral,
        key=f"{key}:team",
        subject=f"The protection of {referral.company} ends {left}",
        lines=[
            f"{referral.partner.name} introduced {referral.company}. Their protection ends {left}.",
            "After that, another partner's introduction of the same company counts instead."
            " If you are still talking, extend the protection and say why.",
        ],
        at=at,
    )
    if referral.channel != Channel.IMPORT:
        notices.tell_partner(
            referral.partner,
            key=f"{key}:partner",
            subject=f"Your introduction of {referral.company} is protected until {say_day(last)}",
            lines=[
                f"Your introduction of {referral.company} is still open. Its protection ends {left}.",
                "If you have heard from them, tell us: we can extend it. After that, it stays open and stays yours"
                " unless someone else introduces them again.",
            ],
            at=at,
            place="portal:referral",
            argument=referral.pk,
        )
    return True


def expire(referral: Referral, *, at: datetime) -> bool:
    """Record that a protection has ended, once, and tell the owner and the partner; whether it had."""
    last = referral.protected_until
    if last is None or referral.is_protected(referral.partner.msp.today(at)):
        return False
    ending = Referral.objects.open().filter(pk=referral.pk, protection_ended_at__isnull=True, protected_until=last)
    if not ending.update(protection_ended_at=at):
        return False
    referral.protection_ended_at = at
    trail.record("protection.ended", referral, by=SYSTEM, at=at, until_on=last)
    key = f"protection-ended:{referral.pk}:{last}"
    if referral.channel == Channel.IMPORT:
        return True
    notices.tell_team(
        referral,
        key=f"{key}:team",
        subject=f"The protection of {referral.company} has ended",
        lines=[
            f"{referral.company}, introduced by {referral.partner.name}, was protected until {say_day(last)}."
            " It stays open with its credit, but a new introduction of the same company counts instead.",
            "Win it, close it, or extend the protection and say why.",
        ],
        at=at,
    )
    notices.tell_partner(
        referral.partner,
        key=f"{key}:partner",
        subject=f"The protection of {referral.company} has ended",
        lines=[
            f"Your introduction of {referral.company} was protected until {say_day(last)}.",
            "It stays open and stays yours unless someone else introduces them again. If you are still"
            " talking to them, let us know.",
        ],
        at=at,
        place="portal:referral",
        argument=referral.pk,
    )
    return True


def extend(referral: Referral, *, until_on: date, reason: str, by: Actor, at: datetime) -> ProtectionExtension:
    """Give an open introduction more time; its partner reads until when and why. Raises CannotExtend."""
    current = Referral.objects.select_for_update().select_related("partner__msp").get(pk=referral.pk)
    reason, today = " ".join(reason.split()), current.partner.msp.today(at)
    _refuse(current, until_on, reason, today)
    from_on = current.protected_until or today
    extension = ProtectionExtension.objects.create(
        referral=current, from_on=from_on, until_on=until_on, reason=reason, at=at, by_name=by.actor_name[:200]
    )
    current.protected_until, current.protection_told_on, current.protection_ended_at = until_on, None, None
    current.save(update_fields=["protected_until", "protection_told_on", "protection_ended_at"])
    referral.protected_until, referral.protection_ended_at = until_on, None
    trail.record("protection.extended", current, by=by, at=at, until_on=until_on, reason=reason)
    if current.channel != Channel.IMPORT:
        notices.tell_partner(
            current.partner,
            key=f"protection-extended:{extension.pk}",
            subject=f"Your introduction of {current.company} is protected until {say_day(until_on)}",
            lines=[f"{current.msp.name} extended the protection. The reason: {reason}"],
            at=at,
            place="portal:referral",
            argument=current.pk,
        )
    return extension


def rivals(referral: Referral) -> bool:
    """Whether a later introduction of the same company got credit after this one's protection ended."""
    later = Finding.objects.filter(other_referral=referral, evidence__protection_over=True)
    return later.filter(referral__credits__isnull=False).exclude(referral__stage=Stage.LOST).exists()


def _refuse(referral: Referral, until_on: date, reason: str, today: date) -> None:
    if not referral.is_open:
        raise CannotExtend(f"{referral.company} is closed: there is nothing to protect.")
    if referral.protected_until is None:
        raise CannotExtend(f"The protection of {referral.company} never ends.")
    if not reason or len(reason) > 300:
        raise CannotExtend("Say why in 1 to 300 characters. The partner sees it.")
    if until_on <= max(today, referral.protected_until):
        raise CannotExtend(f"Choose a day after {say_day(max(today, referral.protected_until))}.")
    if until_on > today + timedelta(days=LONGEST_PROTECTION):
        raise CannotExtend(f"Choose a day within {LONGEST_PROTECTION:,} days.")
    if rivals(referral):
        raise CannotExtend(
            f"Someone else introduced {referral.company} after the protection had ended and has the credit."
            " Open a case to decide between the two."
        )


def _is_due(referral: Referral, today: date) -> bool:
    last, told = referral.protected_until, referral.protection_told_on
    if last is None:
        return False
    due = [last - timedelta(days=days) for days in REMIND_BEFORE if last - timedelta(days=days) <= today]
    return bool(due) and (told is None or told < max(due))


def _label(kind: str) -> str:
    return SourceKind(kind).label if kind else "Every other kind"
