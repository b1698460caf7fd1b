"""Registering an introduction: who sent it, screened, credited, acknowledged."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from operator import attrgetter
from typing import Any
from uuid import UUID

from elinkages.accounts.models import Membership
from elinkages.audit import trail
from elinkages.kernel.actors import Actor
from elinkages.kernel.copy import insert_all, insert_many
from elinkages.kernel.match_keys import company_key
from elinkages.kernel.refusal import Refused
from partners.models import Partner, PartnerState
from referrals import attribution, letters, protection, screening, self_dealing, sla
from referrals.matching import Known, identity_of
from referrals.models import Channel, Referral, Stage, StageMove

FIRST_CONTACT = "Make first contact"
"""The next action that every new introduction has; it is done with the first contact."""
LIMITS = {
    "company": ("the company's name", 160),
    "contact_name": ("the person's name", 120),
    "contact_email": ("the e-mail address", 254),
    "contact_phone": ("the phone number", 40),
    "website": ("the website", 200),
    "note": ("the note", 5_000),
    "external_id": ("the id", 120),
}


class FactsRefused(Refused):
    """What was written cannot be kept."""


class CannotRefer(Refused):
    """The partner is suspended, gone, or not yet in."""


class AlreadyReferred(Refused):
    """The same partner has sent the same company, and it is still open."""

    def __init__(self, message: str, *, earlier: Referral) -> None:
        super().__init__(message)
        self.earlier = earlier


def submit(
    partner: Partner,
    *,
    company: str,
    contact_name: str = "",
    contact_email: str = "",
    contact_phone: str = "",
    website: str = "",
    note: str = "",
    channel: str,
    expected_mrr_minor: int | None = None,
    owner: Membership | None = None,
    external_id: str = "",
    registered_at: datetime | None = None,
    is_announced: bool = False,
    by: Actor,
    at: datetime,
) -> Referral:
    """Register an introduction, screen it, and give the partner the credit unless another registration was first.

    `expected_mrr_minor` is in minor units of the MSP's currency. Without `owner` the one who looks after the partner
    gets it. An import (`channel`) writes to nobody. Raises FactsRefused, CannotRefer, AlreadyReferred.
    """
    facts = _facts(
        company=company,
        contact_name=contact_name,
        contact_email=contact_email,
        contact_phone=contact_phone,
        website=website,
        note=note,
        external_id=external_id,
    )
    referral = Referral(
        partner=partner,
        channel=channel,
        expected_mrr_minor=expected_mrr_minor,
        is_announced=is_announced,
        registered_at=registered_at or at,
        **facts,
    )
    _check(referral, at)
    screening.one_at_a_time()
    _complete(referral, owner, by, protection.rules())
    _enter([referral], by=by, at=at)
    return referral


def _enter(referrals: Sequence[Referral], *, closed: Sequence[Referral] = (), by: Actor, at: datetime) -> None:
    """The rows and everything that follows: keys, findings, credit, the first step, history and letters.

    Raises AlreadyReferred.
    """
    since = min(referral.registered_at for referral in referrals)
    known = Known([identity_of(referral) for referral in referrals], since=since)
    _refuse_again(referrals, known, by)
    insert_all(referrals)
    screening.index_referral(*referrals)
    waiting = screening.screen_new(referrals, known, closed=closed, at=at)
    for referral in referrals:
        self_dealing.raise_flags(referral, by=by, at=at)
    _begin(referrals)
    attribution.grant_new(referrals, waiting=waiting, at=at)
    trail.record_all([_registered(referral, by=by, at=at) for referral in referrals])
    for referral in referrals:
        if referral.channel != Channel.IMPORT:
            # The team hears before the partner does: letters leave in the order they are written.
            letters.tell_team(referral, has_credit=not referral.credit_waits, by=by, at=at)
            letters.acknowledge(referral, has_credit=not referral.credit_waits, at=at)


def _begin(referrals: Sequence[Referral]) -> None:
    """The first step of each."""
    columns = ("referral_id", "from_stage", "to_stage", "at", "by_name", "reason")
    moves = [(one.pk, "", Stage.REGISTERED.value, one.registered_at, one.registered_by_name, "") for one in referrals]
    insert_many(StageMove, columns, moves)


def _registered(referral: Referral, *, by: Actor, at: datetime) -> trail.Event:
    return trail.event(
        "referral.registered",
        referral,
        by=by,
        at=at,
        partner=referral.partner.name,
        credit="waits for your decision" if referral.credit_waits else "given to them",
        by_way_of=Channel(referral.channel).label,
        expected_mrr_minor=referral.expected_mrr_minor,
    )


def submit_history(told: Sequence[Mapping[str, Any]], *, by: Actor, at: datetime) -> list[Referral]:
    """Register introductions of a spreadsheet, each as `submit` would with channel IMPORT, in few statements.

    `told` are the arguments of `submit` by name, `partner` among them, and `is_closed` of those that the caller
    closes next. Each is screened against those before it. Raises what `submit` raises; then nothing of it may be kept.
    """
    screening.one_at_a_time()
    windows, blank = protection.rules(), _blank()
    referrals = [_from_spreadsheet(one, blank, windows, by=by, at=at) for one in told]
    closed = [referral for referral, one in zip(referrals, told, strict=True) if one["is_closed"]]
    _enter(referrals, closed=closed, by=by, at=at)
    return referrals


def _blank() -> tuple[Any, ...]:
    """The values of an introduction of which nothing is known, in the order of its fields.

    An object is made of them in a quarter of the time that it takes when every field is asked for its default.
    """
    return attrgetter(*(field.attname for field in Referral._meta.concrete_fields))(Referral(channel=Channel.IMPORT))


def _from_spreadsheet(
    told: Mapping[str, Any], blank: tuple[Any, ...], windows: Mapping[str, int], *, by: Actor, at: datetime
) -> Referral:
    referral = Referral(*blank)  # type: ignore[misc]  # its plugin takes all of them for the first field
    referral.partner = told["partner"]
    referral.expected_mrr_minor = told["expected_mrr_minor"]
    referral.registered_at = told["registered_at"] or at
    for name, text in _facts(**{name: told[name] for name in LIMITS}).items():
        setattr(referral, name, text)
    _check(referral, at)
    _complete(referral, None, by, windows)
    return referral


def _facts(**facts: str) -> dict[str, str]:
    tidy = {name: text.strip() if name == "note" else " ".join(text.split()) for name, text in facts.items()}
    for name, (label, limit) in LIMITS.items():
        if len(tidy[name]) > limit:
            raise FactsRefused(f"Keep {label} under {limit:,} characters; this one has {len(tidy[name]):,}.")
    if not company_key(tidy["company"]):
        raise FactsRefused("Enter the company's name.")
    return tidy


def _check(referral: Referral, at: datetime) -> None:
    partner, channel = referral.partner, referral.channel
    if channel not in Channel:
        raise FactsRefused(f"“{channel}” is not a way introductions reach you.")
    if channel == Channel.PORTAL and not partner.is_active:
        raise CannotRefer("You cannot send introductions right now. Ask us why; what you earned is safe.")
    if channel in {Channel.DASHBOARD, Channel.PUBLIC} and partner.state in {
        PartnerState.SUSPENDED,
        PartnerState.PARTED,
    }:
        raise CannotRefer(f"{partner.name} is {partner.get_state_display().lower()}. Reinstate them first.")
    if referral.expected_mrr_minor is not None and referral.expected_mrr_minor < 0:
        raise FactsRefused("Expected MRR cannot be negative.")
    if referral.registered_at > at:
        raise FactsRefused("An introduction cannot be registered in the future.")


def _complete(referral: Referral, owner: Membership | None, by: Actor, windows: Mapping[str, int]) -> None:
    """What follows from the partner and the moment: the owner, the first task and its day.

    History that comes with a spreadsheet has no first task.
    """
    partner = referral.partner
    referral.source_kind, referral.currency = partner.kind, partner.msp.currency
    referral.company_key = company_key(referral.company)
    referral.registered_by_name = by.actor_name[:200]
    referral.stage_at = referral.active_at = referral.registered_at
    protection.begin(referral, windows)
    owner = owner or partner.owner
    if owner is not None and owner.deactivated_at is None:
        referral.owner, referral.owner_name = owner, str(owner)
    if referral.channel != Channel.IMPORT:
        due = sla.first_contact_due(referral.registered_at, partner.msp.zone)
        referral.next_action, referral.next_action_on = FIRST_CONTACT, sla.last_day(due)


def _refuse_again(referrals: Sequence[Referral], known: Known, by: Actor) -> None:
    """The same partner and the same company name, still open: tell where it stands instead."""
    before: dict[tuple[UUID, str], Referral] = {}
    for referral in referrals:
        pair = (referral.partner_id, referral.company_key)
        if earlier := before.get(pair) or known.sent_by(referral.partner, referral.company_key):
            raise _again(referral.partner, earlier, by)
        before[pair] = referral


def _again(partner: Partner, earlier: Referral, by: Actor) -> AlreadyReferred:
    day = earlier.registered_at.astimezone(partner.msp.zone)
    sender = "You" if by.actor_id and partner.contacts.filter(pk=by.actor_id).exists() else partner.name
    return AlreadyReferred(
        f"{sender} sent {earlier.company} on {day:%B} {day.day}, {day.year}, and it is still open"
        f" ({earlier.get_stage_display().lower()}). If this is a different company, add its city to the name.",
        earlier=earlier,
    )
