"""Introductions without a login: written down, confirmed by the sender's mailbox, then registered like every other.

Whatever address somebody types, the answer is the same: a letter to it. So nobody learns who is known here, and nobody
introduces in another's name. Letters to one address, and to an MSP's strangers in all, are counted in the database.
"""

import secrets
from datetime import datetime, timedelta
from typing import NamedTuple

from elinkages.accounts import doors
from elinkages.accounts.mailboxes import holds_address
from elinkages.accounts.models import Msp
from elinkages.audit import trail
from elinkages.kernel.actors import Actor, System
from elinkages.kernel.match_keys import company_key
from elinkages.kernel.refusal import Refused
from elinkages.kernel.spam import TooMany
from elinkages.mail import outbox
from partners import onboarding
from partners.models import Contact, Partner, PartnerInvitation, PartnerLogin, PartnerState, SourceKind
from referrals import pipeline, statuses
from referrals.models import Channel, Inquiry, InquiryKind, Referral, ReferralLink, ReferralPage

GOOD_FOR = timedelta(days=3)
DAY = timedelta(days=1)
LETTERS_TO_ONE = 3
"""Unanswered letters to one address in a day."""
LETTERS_IN_ALL = 200
"""Unanswered letters to anybody in a day, at one MSP."""
CONSENT = (
    "I am allowed to share these details, and the person knows or will hear from me that you will be in touch."
    " You may write to me about this introduction."
)
"""What a sender agrees to, unless the MSP words it differently."""


class PageOff(Refused):
    """The MSP does not take introductions this way."""

    status = 404


class InquiryOver(Refused):
    """The link was used, is too old, or never was."""

    status = 410


class KnownAlready(Refused):
    """The sender has sent this company before. It says nothing of where that stands."""


class Confirmed(NamedTuple):
    """The introduction, and the token of the sender's status link."""

    referral: Referral
    token: str


def settings() -> ReferralPage:
    """The page as it is now; off, with our words, until the MSP says otherwise."""
    return ReferralPage.objects.first() or ReferralPage(is_on=False, intro="", consent=CONSENT)


def change_settings(*, is_on: bool, intro: str, consent: str, by: Actor, at: datetime, msp: Msp) -> ReferralPage:
    """Turn the page on or off, and word it."""
    values = {"is_on": is_on, "intro": intro.strip()[:2_000], "consent": consent.strip()[:1_000] or CONSENT}
    page, _ = ReferralPage.objects.update_or_create(defaults=values)
    trail.record("page.changed", msp, by=by, at=at, state="on" if is_on else "off")
    return page


def send(
    *,
    link: ReferralLink | None,
    kind: str,
    sender_name: str,
    sender_email: str,
    company: str,
    contact_name: str = "",
    contact_email: str = "",
    contact_phone: str = "",
    website: str = "",
    note: str = "",
    at: datetime,
) -> Inquiry:
    """Write down what somebody sent, and ask their mailbox whether it was them. Raises PageOff, TooMany."""
    page = settings()
    if not page.is_on or (kind == InquiryKind.MYSELF and link is None):
        raise PageOff("This page is not taking introductions right now.")
    sender_email = sender_email.strip().lower()
    _refuse_a_flood(sender_email, at)
    if kind == InquiryKind.MYSELF:
        contact_name, contact_email = sender_name, sender_email
    token = secrets.token_urlsafe(32)
    inquiry = Inquiry.objects.create(
        link=link,
        kind=kind,
        sender_name=" ".join(sender_name.split()),
        sender_email=sender_email,
        company=company,
        contact_name=contact_name,
        contact_email=contact_email,
        contact_phone=contact_phone,
        website=website,
        note=note,
        consent=page.consent,
        token_hash=statuses.hashed(token),
        sent_at=at,
        expires_at=at + GOOD_FOR,
    )
    _ask_mailbox(inquiry, token, at)
    return inquiry


def find(token: str, *, at: datetime) -> Inquiry:
    """The inquiry that a letter's link asks about. Raises InquiryOver."""
    found = Inquiry.objects.select_related("link__partner").filter(token_hash=statuses.hashed(token)).first()
    if found is None:
        raise InquiryOver("This link leads nowhere. Make sure you copied all of it.", status=404)
    if found.confirmed_at is not None:
        raise InquiryOver(
            "This has already been confirmed. Thank you: we have it, and sent you an e-mail about where it stands."
        )
    if at >= found.expires_at:
        raise InquiryOver("This link has expired. Send your introduction again.")
    return found


def confirm(token: str, *, at: datetime) -> Confirmed:
    """The sender's mailbox says yes: register it, and send them a status link.

    Raises InquiryOver, KnownAlready, PageOff.
    """
    Inquiry.objects.select_for_update(of=("self",)).filter(token_hash=statuses.hashed(token)).first()
    return register(find(token, at=at), at=at)


def register(inquiry: Inquiry, *, at: datetime) -> Confirmed:
    """What follows from a confirmation. Raises KnownAlready, PageOff."""
    by = System(f"{inquiry.sender_name} (referral page)")
    try:
        referral = pipeline.submit(
            _partner_of(inquiry, by, at),
            company=inquiry.company,
            contact_name=inquiry.contact_name,
            contact_email=inquiry.contact_email,
            contact_phone=inquiry.contact_phone,
            website=inquiry.website,
            note=inquiry.note,
            channel=Channel.PUBLIC,
            is_announced=inquiry.kind == InquiryKind.MYSELF,
            by=by,
            at=at,
        )
    except pipeline.AlreadyReferred as refusal:
        raise KnownAlready(f"We already have your introduction of {inquiry.company}. Thank you!") from refusal
    except pipeline.CannotRefer as refusal:
        raise PageOff("This page is not taking introductions right now. Write to us instead.") from refusal
    Inquiry.objects.filter(pk=inquiry.pk).update(confirmed_at=at, referral=referral)
    return Confirmed(referral, statuses.issue(referral, email=inquiry.sender_email, by=by, at=at))


def forget(*, at: datetime) -> int:
    """Delete what nobody confirmed in time: it is somebody's data, and we were not told to keep it."""
    deleted, _ = Inquiry.objects.filter(confirmed_at__isnull=True, expires_at__lt=at).delete()
    return deleted


def _partner_of(inquiry: Inquiry, by: Actor, at: datetime) -> Partner:
    """The link's partner, else the firm of whose this address is, else somebody new."""
    if inquiry.link is not None:
        return inquiry.link.partner
    known = Contact.objects.current().select_related("partner").filter(email=inquiry.sender_email).first()
    if known is not None and known.partner.state != PartnerState.PARTED and _is_theirs(known):
        return known.partner
    twin = Partner.objects.filter(email=inquiry.sender_email).exclude(state=PartnerState.PARTED).order_by("pk").first()
    if twin is not None:
        return twin
    email = "" if known is not None else inquiry.sender_email
    note = "Came through the referral page."
    return onboarding.add(
        kind=SourceKind.CLIENT,
        name=inquiry.sender_name if company_key(inquiry.sender_name) else inquiry.sender_email,
        email=email,
        note=note,
        contact_name=inquiry.sender_name,
        by=by,
        at=at,
    )


def _is_theirs(person: Contact) -> bool:
    """Whether an address is this person's: the one of their login, or one that the MSP wrote down.

    A partner's people change their own address and name colleagues. What the holder of that address sends must not
    count for whoever wrote it there.
    """
    login = PartnerLogin.objects.open().filter(msp=person.msp_id, contact=person.pk).select_related("user").first()
    if login is not None:
        return holds_address(login.user, person.email)
    return not PartnerInvitation.objects.filter(contact=person, invited_by_colleague__isnull=False).exists()


def _ask_mailbox(inquiry: Inquiry, token: str, at: datetime) -> None:
    """The letter whose link confirms that the sender was the one who wrote."""
    url = doors.absolute("public", None, "refer-confirmation", inquiry.msp.slug, token)
    outbox.send(
        to=inquiry.sender_email,
        template="emails/inquiry_confirm",
        context={"inquiry": inquiry, "url": url},
        key=f"inquiry:{inquiry.pk}",
        at=at,
        secret=True,
    )


def _refuse_a_flood(email: str, at: datetime) -> None:
    unanswered = Inquiry.objects.filter(confirmed_at__isnull=True, sent_at__gt=at - DAY)
    if unanswered.filter(sender_email=email).count() >= LETTERS_TO_ONE:
        raise TooMany(
            "We have already written to this address several times today. Open the link in one of our e-mails."
        )
    if unanswered.count() >= LETTERS_IN_ALL:
        raise TooMany("Too many forms were sent here today. Try again tomorrow, or write to us instead.")
