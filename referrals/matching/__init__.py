"""What may be the same company: equal keys, and names that are nearly the same (ADR 21, 40, 50, 55).

`Known` reads what is here about any number of companies in a handful of queries, and answers from memory:

| Module | |
|---|---|
| `identities` | what a company is known by: its keys, and the blocks of its name |
| `matches` | what was found, in words |
| `places` | who was first |
| `names` | which names are alike |
| `crowds` | who shares a key, and who of them is looked at when they are very many |
| `lookups` | the statements |
| `known` | all of that together |
"""

from referrals.matching.crowds import MOST
from referrals.matching.identities import Identity, identity, identity_of
from referrals.matching.known import Known
from referrals.matching.matches import Match, say_likeness
from referrals.matching.names import ALIKE
from referrals.matching.places import Place, place, place_at

__all__ = [
    "ALIKE",
    "MOST",
    "Identity",
    "Known",
    "Match",
    "Place",
    "identity",
    "identity_of",
    "place",
    "place_at",
    "say_likeness",
]
