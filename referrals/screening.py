"""Finding out whether we know a company already, and writing down what was found, with the evidence.

An MSP's introductions and clients are screened one at a time (`one_at_a_time`), so that of two registrations of
one company at the same moment the second one sees the first. What may be the same is judged in referrals/matching.py.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from functools import reduce
from operator import or_
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from elinkages.kernel import locks
from elinkages.kernel.copy import insert_many
from elinkages.kernel.match_keys import Blocks
from referrals.matching import Identity, Known, Match, age, identity_of, matches, say_likeness
from referrals.models import Client, Finding, FindingState, KeyKind, MatchKeys, Referral

__all__ = [
    "Identity",
    "Match",
    "having",
    "index_again",
    "index_client",
    "index_clients",
    "index_referral",
    "matches",
    "one_at_a_time",
    "screen",
    "screen_new",
    "set_aside",
    "withholding",
]


def one_at_a_time() -> None:
    """Wait until no other unit of work of this MSP is registering or adding a client; held until the end of ours."""
    locks.hold("screening")


def index_referral(*referrals: Referral) -> None:
    """Remember the keys of introductions."""
    _remember("referral", [(one.pk, identity_of(one)) for one in referrals])


def index_again(referral: Referral) -> None:
    """An introduction that is open again is compared by its name again."""
    MatchKeys.objects.filter(referral=referral).delete()
    index_referral(referral)


def set_aside(*referrals: Referral) -> None:
    """Closed introductions are in no block: the work for a new one must not grow with history."""
    MatchKeys.objects.filter(referral__in=referrals).update(**Blocks()._asdict())


def index_client(client: Client) -> None:
    """Remember the keys of a client, anew after a change, and flag open introductions of the same company."""
    index_clients([client])


def index_clients(clients: Sequence[Client]) -> None:
    """The same for many in few statements."""
    one_at_a_time()
    MatchKeys.objects.filter(client__in=clients).delete()
    identities = [identity_of(client) for client in clients]
    keyed = list(zip(clients, identities, strict=True))
    _remember("client", [(client.pk, identity) for client, identity in keyed])
    known = Known(identities)
    _write(
        [
            _finding(match.other, Match(client, match.keys, match.score), at=client.created_at)
            for client, identity in keyed
            for match in known.matches(identity)
            if match.other.pk != client.referral_id and isinstance(match.other, Referral)
        ]
    )


def screen(referral: Referral, *, at: datetime) -> list[Finding]:
    """Compare an introduction with open introductions and clients; returns what is new, oldest match first.

    The finding belongs to the introduction that was registered later, which with imported history may be the other.
    """
    return _write([_found(referral, match, at) for match in matches(identity_of(referral), without=referral)])


def screen_new(
    referrals: Sequence[Referral], known: Known, *, closed: Collection[Referral] = (), at: datetime
) -> set[UUID]:
    """The same for introductions that were just registered, each also with those before it, in few statements.

    `known` is what was here before them; those that will be `closed` at once are met by none of the others. Returns
    those whose credit waits, because what they met has more than the name in common.
    """
    found, waiting = [], set[UUID]()
    gone = {referral.pk for referral in closed}
    for referral in referrals:
        own = [_found(referral, match, at) for match in known.matches(identity_of(referral))]
        if any(one.referral_id == referral.pk and one.evidence["withholds"] for one in own):
            waiting.add(referral.pk)
        if referral.pk not in gone:
            known.add(referral)
        found += own
    _write(found)
    return waiting


def withholding(referral: Referral) -> QuerySet[Finding]:
    """Findings of an introduction that keep its credit back: undecided ones with more than the name in common."""
    return referral.findings.filter(state=FindingState.OPEN, evidence__withholds=True)


def having(kind: KeyKind, key: str) -> QuerySet[MatchKeys]:
    """Introductions and clients, open or not, that have a key."""
    columns = [column for column, of in MatchKeys.EXACT.items() if of == kind]
    return MatchKeys.objects.filter(reduce(or_, (Q(**{column: key}) for column in columns)))


def _remember(record: str, rows: Sequence[tuple[UUID, Identity]]) -> None:
    """Write the keys of a kind of record, "referral" or "client"."""
    columns = (f"{record}_id", *MatchKeys.EXACT, *MatchKeys.BLOCKS)
    insert_many(MatchKeys, columns, [(pk, *identity.columns) for pk, identity in rows])


def _found(referral: Referral, match: Match, at: datetime) -> Finding:
    later, earlier = referral, match.other
    if isinstance(match.other, Referral) and age(match.other) > age(referral):
        later, earlier = match.other, referral
    is_over = isinstance(earlier, Referral) and not earlier.is_protected(later.partner.msp.today(later.registered_at))
    return _finding(later, Match(earlier, match.keys, match.score, is_over), at=at)


def _finding(referral: Referral, match: Match, *, at: datetime) -> Finding:
    target = {"other_referral": match.other} if isinstance(match.other, Referral) else {"other_client": match.other}
    return Finding(referral=referral, **target, evidence=_evidence(referral, match), found_at=at)


def _write(found: Sequence[Finding]) -> list[Finding]:
    """Write down each match once, whatever was decided about it since; returns those that are new."""
    if not found:
        return []
    pair = ("referral_id", "other_referral_id", "other_client_id")
    here = set(Finding.objects.filter(referral__in={one.referral_id for one in found}).values_list(*pair))
    new = [one for one in found if (one.referral_id, one.other_referral_id, one.other_client_id) not in here]
    return list(Finding.objects.bulk_create(new))


def _evidence(referral: Referral, match: Match) -> dict[str, Any]:
    """The keys in common with both texts (the key itself where a text has changed since), and who was first."""
    ours, theirs = identity_of(referral).keyed, identity_of(match.other).keyed
    return {
        "keys": [
            {"kind": kind, "key": key, "ours": ours.get((kind, key), key), "theirs": theirs.get((kind, key), key)}
            for kind, key in match.keys
            if kind != KeyKind.SIMILAR
        ]
        + _similar(referral, match),
        "withholds": match.withholds,
        "protection_over": match.is_over,
        **_origin(match.other),
    }


def _similar(referral: Referral, match: Match) -> list[dict[str, Any]]:
    """Nearly the same name, with how near in words."""
    if not match.score:
        return []
    theirs = match.other.company if isinstance(match.other, Referral) else match.other.name
    key = dict(match.keys)[KeyKind.SIMILAR]
    return [
        {
            "kind": KeyKind.SIMILAR.value,
            "key": key,
            "ours": referral.company,
            "theirs": theirs,
            "score": match.score,
            "words": say_likeness(match.score),
        }
    ]


def _origin(other: Referral | Client) -> dict[str, str]:
    source = other if isinstance(other, Referral) else other.referral
    if source is None:
        return {"name": str(other), "registered_at": "", "registered_by": "", "partner": ""}
    return {
        "name": str(other),
        "registered_at": source.registered_at.isoformat(),
        "registered_by": source.registered_by_name,
        "partner": source.partner.name,
    }
