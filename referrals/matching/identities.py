"""What a company is known by: keys that are met by being equal, and the blocks that its name is compared in."""

from dataclasses import dataclass
from functools import cached_property, lru_cache

from elinkages.kernel import match_keys
from elinkages.kernel.match_keys import company_key, domain_key, email_key, phone_key
from referrals.models import Client, KeyKind, MatchKeys, Referral

type Key = tuple[str, str]
"""The kind (a `KeyKind`, or a block of `MatchKeys.BLOCKS`) and the normalized text."""

_KINDS = tuple(kind.value for kind in MatchKeys.EXACT.values())
_BLOCKS = tuple(MatchKeys.BLOCKS.values())
_LONGEST = 254


@dataclass(frozen=True)
class Identity:
    """What a company is known by, as it was written down."""

    company: str
    website: str = ""
    email: str = ""
    phone: str = ""

    @cached_property
    def name(self) -> str:
        """The normalized name."""
        return company_key(self.company)

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """A row of `MatchKeys`: the columns EXACT, then BLOCKS, "" for what it has not."""
        return *self._exact, *match_keys.blocks(self.name)

    @cached_property
    def keyed(self) -> dict[Key, str]:
        """Every key that is met by being equal, with the text that it was made of."""
        texts = (self.company, self.website, self.email, self.email, self.phone)
        return {(kind, key): text for kind, key, text in zip(_KINDS, self._exact, texts, strict=True) if key}

    @cached_property
    def blocks(self) -> list[Key]:
        """The blocks that the name belongs to."""
        return [(block, key) for block, key in zip(_BLOCKS, match_keys.blocks(self.name), strict=True) if key]

    @cached_property
    def _exact(self) -> tuple[str, ...]:
        email = email_key(self.email) if self.email else ""
        website = domain_key(self.website) if self.website else ""
        mail = domain_key(self.email) if email else ""
        phone = phone_key(self.phone) if self.phone else ""
        keys = (self.name, website, mail if mail != website else "", email, phone)
        return tuple(key[:_LONGEST] for key in keys)


def name_key(name: str) -> Key:
    """The key of those who have a normalized name."""
    return KeyKind.COMPANY.value, name


@lru_cache(maxsize=4_000)
def identity(company: str, website: str = "", email: str = "", phone: str = "") -> Identity:
    """The same object for the same texts: a company of a spreadsheet is asked for its keys at every step."""
    return Identity(company, website, email, phone)


def identity_of(record: Referral | Client) -> Identity:
    """What an introduction or a client is known by; a client also by the person it was introduced with."""
    if isinstance(record, Referral):
        return identity(record.company, record.website, record.contact_email, record.contact_phone)
    source = record.referral
    if source is None:
        return identity(record.name, record.website)
    return identity(record.name, record.website or source.website, source.contact_email, source.contact_phone)
