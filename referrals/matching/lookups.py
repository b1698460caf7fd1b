"""The statements that `Known` reads with, each for any number of companies.

Only keys are joined, because the planner knows nothing yet of an MSP that is new: it would read all that the MSP has,
once for each key. Each block is read by its own index range and cut off, so that a common word costs as many rows as
are compared.
"""

import json
from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import Any
from uuid import UUID

from django.db import connection

from elinkages.kernel.tenancy import current_msp_id
from referrals.matching.identities import Key
from referrals.matching.places import Place
from referrals.models import Client, MatchKeys, Referral

_SHARING = """
(SELECT '{kind}' AS kind, wanted.key, met.id FROM json_array_elements_text(%({kind})s) AS wanted (key), LATERAL (
    SELECT coalesce(m.referral_id, m.client_id) AS id FROM referrals_matchkeys m
    WHERE m.msp_id = %(msp)s AND m.{column} = wanted.key AND m.{column} <> '' OFFSET 0) met)
"""
_BLOCK = """
(SELECT '{kind}' AS kind, wanted.key, met.size, CASE WHEN met.size <= %(largest)s THEN met.names END AS names
FROM json_array_elements_text(%({kind})s) AS wanted (key), LATERAL (
    SELECT count(*) AS size, array_agg(one.company) AS names
    FROM ({rows} LIMIT %(largest)s + 1) one) met
WHERE met.size > 0)
"""
_IN_BLOCK = """
SELECT m.company FROM referrals_matchkeys m
WHERE m.msp_id = %(msp)s AND m.{column} = wanted.key AND m.{column} <> ''
"""


def _block_sql(block: str) -> str:
    """The records of a block, whichever of its columns they have the key in."""
    columns = [column for column, name in MatchKeys.BLOCKS.items() if name == block]
    return _BLOCK.format(kind=block, rows=" UNION ALL ".join(_IN_BLOCK.format(column=column) for column in columns))


_SHARING_BY_KIND = [
    (kind.value, _SHARING.format(kind=kind.value, column=column)) for column, kind in MatchKeys.EXACT.items()
]
_BLOCKS_BY_KIND = [(block, _block_sql(block)) for block in dict.fromkeys(MatchKeys.BLOCKS.values())]


def sharing(keys: Collection[Key]) -> dict[Key, list[UUID]]:
    """The clients and introductions, open or not, that have each of some keys."""
    found: dict[Key, list[UUID]] = defaultdict(list)
    for kind, key, pk in _look_up(_SHARING_BY_KIND, keys):
        found[kind, key].append(pk)
    return found


def blocks(keys: Collection[Key], *, largest: int) -> dict[Key, tuple[int, list[str]]]:
    """How many are in each of some blocks, and their normalized names; none of a block that is larger than that."""
    rows = _look_up(_BLOCKS_BY_KIND, keys, largest=largest)
    return {(kind, key): (size, names or []) for kind, key, size, names in rows}


def records(ids: set[UUID]) -> dict[UUID, Referral | Client]:
    """Those of some ids that are a client or an open introduction."""
    if not ids:
        return {}
    clients: dict[UUID, Client] = Client.objects.select_related("referral__partner").in_bulk(ids)
    still_open = Referral.objects.open().select_related("partner__msp")
    referrals: dict[UUID, Referral] = still_open.in_bulk(ids - clients.keys())
    return {**clients, **referrals}


def places(ids: Collection[UUID]) -> dict[UUID, Place]:
    """Where those of some ids stand that are a client or an open introduction."""
    clients = Client.objects.filter(pk__any_of=ids).values_list("since_on", "pk")
    still_open = Referral.objects.open().filter(pk__any_of=ids).values_list("registered_at", "pk")
    found = [*(Place(False, *one) for one in clients), *(Place(True, *one) for one in still_open)]
    return {one.pk: one for one in found}


def _look_up(arms: Iterable[tuple[str, str]], keys: Collection[Key], **more: int) -> list[Any]:
    """Run those arms of a UNION (the kind of key, SQL) whose kind is wanted, as one statement."""
    wanted: dict[str, list[str]] = defaultdict(list)
    for kind, key in keys:
        wanted[kind].append(key)
    queries = [sql for kind, sql in arms if kind in wanted]
    if not queries:
        return []
    texts = {kind: json.dumps(keys) for kind, keys in wanted.items()}  # a list costs psycopg more than the query
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(queries), {**texts, **more, "msp": current_msp_id()})
        found: list[Any] = cursor.fetchall()
    return found
