"""An introduction's stages in plain words, and the way it has come."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from referrals.models import OPEN_STAGES, LostReason, Referral, Stage, StageMove


@dataclass(frozen=True, slots=True)
class Words:
    """A stage as a partner reads it: its name, what it means, and what happens next."""

    name: str
    meaning: str
    following: str


PLAIN: dict[str, Words] = {
    Stage.REGISTERED: Words(
        "Received",
        "We have your introduction.",
        "We call or write to them, usually within one business day, and mention you.",
    ),
    Stage.QUALIFIED: Words(
        "In conversation",
        "We have talked, and they need what we do.",
        "We learn what they have and what they need, and prepare a proposal.",
    ),
    Stage.PROPOSAL: Words(
        "Proposal made",
        "They have our proposal.",
        "They decide. We answer their questions and let you know.",
    ),
    Stage.WON: Words(
        "Client",
        "They signed with us. Thank you!",
        "Your commission follows your agreement, month by month.",
    ),
    Stage.LOST: Words("Closed", "It did not work out this time.", "Nothing more for you to do."),
}

WHY_LOST: dict[str, str] = {
    LostReason.NO_RESPONSE: "They did not get back to us.",
    LostReason.NO_FIT: "What they need is not what we do best, and we would rather say so than serve them poorly.",
    LostReason.PRICE: "We could not agree on the price.",
    LostReason.STAYED: "They decided to stay with their current provider.",
    LostReason.TIMING: "It is not the right time for them. They may come back to it.",
    LostReason.DUPLICATE: "We were already in touch with this company before your introduction reached us.",
    LostReason.EXPIRED: "Someone else introduced them after the protection of your introduction had ended.",
    LostReason.OTHER: "It did not work out this time.",
}


@dataclass(frozen=True, slots=True)
class Step:
    """One stage on the way: `state` is done, current, or todo; `at` when it was reached last."""

    stage: Stage
    label: str
    state: str
    at: datetime | None


def steps(referral: Referral, moves: Iterable[StageMove], *, plain: bool = False) -> list[Step]:
    """The stages from registered to the end, with the days they were reached; a stage that was skipped has none."""
    reached = {Stage(move.to_stage): move.at for move in sorted(moves, key=lambda move: move.at)}
    stage = Stage(referral.stage)
    last = Stage.LOST if stage == Stage.LOST else Stage.WON
    path = [*OPEN_STAGES, last]
    if stage == Stage.LOST:
        path = [step for step in path if step in reached or step == Stage.REGISTERED]
    here = path.index(stage)
    return [
        Step(
            step,
            PLAIN[step].name if plain else step.label,
            "done" if position < here or stage == Stage.WON else "current" if position == here else "todo",
            reached.get(step) if position <= here else None,
        )
        for position, step in enumerate(path)
    ]


def words(referral: Referral) -> Words:
    """Where it stands as the partner reads it; of a lost one, why."""
    plain = PLAIN[referral.stage]
    if referral.stage == Stage.REGISTERED and referral.touched_at:
        return Words(plain.name, "We have been in touch with them.", "We find out whether we are a good fit for them.")
    if referral.stage != Stage.LOST:
        return plain
    return Words(plain.name, WHY_LOST[referral.lost_reason], plain.following)
