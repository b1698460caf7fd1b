"""The join page: set up once, opened and closed for each kind of source."""

from datetime import datetime
from typing import Final

from elinkages.accounts.models import Membership
from elinkages.audit import trail
from elinkages.kernel.refusal import Refused
from partners.models import FieldType, JoinField, JoinPage, SourceKind, Standard

WELCOME_LENGTH: Final = 4_000
SLUGS: Final[dict[str, str]] = {
    SourceKind.CLIENT: "client",
    SourceKind.VCIO: "vcio",
    SourceKind.CENTRE: "adviser",
    SourceKind.PEER: "peer-msp",
    SourceKind.VENDOR: "vendor",
}
"""The last part of a join page's address, by kind of source."""
KINDS: Final[dict[str, str]] = {slug: kind for kind, slug in SLUGS.items()}
_STANDARD: Final = (
    (Standard.NAME, FieldType.TEXT, True, "Your company, or your own name if you work alone."),
    (Standard.CONTACT_NAME, FieldType.TEXT, True, ""),
    (Standard.EMAIL, FieldType.EMAIL, True, "We write to it first, to make sure it is yours."),
    (Standard.PHONE, FieldType.PHONE, False, ""),
    (Standard.WEBSITE, FieldType.TEXT, False, ""),
    (Standard.CITY, FieldType.TEXT, False, ""),
)
_FIRST_QUESTION: Final = "How do you meet companies that might need us?"


class SetUpAlready(Refused):
    """There is a join page."""


class NotThatState(Refused):
    """The page was opened or closed by somebody else a moment ago."""


class TooLong(Refused):
    """The welcome would not be read."""


def set_up(*, by: Membership, at: datetime) -> list[JoinPage]:
    """Make a closed page per kind of source and a first form; visitors see nothing yet. Raises SetUpAlready."""
    if JoinPage.objects.exists():
        raise SetUpAlready("The join page is already set up. Reload the page.")
    pages = [JoinPage.objects.create(kind=kind) for kind in SourceKind.values]
    everyone = list(SourceKind.values)
    for position, (standard, type_, is_required, help_text) in enumerate(_STANDARD):
        JoinField.objects.create(
            standard=standard,
            label=standard.label,
            help_text=help_text,
            type=type_,
            is_required=is_required,
            kinds=everyone,
            position=position,
        )
    JoinField.objects.create(label=_FIRST_QUESTION, type=FieldType.LONG_TEXT, kinds=everyone, position=len(_STANDARD))
    trail.record("join_page.set_up", by.msp, by=by, at=at)
    return pages


def describe(page: JoinPage, *, welcome: str, by: Membership, at: datetime) -> JoinPage:
    """Change what stands above the form. Raises TooLong."""
    text = "\n".join(line.rstrip() for line in welcome.strip().splitlines())
    if len(text) > WELCOME_LENGTH:
        raise TooLong(f"Keep it under {WELCOME_LENGTH:,} characters; this has {len(text):,}.")
    if text != page.welcome:
        page.welcome = text
        page.save(update_fields=["welcome"])
        trail.record("join_page.described", by.msp, by=by, at=at, kind=page.get_kind_display())
    return page


def open_(page: JoinPage, *, by: Membership, at: datetime) -> JoinPage:
    """Let visitors apply as this kind of source. Raises NotThatState."""
    if not JoinPage.objects.filter(pk=page.pk, opened_at__isnull=True).update(opened_at=at):
        raise NotThatState("This join page is already open. Reload the page.")
    page.opened_at = at
    trail.record("join_page.opened", by.msp, by=by, at=at, kind=page.get_kind_display())
    return page


def close(page: JoinPage, *, by: Membership, at: datetime) -> JoinPage:
    """Take the page away from visitors; what was sent stays. Raises NotThatState."""
    if not JoinPage.objects.filter(pk=page.pk, opened_at__isnull=False).update(opened_at=None):
        raise NotThatState("This join page is already closed. Reload the page.")
    page.opened_at = None
    trail.record("join_page.closed", by.msp, by=by, at=at, kind=page.get_kind_display())
    return page


def open_pages() -> list[JoinPage]:
    """The pages that visitors may see, in the order of the kinds."""
    found = {page.kind: page for page in JoinPage.objects.filter(opened_at__isnull=False)}
    return [found[kind] for kind in SourceKind.values if kind in found]
