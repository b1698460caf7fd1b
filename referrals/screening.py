"""Finding out whether we know a company already, and writing down what was found, with the evidence.

An MSP's introductions and clients are screened one at a time (`one_at_a_time`), so that of two registrations of
one company at the same moment the second one sees the first. What may be the same is judged in referrals/matching/.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import reduce
from operator import or_
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import Q, QuerySet

from elinkages.kernel import locks
from elinkages.kernel.copy import insert_many
from elinkages.kernel.match_keys import Blocks
from referrals.matching import MOST, Identity, Known, Match, Place, identity_of, place, place_at, say_likeness
from referrals.models import Client, Finding, FindingState, KeyKind, MatchKeys, Referral

_BEFORE_ALL = datetime.min.replace(tzinfo=UTC)
_AFTER_ALL = place_at(datetime.max.replace(tzinfo=UTC))
_PAIR = ("referral_id", "other_referral_id", "other_client_id")


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
    known = Known(identities, since=_BEFORE_ALL)
    _write(
        [
            Met(match.other, replace(match, other=client), client.created_at)
            for client, identity in keyed
            for match in known.matches(identity, since=_BEFORE_ALL)
            if match.other.pk != client.referral_id and isinstance(match.other, Referral)
        ]
    )


def matches(identity: Identity) -> list[Match]:
    """Clients and open introductions that share a key or have nearly the name: clients first, then by age."""
    return Known([identity]).matches(identity)


def count(identity: Identity) -> int:
    """How many there are of them, also of those in a crowd that are not looked at."""
    return Known([identity]).count_before(identity, _AFTER_ALL)


def screen(referral: Referral, *, at: datetime) -> None:
    """Compare an introduction with the open introductions and clients that it was not compared with yet.

    The finding belongs to the introduction that was registered later, which with imported history may be the other.
    """
    identity, since = identity_of(referral), referral.registered_at
    known = Known([identity], besides={referral.pk, *_compared_with(referral)}, since=since)
    _write([_met(referral, match, at) for match in known.matches(identity, since=since)])


def look_further(referral: Referral, *, at: datetime) -> None:
    """After a decision, bring up what the strongest matches have left no room for."""
    if referral.is_open and referral.findings.count() >= MOST:
        screen(referral, at=at)


def count_left(referral: Referral) -> int:
    """How many earlier matches of an introduction have had no room among its strongest ones."""
    identity = identity_of(referral)
    known = Known([identity], besides={referral.pk, *_compared_with(referral)})
    return known.count_before(identity, place(referral))


def screen_new(
    referrals: Sequence[Referral], known: Known, *, closed: Collection[Referral] = (), at: datetime
) -> set[UUID]:
    """The same for introductions that were just registered, each also with those before it, in few statements.

    `known` is what was here before them; those that will be `closed` at once are met by none of the others. Returns
    those whose credit waits, because what they met has more than the name in common.
    """
    found, waiting, sizes = [], set[UUID](), Counter[UUID]()
    gone = {referral.pk for referral in closed}
    for referral in referrals:
        matches = known.matches(identity_of(referral), since=referral.registered_at)
        met = [_met(referral, match, at) for match in matches]
        own = strongest([one for one in met if one.later is referral], MOST)
        if any(one.match.withholds for one in own):
            waiting.add(referral.pk)
        if referral.pk not in gone:
            known.add(referral)
        kept = [one for one in met if one.later is not referral] + own
        sizes.update(one.later.pk for one in kept)
        known.mark_full(one.later.pk for one in kept if sizes[one.later.pk] >= MOST)
        found += kept
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


class Met(NamedTuple):
    """An introduction that was registered later than what it matches, and when that was found."""

    later: Referral
    match: Match
    at: datetime


def _met(referral: Referral, match: Match, at: datetime) -> Met:
    later, earlier = referral, match.other
    if isinstance(match.other, Referral) and place(match.other) > place(referral):
        later, earlier = match.other, referral
    is_over = isinstance(earlier, Referral) and not earlier.is_protected(later.partner.msp.today(later.registered_at))
    return Met(later, replace(match, other=earlier, is_over=is_over), at)


def strongest(met: Sequence[Met], room: int) -> list[Met]:
    """At most `room` of them, in the order that they came in: first what withholds credit, then who has most in common.

    Among equals a client comes first, then the oldest introduction, which is the one that may have the credit.
    """
    if len(met) <= room:
        return list(met)
    kept = {id(one) for one in sorted(met, key=_strength)[: max(room, 0)]}
    return [one for one in met if id(one) in kept]


def _strength(met: Met) -> tuple[bool, int, int, Place]:
    match = met.match
    return not match.withholds, -len(match.keys) - match.is_alike, -match.score, place(match.other)


def _compared_with(referral: Referral) -> set[UUID]:
    """The introductions and clients that an introduction was compared with, whatever was decided."""
    return {other or client for other, client in referral.findings.values_list("other_referral_id", "other_client_id")}


def _write(met: Sequence[Met]) -> None:
    """Write down each match once, whatever was decided about it since; of one introduction the strongest of all.

    At most MOST of its matches are waiting for a decision at a time.
    """
    if not met:
        return
    here, waiting = set[tuple[UUID, UUID]](), Counter[UUID]()
    written = Finding.objects.filter(referral__in={one.later.pk for one in met})
    for later, other, client, state in written.values_list(*_PAIR, "state"):
        here.add((later, other or client))
        waiting[later] += state == FindingState.OPEN
    new: dict[UUID, list[Met]] = defaultdict(list)
    for one in met:
        if (one.later.pk, one.match.other.pk) not in here:
            new[one.later.pk].append(one)
    kept = [one for pk, many in new.items() for one in strongest(many, MOST - waiting[pk])]
    Finding.objects.bulk_create(_finding(one) for one in kept)


def _finding(met: Met) -> Finding:
    referral, match, at = met
    target = {"other_referral": match.other} if isinstance(match.other, Referral) else {"other_client": match.other}
    return Finding(referral=referral, **target, evidence=_evidence(referral, match), found_at=at)


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
