"""The agreement between the MSP and its partners: drafted, published, superseded, withdrawn, and who stands how."""

import hashlib
import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from django.db.models import Count, QuerySet

from elinkages.accounts.models import Membership
from elinkages.audit import trail
from elinkages.kernel.refusal import Refused
from partners.models import AgreementDraft, AgreementVersion, Partner, PartnerState, Signature

LONGEST_TEXT: Final = 60_000
LONGEST_GRACE: Final = 180
BLANK: Final = re.compile(r"\[Before you publish: [^\]]*\]")
"""What an outline leaves for the MSP to say (agreement_outline): nobody is asked to sign it."""


class Unfinished(Refused):
    """The draft cannot be published like that."""


class NothingNew(Refused):
    """The text is the one that is in force."""


class NotInForce(Refused):
    """The version was superseded or withdrawn."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How a partner stands with the version that is theirs; `is_due` when they must sign before anything else."""

    version: AgreementVersion
    signature: Signature | None
    is_due: bool


def text_sha256(title: str, text: str) -> str:
    """The hash of a version: of its title, an empty line and its text, in UTF-8."""
    return hashlib.sha256(f"{title}\n\n{text}".encode()).hexdigest()


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


def blanks(text: str) -> list[str]:
    """What is still to be filled in, as it stands in the text."""
    return BLANK.findall(text)


def discard(kept: AgreementDraft) -> None:
    """Throw a draft away."""
    AgreementDraft.objects.filter(pk=kept.pk).delete()


def publish(kept: AgreementDraft, *, by: Membership, at: datetime) -> AgreementVersion:
    """Put a draft in force: it supersedes the version before it. Raises NothingNew, Unfinished.

    Partners are written to by `tasks.ask_to_sign`, which the caller nudges after commit; the sweep does it too.
    """
    if not AgreementDraft.objects.select_for_update().filter(pk=kept.pk).exists():
        raise NothingNew("This draft was published or discarded a moment ago. Reload the page.")
    if left := blanks(kept.text):
        raise Unfinished(f"Fill in or delete what still stands in brackets first: {left[0]}")
    before = AgreementVersion.objects.filter(kind=kept.kind).order_by("-number").first()
    digest = text_sha256(kept.title, kept.text)
    if before and before.ended_at is None and before.text_sha256 == digest:
        raise NothingNew(f"This is identical to version {before.number}, which is in force. Change the text first.")
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
        raise NotInForce(f"{version} is no longer in force. Reload the page.")
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
