"""The agreement between the MSP and its partners: drafted, published, signed, superseded, withdrawn."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.db.models import Count, QuerySet

from elinkages.accounts import branding, doors
from elinkages.accounts.models import Membership
from elinkages.audit import trail
from elinkages.kernel import pdf
from elinkages.kernel.refusal import Refused
from elinkages.kernel.words import say_day
from elinkages.mail import outbox
from partners.markup import blocks
from partners.models import AgreementDraft, AgreementVersion, Contact, Partner, PartnerState, Signature, SignedCopy

LONGEST_TEXT: Final = 60_000
LONGEST_GRACE: Final = 180
REMIND_DAYS: Final = 7
NAME_LENGTH: Final = 120
NOTE_LENGTH: Final = 300
AGENT_LENGTH: Final = 300


class Unfinished(Refused):
    """The draft cannot be published like that."""


class NothingNew(Refused):
    """The text is the one that is in force."""


class NotInForce(Refused):
    """The version was superseded or withdrawn."""


class AlreadySigned(Refused):
    """The partner signed this version before."""


class MayNotSign(Refused):
    """This person does not speak for the firm."""

    status = 403


class NotTheirs(Refused):
    """The version is for another kind of source."""


class Misread(Refused):
    """What was signed is not what is in force: the page was older than the text or the terms."""


class Unsigned(Refused):
    """A signature has a name, and one on paper has a place where it is kept."""


@dataclass(frozen=True, slots=True)
class Terms:
    """Commission terms as they stood beside the agreement: which version of which plan, for which service lines."""

    plan: str
    number: int
    sha256: str
    words: str
    lines: Sequence[str] = ()

    def as_json(self) -> dict[str, Any]:
        """As a signature keeps it."""
        return {
            "plan": self.plan,
            "number": self.number,
            "sha256": self.sha256,
            "words": self.words,
            "lines": list(self.lines),
        }


@dataclass(frozen=True, slots=True)
class Standing:
    """How a partner stands with the version that is theirs; `is_due` when they must sign before anything else."""

    version: AgreementVersion
    signature: Signature | None
    is_due: bool


def text_sha256(title: str, text: str) -> str:
    """The hash of a version: of its title, an empty line and its text, in UTF-8."""
    return hashlib.sha256(f"{title}\n\n{text}".encode()).hexdigest()


def terms_sha256(terms: Sequence[Terms]) -> str:
    """The hash over the commission terms that were shown, in their order."""
    told = json.dumps([one.as_json() for one in terms], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(told.encode()).hexdigest()


def draft(
    *, kind: str, title: str, text: str, is_required: bool, grace_days: int, by: Membership, at: datetime
) -> AgreementDraft:
    """Keep the next version for one kind of source ("" for every kind); nobody else sees it. Raises Unfinished."""
    title, text = " ".join(title.split()), "\n".join(line.rstrip() for line in text.strip().splitlines())
    if len(text) > LONGEST_TEXT:
        raise Unfinished(f"Keep the text under {LONGEST_TEXT:,} characters; this has {len(text):,}.")
    if not 0 <= grace_days <= LONGEST_GRACE:
        raise Unfinished(f"Give partners 0 to {LONGEST_GRACE} days to sign.")
    if not title or not text:
        raise Unfinished("An agreement needs a title and a text.")
    values = {
        "title": title,
        "text": text,
        "is_required": is_required,
        "grace_days": grace_days,
        "edited_at": at,
        "edited_by": by,
    }
    kept, _ = AgreementDraft.objects.update_or_create(kind=kind, defaults=values)
    return kept


def discard(kept: AgreementDraft) -> None:
    """Throw a draft away."""
    AgreementDraft.objects.filter(pk=kept.pk).delete()


def publish(kept: AgreementDraft, *, by: Membership, at: datetime) -> AgreementVersion:
    """Put a draft in force: it supersedes the version before it. Raises NothingNew.

    Partners are written to by `tasks.ask_to_sign`, which the caller nudges after commit; the sweep does it too.
    """
    if not AgreementDraft.objects.select_for_update().filter(pk=kept.pk).exists():
        raise NothingNew("This draft was published or discarded a moment ago. Reload the page.")
    before = AgreementVersion.objects.filter(kind=kept.kind).order_by("-number").first()
    digest = text_sha256(kept.title, kept.text)
    if before and before.ended_at is None and before.text_sha256 == digest:
        raise NothingNew(f"This is word for word version {before.number}, which is in force. Change the text first.")
    AgreementVersion.objects.in_force().filter(kind=kept.kind).update(ended_at=at)
    version = AgreementVersion.objects.create(
        kind=kept.kind,
        number=before.number + 1 if before else 1,
        title=kept.title,
        text=kept.text,
        text_sha256=digest,
        is_required=kept.is_required,
        sign_by=kept.msp.today(at) + timedelta(days=kept.grace_days),
        published_at=at,
        published_by=by,
    )
    discard(kept)
    trail.record("agreement.published", version, by=by, at=at, for_whom=version.for_whom, sign_by_on=version.sign_by)
    return version


def withdraw(version: AgreementVersion, *, by: Membership, at: datetime) -> AgreementVersion:
    """Ask nobody for it anymore; signatures stay. Raises NotInForce."""
    if not AgreementVersion.objects.in_force().filter(pk=version.pk).update(ended_at=at):
        raise NotInForce(f"{version} is not in force anymore. Reload the page.")
    version.ended_at = at
    trail.record("agreement.withdrawn", version, by=by, at=at)
    return version


def versions() -> QuerySet[AgreementVersion]:
    """Every version by kind of source, the newest first; `signed` says how many partners have signed it."""
    return AgreementVersion.objects.annotate(signed=Count("signatures")).order_by("kind", "-number")


def applicable(kind: str) -> AgreementVersion | None:
    """The version in force for a kind of source: its own, else the one for every kind."""
    return AgreementVersion.objects.in_force().filter(kind__in=["", kind]).order_by("-kind").first()


def standing(partner: Partner, *, on: date) -> Standing | None:
    """How a partner stands on a day; None where there is nothing to sign."""
    version = applicable(partner.kind)
    if version is None:
        return None
    signature = Signature.objects.filter(version=version, partner=partner).select_related("version").first()
    return Standing(version, signature, signature is None and version.is_due(partner, on))


def unsigned(version: AgreementVersion) -> QuerySet[Partner]:
    """Partners whom a version is for, who have not parted and have not signed it."""
    special = AgreementVersion.objects.in_force().exclude(kind="").values("kind")
    partners = Partner.objects.exclude(state=PartnerState.PARTED)
    theirs = partners.filter(kind=version.kind) if version.kind else partners.exclude(kind__in=special)
    found: QuerySet[Partner] = theirs.exclude(pk__in=Signature.objects.filter(version=version).values("partner"))
    return found


def sign(
    version: AgreementVersion,
    *,
    name: str,
    text_hash: str,
    terms: Sequence[Terms],
    terms_hash: str,
    ip_address: str,
    user_agent: str,
    by: Contact,
    at: datetime,
) -> Signature:
    """Sign for the firm of `by`, in the portal; both sides get a copy.

    `text_hash` and `terms_hash` are what the person's page showed; `terms` is what is in force. Raises MayNotSign,
    NotInForce, NotTheirs, Misread, Unsigned, AlreadySigned.
    """
    partner = by.partner
    if not by.can_sign:
        raise MayNotSign(f"You do not sign for {partner.name}. Ask one of your colleagues who may.")
    _check_theirs(version, partner)
    shown = terms_sha256(terms)
    if (text_hash, terms_hash) != (version.text_sha256, shown):
        raise Misread("The agreement or its terms changed while you read. Read them again, then sign.")
    signature = _keep(
        Signature(
            version=version,
            partner=partner,
            contact=by,
            signer_name=_name(name),
            signed_at=at,
            ip_address=ip_address,
            user_agent=user_agent[:AGENT_LENGTH],
            text_sha256=version.text_sha256,
            terms=[one.as_json() for one in terms],
            terms_sha256=shown,
        )
    )
    trail.record("agreement.signed", partner, by=by, at=at, agreement=str(version), name=signature.signer_name)
    _make_copy(signature, at)
    _send_copies(signature, at)
    return signature


def record_on_paper(
    version: AgreementVersion,
    partner: Partner,
    *,
    name: str,
    note: str,
    terms: Sequence[Terms],
    by: Membership,
    at: datetime,
) -> Signature:
    """Keep that a partner signed on paper, and where the paper is. Raises NotInForce, NotTheirs, Unsigned and
    AlreadySigned."""
    _check_theirs(version, partner)
    place = " ".join(note.split())
    if not place or len(place) > NOTE_LENGTH:
        raise Unsigned(f"Say in 1 to {NOTE_LENGTH} characters when it was signed and where the paper is kept.")
    signature = _keep(
        Signature(
            version=version,
            partner=partner,
            signer_name=_name(name),
            signed_at=at,
            text_sha256=version.text_sha256,
            terms=[one.as_json() for one in terms],
            terms_sha256=terms_sha256(terms),
            recorded_by=by,
            note=place,
        )
    )
    trail.record("agreement.recorded", partner, by=by, at=at, agreement=str(version), name=signature.signer_name)
    _make_copy(signature, at)
    return signature


def copy_of(signature: Signature) -> bytes:
    """The PDF that was made when it was signed."""
    return bytes(SignedCopy.objects.get(signature=signature).content)


def _check_theirs(version: AgreementVersion, partner: Partner) -> None:
    if version.ended_at is not None:
        raise NotInForce(f"{version} is not in force anymore. Reload the page.")
    if applicable(partner.kind) != version:
        raise NotTheirs(f"{version} is not the agreement of {partner.name}.")


def _name(text: str) -> str:
    name = " ".join(text.split())
    if not name or len(name) > NAME_LENGTH:
        raise Unsigned("Type your full name as your signature.")
    return name


def _keep(signature: Signature) -> Signature:
    try:
        with transaction.atomic():
            signature.save(force_insert=True)
    except IntegrityError as error:
        if "signature_once" not in str(error):
            raise
        raise AlreadySigned(f"{signature.partner.name} signed {signature.version} already.") from error
    return signature


def _make_copy(signature: Signature, at: datetime) -> SignedCopy:
    head, files = branding.letterhead(signature.msp)
    content = pdf.render("agreement", {**document(signature), **head}, files=files, at=at)
    return SignedCopy.objects.create(
        signature=signature,
        partner=signature.partner,
        content=content,
        sha256=hashlib.sha256(content).hexdigest(),
    )


def document(signature: Signature) -> dict[str, Any]:
    """What the PDF says: the text word for word, the terms beside it, and how it was signed."""
    version, partner, msp = signature.version, signature.partner, signature.msp
    signed = signature.signed_at.astimezone(msp.zone)
    facts = [
        ["For", partner.name],
        ["Signed by", signature.signer_name],
        ["On", f"{say_day(signed.date())}, {signed:%H:%M:%S %Z} ({signature.signed_at:%Y-%m-%d %H:%M:%S} UTC)"],
    ]
    if signature.contact is not None:
        facts += [["Login", signature.contact.email], ["IP address", signature.ip_address or "not known"]]
        facts += [["Browser", signature.user_agent or "not named"]]
    if signature.recorded_by is not None:
        facts += [["On paper", f"{signature.note} (recorded by {signature.recorded_by})"]]
    facts += [["SHA-256 of the text", signature.text_sha256], ["SHA-256 of the terms", signature.terms_sha256]]
    return {
        "title": version.title,
        "foot": f"{msp.name}: {version}",
        "lead": f"Version {version.number} between {msp.name} and {partner.name}",
        "blocks": [{"kind": block.kind, "lines": list(block.lines)} for block in blocks(version.text)],
        "terms": [
            {"plan": f"{one['plan']}, version {one['number']}", "words": one["words"], "lines": ", ".join(one["lines"])}
            for one in signature.terms
        ],
        "facts": facts,
    }


def write_to_unsigned(*, at: datetime) -> None:
    """Ask everyone who may sign for an active partner, and remind them in the last week; each letter is written once.

    Who joined after a version was published is asked by the portal instead.
    """
    special = list(AgreementVersion.objects.in_force().exclude(kind="").values_list("kind", flat=True))
    for version in AgreementVersion.objects.in_force().select_related("published_by__user"):
        people = Contact.objects.current().filter(
            can_sign=True, partner__state=PartnerState.ACTIVE, partner__created_at__lt=version.published_at
        )
        theirs = (
            people.filter(partner__kind=version.kind) if version.kind else people.exclude(partner__kind__in=special)
        )
        signed = Signature.objects.filter(version=version).values("partner")
        _write(version, list(theirs.exclude(email="").exclude(partner__in=signed).select_related("partner")), at)


def _write(version: AgreementVersion, people: Sequence[Contact], at: datetime) -> None:
    left = (version.sign_by - version.msp.today(at)).days
    is_last_week = version.is_required and 0 <= left <= REMIND_DAYS
    for person in people:
        for what in _letters(version, at, is_last_week=is_last_week):
            outbox.send(
                to=person.email,
                template="emails/agreement_asked",
                context={
                    "contact": person,
                    "partner": person.partner,
                    "version": version,
                    "is_reminder": what == "reminder",
                    "link": doors.absolute("portal", version.msp, "portal:agreement"),
                },
                key=f"agreement-{what}-{version.pk}-{person.pk}",
                at=at,
            )


def _letters(version: AgreementVersion, at: datetime, *, is_last_week: bool) -> list[str]:
    """Not both on one day: a reminder follows the first letter by three days at least."""
    is_told = at - version.published_at >= timedelta(days=3)
    return ["asked", "reminder"] if is_last_week and is_told else ["asked"]


def _send_copies(signature: Signature, at: datetime) -> None:
    """The same letter for both sides, each with the link to the PDF behind their own door."""
    msp, person = signature.msp, signature.contact
    portal = doors.absolute("portal", msp, "portal:agreement-copy", signature.pk)
    dashboard = doors.absolute("dashboard", msp, "dashboard:agreement-copy", signature.pk)
    publisher = signature.version.published_by
    readers = [(person.email, person.name, portal)] if person is not None and person.email else []
    readers += [(publisher.user.email, str(publisher), dashboard)] if publisher.may("view") else []
    for address, name, link in readers:
        outbox.send(
            to=address,
            template="emails/agreement_signed",
            context={"name": name, "signature": signature, "partner": signature.partner, "link": link},
            key=f"agreement-signed-{signature.pk}-{address}",
            at=at,
        )
