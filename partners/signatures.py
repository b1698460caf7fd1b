"""The signatures of partners under an agreement, in the portal and on paper, and the copy that each side keeps."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db import IntegrityError, transaction

from elinkages.accounts import branding
from elinkages.accounts.models import Membership
from elinkages.audit import trail
from elinkages.kernel import pdf
from elinkages.kernel.constraints import only
from elinkages.kernel.refusal import Refused
from elinkages.kernel.words import say_day
from partners import agreement_letters, agreements
from partners.agreements import NotInForce
from partners.markup import blocks
from partners.models import AgreementVersion, Contact, Partner, Signature, SignedCopy

NAME_LENGTH: Final = 120
NOTE_LENGTH: Final = 300
AGENT_LENGTH: Final = 300


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


def terms_sha256(terms: Sequence[Terms]) -> str:
    """The hash over the commission terms that were shown, in their order."""
    told = json.dumps([one.as_json() for one in terms], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(told.encode()).hexdigest()


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
        raise Misread("The agreement or its terms changed while you were reading. Read them again, then sign.")
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
    agreement_letters.send_copies(signature, at=at)
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
    """Keep that a partner signed on paper, and where the paper is.

    Raises NotInForce, NotTheirs, Unsigned, AlreadySigned.
    """
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
        raise NotInForce(f"{version} is no longer in force. Reload the page.")
    if agreements.applicable(partner.kind) != version:
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
        only("signature_once", error)
        raise AlreadySigned(f"{signature.partner.name} signed {signature.version} already.") from error
    return signature


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


def _make_copy(signature: Signature, at: datetime) -> SignedCopy:
    head, files = branding.letterhead(signature.msp)
    content = pdf.render("agreement", {**document(signature), **head}, files=files, at=at)
    return SignedCopy.objects.create(
        signature=signature,
        partner=signature.partner,
        content=content,
        sha256=hashlib.sha256(content).hexdigest(),
    )
