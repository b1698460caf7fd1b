"""Competing claims: two partners say that they introduced one company, and a person decides on the evidence.

While a case is open its deal's commissions are held (commissions/gates.py looks here) and its credit is changed
nowhere else. The decision is written through attribution.share; after a win, commissions follow as differences.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from elinkages.audit import trail
from elinkages.kernel.actors import Actor
from elinkages.kernel.money import format_basis_points
from elinkages.kernel.refusal import Refused
from elinkages.kernel.words import say_day
from partners.models import Contact, Partner
from referrals import attribution, notices, reviews
from referrals.attribution import Share
from referrals.models import FULL_SHARE, Case, CaseNote, Claim, Finding, FindingState, Outcome, Referral, Stage

DECIDED_WITHIN = timedelta(days=14)
LONGEST_DELAY = timedelta(days=180)
TEXT_LENGTH = 5_000


class NothingToContest(Refused):
    """There is no credit of somebody else that this could be about."""


class AlreadyClaimed(Refused):
    """The partner is in the case already."""


class CaseOver(Refused):
    """Somebody has decided."""


class BadDecision(Refused):
    """A decision without a reason, without a heir, or with shares that cannot be."""


class BadDeadline(Refused):
    """A day that has passed, or that nobody will wait for."""


def open_case(
    referral: Referral,
    *,
    claimant: Partner,
    statement: str,
    own_referral: Referral | None = None,
    due_on: date | None = None,
    by: Actor,
    at: datetime,
) -> Case:
    """Write down that `claimant` claims the credit of an introduction; with an open case, they join it.

    Everybody with a share is in it as a holder. Raises NothingToContest, AlreadyClaimed, BadDeadline, BadDecision.
    """
    statement = _text(statement, "what they say")
    current = Referral.objects.select_for_update().select_related("partner").get(pk=referral.pk)
    holders = [credit.partner for credit in current.credits.select_related("partner")] or [current.partner]
    if [claimant.pk] == [holder.pk for holder in holders]:
        raise NothingToContest(f"{claimant.name} already has the credit for {current.company}.")
    if case := current.cases.open().first():
        return _join(case, claimant, statement, own_referral, by=by, at=at)
    today = current.msp.today(at)
    due_on = due_on or today + DECIDED_WITHIN
    _check_deadline(due_on, today)
    case = Case.objects.create(
        referral=current, company=current.company, opened_at=at, opened_by_name=by.actor_name[:200], due_on=due_on
    )
    everyone = {holder.pk: (holder, True) for holder in holders}
    everyone.setdefault(claimant.pk, (claimant, False))
    for partner, is_holder in everyone.values():
        is_claimant = partner.pk == claimant.pk
        said, own = (statement, own_referral) if is_claimant else ("", None)
        _claim(case, partner, said, own, is_holder=is_holder, by=by, at=at)
    reviews.refresh(current)
    trail.record("case.opened", current, by=by, at=at, claimant=claimant.name, due_on=due_on)
    _announce(case, current, by, at)
    return case


def contest(own_referral: Referral, *, statement: str, by: Contact, at: datetime) -> Case:
    """A partner says that an introduction of theirs, which was closed as known before, was first.

    Raises NothingToContest and what open_case refuses.
    """
    contested = _contested(own_referral)
    if contested is None or contested.partner_id == own_referral.partner_id:
        raise NothingToContest("There is nothing to contest here. If that surprises you, write to us.")
    return open_case(
        contested, claimant=own_referral.partner, statement=statement, own_referral=own_referral, by=by, at=at
    )


def note(case: Case, text: str, *, partner: Partner | None = None, by: Actor, at: datetime) -> CaseNote:
    """Add evidence: of a partner's person (`partner`), or of the team for the team. Raises CaseOver, BadDecision."""
    text = _text(text, "what you add")
    if not Case.objects.open().filter(pk=case.pk).exists():
        raise CaseOver("This case has been decided: nothing can be added.")
    written = CaseNote.objects.create(case=case, partner=partner, text=text, at=at, by_name=by.actor_name[:200])
    trail.record("case.noted", case.referral, by=by, at=at)
    if partner is not None:
        subject = f"{partner.name} added to the case about {case.company}"
        key = f"case-note:{case.pk}:{at.timestamp()}"
        notices.tell_team(case.referral, key=key, subject=subject, lines=[text], at=at)
    return written


def postpone(case: Case, *, due_on: date, by: Actor, at: datetime) -> Case:
    """Move the day by which it is to be decided. Raises BadDeadline, CaseOver."""
    _check_deadline(due_on, case.msp.today(at))
    if not Case.objects.open().filter(pk=case.pk).update(due_on=due_on):
        raise CaseOver("This case has been decided.")
    case.due_on = due_on
    trail.record("case.postponed", case.referral, by=by, at=at, due_on=due_on)
    return case


def decide(case: Case, *, outcome: str, decision: str, shares: Sequence[Share] = (), by: Actor, at: datetime) -> Case:
    """Keep the credit, pass it to one claimant, or share it; every partner in the case reads the decision.

    `shares` is for TRANSFER (one partner, all of it) and SPLIT. Raises CaseOver, BadDecision, and what
    attribution.share refuses; then nothing was changed.
    """
    decision = _text(decision, "the reason")
    if outcome not in {Outcome.KEEP, Outcome.TRANSFER, Outcome.SPLIT, Outcome.WITHDRAWN}:
        raise BadDecision("Choose whether the credit stays, passes to someone else, or is shared.")
    claims = list(case.claims.select_related("partner").order_by("pk"))
    _check_shares(outcome, shares, claims)
    decided = {
        "outcome": outcome,
        "decision": decision,
        "decided_at": at,
        "decided_by_name": by.actor_name[:200],
    }
    if not Case.objects.open().filter(pk=case.pk).update(**decided):
        now = Case.objects.get(pk=case.pk)
        raise CaseOver(f"{now.decided_by_name} has already decided this: {now.get_outcome_display().lower()}.")
    for name, value in decided.items():
        setattr(case, name, value)
    reviews.refresh(case.referral)
    label = Outcome(outcome).label
    trail.record("case.decided", case.referral, by=by, at=at, outcome=label.lower(), reason=decision)
    if shares:
        attribution.share(case.referral, shares, by=by, at=at, decided=case)
    _tell_decision(case, claims, by, at)
    return case


def _join(
    case: Case, claimant: Partner, statement: str, own_referral: Referral | None, *, by: Actor, at: datetime
) -> Case:
    if case.claims.filter(partner=claimant).exists():
        raise AlreadyClaimed(f"{claimant.name} is already part of the open case about {case.company}. Add to it there.")
    _claim(case, claimant, statement, own_referral, is_holder=False, by=by, at=at)
    trail.record("case.claimed", case.referral, by=by, at=at, claimant=claimant.name)
    _tell_claimant(case, claimant, at)
    return case


def _claim(
    case: Case,
    partner: Partner,
    statement: str,
    own_referral: Referral | None,
    *,
    is_holder: bool,
    by: Actor,
    at: datetime,
) -> None:
    Claim.objects.create(
        case=case,
        partner=partner,
        is_holder=is_holder,
        own_referral=own_referral,
        statement=statement,
        claimed_at=at,
        claimed_by_name=by.actor_name[:200],
    )


def _contested(own: Referral) -> Referral | None:
    """The introduction that has the credit which this one was refused."""
    found = own.findings.filter(state=FindingState.SAME).select_related("other_referral", "other_client__referral")
    for finding in found.order_by("pk"):
        if finding.other_referral is not None:
            return finding.other_referral
        if finding.other_client is not None and finding.other_client.referral is not None:
            return finding.other_client.referral
    later = Finding.objects.filter(other_referral=own, state=FindingState.SAME).select_related("referral")
    heir = later.exclude(referral__stage=Stage.LOST).order_by("pk").first()
    return heir.referral if heir and own.stage == Stage.LOST else None


def _check_deadline(due_on: date, today: date) -> None:
    if not today <= due_on <= today + LONGEST_DELAY:
        raise BadDeadline(f"Choose a day from today to {say_day(today + LONGEST_DELAY)}.")


def _check_shares(outcome: str, shares: Sequence[Share], claims: Sequence[Claim]) -> None:
    if outcome in {Outcome.KEEP, Outcome.WITHDRAWN}:
        if shares:
            raise BadDecision("The credit stays: leave the shares out.")
        return
    attribution.check(shares)
    known = {claim.partner_id for claim in claims}
    if not shares or any(partner.pk not in known for partner, _ in shares):
        raise BadDecision("Give the credit to partners of this case.")
    if outcome == Outcome.TRANSFER and [points for _, points in shares] != [FULL_SHARE]:
        raise BadDecision("To pass the credit on, give all of it to one partner; to split it, choose shared.")


def _text(text: str, what: str) -> str:
    text = text.strip()
    if not text or len(text) > TEXT_LENGTH:
        raise BadDecision(f"Write {what}, in 1 to {TEXT_LENGTH:,} characters.")
    return text


def _announce(case: Case, referral: Referral, by: Actor, at: datetime) -> None:
    names = ", ".join(claim.partner.name for claim in case.claims.select_related("partner").order_by("pk"))
    notices.tell_team(
        referral,
        key=f"case-opened:{case.pk}:team",
        subject=f"Who introduced {case.company}? A case is open",
        lines=[
            f"In it: {names}.",
            f"Nothing is paid for this deal until the case is decided, by {say_day(case.due_on)}.",
        ],
        at=at,
        unless=by.actor_id,
    )
    for claim in case.claims.select_related("partner"):
        _tell_claimant(case, claim.partner, at)


def _tell_claimant(case: Case, partner: Partner, at: datetime) -> None:
    """Neither hears of the other by name: whom the MSP works with is the MSP's to tell."""
    notices.tell_partner(
        partner,
        key=f"case-opened:{case.pk}",
        subject=f"We are finding out who introduced {case.company}",
        lines=[
            f"More than one partner says that {case.company} came to us through them. We will decide by"
            f" {say_day(case.due_on)}, and until then nothing is paid for it.",
            "Tell us what you know: who you spoke to, when, and what was said. Nothing that you earned is lost.",
        ],
        at=at,
        place="portal:case",
        argument=case.pk,
    )


def _tell_decision(case: Case, claims: Sequence[Claim], by: Actor, at: datetime) -> None:
    held = dict(case.referral.credits.values_list("partner_id", "basis_points"))
    key, label = f"case-decided:{case.pk}", Outcome(case.outcome).label.lower()
    subject = f"The case about {case.company} is decided: {label}"
    notices.tell_team(
        case.referral, key=f"{key}:team", subject=subject, lines=[case.decision], at=at, unless=by.actor_id
    )
    for claim in claims:
        points = held.get(claim.partner_id, 0)
        share = f"Your share of the credit is {format_basis_points(points)}." if points else "The credit is not yours."
        notices.tell_partner(
            claim.partner,
            key=key,
            subject=f"The decision about {case.company}",
            lines=[share, f"The reason: {case.decision}", "If that surprises you, reply to this e-mail."],
            at=at,
            place="portal:case",
            argument=case.pk,
        )
