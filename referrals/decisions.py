"""A person decides whether two records are the same company, and with it who has the credit."""

from datetime import datetime

from elinkages.audit import trail
from elinkages.kernel.actors import Actor
from elinkages.kernel.refusal import Refused
from referrals import attribution, letters, pipeline, screening
from referrals.models import Finding, FindingState, LostReason, Referral, Stage


class AlreadyDecided(Refused):
    """Someone decided a moment ago."""


class NoSuchDecision(Refused):
    """Neither the same nor different."""


def decide(finding: Finding, *, state: str, note: str = "", by: Actor, at: datetime) -> Finding:
    """Say that a match is the same company or a different one.

    Different: the introduction gets its credit, once no other match withholds it. Same: it is closed as a duplicate
    with a kind letter; when the earlier introduction was lost meanwhile, or its protection had ended before this one
    came, the credit passes to this one instead, and the earlier one is closed.
    Raises NoSuchDecision, AlreadyDecided.
    """
    if state not in {FindingState.SAME, FindingState.DIFFERENT}:
        raise NoSuchDecision("Choose whether it is the same company or a different one.")
    if len(note) > 300:
        raise NoSuchDecision(f"Keep the note under 300 characters; this one has {len(note)}.")
    screening.one_at_a_time()
    decided = {"state": state, "decided_at": at, "decided_by_name": by.actor_name[:200], "decision_note": note.strip()}
    if not Finding.objects.filter(pk=finding.pk, state=FindingState.OPEN).update(**decided):
        now = Finding.objects.get(pk=finding.pk)
        raise AlreadyDecided(
            f"{now.decided_by_name} has already decided this: {now.get_state_display().lower()}. Nothing was changed."
        )
    for name, value in decided.items():
        setattr(finding, name, value)
    referral = finding.referral
    trail.record(f"match.{state}", referral, by=by, at=at, company=finding.evidence["name"], note=finding.decision_note)
    if state == FindingState.SAME and referral.is_open and not passes_on(finding):
        attribution.withdraw(referral, by=by, at=at, reason=f"{finding.evidence['name']} was known before")
        pipeline.lose(referral, reason=LostReason.DUPLICATE, note=finding.decision_note, by=by, at=at)
        return finding
    if state == FindingState.SAME and passes_on(finding):
        _close_earlier(finding, by=by, at=at)
    go_on(referral, by=by, at=at)
    return finding


def go_on(referral: Referral, *, by: Actor, at: datetime) -> None:
    """After matches were decided, bring up those that come next; when none withholds it, the credit is given."""
    screening.look_further(referral, at=at)
    if attribution.grant(referral, by=by, at=at):
        letters.tell_credited(referral, at=at)


def passes_on(finding: Finding) -> bool:
    """Whether “the same” gives the credit to the later introduction.

    The earlier one was lost, or it is open and its protection had ended before the later one was registered.
    """
    earlier: Referral | None = finding.other_referral
    if earlier is None:
        return False
    return earlier.stage == Stage.LOST or (earlier.is_open and finding.evidence.get("protection_over", False))


def _close_earlier(finding: Finding, *, by: Actor, at: datetime) -> None:
    """Two open introductions of one company are one too many: the one without protection ends, with a letter."""
    earlier = finding.other_referral
    if earlier is None or not earlier.is_open:
        return
    attribution.withdraw(earlier, by=by, at=at, reason="Its protection had ended, and it was introduced again")
    pipeline.lose(earlier, reason=LostReason.EXPIRED, by=by, at=at)
