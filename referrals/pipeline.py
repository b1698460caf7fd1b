"""An introduction's way from registered to won or lost.

Every move is a claim: an update that only succeeds from the stage the mover saw. Whoever comes second is told.
"""

from datetime import date, datetime
from typing import Any

from elinkages.accounts.models import Membership
from elinkages.audit import trail
from elinkages.kernel.actors import Actor
from elinkages.kernel.refusal import Refused
from referrals import attribution, letters, screening
from referrals.models import (
    OPEN_STAGES,
    Finding,
    FindingState,
    LostReason,
    Referral,
    Stage,
    StageMove,
)
from referrals.registration import FIRST_CONTACT, AlreadyReferred, CannotRefer, FactsRefused, submit, submit_history

__all__ = [
    "ActionRefused",
    "AlreadyReferred",
    "CannotRefer",
    "FactsRefused",
    "StageChanged",
    "Undecided",
    "assign",
    "lose",
    "move",
    "propose",
    "qualify",
    "reopen",
    "step_back",
    "submit",
    "submit_history",
    "touch",
    "win",
]


class StageChanged(Refused):
    """Someone else moved the introduction, or it cannot go there from where it is."""


class Undecided(Refused):
    """It may be a company that another partner introduced or that is a client already; a person decides first."""


class ActionRefused(Refused):
    """A next action that says too little."""


def touch(referral: Referral, *, note: str = "", by: Actor, at: datetime) -> Referral:
    """Record a contact with the prospect; the first one stops the clock. Raises StageChanged once it is closed."""
    if not Referral.objects.open().filter(pk=referral.pk).update(active_at=at):
        raise _moved(referral)
    _first_contact(referral, at=at)
    referral.active_at = at
    trail.record("contact.made", referral, by=by, at=at, note=" ".join(note.split())[:1_000])
    return referral


def qualify(referral: Referral, *, by: Actor, at: datetime) -> Referral:
    """They have a need and want to talk. Raises StageChanged."""
    return _forward(referral, Stage.QUALIFIED, by=by, at=at)


def propose(referral: Referral, *, by: Actor, at: datetime) -> Referral:
    """They have a proposal. Raises StageChanged."""
    return _forward(referral, Stage.PROPOSAL, by=by, at=at)


def win(referral: Referral, *, by: Actor, at: datetime) -> Referral:
    """They signed. `commissions.deals.win` calls this with the contracts; raises Undecided and StageChanged."""
    undecided = referral.findings.filter(state=FindingState.OPEN).first()
    if undecided is not None:
        raise Undecided(
            f"Decide first whether {referral.company} is the same company as {undecided.evidence['name']},"
            " so that nobody is paid twice for one client."
        )
    return _forward(referral, Stage.WON, by=by, at=at, next_action="", next_action_on=None)


def lose(referral: Referral, *, reason: str, note: str = "", by: Actor, at: datetime) -> Referral:
    """Close an introduction that did not become a client. The partner reads the reason, not the note.

    Raises StageChanged, or ActionRefused for a reason that is not one of LostReason.
    """
    if reason not in LostReason.values:
        raise ActionRefused("Choose why it did not work out. The partner is told in kind words.")
    if not referral.is_open:
        raise _moved(referral)
    fields: dict[str, Any] = {
        "lost_reason": reason,
        "lost_note": note.strip()[:300],
        "next_action": "",
        "next_action_on": None,
    }
    _move(referral, Stage.LOST, by=by, at=at, reason=LostReason(reason).label, note=note.strip()[:300], **fields)
    letters.tell_lost(referral, by=by, at=at)
    return referral


def reopen(referral: Referral, *, by: Actor, at: datetime) -> Referral:
    """Take a lost introduction back to the stage it was lost at, and screen it again. Raises StageChanged."""
    if referral.stage != Stage.LOST:
        raise _moved(referral)
    screening.one_at_a_time()
    lost = referral.moves.filter(to_stage=Stage.LOST).order_by("-at", "-pk").first()
    stage = Stage(lost.from_stage) if lost and lost.from_stage in OPEN_STAGES else Stage.REGISTERED
    move = _move(referral, stage, by=by, at=at, story="referral.reopened", lost_reason="", lost_note="")
    screening.index_again(referral)
    screening.screen(referral, at=at)
    if heir := _heir(referral):
        attribution.withdraw(referral, by=by, at=at, reason=f"It passed to the introduction of {heir.partner.name}")
    else:
        attribution.grant(referral, by=by, at=at)
    letters.tell_moved(referral, move, by=by, at=at)
    return referral


def step_back(referral: Referral, *, to: Stage, by: Actor, at: datetime) -> Referral:
    """Correct a stage that was set too early; the partner is not written to. Raises StageChanged."""
    if not referral.is_open or to not in OPEN_STAGES or OPEN_STAGES.index(to) >= OPEN_STAGES.index(_stage(referral)):
        raise _moved(referral)
    _move(referral, to, by=by, at=at, story="referral.set_back")
    return referral


def move(referral: Referral, *, to: Stage, by: Actor, at: datetime) -> Referral:
    """Put an open introduction at another open stage, forward or back, as on a board. Raises StageChanged."""
    if to not in OPEN_STAGES or not referral.is_open:
        raise _moved(referral)
    if OPEN_STAGES.index(to) > OPEN_STAGES.index(_stage(referral)):
        return _forward(referral, to, by=by, at=at)
    return step_back(referral, to=to, by=by, at=at)


def assign(
    referral: Referral,
    *,
    owner: Membership | None,
    next_action: str,
    next_action_on: date | None,
    by: Actor,
    at: datetime,
) -> Referral:
    """Say who looks after it, what is next and when it is due. A new owner is told by e-mail.

    Raises ActionRefused, or StageChanged once it is closed.
    """
    action = " ".join(next_action.split())
    if len(action) > 200:
        raise ActionRefused(f"Keep the next action under 200 characters; this one has {len(action)}.")
    if next_action_on and not action:
        raise ActionRefused("Say what is due on that day.")
    if owner is not None and (owner.deactivated_at is not None or owner.msp_id != referral.msp_id):
        raise ActionRefused(f"{owner} no longer works here. Choose someone else.")
    fields = {"owner": owner, "owner_name": str(owner or ""), "next_action": action, "next_action_on": next_action_on}
    if not Referral.objects.open().filter(pk=referral.pk).update(active_at=at, **fields):
        raise _moved(referral)
    is_new = owner is not None and owner.pk != referral.owner_id and owner.pk != by.actor_id
    _set(referral, active_at=at, **fields)
    trail.record(
        "next_action.set", referral, by=by, at=at, owner=str(owner or "nobody"), next=action, due_on=next_action_on
    )
    if is_new:
        letters.tell_owner(referral, by=by, at=at)
    return referral


def _forward(referral: Referral, to: Stage, *, by: Actor, at: datetime, **fields: Any) -> Referral:
    """A step toward a client; it implies that somebody spoke to them."""
    if not referral.is_open or (to in OPEN_STAGES and OPEN_STAGES.index(to) <= OPEN_STAGES.index(_stage(referral))):
        raise _moved(referral)
    move = _move(referral, to, by=by, at=at, **fields)
    _first_contact(referral, at=at)
    letters.tell_moved(referral, move, by=by, at=at)
    return referral


def _move(
    referral: Referral,
    to: Stage,
    *,
    by: Actor,
    at: datetime,
    reason: str = "",
    note: str = "",
    story: str = "",
    **fields: Any,
) -> StageMove:
    """Claim the move from the stage that was seen; `story` is its name in the history, by default the stage's."""
    before = _stage(referral)
    fields |= {"stage": to, "stage_at": at, "active_at": at}
    if not Referral.objects.filter(pk=referral.pk, stage=before).update(**fields):
        raise _moved(referral)
    _set(referral, **fields)
    if to not in OPEN_STAGES:
        screening.set_aside(referral)
    between = {"before": before.label, "stage": to.label} if to in OPEN_STAGES else {}
    trail.record(story or f"referral.{to}", referral, by=by, at=at, **between, reason=reason, note=note)
    return StageMove.objects.create(
        referral=referral, from_stage=before, to_stage=to, at=at, by_name=by.actor_name[:200], reason=reason
    )


def _heir(referral: Referral) -> Referral | None:
    """A later introduction of the same company that got the credit when this one was lost."""
    findings = Finding.objects.filter(other_referral=referral, state=FindingState.SAME, referral__credits__isnull=False)
    finding = findings.exclude(referral__stage=Stage.LOST).select_related("referral__partner").first()
    return finding.referral if finding else None


def _first_contact(referral: Referral, *, at: datetime) -> None:
    untouched = Referral.objects.filter(pk=referral.pk, touched_at__isnull=True)
    if untouched.update(touched_at=at):
        referral.touched_at = at
    if Referral.objects.filter(pk=referral.pk, next_action=FIRST_CONTACT).update(next_action="", next_action_on=None):
        _set(referral, next_action="", next_action_on=None)


def _moved(referral: Referral) -> StageChanged:
    now = Referral.objects.only("stage", "stage_at").get(pk=referral.pk)
    last = referral.moves.order_by("-at", "-pk").first()
    who = f" {last.by_name} moved it there." if last else ""
    return StageChanged(
        f"{referral.company} is at “{now.get_stage_display()}” now.{who} Look at it again before you move it."
    )


def _stage(referral: Referral) -> Stage:
    return Stage(referral.stage)


def _set(referral: Referral, **fields: Any) -> None:
    for name, value in fields.items():
        setattr(referral, name, value)
