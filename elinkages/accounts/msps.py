"""How an MSP begins, and what its owner may change about it."""

import re
import unicodedata
from datetime import datetime, timedelta
from uuid import UUID, uuid4, uuid5
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from elinkages.accounts.doors import RESERVED_SLUGS
from elinkages.accounts.models import Membership, Msp, User, slug_validator
from elinkages.accounts.rights import RIGHTS, Role
from elinkages.audit import trail
from elinkages.kernel import tenancy
from elinkages.kernel.actors import Actor
from elinkages.kernel.money import exponent
from elinkages.kernel.refusal import Refused

SLUG_LENGTH = 40
SUGGESTIONS = 50
CLOSES_AFTER = 14
"""Days between an owner's word and the day the account is closed."""
MOST_OWNED = 10
"""MSPs that one person founds without asking us."""
LONGEST_GRACE = 60
"""Days that people can be given to set up a second factor."""


class SlugTaken(Refused):
    """Another MSP has this address."""


class TooManyMsps(Refused):
    """More than one person runs."""


class BadSetting(Refused):
    """A value that no MSP can have."""

    status = 422


class CurrencyFixed(Refused):
    """Amounts are recorded in the present currency."""


class NotAnOwner(Refused):
    """Only an owner may do this."""

    status = 403


class AlreadyClosing(Refused):
    """The day is set."""


class NotClosing(Refused):
    """There is nothing to take back, or not by this person."""


class OthersCanApprove(Refused):
    """There is a second person, so nobody may approve alone."""


def new_id(user: User, submission: UUID | None = None) -> UUID:
    """The id of an MSP to be. The same person's same form has the same id, so that a copy founds nothing twice."""
    return uuid5(user.pk, str(submission or uuid4()))


def suggest_slug(name: str) -> str:
    """A free address made of a name: "Northwind IT, Inc." gives `northwind-it-inc`; never a reserved one."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    stem = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[: SLUG_LENGTH - 4].strip("-")
    if len(stem) < 3:
        stem = f"{stem}-msp".strip("-")
    candidates = [stem, *(f"{stem}-{number}" for number in range(2, SUGGESTIONS))]
    taken = set(Msp.objects.filter(slug__in=candidates).values_list("slug", flat=True)) | RESERVED_SLUGS
    free = (candidate for candidate in candidates if candidate not in taken)
    return next(free, f"{stem[: SLUG_LENGTH - 9]}-{uuid4().hex[:8]}")


def found(*, name: str, slug: str, time_zone: str, currency: str, owner: User, at: datetime) -> Msp:
    """Make the MSP whose id is the active tenant, with its first owner.

    Call it inside `tenancy.use(new_id(owner))`, so that all that belongs to the beginning commits together.
    Raises SlugTaken, BadSetting, TooManyMsps.
    """
    if Membership.objects.filter(user=owner, role=Role.OWNER).count() >= MOST_OWNED:
        raise TooManyMsps(f"You already own {MOST_OWNED} companies here. Write to us if you need another.")
    _check_slug(slug)
    _check_zone(time_zone)
    _check_currency(currency)
    try:
        with transaction.atomic():
            msp = Msp.objects.create(
                pk=tenancy.current_msp_id(),
                name=" ".join(name.split()),
                slug=slug,
                time_zone=time_zone,
                currency=currency,
                contact_email=owner.email,
                created_at=at,
            )
    except IntegrityError as problem:
        raise SlugTaken(f"The address “{slug}” belongs to another MSP. Choose a different one.") from problem
    member = Membership.objects.create(msp=msp, user=owner, role=Role.OWNER, created_at=at)
    trail.record("msp.founded", msp, by=member, at=at, address=slug, time_zone=time_zone, currency=currency)
    return msp


def change(
    msp: Msp,
    *,
    name: str,
    time_zone: str,
    currency: str,
    contact_email: str,
    minimum_payout_minor: int,
    by: Actor,
    at: datetime,
) -> Msp:
    """Change what the settings page shows; `minimum_payout_minor` in minor units of the currency.

    Raises BadSetting, and CurrencyFixed once an amount is recorded.
    """
    _check_zone(time_zone)
    _check_currency(currency)
    if minimum_payout_minor < 0:
        raise BadSetting("The minimum payout cannot be negative. Use 0 to pay every amount.")
    if currency != msp.currency and money_exists():
        raise CurrencyFixed(f"Amounts are recorded in {msp.currency}, so the currency cannot change anymore.")
    wanted = {
        "name": " ".join(name.split()),
        "time_zone": time_zone,
        "currency": currency,
        "contact_email": contact_email.strip().lower(),
        "minimum_payout_minor": minimum_payout_minor,
    }
    changed = {field: value for field, value in wanted.items() if getattr(msp, field) != value}
    if changed:
        for field, value in changed.items():
            setattr(msp, field, value)
        msp.save(update_fields=list(changed))
        trail.record("msp.changed", msp, by=by, at=at, **changed)
    return msp


def money_exists() -> bool:
    """Whether the active MSP has recorded anything in its currency: a row of any table with a currency."""
    return any(
        model.objects.exists()
        for model in apps.get_models()
        if issubclass(model, tenancy.TenantModel) and _has_currency(model)
    )


def waive_second_person(msp: Msp, *, by: Membership, at: datetime) -> Msp:
    """Record the owner's word that one person opens and approves payout runs (decisions 13).

    Raises NotAnOwner, and OthersCanApprove while a second person could.
    """
    _must_own(by)
    locked = Msp.objects.select_for_update(no_key=True).get(pk=msp.pk)
    if others := approvers().exclude(pk=by.pk).first():
        raise OthersCanApprove(f"{others} can approve payout runs too, so two people must stay involved.")
    if locked.one_person_approval_at is None:
        locked.one_person_approval_at, locked.one_person_approval_by = at, by.user
        _save_waiver(locked)
        trail.record("msp.second_person_waived", locked, by=by, at=at)
    return locked


def require_second_person(msp: Msp, *, by: Actor, at: datetime, reason: str = "") -> Msp:
    """Take the waiver back; without one nothing happens."""
    locked = Msp.objects.select_for_update(no_key=True).get(pk=msp.pk)
    if locked.one_person_approval_at is not None:
        locked.one_person_approval_at = locked.one_person_approval_by = None
        _save_waiver(locked)
        trail.record("msp.second_person_required", locked, by=by, at=at, reason=reason)
    return locked


def require_second_factor(msp: Msp, *, days: int | None, by: Membership, at: datetime) -> Msp:
    """Ask everybody for a second factor within `days`, or nobody but those who move money (None).

    The days begin again only when nobody was asked before. Raises NotAnOwner, BadSetting.
    """
    _must_own(by)
    if days is not None and not 0 <= days <= LONGEST_GRACE:
        raise BadSetting(f"Give people between 0 and {LONGEST_GRACE} days.")
    locked = Msp.objects.select_for_update(no_key=True).get(pk=msp.pk)
    if days is None:
        if locked.second_factor_required_at is not None:
            locked.second_factor_required_at = None
            trail.record("msp.second_factor_optional", locked, by=by, at=at)
    elif locked.second_factor_required_at is None or locked.second_factor_grace_days != days:
        locked.second_factor_required_at = locked.second_factor_required_at or at
        locked.second_factor_grace_days = days
        trail.record("msp.second_factor_required", locked, by=by, at=at, days=days)
    locked.save(update_fields=["second_factor_required_at", "second_factor_grace_days"])
    return locked


def close(msp: Msp, *, reason: str, days: int = CLOSES_AFTER, by: Actor, at: datetime) -> Msp:
    """Set the day from which nobody enters the active MSP and nothing runs in it. Its rows stay.

    `by` an owner, or our staff, who may close it at once (0 days). Raises AlreadyClosing, BadSetting.
    """
    reason = " ".join(reason.split())[:300]
    if not reason:
        raise BadSetting("Say why, for anyone who asks later.")
    locked = Msp.objects.select_for_update(no_key=True).get(pk=msp.pk)
    is_ours = not isinstance(by, Membership)
    if locked.closes_at is not None and not is_ours:
        raise AlreadyClosing(f"{locked} closes on {locked.closes_at.astimezone(locked.zone):%B %-d} already.")
    locked.closes_at, locked.closing_reason = at + timedelta(days=days), reason
    locked.is_closed_by_us = is_ours
    locked.save(update_fields=["closes_at", "closing_reason", "is_closed_by_us"])
    on = locked.closes_at.astimezone(locked.zone).date()
    trail.record("msp.closing", locked, by=by, at=at, closes_on=on, reason=reason)
    return locked


def keep_open(msp: Msp, *, by: Actor, at: datetime) -> Msp:
    """Take the day back; our staff also after it. Raises NotClosing."""
    locked = Msp.objects.select_for_update(no_key=True).get(pk=msp.pk)
    if locked.closes_at is None:
        raise NotClosing(f"{locked} is not closing.")
    if locked.is_closed_by_us and isinstance(by, Membership):
        raise NotClosing("We closed this account. Write to us.", status=403)
    locked.closes_at, locked.closing_reason, locked.is_closed_by_us = None, "", False
    locked.save(update_fields=["closes_at", "closing_reason", "is_closed_by_us"])
    trail.record("msp.kept_open", locked, by=by, at=at)
    return locked


def approvers() -> QuerySet[Membership]:
    """People of the active MSP who may open and approve payout runs, oldest first."""
    roles = RIGHTS["payouts.manage"]
    members = Membership.objects.active().filter(msp_id=tenancy.current_msp_id(), role__in=roles)
    return members.select_related("user").order_by("created_at", "pk")


def _save_waiver(msp: Msp) -> None:
    msp.save(update_fields=["one_person_approval_at", "one_person_approval_by"])


def _must_own(by: Membership) -> None:
    if by.role != Role.OWNER:
        raise NotAnOwner("Only an owner can decide this. Ask one of them.")


def _check_slug(slug: str) -> None:
    try:
        slug_validator(slug)
    except ValidationError as problem:
        raise BadSetting(problem.messages[0]) from problem
    if slug in RESERVED_SLUGS:
        raise SlugTaken(f"The address “{slug}” is reserved. Choose a different one.")


def _check_zone(time_zone: str) -> None:
    try:
        ZoneInfo(time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as problem:
        raise BadSetting(
            f"“{time_zone}” is not a time zone. Choose one from the list, such as America/New_York."
        ) from problem


def _check_currency(currency: str) -> None:
    try:
        exponent(currency)
    except ValueError as problem:
        raise BadSetting(str(problem)) from problem


def _has_currency(model: type[tenancy.TenantModel]) -> bool:
    return any(field.name == "currency" for field in model._meta.get_fields())
