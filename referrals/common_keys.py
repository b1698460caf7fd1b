"""What many companies share, a domain or phone number, is set aside: by itself it is no reason to look (ADR 55).

A franchise, a shared mail host, a switchboard: matches that rest on such a key alone are closed, each as if a person
had found a different company, and none is raised for it from then on. What shares anything else, or has nearly the
name, is shown and withholds credit as before. Taken back, the key counts again: what was closed for it waits again
where the introduction is still open, and every open introduction that has it is compared once more. Credit that was
given meanwhile stays until a person decides: doubt holds, and never takes (ADR 22).

Thousands may have it, so that closing and comparing go through them by their ids in steps (CommonKey.reached).
"""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db.models import Q

from elinkages.accounts.models import Membership
from elinkages.audit import trail
from elinkages.kernel.match_keys import alike, company_key, spelling
from elinkages.kernel.refusal import Refused
from referrals import decisions, screening
from referrals.matching import ALIKE
from referrals.models import OPEN_STAGES, CommonKey, Finding, FindingState, KeyKind, Referral, Stage

type Key = tuple[str, str]
"""Kind and normalized text."""

AT_ONCE: Final = 50
"""Introductions in one unit of work: screening waits for it."""


class CannotSetAside(Refused):
    """Neither a domain nor a phone number, or one that nobody has."""


class AlreadySetAside(Refused):
    """Somebody did it before."""


class CountChanged(Refused):
    """What would be closed is not what the person was shown."""


class AlreadyTakenBack(Refused):
    """It counts again."""


@dataclass(frozen=True, slots=True)
class Effect:
    """What setting a key aside does now: who has it, which matches rest on it alone, whose credit waited for these."""

    sharing: int
    matches: int
    credited: int


def effect(kind: str, key: str) -> Effect:
    """What it would do. Raises CannotSetAside, AlreadySetAside."""
    if kind not in CommonKey.Kind.values:
        raise CannotSetAside("Only a domain or a phone number can be set aside.", status=404)
    if CommonKey.objects.in_force().filter(kind=kind, key=key).exists():
        raise AlreadySetAside(f"{key} has already been set aside.")
    sharing = screening.having(KeyKind(kind), key).count()
    if not sharing:
        raise CannotSetAside(f"No introduction or client has {key}.", status=404)
    keys = CommonKey.objects.keys() | {(kind, key)}
    undecided = defaultdict[UUID, list[dict[str, Any]]](list)
    for pk, evidence in Finding.objects.filter(state=FindingState.OPEN).values_list("referral_id", "evidence"):
        undecided[pk].append(evidence)
    concerned = [pk for pk, found in undecided.items() if any(_has(evidence, kind, key) for evidence in found)]
    matches = credited = 0
    still_open = Referral.objects.open().filter(pk__any_of=concerned)
    for pk, company, waits in still_open.values_list("pk", "company", "credit_waits"):
        left = [evidence for evidence in undecided[pk] if not rests_on(evidence, company, keys)]
        matches += len(undecided[pk]) - len(left)
        credited += waits and not any(evidence["withholds"] for evidence in left)
    return Effect(sharing, matches, credited)


def rests_on(evidence: Mapping[str, Any], company: str, keys: Collection[Key]) -> bool:
    """Whether a match of an introduction of `company` has nothing in common but these keys, not nearly the name."""
    if any((one["kind"], one["key"]) not in keys for one in evidence["keys"]):
        return False
    ours, theirs = (spelling(company_key(name)) for name in (company, evidence["name"]))
    return not alike(ours, [theirs], ALIKE)


def set_aside(kind: str, key: str, *, shown: int, by: Membership, at: datetime) -> CommonKey:
    """From now on, an equal key of that kind raises no finding by itself, and those that rest on it are closed.

    `shown` is how many the person was told. The first introductions are done here, the others follow (`go_on`).
    Raises what `effect` does, and CountChanged.
    """
    screening.one_at_a_time()
    matches = effect(kind, key).matches
    if matches != shown:
        raise CountChanged(f"{matches:,} waiting matches rest on {key} alone by now, not {shown:,}. Look again.")
    common = CommonKey.objects.create(kind=kind, key=key, set_aside_at=at, set_aside_by=by)
    trail.record("common_key.set_aside", common, by=by, at=at, kind=common.get_kind_display().lower(), matches=matches)
    go_on(common, at=at)
    return common


def take_back(common: CommonKey, *, by: Membership, at: datetime) -> CommonKey:
    """From now on it counts again, and what was closed for it waits again. Raises AlreadyTakenBack.

    Then every open introduction that has it is compared once more (`go_on`): nothing was, meanwhile.
    """
    screening.one_at_a_time()
    in_force = CommonKey.objects.in_force().filter(pk=common.pk)
    if not in_force.update(taken_back_at=at, taken_back_by=by, reached=None, settled_at=None):
        raise AlreadyTakenBack(f"{common} counts again already. Reload the page.")
    common.refresh_from_db()
    trail.record("common_key.taken_back", common, by=by, at=at)
    _bring_back(common, by=by, at=at)
    go_on(common, at=at)
    return common


def to_bring_back(common: CommonKey) -> int:
    """How many matches that were closed for a key are of introductions that are still open."""
    closed = Finding.objects.filter(_with(common.kind, common.key), common_key__isnull=False)
    return closed.filter(referral__stage__in=OPEN_STAGES).count()


def go_on(common: CommonKey, *, at: datetime) -> None:
    """Close matches of the next AT_ONCE introductions that have the key, or compare these again; or settle it.

    The caller has read the key under the lock of screening: one that is taken back meanwhile begins anew.
    """
    having = screening.having(KeyKind(common.kind), common.key).filter(referral__isnull=False)
    if common.reached is not None:
        having = having.filter(referral_id__gt=common.reached)
    ids = list(having.order_by("referral_id").values_list("referral_id", flat=True)[:AT_ONCE])
    keys = CommonKey.objects.keys()
    for referral in Referral.objects.open().filter(pk__in=ids).select_related("partner__msp").order_by("pk"):
        if common.is_in_force:
            _close(common, referral, keys, at=at)
        else:
            screening.screen(referral, at=at)
    common.reached = ids[-1] if ids else common.reached
    common.settled_at = None if len(ids) == AT_ONCE else at
    common.save(update_fields=["reached", "settled_at"])


def go_on_with_all(*, at: datetime) -> bool:
    """One step for each that is not settled; whether there is more to do."""
    screening.one_at_a_time()
    unsettled = CommonKey.objects.filter(settled_at__isnull=True).select_related("set_aside_by__user")
    for common in unsettled.order_by("pk"):
        go_on(common, at=at)
    return CommonKey.objects.filter(settled_at__isnull=True).exists()


def every() -> list[CommonKey]:
    """Those in force, the newest first, and after them those that were taken back."""
    found = CommonKey.objects.select_related("set_aside_by__user", "taken_back_by__user")
    return sorted(found.order_by("-set_aside_at", "-pk"), key=lambda common: not common.is_in_force)


def _close(common: CommonKey, referral: Referral, keys: Collection[Key], *, at: datetime) -> None:
    waiting = referral.findings.filter(_with(common.kind, common.key), state=FindingState.OPEN)
    resting = [one.pk for one in waiting if rests_on(one.evidence, referral.company, keys)]
    if not resting:
        return
    by = common.set_aside_by
    Finding.objects.filter(pk__in=resting).update(
        state=FindingState.DIFFERENT,
        decided_at=at,
        decided_by_name=by.actor_name[:200],
        decision_note=f"Many companies share {common.key}, so it was set aside."[:300],
        common_key=common,
    )
    trail.record("match.set_aside", referral, by=by, at=at, key=common.key, matches=len(resting))
    decisions.go_on(referral, by=by, at=at)


def _bring_back(common: CommonKey, *, by: Membership, at: datetime) -> None:
    """A lost introduction has its matches back too, should it be reopened; what was won stays as it was won."""
    closed = Finding.objects.filter(_with(common.kind, common.key), common_key__isnull=False)
    again: dict[UUID, list[UUID]] = defaultdict(list)
    for pk, referral_id in closed.values_list("pk", "referral_id"):
        again[referral_id].append(pk)
    referrals = Referral.objects.exclude(stage=Stage.WON).in_bulk(list(again))
    Finding.objects.filter(pk__any_of=[pk for one in referrals for pk in again[one]]).update(
        state=FindingState.OPEN, decided_at=None, decided_by_name="", decision_note="", common_key=None
    )
    trail.record_all(
        [
            trail.event("match.taken_back", referral, by=by, at=at, key=common.key, matches=len(again[pk]))
            for pk, referral in referrals.items()
        ]
    )


def _has(evidence: Mapping[str, Any], kind: str, key: str) -> bool:
    return any(one["kind"] == kind and one["key"] == key for one in evidence["keys"])


def _with(kind: str, key: str) -> Q:
    return Q(evidence__keys__contains=[{"kind": kind, "key": key}])
