"""What was found: a record that is here, and what it has in common with a company, in words."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from referrals.matching.identities import Key
from referrals.models import Client, KeyKind, Referral

_ORDER = (KeyKind.COMPANY, KeyKind.DOMAIN, KeyKind.EMAIL, KeyKind.PHONE, KeyKind.SIMILAR)


@dataclass(frozen=True, slots=True)
class Match:
    """A record that shares keys with a company, or has nearly its name (`score`, 0 to 100).

    `is_alike`: it shares a key, and has nearly the name too. `is_over`: its protection had ended when the later
    introduction was registered.
    """

    other: Referral | Client
    keys: tuple[Key, ...]
    score: int = 0
    is_over: bool = False
    is_alike: bool = False

    @classmethod
    def by_keys(cls, other: Referral | Client, keys: Iterable[Key], *, is_alike: bool) -> Self:
        """A record that has these keys too."""
        return cls(other, tuple(sorted(keys, key=_rank)), is_alike=is_alike)

    @classmethod
    def by_name(cls, other: Referral | Client, name: str, score: int) -> Self:
        """A record that has no key in common, and whose normalized name is nearly the same."""
        return cls(other, ((KeyKind.SIMILAR.value, name),), score)

    @property
    def withholds(self) -> bool:
        """Whether credit waits for a decision: a client by any equal key, or more in common than the name.

        What is no longer protected keeps nobody waiting.
        """
        if self.is_over:
            return False
        kinds = {kind for kind, _ in self.keys} - {KeyKind.SIMILAR}
        return bool(kinds if isinstance(self.other, Client) else kinds - {KeyKind.COMPANY})

    @property
    def in_words(self) -> str:
        """What is the same: “the same company name and phone number”, “a similar company name (94% alike)”."""
        if self.score:
            return f"a similar company name ({say_likeness(self.score)})"
        labels = list(dict.fromkeys(KeyKind(kind).label[0].lower() + KeyKind(kind).label[1:] for kind, _ in self.keys))
        return "the same " + " and ".join(filter(None, (", ".join(labels[:-1]), labels[-1])))


def say_likeness(score: int) -> str:
    """A likeness as people read it: “94% alike”, “the same letters”."""
    return "the same letters" if score >= 100 else f"{score}% alike"


def _rank(key: Key) -> tuple[int, str]:
    kind, text = key
    return _ORDER.index(KeyKind(kind)), text
