"""The kinds of letters: which template is which, and which of them a person may turn down.

A letter without a kind here is essential, so that nothing is lost by forgetting; a test asks for one.
"""

from dataclasses import dataclass
from typing import Final

TEAM, PARTNER = "team", "partner"


@dataclass(frozen=True, slots=True)
class Kind:
    """What letters have in common for the one who reads them; `why` says why they cannot be turned off."""

    slug: str
    label: str
    readers: str = ""
    why: str = ""

    @property
    def is_essential(self) -> bool:
        """Whether it is always sent at once."""
        return bool(self.why)


_INVITES = "Nobody can get in without it."
_CONFIRMS = "It confirms what was sent from there, or says where it stands."
_MONEY = "It is the record of money that was paid to you."
_TEAM_NEWS = "It tells you when someone's access changes; that protects your company's money."
_ADDRESS = "It proves that an address is yours, or tells you that e-mails now go elsewhere."
_JOINING = "It answers what you asked for."
_SIGNED = "It asks for a signature, or it is the record of one."
ESSENTIAL: Final = Kind("essential", "E-mails that are always sent", why="It needs you, or it is the record of it.")

_KINDS: Final = (
    (Kind("invitation", "Invitations", why=_INVITES), ("invitation", "partner_invitation")),
    (
        Kind("payout", "Payments and statements", PARTNER, why=_MONEY),
        ("payout_paid", "payout_returned", "credit_given", "credit_taken_back", "credit_applied"),
    ),
    (
        Kind("application", "Your application", PARTNER, why=_JOINING),
        ("application_confirmation", "application_declined"),
    ),
    (Kind("address", "Your address", PARTNER, why=_ADDRESS), ("address_confirmation", "address_moved")),
    (Kind("agreement", "The agreement", why=_SIGNED), ("agreement_asked", "agreement_signed")),
    (Kind("public", "The public referral page", why=_CONFIRMS), ("inquiry_confirm", "status_link")),
    (Kind("team_news", "Changes in the team", TEAM, why=_TEAM_NEWS), ("team_news",)),
    (Kind("digest", "Daily summaries", why="You asked for it instead of individual e-mails."), ("digest",)),
    (
        Kind("introduction_progress", "What comes of your introductions", PARTNER),
        ("referral_moved", "referral_lost", "referral_credited"),
    ),
    (Kind("introduction_received", "Your introduction arrived", PARTNER), ("referral_received",)),
    (Kind("introduction_credit", "Who has the credit for an introduction, and until when"), ("referral_notice",)),
    (Kind("introduction_new", "A new introduction", TEAM), ("referral_new",)),
    (Kind("introduction_assigned", "An introduction is assigned to you", TEAM), ("referral_assigned",)),
    (Kind("introduction_news", "News about introductions assigned to you", TEAM), ("referral_news",)),
    (Kind("partner_joined", "A partner accepted your invitation", TEAM), ("partner_joined",)),
    (Kind("application_waiting", "Someone applied to become a partner", TEAM), ("application_waiting",)),
)
KINDS: Final = {kind.slug: kind for kind, _ in _KINDS}
_BY_TEMPLATE: Final = {f"emails/{name}": kind for kind, names in _KINDS for name in names}


def of_template(template: str) -> Kind:
    """The kind of a letter by its template."""
    return _BY_TEMPLATE.get(template, ESSENTIAL)


def known_templates() -> frozenset[str]:
    """The templates that have a kind."""
    return frozenset(_BY_TEMPLATE)


def for_readers(readers: str) -> list[Kind]:
    """The kinds that people of the team, or of partners, get; those that they may turn down first."""
    found = [kind for kind in KINDS.values() if kind.readers in ("", readers) and kind.slug != "digest"]
    return sorted(found, key=lambda kind: kind.is_essential)
