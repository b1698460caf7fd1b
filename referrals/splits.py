"""Shares by agreement: the MSP proposes them, every partner whose share changes consents, and then they hold.

A consent is given in the portal, or to a person of the team, who writes down how.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from elinkages.audit import trail
from elinkages.kernel.actors import Actor
from elinkages.kernel.money import format_basis_points
from elinkages.kernel.refusal import Refused
from partners.models import Contact, Partner
from referrals import attribution, notices
from referrals.attribution import Share
from referrals.models import Answer, Credit, Referral, Split, SplitConsent, SplitState, Stage

HOW_LENGTH = 300
IN_THE_PORTAL = "In the portal"


class NothingToAgree(Refused):
    """Nobody's share changes."""


class AlreadyAsked(Refused):
    """A proposal for this introduction waits already."""


class NotAsked(Refused):
    """The answer was given, or the proposal is over."""


class NotTheirs(Refused):
    """A person who does not speak for the firm gives none of its credit away."""

    status = 403


class HowMissing(Refused):
    """A consent that the team writes down says how it was given."""


class Outdated(Refused):
    """The credit has changed since the partners were asked."""


def propose(
    referral: Referral,
    shares: Sequence[Share],
    *,
    note: str = "",
    given: Mapping[UUID, str] | None = None,
    by: Actor,
    at: datetime,
) -> Split | None:
    """Ask every partner whose share would change; `given` says how some consented already, by partner.

    When nobody is left to ask, the shares hold at once; when nobody loses anything there is nothing to ask, and no
    Split. Raises what attribution.share refuses, NothingToAgree, AlreadyAsked, HowMissing.
    """
    attribution.check(shares)
    current = Referral.objects.select_for_update().get(pk=referral.pk)
    _refuse_settled(current)
    before, wanted = _before(current), {partner.pk: points for partner, points in shares}
    changed = [pk for pk in {**before, **wanted} if before.get(pk, 0) != wanted.get(pk, 0)]
    if not changed:
        raise NothingToAgree("Nobody's share changes.")
    if all(wanted.get(pk, 0) >= before.get(pk, 0) for pk in changed):
        attribution.share(current, shares, by=by, at=at)
        return None
    split = _open(current, {pk: (before.get(pk, 0), wanted.get(pk, 0)) for pk in changed}, note, by, at)
    told = [f"{partner.name} {format_basis_points(points)}" for partner, points in shares]
    trail.record("split.proposed", current, by=by, at=at, shares=told or ["nobody"], note=split.note)
    for consent in split.consents.select_related("partner"):
        if how := (given or {}).get(consent.partner_id, ""):
            answer(consent, agrees=True, how=how, by=by, at=at)
        else:
            _ask(consent, split, at)
    return split


def answer(consent: SplitConsent, *, agrees: bool, how: str = IN_THE_PORTAL, by: Actor, at: datetime) -> Split:
    """One partner says yes or no. The last yes makes the shares hold; one no ends the proposal.

    Raises NotTheirs, NotAsked, HowMissing, Outdated, or what attribution.share refuses; then nothing was changed.
    """
    if isinstance(by, Contact) and not by.can_sign:
        raise NotTheirs(f"Only people who speak for {consent.partner.name} can agree to shares. Ask one of them.")
    how = " ".join(how.split())
    if not how or len(how) > HOW_LENGTH:
        raise HowMissing(f"Say how they answered, in 1 to {HOW_LENGTH} characters.")
    split = Split.objects.select_for_update().get(pk=consent.split_id)
    if split.state != SplitState.ASKED:
        raise NotAsked(f"This proposal is over: {split.get_state_display().lower()}.")
    given = {
        "answer": Answer.AGREED if agrees else Answer.DECLINED,
        "answered_at": at,
        "answered_by_name": by.actor_name[:200],
        "how": how,
    }
    if not SplitConsent.objects.filter(pk=consent.pk, answer=Answer.WAITING).update(**given):
        raise NotAsked("This has already been answered.")
    facts = {"partner": consent.partner.name, "share_basis_points": consent.basis_points, "note": how}
    trail.record(f"split.{given['answer']}", split.referral, by=by, at=at, **facts)
    if not agrees:
        _end(split, SplitState.DECLINED, at)
        _tell_team(split, f"{consent.partner.name} declined the shares of {split.company}", by, at)
    elif not split.consents.filter(answer=Answer.WAITING).exists():
        _apply(split, by, at)
    return split


def withdraw(split: Split, *, by: Actor, at: datetime) -> Split:
    """Take a proposal back that waits for an answer. Raises NotAsked."""
    if not Split.objects.asked().filter(pk=split.pk).exists():
        raise NotAsked("This proposal is already over.")
    _end(split, SplitState.WITHDRAWN, at)
    trail.record("split.withdrawn", split.referral, by=by, at=at)
    return split


def _refuse_settled(referral: Referral) -> None:
    """Nobody is asked about credit that is contested, was settled by a win, or that they were asked about already."""
    attribution.refuse_contested(referral)
    if referral.stage == Stage.WON:
        raise attribution.CreditSettled(f"{referral.company} is won: its credit already determines what is paid.")
    if referral.splits.asked().exists():
        raise AlreadyAsked("The partners have already been asked. Withdraw that proposal to make another one.")


def _open(referral: Referral, changes: Mapping[UUID, tuple[int, int]], note: str, by: Actor, at: datetime) -> Split:
    """The proposal with a consent for each partner; `changes` are their basis points before and after."""
    split = Split.objects.create(
        referral=referral,
        company=referral.company,
        note=" ".join(note.split())[:300],
        proposed_at=at,
        proposed_by_name=by.actor_name[:200],
    )
    SplitConsent.objects.bulk_create(
        SplitConsent(split=split, partner_id=pk, before_basis_points=before, basis_points=after)
        for pk, (before, after) in changes.items()
    )
    return split


def _apply(split: Split, by: Actor, at: datetime) -> None:
    """Everybody agreed: what they agreed to is written, unless the credit is no longer what they were shown."""
    referral, before = split.referral, _before(split.referral)
    consents = list(split.consents.select_related("partner"))
    if any(before.get(one.partner_id, 0) != one.before_basis_points for one in consents):
        raise Outdated(f"The credit for {split.company} has changed since. Withdraw the proposal and ask again.")
    kept = Credit.objects.filter(referral=referral).exclude(partner__in=[one.partner_id for one in consents])
    shares = [(credit.partner, credit.basis_points) for credit in kept.select_related("partner")]
    shares += [(one.partner, one.basis_points) for one in consents if one.basis_points]
    _end(split, SplitState.AGREED, at)
    attribution.share(referral, shares, by=by, at=at)
    _tell_team(split, f"The shares of {split.company} are agreed", by, at)
    for consent in consents:
        notices.tell_partner(
            consent.partner,
            key=f"split-agreed:{split.pk}",
            subject=f"Your share of {split.company}: {format_basis_points(consent.basis_points)}",
            lines=[
                f"Everyone agreed. Your share of the credit for {split.company} is"
                f" {format_basis_points(consent.basis_points)} from now on."
            ],
            at=at,
            place="portal:credit-questions",
        )


def _ask(consent: SplitConsent, split: Split, at: datetime) -> None:
    before, after = format_basis_points(consent.before_basis_points), format_basis_points(consent.basis_points)
    lines = [
        f"{split.proposed_by_name} proposes to share the credit for {split.company}:"
        f" your share would be {after}; it is now {before}."
    ]
    if split.note:
        lines.append(f"The reason: {split.note}")
    lines.append("Nothing changes unless everyone we ask agrees. You can also answer by replying to this e-mail.")
    notices.tell_partner(
        consent.partner,
        key=f"split-asked:{split.pk}",
        subject=f"Do you agree to {after} of the credit for {split.company}?",
        lines=lines,
        at=at,
        place="portal:credit-questions",
    )


def _tell_team(split: Split, subject: str, by: Actor, at: datetime) -> None:
    answers = [
        f"{one.partner.name}: {format_basis_points(one.basis_points)}, {one.get_answer_display().lower()}"
        for one in split.consents.select_related("partner")
    ]
    key = f"split-ended:{split.pk}"
    notices.tell_team(split.referral, key=key, subject=subject, lines=answers, at=at, unless=by.actor_id)


def _end(split: Split, state: str, at: datetime) -> None:
    Split.objects.filter(pk=split.pk).update(state=state, ended_at=at)
    split.state, split.ended_at = state, at


def _before(referral: Referral) -> dict[UUID, int]:
    return dict(Credit.objects.filter(referral=referral).values_list("partner_id", "basis_points"))


def concerned(partner: Partner) -> bool:
    """Whether a partner has a proposal to answer."""
    return SplitConsent.objects.filter(partner=partner, answer=Answer.WAITING, split__state=SplitState.ASKED).exists()
