"""The ledger: the only writer of journals and postings (docs/algorithms/ledger.md).

A posting moves `minor` units from its credit to its debit account, so that every batch sums to zero by
construction. A batch is closed by its journal, which carries the hash of all that went before.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from django.db import connection

from commissions.models import Account, Journal
from elinkages.kernel import locks
from elinkages.kernel.actors import Actor
from elinkages.kernel.copy import Ids, fresh_ids
from elinkages.kernel.refusal import Refused
from elinkages.kernel.tenancy import current_msp_id

BATCH: Final = 1_000
"""Postings of one journal, about: large enough for one hash to be cheap, small enough to show on a page."""

GENESIS: Final = bytes(32)
"""What the first journal of an MSP follows."""

LINES: Final = """string_agg(concat_ws(':', p.debit, p.credit, p.minor, p.currency, p.partner_id,
    coalesce(p.entry_id::text, '-'), coalesce(p.payout_id::text, '-')), ',' ORDER BY p.id)"""
"""What the postings `p` of one journal say, in the order in which they were written."""

HASHED: Final = """sha256(%(prev)s || convert_to(concat_ws('|', %(msp)s, %(seq)s, %(source)s, %(kind)s,
    to_char(%(effective)s, 'YYYY-MM-DD'), %(count)s, %(lines)s), 'UTF8'))"""
"""The hash of a journal. Writer and checker fill in their own names for the parts, and nothing else."""


class AlreadyPosted(Refused):
    """The source has been posted before; nothing was written."""


@dataclass(frozen=True, slots=True)
class Line:
    """One posting to be: `minor` from `credit` to `debit`, for an entry or for a payout of a partner."""

    debit: Account
    credit: Account
    minor: int
    currency: str
    partner_id: UUID
    entry_id: UUID | None = None
    payout_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Balance:
    """What a partner has where, in minor units; what is owed is positive."""

    accrued: int = 0
    payable: int = 0
    in_transit: int = 0
    paid: int = 0
    credit: int = 0


def lock_entries() -> None:
    """Be the only one who moves the MSP's entries, until the transaction ends; before `lock`, where both are needed.

    An entry is never voided by an accrual and taken into a payout at the same time, and of two accruals the second
    finds the first one's work done.
    """
    locks.hold("entries")


def lock() -> None:
    """Be the MSP's only journal writer until the transaction ends: that makes `seq` gap-free."""
    locks.hold("journal")


def post(*, source: str, kind: str, lines: Sequence[Line], effective_on: date, by: Actor, at: datetime) -> Journal:
    """Write one batch and close it. `source` says what it is for, and can be posted once per MSP.

    Raises AlreadyPosted for a known source, ValueError without lines.
    """
    header = Header(source, kind, effective_on, by.actor_name[:200], at)
    return Journal.objects.get(pk=post_lines(header, lines))


@dataclass(frozen=True, slots=True)
class Header:
    """What a journal says about its postings."""

    source: str
    kind: str
    effective_on: date
    by_name: str
    at: datetime


def post_lines(header: Header, lines: Sequence[Line]) -> UUID:
    """Write lines as one batch and close it; returns the journal's id. Raises as `post` does."""
    if not lines:
        raise ValueError("A journal needs at least one line.")
    return post_selected(header, _LINES, _columns(lines))


def post_selected(header: Header, query: str, params: Mapping[str, Any], ids: Ids | None = None) -> UUID:
    """Write the rows of `query` as one batch and close it; returns the journal's id.

    `query` is ours, never a person's, and gives (debit, credit, minor, currency, partner_id, entry_id, payout_id) in
    the order in which they are to stand; `ids` are for them. Raises AlreadyPosted for a known source.
    """
    lock()
    ids = ids or fresh_ids()
    named: dict[str, Any] = {
        "msp": current_msp_id(),
        "ids_prefix": ids.prefix,
        "ids_start": ids.start,
        "genesis": GENESIS,
        "source": header.source,
        "kind": header.kind,
        "effective": header.effective_on,
        "at": header.at,
        "by": header.by_name,
    }
    with connection.cursor() as cursor:
        cursor.execute(_POST.replace("{query}", query), {**named, **params})
        found: tuple[UUID] | None = cursor.fetchone()
    if found is None:
        raise AlreadyPosted(f"{header.source} is already in the books.")
    return found[0]


def balances(partner_ids: Sequence[UUID] | None = None) -> dict[UUID, Balance]:
    """What each partner has where: sums over postings, never a stored balance."""
    with connection.cursor() as cursor:
        cursor.execute(
            _BALANCES, {"msp": current_msp_id(), "all": partner_ids is None, "partners": list(partner_ids or [])}
        )
        return {partner_id: Balance(*amounts) for partner_id, *amounts in cursor.fetchall()}


def _columns(lines: Sequence[Line]) -> dict[str, list[Any]]:
    return {
        "debits": [str(line.debit) for line in lines],
        "credits": [str(line.credit) for line in lines],
        "minors": [line.minor for line in lines],
        "currencies": [line.currency for line in lines],
        "partners": [line.partner_id for line in lines],
        "entries": [line.entry_id for line in lines],
        "payouts": [line.payout_id for line in lines],
    }


_LINES: Final = """
SELECT * FROM unnest(%(debits)s::text[], %(credits)s::text[], %(minors)s::bigint[], %(currencies)s::text[],
    %(partners)s::uuid[], %(entries)s::uuid[], %(payouts)s::uuid[])
"""

_HASH: Final = HASHED % {
    "prev": "last.hash",
    "msp": "%(msp)s::uuid",
    "seq": "last.seq + 1",
    "source": "%(source)s::text",
    "kind": "%(kind)s::text",
    "effective": "%(effective)s::date",
    "count": "body.count",
    "lines": "body.lines",
}

# One statement for the journal and its postings, so that neither is ever there without the other; none for a known
# source.
_POST: Final = f"""
WITH p AS MATERIALIZED (
    SELECT (%(ids_prefix)s || to_hex(%(ids_start)s + row_number() OVER ()))::uuid AS id, line.*
    FROM ({{query}}) line (debit, credit, minor, currency, partner_id, entry_id, payout_id)),
body AS (SELECT count(*) AS count, {LINES} AS lines FROM p),
last AS (
    (SELECT seq, hash FROM commissions_journal WHERE msp_id = %(msp)s ORDER BY seq DESC LIMIT 1)
    UNION ALL SELECT 0, %(genesis)s ORDER BY seq DESC LIMIT 1),
journal AS (
    INSERT INTO commissions_journal
        (msp_id, seq, source, kind, effective_on, posted_at, posted_by_name, postings_count, prev_hash, hash)
    SELECT %(msp)s, last.seq + 1, %(source)s, %(kind)s, %(effective)s, %(at)s, %(by)s, body.count, last.hash, {_HASH}
    FROM body, last
    WHERE NOT EXISTS (SELECT FROM commissions_journal WHERE msp_id = %(msp)s AND source = %(source)s)
    RETURNING id),
posted AS (
    INSERT INTO commissions_posting
        (id, msp_id, journal_id, debit, credit, minor, currency, partner_id, entry_id, payout_id)
    SELECT p.id, %(msp)s, journal.id, p.debit, p.credit, p.minor, p.currency, p.partner_id, p.entry_id, p.payout_id
    FROM p, journal ORDER BY p.id)
SELECT id FROM journal
"""

_BALANCES: Final = """
WITH legs AS (
    SELECT partner_id, debit AS account, -minor AS minor FROM commissions_posting
        WHERE msp_id = %(msp)s AND (%(all)s OR partner_id = ANY(%(partners)s::uuid[]))
    UNION ALL
    SELECT partner_id, credit, minor FROM commissions_posting
        WHERE msp_id = %(msp)s AND (%(all)s OR partner_id = ANY(%(partners)s::uuid[]))
)
SELECT partner_id,
    coalesce(sum(minor) FILTER (WHERE account = 'accrued'), 0)::bigint,
    coalesce(sum(minor) FILTER (WHERE account = 'payable'), 0)::bigint,
    coalesce(sum(minor) FILTER (WHERE account = 'in_transit'), 0)::bigint,
    coalesce(sum(minor) FILTER (WHERE account = 'cash'), 0)::bigint,
    coalesce(sum(minor) FILTER (WHERE account = 'credit'), 0)::bigint
FROM legs GROUP BY partner_id
"""
