"""An introduction's way from registered to won or lost.

Every move is a claim: an update that only succeeds from the stage the mover saw. Whoever comes second is told.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import connection

from elinkages.accounts.models import Membership
from elinkages.audit import trail
from elinkages.kernel.actors import Actor
from elinkages.kernel.copy import insert_all
from elinkages.kernel.refusal import Refused
from elinkages.kernel.tenancy import current_msp_id
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
    "Step",
    "Undecided",
    "advance",
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


@dataclass(frozen=True, slots=True)
class Step:
    """A move of one introduction; `reason` and `note` are of a lost one."""

    referral: Referral
    to: Stage
    at: datetime
    reason: str = ""
    note: str = ""


def qualify(referral: Referral, *, by: Actor, at: datetime) -> Referral:
    """They have a need and want to talk. Raises StageChanged."""
    return advance([Step(referral, Stage.QUALIFIED, at)], by=by)[0]


def propose(referral: Referral, *, by: Actor, at: datetime) -> Referral:
    """They have a proposal. Raises StageChanged."""
    return advance([Step(referral, Stage.PROPOSAL, at)], by=by)[0]


def win(referral: Referral, *, by: Actor, at: datetime) -> Referral:
    """They signed. `commissions.deals.win` calls this with the contracts; raises Undecided and StageChanged."""
    return advance([Step(referral, Stage.WON, at)], by=by)[0]


def lose(referral: Referral, *, reason: str, note: str = "", by: Actor, at: datetime) -> Referral:
    """Close an introduction that did not become a client. The partner reads the reason, not the note.

    Raises StageChanged, or ActionRefused for a reason that is not one of LostReason.
    """
    return advance([Step(referral, Stage.LOST, at, reason, note.strip()[:300])], by=by)[0]


def advance(steps: Sequence[Step], *, by: Actor) -> list[Referral]:
    """Take introductions forward or close them, each once, in few statements; all of them or none.

    A step forward implies that somebody spoke to them. Raises what `qualify`, `propose`, `win` and `lose` raise.
    """
    _refuse_undecided([step.referral for step in steps if step.to == Stage.WON])
    for step in steps:
        if step.to == Stage.LOST and step.reason not in LostReason.values:
            raise ActionRefused("Choose why it did not work out. The partner is told tactfully.")
        if not step.referral.is_open or (step.to in OPEN_STAGES and not _is_forward(step.referral, step.to)):
            raise _moved(step.referral)
    for step, move in zip(steps, _move(steps, by=by), strict=True):
        if step.to == Stage.LOST:
            letters.tell_lost(step.referral, by=by, at=step.at)
        else:
            letters.tell_moved(step.referral, move, by=by, at=step.at)
    return [step.referral for step in steps]


def _refuse_undecided(referrals: Sequence[Referral]) -> None:
    found = Finding.objects.filter(referral__in=referrals, state=FindingState.OPEN).select_related("referral")
    undecided = found.order_by("pk").first() if referrals else None
    if undecided is not None:
        raise Undecided(
            f"Decide first whether {undecided.referral.company} is the same company as {undecided.evidence['name']},"
            " so that nobody is paid twice for the same client."
        )


def reopen(referral: Referral, *, by: Actor, at: datetime) -> Referral:
    """Take a lost introduction back to the stage it was lost at, and screen it again. Raises StageChanged."""
    if referral.stage != Stage.LOST:
        raise _moved(referral)
    screening.one_at_a_time()
    lost = referral.moves.filter(to_stage=Stage.LOST).order_by("-at", "-pk").first()
    stage = Stage(lost.from_stage) if lost and lost.from_stage in OPEN_STAGES else Stage.REGISTERED
    (move,) = _move([Step(referral, stage, at)], story="referral.reopened", by=by)
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
    if not referral.is_open or to not in OPEN_STAGES or to == referral.stage or _is_forward(referral, to):
        raise _moved(referral)
    _move([Step(referral, to, at)], story="referral.set_back", by=by)
    return referral


def move(referral: Referral, *, to: Stage, by: Actor, at: datetime) -> Referral:
    """Put an open introduction at another open stage, forward or back, as on a board. Raises StageChanged."""
    if to not in OPEN_STAGES or not referral.is_open:
        raise _moved(referral)
    if _is_forward(referral, to):
        return advance([Step(referral, to, at)], by=by)[0]
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


def _is_forward(referral: Referral, to: Stage) -> bool:
    return OPEN_STAGES.index(to) > OPEN_STAGES.index(_stage(referral))


def _move(steps: Sequence[Step], *, story: str = "", by: Actor) -> list[StageMove]:
    """Claim each move from the stage that was seen; `story` is its name in the history, by default the stage's.

    Without a `story` a move to anything but lost is a contact, and the first one is noted.
    """
    before = {step.referral.pk: _stage(step.referral) for step in steps}
    _claim(steps, before, has_contact=not story)
    if closed := [step.referral for step in steps if step.to not in OPEN_STAGES]:
        screening.set_aside(*closed)
    events, moves = [], []
    for step in steps:
        referral, source = step.referral, before[step.referral.pk]
        reason = LostReason(step.reason).label if step.reason else ""
        between = {"before": source.label, "stage": step.to.label} if step.to in OPEN_STAGES else {}
        action, told = story or f"referral.{step.to}", {**between, "reason": reason, "note": step.note}
        events.append(trail.event(action, referral, by=by, at=step.at, **told))
        moves.append(
            StageMove(
                referral=referral,
                from_stage=source,
                to_stage=step.to,
                at=step.at,
                by_name=by.actor_name[:200],
                reason=reason,
            )
        )
    trail.record_all(events)
    insert_all(moves)
    return moves


def _claim(steps: Sequence[Step], before: Mapping[UUID, Stage], *, has_contact: bool) -> None:
    """Move the rows that stand where they were seen. Raises StageChanged when one does not."""
    columns = (
        [step.referral.pk for step in steps],
        [before[step.referral.pk].value for step in steps],
        [step.to.value for step in steps],
        [step.at for step in steps],
        [step.reason for step in steps],
        [step.note for step in steps],
        [has_contact and step.to != Stage.LOST for step in steps],
    )
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, [FIRST_CONTACT, FIRST_CONTACT, *columns, current_msp_id()])
        moved = {pk: rest for pk, *rest in cursor.fetchall()}
    for step in steps:
        if step.referral.pk not in moved:
            raise _moved(step.referral)
        touched_at, action, action_on = moved[step.referral.pk]
        _set(step.referral, stage=step.to, stage_at=step.at, active_at=step.at)
        _set(step.referral, lost_reason=step.reason, lost_note=step.note)
        _set(step.referral, touched_at=touched_at, next_action=action, next_action_on=action_on)


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


# Who is won or lost needs nothing next, and the first contact is what every new introduction waits for.
_CLAIM = """
UPDATE referrals_referral r SET stage = step.stage, stage_at = step.at, active_at = step.at,
    lost_reason = step.reason, lost_note = step.note,
    touched_at = CASE WHEN step.is_contact THEN coalesce(r.touched_at, step.at) ELSE r.touched_at END,
    next_action = CASE WHEN step.stage IN ('won', 'lost') OR step.is_contact AND r.next_action = %s
        THEN '' ELSE r.next_action END,
    next_action_on = CASE WHEN step.stage IN ('won', 'lost') OR step.is_contact AND r.next_action = %s
        THEN NULL ELSE r.next_action_on END
FROM unnest(%s::uuid[], %s::text[], %s::text[], %s::timestamptz[], %s::text[], %s::text[], %s::boolean[])
    AS step (id, before, stage, at, reason, note, is_contact)
WHERE r.msp_id = %s AND r.id = step.id AND r.stage = step.before
RETURNING r.id, r.touched_at, r.next_action, r.next_action_on
"""
