"""Normalized keys: two spellings of one company, address or number become the same text.

Keys are compared by equality, which reaches an index under row security (security.md 1.8).
"""

import re
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING

import phonenumbers

if TYPE_CHECKING:
    import tldextract

_LEGAL_FORMS = frozenset(
    [
        "inc",
        "incorporated",
        "llc",
        "llp",
        "lp",
        "pllc",
        "pc",
        "pa",
        "ltd",
        "limited",
        "corp",
        "corporation",
        "co",
        "company",
        "plc",
        "gmbh",
        "ag",
        "sa",
        "sarl",
        "bv",
        "nv",
        "pty",
    ]
)
_FREE_MAIL = frozenset(
    [
        "gmail.com",
        "googlemail.com",
        "outlook.com",
        "hotmail.com",
        "live.com",
        "msn.com",
        "yahoo.com",
        "ymail.com",
        "aol.com",
        "icloud.com",
        "me.com",
        "mac.com",
        "proton.me",
        "protonmail.com",
        "gmx.com",
        "gmx.net",
        "mail.com",
        "zoho.com",
        "comcast.net",
        "verizon.net",
        "att.net",
        "sbcglobal.net",
        "cox.net",
    ]
)
COMPANY_KEY_LENGTH = 160


@lru_cache(maxsize=1)
def _suffixes() -> "tldextract.TLDExtract":
    """The list of public suffixes, which ships with the package; nothing is fetched."""
    import tldextract  # brings an HTTP client that nothing else here uses: a tenth of the start of a process

    return tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)


def company_key(name: str) -> str:
    """ "The Müller & Sons Co., LLC" → "muller and sons": no accents, punctuation, article or legal form."""
    text = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode() or name
    words = re.findall(r"[^\W_]+", text.casefold().replace("&", " and ").replace("'", "").replace(".", ""))
    while len(words) > 1 and words[0] == "the":
        words = words[1:]
    while len(words) > 1 and (words[-1] in _LEGAL_FORMS or len(" ".join(words)) > COMPANY_KEY_LENGTH):
        words.pop()
    return " ".join(words)[:COMPANY_KEY_LENGTH]


def domain_key(website_or_email: str) -> str:
    """The registrable domain ("https://www.acme.co.uk/x" → "acme.co.uk"); "" for none or a free mail provider.

    Under a suffix that the shipped list does not know, the last two labels.
    """
    host = website_or_email.strip().lower().rpartition("@")[2]
    parts = _suffixes()(host)
    domain = parts.top_domain_under_public_suffix
    if not domain and not parts.suffix and not parts.ipv4 and parts.subdomain:
        domain = f"{parts.subdomain.rpartition('.')[2]}.{parts.domain}"
    return "" if domain in _FREE_MAIL else domain


def email_key(email: str) -> str:
    """The address in lower case without a +tag; "" when it is not an address."""
    local, at, domain = email.strip().lower().rpartition("@")
    if not at or not local or "." not in domain:
        return ""
    return f"{local.partition('+')[0] or local}@{domain}"


def phone_key(phone: str, region: str = "US") -> str:
    """The number as E.164 ("+12125550123"); "" when it cannot be one. `region` is assumed without a country code."""
    try:
        number = phonenumbers.parse(phone, region)
    except phonenumbers.NumberParseException:
        return ""
    if not phonenumbers.is_possible_number(number):
        return ""
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
