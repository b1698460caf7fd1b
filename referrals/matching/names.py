"""Names that are nearly the same. Only names that share a block are compared, letter by letter (ADR 21).

The work for one name is bounded: at most five blocks, and a block with more than BLOCK_SIZE names says nothing about a
company and is left out.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from elinkages.kernel.match_keys import alike, spelling
from referrals.matching import lookups
from referrals.matching.identities import Identity, Key

type Likenesses = dict[str, int]
"""Normalized names that are nearly the same, with the likeness (0 to 100)."""

ALIKE = 91
"""From this likeness on, two names are shown to a person."""
BLOCK_SIZE = 200
"""A block with more names than this is a word that everybody uses."""


@dataclass(slots=True)
class _Block:
    """How many open introductions and clients are in a block, and their names; only so many as are compared."""

    size: int = 0
    names: list[str] = field(default_factory=list)

    def add(self, name: str) -> None:
        self.size += 1
        if self.size <= BLOCK_SIZE:
            self.names.append(name)


class Names:
    """The names in the blocks of some companies: those that were here, read in one query, and those added since.

    What was here is compared once, when it is read, and what was added whenever it is asked for: a file of thousands
    would otherwise compare each of its names with all that was here again.
    """

    def __init__(self, identities: Sequence[Identity]) -> None:
        wanted = {key for one in identities for key in one.blocks}
        found = lookups.blocks(wanted, largest=BLOCK_SIZE)
        self._here = {key: _Block(size, names) for key, (size, names) in found.items()}
        self._added: dict[Key, _Block] = defaultdict(_Block)
        self._like_here = {one: self._compared(one, self._here) for one in identities} if self._here else {}

    def like_any(self) -> set[str]:
        """The names of those who were here that are nearly the same as that of any of the companies."""
        return set[str]().union(*self._like_here.values())

    def add(self, identity: Identity) -> None:
        """From now on, this company is in its blocks."""
        for key in identity.blocks:
            self._added[key].add(identity.name)

    def like(self, identity: Identity) -> Likenesses:
        """The names that are nearly the same as that of one of the companies, its own among them."""
        found = self._compared(identity, self._added)
        if here := self._like_here.get(identity):
            telling = self._telling(identity, self._here)
            found |= {name: score for name, score in here.items() if name in telling}
        return found

    def _compared(self, identity: Identity, blocks: Mapping[Key, _Block]) -> Likenesses:
        """The names in the blocks of a company that are like its own, each compared once."""
        names = list(self._telling(identity, blocks))
        if not names:
            return {}
        found = alike(spelling(identity.name), [spelling(name) for name in names], ALIKE)
        return {names[index]: score for index, score in found.items()}

    def _telling(self, identity: Identity, blocks: Mapping[Key, _Block]) -> set[str]:
        """The names in the blocks of a company that are not, by now, words that everybody uses."""
        keys = (key for key in identity.blocks if key in blocks and self._size(key) <= BLOCK_SIZE)
        return set[str]().union(*(blocks[key].names for key in keys))

    def _size(self, key: Key) -> int:
        here, added = self._here.get(key), self._added.get(key)
        return (here.size if here else 0) + (added.size if added else 0)
