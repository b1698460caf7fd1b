"""Normalized keys: two spellings of one company, address or number become the same text.

Keys are compared by equality, which reaches an index under row security. Names that are not quite
the same share a block (`blocks`), and within a block letters are compared (`likeness`).
"""

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import phonenumbers
from rapidfuzz import fuzz, process

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
# Written with or without: “Stonebridge Dental” is “Stonebridge Dental Group”.
_ADDED_AT_WILL = frozenset(
    [
        "and",
        "associates",
        "enterprises",
        "firm",
        "group",
        "holdings",
        "international",
        "of",
        "office",
        "offices",
        "partners",
        "partnership",
        "practice",
        "services",
        "solutions",
        "sons",
        "team",
        "us",
        "usa",
    ]
)
COMPANY_KEY_LENGTH = 160
_REMEMBERED = 20_000
"""Texts whose keys are kept: a row of a spreadsheet is looked at several times."""
_SPELLED = 50_000
"""Names that are kept as they are compared, some 15 MB: those that rows of a spreadsheet meet again and again."""
_FEWEST_LETTERS = 4
_BLOCK_LETTERS = 6
_TELLING_WORDS = 2
_WORD_LETTERS = 40
BLOCK_LENGTH = 60
_NUMBER = re.compile(r"\d+")
_REPEATED = re.compile(r"(.)\1+")
_SOUNDS = str.maketrans("bfpvcgjkqsxzdtlmnr", "111122222222334556")


@lru_cache(maxsize=1)
def _suffixes() -> "tldextract.TLDExtract":
    """The list of public suffixes, which ships with the package; nothing is fetched."""
    import tldextract  # brings an HTTP client that nothing else here uses: a tenth of the start of a process

    return tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)


@lru_cache(maxsize=_REMEMBERED)
def company_key(name: str) -> str:
    """ "The Müller & Sons Co., LLC" → "muller and sons": no accents, punctuation, article or legal form."""
    folded = _folded(name)
    text = folded.encode("ascii", "ignore").decode()
    if not any(map(str.isalnum, text)):
        text = folded  # a name in another script: what is left of it in ours are spaces and dashes
    words = re.findall(r"[^\W_]+", text.replace("&", " and ").replace("'", "").replace(".", ""))
    while len(words) > 1 and words[0] == "the":
        words = words[1:]
    while len(words) > 1 and (words[-1] in _LEGAL_FORMS or len(" ".join(words)) > COMPANY_KEY_LENGTH):
        words.pop()
    return " ".join(words)[:COMPANY_KEY_LENGTH]


def _folded(name: str) -> str:
    """Without case and accents; folded twice, because taking a letter apart can bring a capital to light."""
    if name.isascii():
        return name.casefold()
    for _ in range(2):
        name = unicodedata.normalize("NFKD", name.casefold())
    return "".join(letter for letter in name if not unicodedata.combining(letter))


@lru_cache(maxsize=_REMEMBERED)
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


@lru_cache(maxsize=_REMEMBERED)
def phone_key(phone: str, region: str = "US") -> str:
    """The number as E.164 ("+12125550123"); "" when it cannot be one. `region` is assumed without a country code."""
    try:
        number = phonenumbers.parse(phone, region)
    except phonenumbers.NumberParseException:
        return ""
    if not phonenumbers.is_possible_number(number):
        return ""
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


class Blocks(NamedTuple):
    """The blocks that a company's name belongs to, "" for those it has not; names that share none are not compared."""

    begins: str = ""
    word: str = ""
    other_word: str = ""
    tail: str = ""
    sounds: str = ""


@lru_cache(maxsize=_REMEMBERED)
def blocks(company: str) -> Blocks:
    """The blocks of a `company_key`.

    A split or a late typo keeps the beginning, an early typo the tail of the longest word, a name with more words its
    longest words, a spelling by ear the sounds of them. Either word meets either word of another name. The numbers of
    a name are part of each of its blocks, because names with other numbers are never alike.
    """
    words = _core(company)
    letters = "".join(words)
    if len(letters) < _FEWEST_LETTERS:
        return Blocks()
    numbers = "".join(f" {number}" for number in _NUMBER.findall(company))
    begins = f"{letters[:_BLOCK_LETTERS]}{numbers}"[:BLOCK_LENGTH]
    long = {word for word in words if len(word) > 3 and not word.isdigit()}
    if not long:
        return Blocks(begins)
    telling = sorted(sorted(long), key=len, reverse=True)[:_TELLING_WORDS]
    first, last = telling[0], telling[-1]
    keys = (
        first[:_WORD_LETTERS],
        last[:_WORD_LETTERS] if last[:_WORD_LETTERS] != first[:_WORD_LETTERS] else "",
        f"{first[-_BLOCK_LETTERS:]} {last[:3]}",
        " ".join(sorted(map(sound_key, telling))),
    )
    return Blocks(begins, *(f"{key}{numbers}"[:BLOCK_LENGTH] if key else "" for key in keys))


@lru_cache(maxsize=_REMEMBERED)
def sound_key(word: str) -> str:
    """A word by ear, after Soundex: its first letter and the classes of its next consonants (“smyth” → “s53”)."""
    first, rest = word[:1], word[1:].replace("h", "").replace("w", "")
    classes = _REPEATED.sub(r"\1", rest.translate(_SOUNDS))
    return (first + "".join(filter(str.isdigit, classes)))[:4]


def likeness(one: str, other: str) -> int:
    """How alike two `company_key`s are, 0 to 100, whatever the order of their words and the spaces between them.

    Names with different numbers in them are different companies (“Clinic 12”, “Clinic 13”): 0.
    """
    return _likeness(spelling(one), spelling(other))


class Spelling(NamedTuple):
    """A name as it is compared: its numbers, its letters, and its words in the order of the alphabet."""

    numbers: tuple[str, ...]
    unspaced: str
    in_order: str


@lru_cache(maxsize=_SPELLED)
def spelling(company: str) -> Spelling:
    """A `company_key` as it is compared."""
    words = _core(company)
    return Spelling(tuple(_NUMBER.findall(company)), "".join(words), " ".join(sorted(words)))


def alike(one: Spelling, others: Sequence[Spelling], least: int) -> dict[int, int]:
    """The places of the others that have at least that `likeness`, with the likeness; compared in two calls, in C."""
    met = set[int]()
    for text, texts in (
        (one.unspaced, [other.unspaced for other in others]),
        (one.in_order, [other.in_order for other in others]),
    ):
        found = process.extract(text, texts, scorer=fuzz.ratio, score_cutoff=least, limit=None)
        met.update(place for _, _, place in found)
    scores = {place: _likeness(one, others[place]) for place in met}
    return {place: score for place, score in scores.items() if score}


def _likeness(one: Spelling, other: Spelling) -> int:
    if one.numbers != other.numbers:
        return 0
    return int(max(fuzz.ratio(one.unspaced, other.unspaced), fuzz.ratio(one.in_order, other.in_order)))


def _core(company: str) -> list[str]:
    """The words of a name without those at its end that firms add and leave out at will."""
    words = company.split()
    while len(words) > 1 and words[-1] in _ADDED_AT_WILL:
        words.pop()
    return words
