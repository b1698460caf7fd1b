"""Signs that a partner refers themselves, or somebody of the MSP's own team: raised at intake, looked at by a person.

A flag takes nothing away. While one waits, the commissions of the deal are held (commissions/gates.py looks here). A
person releases it, or decides that it is right: then the sender's share is withheld, with a reason that they read.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from elinkages.accounts.models import Membership
from elinkages.audit import trail
from elinkages.kernel.actors import Actor
from elinkages.kernel.match_keys import company_key, domain_key, email_key, phone_key
from elinkages.kernel.refusal import Refused
from partners.models import Contact, Partner
from referrals import attribution, notices, reviews
from referrals.models import FULL_SHARE, Channel, Flag, FlagKind, FlagSide, Referral

NOTE_LENGTH = 300


class NeedsReason(Refused):
    """Whoever decides about a flag says why."""


class AlreadyReleased(Refused):
    """Somebody released it before."""


class NothingWithheld(Refused):
    """There is no share that could be given back."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody on one side: how they are known, as it was written down."""

    name: str
    email: str = ""
    phone: str = ""
    company: str = ""
    website: str = ""


@dataclass(frozen=True, slots=True)
class Sign:
    """One thing in common, with both texts and whose the other one is."""

    kind: FlagKind
    side: FlagSide
    ours: str
    theirs: str = ""
    whose: str = ""


def raise_flags(referral: Referral, *, by: Actor, at: datetime) -> list[Flag]:
    """Look at a new introduction and raise what is found; returns the flags. History of a spreadsheet has none."""
    if referral.channel == Channel.IMPORT:
        return []
    flags = [
        Flag(
            referral=referral,
            kind=sign.kind,
            side=sign.side,
            ours=sign.ours[:254],
            theirs=sign.theirs[:254],
            whose=sign.whose[:200],
            raised_at=at,
        )
        for sign in dict.fromkeys(signs(referral))
    ]
    if not flags:
        return []
    Flag.objects.bulk_create(flags, ignore_conflicts=True)
    reviews.refresh(referral)
    for flag in flags:
        trail.record("flag.raised", referral, by=by, at=at, sign=flag.get_kind_display(), whose=flag.whose or None)
    return flags


def release(flag: Flag, *, note: str, by: Membership, at: datetime) -> Flag:
    """Say why it is all right; with the last one, the commissions of the deal are no longer held.

    Raises NeedsReason, AlreadyReleased.
    """
    note = _reason(note, "Say why it is all right")
    released = {"released_at": at, "released_by": by, "note": note}
    if not Flag.objects.waiting().filter(pk=flag.pk).update(**released):
        raise AlreadyReleased("This has already been released.")
    for name, value in released.items():
        setattr(flag, name, value)
    reviews.refresh(flag.referral)
    trail.record("flag.released", flag.referral, by=by, at=at, sign=flag.get_kind_display(), reason=note)
    return flag


def uphold(referral: Referral, *, reason: str, by: Membership, at: datetime) -> Referral:
    """Decide that the waiting signs are right: the sender gets no credit for this introduction, and reads why.

    The shares of others stay as they are. Commissions follow as differences, also of what was paid.
    Raises NeedsReason, AlreadyReleased, and Contested while a case is open.
    """
    reason = _reason(reason, "Say why no commission is paid for it")
    current = Referral.objects.select_for_update().select_related("partner").get(pk=referral.pk)
    attribution.refuse_contested(current)
    waiting = list(Flag.objects.waiting().filter(referral=current))
    if not waiting:
        raise AlreadyReleased("Someone has already reviewed these signs. Reload the page.")
    decided = {"released_at": at, "released_by": by, "note": reason, "is_upheld": True}
    Flag.objects.waiting().filter(referral=current).update(**decided)
    held = {credit.partner: credit.basis_points for credit in current.credits.select_related("partner")}
    current.withheld_basis_points = held.pop(current.partner, FULL_SHARE - sum(held.values()))
    current.withheld_reason = reason
    current.save(update_fields=["withheld_basis_points", "withheld_reason"])
    attribution.share(current, list(held.items()), by=by, at=at, decided=waiting[0])
    reviews.refresh(current)
    trail.record("flag.upheld", current, by=by, at=at, partner=current.partner.name, reason=reason)
    _tell(current, f"No commission for {current.company}", f"The reason: {reason}", at)
    return current


def give_back(referral: Referral, *, reason: str, by: Membership, at: datetime) -> Referral:
    """Give the sender the share that was withheld, as far as nobody else has it by now; they read why.

    Raises NeedsReason, NothingWithheld, and Contested while a case is open.
    """
    reason = _reason(reason, "Say why it is given back")
    current = Referral.objects.select_for_update().select_related("partner").get(pk=referral.pk)
    attribution.refuse_contested(current)
    held = {credit.partner: credit.basis_points for credit in current.credits.select_related("partner")}
    share = min(current.withheld_basis_points or 0, FULL_SHARE - sum(held.values()))
    upheld = Flag.objects.filter(referral=current, is_upheld=True).first()
    if upheld is None or share <= 0 or current.partner in held:
        raise NothingWithheld(f"No share of {current.partner.name} is withheld for {current.company}.")
    attribution.share(current, [*held.items(), (current.partner, share)], by=by, at=at, decided=upheld)
    trail.record("flag.given_back", current, by=by, at=at, partner=current.partner.name, reason=reason)
    _tell(current, f"{current.company} counts for you again", f"The reason: {reason}", at)
    return current


def _reason(text: str, sentence: str) -> str:
    text = " ".join(text.split())
    if not text or len(text) > NOTE_LENGTH:
        raise NeedsReason(f"{sentence}, in 1 to {NOTE_LENGTH} characters.")
    return text


def _tell(referral: Referral, subject: str, line: str, at: datetime) -> None:
    notices.tell_partner(
        referral.partner,
        key=f"withheld:{referral.pk}:{at.timestamp()}",
        subject=subject,
        lines=[line, "If that surprises you, reply to this e-mail."],
        at=at,
        place="portal:referral",
        argument=referral.pk,
    )


def signs(referral: Referral) -> Iterator[Sign]:
    """What the prospect has in common with the partner or with the team, and the partner with the team."""
    prospect = Person(
        referral.contact_name, referral.contact_email, referral.contact_phone, referral.company, referral.website
    )
    ours, team = list(_people_of(referral.partner)), list(_team(referral))
    for person in ours:
        yield from _common(prospect, person, FlagSide.PARTNER)
    for person in team:
        yield from _common(prospect, person, FlagSide.STAFF)
        for one in ours:
            if email_key(one.email) and email_key(one.email) == email_key(person.email):
                yield Sign(FlagKind.EMAIL, FlagSide.PARTNER_IS_STAFF, one.email, person.email, person.name)
    if is_disposable(referral.contact_email):
        yield Sign(FlagKind.DISPOSABLE, FlagSide.NOBODY, referral.contact_email)


def is_disposable(email: str) -> bool:
    """Whether an address is at a provider that throws mail away after minutes."""
    host = email_key(email).rpartition("@")[2]
    labels = host.split(".")
    return any(".".join(labels[start:]) in _throw_away() for start in range(len(labels) - 1))


def _common(prospect: Person, other: Person, side: FlagSide) -> Iterator[Sign]:
    pairs = (
        (FlagKind.EMAIL, email_key(prospect.email), email_key(other.email), prospect.email, other.email),
        (FlagKind.PHONE, phone_key(prospect.phone), phone_key(other.phone), prospect.phone, other.phone),
        (FlagKind.COMPANY, company_key(prospect.company), company_key(other.company), prospect.company, other.company),
        (FlagKind.PERSON, _person_key(prospect.name), _person_key(other.name), prospect.name, other.name),
    )
    for kind, key, theirs, ours_text, theirs_text in pairs:
        if key and key == theirs:
            yield Sign(kind, side, ours_text, theirs_text, other.name)
    shared = _domains(prospect) & _domains(other)
    for domain in sorted(shared):
        yield Sign(FlagKind.DOMAIN, side, domain, domain, other.name)


def _domains(person: Person) -> set[str]:
    return {domain_key(person.website), domain_key(person.email) if email_key(person.email) else ""} - {""}


def _people_of(partner: Partner) -> Iterator[Person]:
    """The firm, and everybody who is there now."""
    yield Person(partner.name, partner.email, partner.phone, partner.name, partner.website)
    for contact in Contact.objects.current().filter(partner=partner):
        yield Person(contact.name, contact.email, contact.phone)


def _team(referral: Referral) -> Iterator[Person]:
    """The MSP, and everybody who works there now."""
    msp = referral.msp
    yield Person(msp.name, msp.contact_email, "", msp.name)
    for member in Membership.objects.active().filter(msp=msp).select_related("user"):
        yield Person(str(member), member.user.email)


def _person_key(name: str) -> str:
    """A person's name for comparison; one word is too little to be the same person."""
    key = company_key(name)
    return key if " " in key else ""


@cache
def _throw_away() -> frozenset[str]:
    from disposable_email_domains import blocklist  # some ten thousand names that few processes ever need

    return frozenset(blocklist)
