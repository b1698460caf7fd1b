"""Which contracts need a month computed, and everything the engine is to be told about them.

One query per page of contracts. It hashes what the engine would be given and leaves out every contract whose
newest pool for the month carries the same hash, so that a rerun of an unchanged month reads and writes nothing more.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any, Final, NamedTuple
from uuid import UUID

from django.db import connection

from elinkages.kernel.tenancy import current_msp_id


class Due(NamedTuple):
    """A contract whose month is to be computed. `seq` is the number of its newest pool of the month, 0 for none.

    Under tiers, or under a cap of the year, the hash is only of what is the contract's own; `caps.place` adds where it
    stands and what it is lowered to.
    """

    contract_id: UUID
    currency: str
    starts_on: date
    ends_on: date | None
    first_paid_on: date | None
    owed_from: date
    won_on: date
    version_id: UUID | None
    moved_on: Sequence[date]
    mrr_minor: Sequence[int]
    move_kinds: Sequence[str]
    partner_ids: Sequence[UUID]
    shares: Sequence[int]
    input_sha256: bytes
    seq: int
    old_sha256: bytes | None = None
    is_tiered: bool = False
    plan_id: UUID | None = None
    is_capped: bool = False

    @property
    def is_changed(self) -> bool:
        """Whether the newest pool was computed from something else."""
        return self.old_sha256 is None or bytes(self.old_sha256) != bytes(self.input_sha256)


class Found(NamedTuple):
    """What one page of contracts gave, and where the next page begins (None after the last)."""

    due: list[Due]
    cursor: UUID | None


def scan(month: date, *, after: UUID | None, size: int, once_only: bool = False) -> Found:
    """The next `size` contracts after `after` that could earn in `month`, as far as they need computing.

    `once_only` leaves monthly rewards out: their month is not over yet.
    """
    return _page(month, after, size, {"once_only": once_only, "all": False})


def scan_all(month: date, *, after: UUID | None, size: int, once_only: bool = False) -> Found:
    """The same whether or not anything changed: for proving that nothing has."""
    return _page(month, after, size, {"once_only": once_only, "all": True})


def scan_contracts(month: date, contract_ids: Sequence[UUID], *, once_only: bool = False) -> list[Due]:
    """The same for given contracts, also for months in which they could no longer earn but did before."""
    if not contract_ids:
        return []
    wanted = {"contracts": list(contract_ids), "once_only": once_only, "all": False}
    return _read(_SCAN_GIVEN, month, wanted)


def scan_contracts_all(month: date, contract_ids: Sequence[UUID], *, once_only: bool = False) -> list[Due]:
    """The same whether or not anything changed."""
    return _read(_SCAN_GIVEN, month, {"contracts": list(contract_ids), "once_only": once_only, "all": True})


def _page(month: date, after: UUID | None, size: int, extra: dict[str, Any]) -> Found:
    """Find where the page ends first: with its bounds written into the query, every table is read by range."""
    first: dict[str, Any] = {"msp": current_msp_id(), "after": after or UUID(int=0), "size": size}
    with connection.cursor() as cursor:
        cursor.execute(_BOUNDS, first)
        names = [column.name for column in cursor.description or ()]
        bounds = dict(zip(names, cursor.fetchone() or (), strict=True))
    if not bounds["count"]:
        return Found([], None)
    due = _read(_SCAN_BILLED_PAGE if bounds["is_billed"] else _SCAN_PAGE, month, {**first, **bounds, **extra})
    return Found(due, bounds["last"] if bounds["count"] == size else None)


def _read(query: str, month: date, params: dict[str, Any]) -> list[Due]:
    with connection.cursor() as cursor:
        cursor.execute(query, {"msp": current_msp_id(), "month": month, **params})
        return [Due(*row) for row in cursor.fetchall()]


_BOUNDS: Final = """
SELECT count(*) AS count, (array_agg(page.id ORDER BY page.id DESC))[1] AS last,
    EXISTS (SELECT FROM commissions_planversion version WHERE version.msp_id = %(msp)s
        AND jsonb_path_exists(version.terms, '$.**.base ? (@ == "collected")')) AS is_billed
FROM (
    SELECT c.id FROM referrals_contract c WHERE c.msp_id = %(msp)s AND c.id > %(after)s
    ORDER BY c.id LIMIT %(size)s) page
"""
"""Where a page of contracts ends, and whether any plan of the MSP asks for billing documents."""

_IN_PAGE: Final = "c.id > %(after)s AND c.id <= %(last)s"
_GIVEN: Final = "c.id = ANY(%(contracts)s)"

CAPPED: Final = "jsonb_path_exists(version.terms, '$.**.cap_year_minor ? (@ > 0)')"
"""Whether a version bounds what a partner earns in a year, alone or in one of its parts."""

_VERSIONS: Final = f"""
    SELECT version.id, version.plan_id, plan.versioning, version.valid_from, version.valid_until, version.is_for_all,
        version.terms_sha256, version.terms ->> 'kind' AS kind, version.terms ->> 'trigger' AS trigger,
        version.terms ->> 'base' AS base,
        version.terms @> '{{"base": "collected"}}' OR version.terms @> '{{"parts": [{{"base": "collected"}}]}}'
            AS is_billed,
        version.terms @> '{{"kind": "tiered"}}' OR version.terms @> '{{"parts": [{{"kind": "tiered"}}]}}' AS is_tiered,
        {CAPPED} AS is_capped, parts.is_monthly, CASE WHEN NOT parts.is_for_life THEN parts.months END AS months
    FROM commissions_planversion version
        JOIN commissions_plan plan ON plan.msp_id = %(msp)s AND plan.id = version.plan_id
        CROSS JOIN LATERAL (
            SELECT max((part ->> 'months')::int) AS months,
                coalesce(bool_or(part ->> 'kind' IN ('percent', 'tiered')), false) AS is_monthly,
                coalesce(bool_or(part ->> 'kind' IN ('percent', 'tiered') AND part ->> 'months' IS NULL), false)
                    AS is_for_life
            FROM jsonb_array_elements(coalesce(version.terms -> 'parts', jsonb_build_array(version.terms))) part) parts
    WHERE version.msp_id = %(msp)s"""
"""The versions of all plans, with what decides who could earn taken out of their terms."""

_PAGE: Final = """
    SELECT c.*, pin.won_on, client.referral_id, pinned.id AS pinned_id, pinned.plan_id, pinned.versioning
    FROM referrals_contract c
        JOIN commissions_pin pin ON pin.msp_id = %(msp)s AND pin.contract_id = c.id
        JOIN versions pinned ON pinned.id = pin.plan_version_id
        JOIN referrals_client client ON client.msp_id = %(msp)s AND client.id = c.client_id
    WHERE c.msp_id = %(msp)s"""
"""The contracts, each with its deal and the version that it was won under."""

_FOLLOWED: Final = """
    SELECT DISTINCT ON (pinned.id) pinned.id AS pinned_id, version.id
    FROM versions pinned JOIN versions version ON version.plan_id = pinned.plan_id AND version.is_for_all
        AND version.valid_from > pinned.valid_from AND version.valid_from <= %(month)s
    ORDER BY pinned.id, version.valid_from DESC"""
"""For each version the newest later one that was published for all deals, if there is one by the month."""

_VERSION_OF_PAGE: Final = """
        LEFT JOIN followed ON followed.pinned_id = page.pinned_id
        LEFT JOIN versions floating ON page.versioning = 'floating'
            AND floating.plan_id = page.plan_id AND floating.valid_from <= greatest(bounds.first, page.won_on)
            AND (floating.valid_until IS NULL OR greatest(bounds.first, page.won_on) < floating.valid_until)
        LEFT JOIN versions version
            ON version.id = CASE page.versioning WHEN 'floating' THEN floating.id
                ELSE coalesce(followed.id, page.pinned_id) END"""
"""The version that decides about a contract in the month; none in a gap of a floating plan."""

_MOVES: Final = """
            SELECT array_agg(m.effective_on ORDER BY m.effective_on, m.id) AS days,
                array_agg(m.mrr_minor ORDER BY m.effective_on, m.id) AS levels,
                array_agg(m.kind::text ORDER BY m.effective_on, m.id) AS kinds
            FROM referrals_mrrmovement m
            WHERE m.msp_id = %(msp)s AND m.contract_id = page.id AND m.effective_on < bounds.next"""
"""The MRR of a contract, from its beginning to the end of the month."""

_SHARES: Final = """
            SELECT array_agg(credit.partner_id ORDER BY credit.partner_id) AS partners,
                array_agg(credit.basis_points ORDER BY credit.partner_id) AS points
            FROM referrals_credit credit
            WHERE credit.msp_id = %(msp)s AND credit.referral_id = page.referral_id"""
"""Whose the deal is."""

_NEWEST_POOL: Final = """
            SELECT pool.seq, pool.input_sha256 FROM commissions_pool pool
            WHERE pool.msp_id = %(msp)s AND pool.earning_month = %(month)s AND pool.contract_id = page.id
            ORDER BY pool.seq DESC, pool.component LIMIT 1"""
"""What was computed last for the contract and the month."""

_TRIGGER: Final = """
            SELECT CASE
                WHEN version.kind = 'combined' THEN greatest(page.starts_on, page.won_on, page.first_paid_on)
                WHEN version.trigger = 'won' THEN page.won_on WHEN version.trigger = 'service_start' THEN page.starts_on
                ELSE page.first_paid_on END AS day"""
"""The day on which a deal begins to earn; of a combined reward, the last on which one of its parts does."""

_DOCUMENTS: Final = """
            SELECT fact.id, fact.content_sha256, coalesce(line.service_from, fact.service_from, fact.dated_on) AS first,
                coalesce(line.service_until, fact.service_until, fact.dated_on) AS last
            FROM commissions_billingline line JOIN commissions_billingfact fact ON fact.msp_id = %(msp)s
                AND fact.id = line.fact_id AND fact.kind = 'invoice' AND fact.is_current AND NOT fact.is_void
            WHERE line.msp_id = %(msp)s AND line.contract_id = page.id
            UNION SELECT event.id, event.content_sha256, NULL, NULL
            FROM commissions_billingline line JOIN commissions_billingfact fact ON fact.msp_id = %(msp)s
                AND fact.id = line.fact_id AND fact.kind = 'invoice' AND fact.is_current AND NOT fact.is_void
                JOIN commissions_billingapplication application ON application.msp_id = %(msp)s
                    AND application.source = fact.source AND application.invoice_external_id = fact.external_id
                JOIN commissions_billingfact event ON event.msp_id = %(msp)s AND event.id = application.fact_id
                    AND event.is_current AND NOT event.is_void
            WHERE line.msp_id = %(msp)s AND line.contract_id = page.id"""
"""Every document that says something of the contract `page`, once per period that it bills."""

_BILLED: Final = f"""
            SELECT string_agg(encode(said.content_sha256, 'hex'), ',' ORDER BY said.id) AS content,
                date_trunc('month', min(said.first))::date AS first, max(said.last) AS last
            FROM ({_DOCUMENTS}) said WHERE version.is_billed"""
_UNBILLED: Final = "SELECT NULL::text AS content, NULL::date AS first, NULL::date AS last"
"""Where no plan asks for documents, planning to look for them is a third of what a small MSP costs."""

_HASH: Final = """
        sha256(convert_to(concat_ws('|', coalesce(version.terms_sha256, '-'), page.currency, page.starts_on,
            coalesce(page.ends_on::text, '-'), coalesce(page.first_paid_on::text, '-'), page.owed_from, page.won_on,
            moves.days::text, moves.levels::text, moves.kinds::text, shares.partners::text, shares.points::text,
            CASE WHEN version.is_billed THEN billed.content END,
            CASE WHEN version.kind = 'combined' THEN %(once_only)s::text END
        ), 'UTF8'))"""
"""What the engine would be given."""

# Candidates: running in the month, owed, and not past what the plan could pay. A one-time reward may be earned
# before service starts: a deal won in February, an invoice paid ahead. A pause may prolong the term, so a contract
# with one is never left out; the engine decides. Collected revenue can earn in the months that were billed.
_BILLED_MONTH: Final = "billed.first <= bounds.first AND bounds.first <= billed.last"
_TRIGGERED: Final = "date_trunc('month', trigger.day)::date = %(month)s"
_RUNS: Final = """page.starts_on < bounds.next AND page.owed_from < bounds.next
            AND (page.ends_on IS NULL OR page.ends_on > bounds.first)"""
_IN_TERM: Final = """(version.months IS NULL
                OR %(month)s <= trigger.day + make_interval(months => version.months)
                OR 'pause' = ANY(moves.kinds))"""
_EARNS: Final = f"""
    CASE
        WHEN version.kind = 'none' THEN false
        WHEN version.kind IN ('flat', 'mrr_multiple') THEN {_TRIGGERED}
        WHEN version.kind = 'combined' THEN {_BILLED_MONTH}
            OR %(month)s IN (date_trunc('month', page.won_on)::date, date_trunc('month', page.starts_on)::date,
                date_trunc('month', page.first_paid_on)::date)
            OR NOT %(once_only)s AND version.is_monthly AND {_RUNS} AND {_IN_TERM}
        WHEN version.base = 'collected' THEN {_BILLED_MONTH}
        ELSE NOT %(once_only)s AND trigger.day IS NOT NULL AND {_RUNS} AND {_IN_TERM}
    END"""


def _scan(contracts: str, billed: str = _BILLED) -> str:
    """The query over the contracts of a condition.

    What belongs to a contract is looked up for each one by its key (LATERAL). Joined as sets, one wrong guess of the
    planner, who knows all MSPs together, would compare every contract of the page with every other.
    """
    return f"""
WITH bounds AS (SELECT %(month)s::date AS first, (%(month)s::date + interval '1 month')::date AS next),
versions AS MATERIALIZED ({_VERSIONS}),
page AS MATERIALIZED ({_PAGE} AND {contracts}),
followed AS ({_FOLLOWED}),
input AS (
    SELECT page.id, page.currency, page.starts_on, page.ends_on, page.first_paid_on, page.owed_from, page.won_on,
        version.id AS version_id, moves.days, moves.levels, moves.kinds, shares.partners, shares.points,
        {_HASH} AS hash, newest.seq, newest.input_sha256 AS old_hash, page.plan_id,
        coalesce(version.is_tiered, false) AS is_tiered, coalesce(version.is_capped, false) AS is_capped
    FROM page
        CROSS JOIN bounds
        {_VERSION_OF_PAGE}
        CROSS JOIN LATERAL ({_MOVES}) moves
        CROSS JOIN LATERAL ({_SHARES}) shares
        LEFT JOIN LATERAL ({_NEWEST_POOL}) newest ON true
        LEFT JOIN LATERAL ({billed}) billed ON version.is_billed
        CROSS JOIN LATERAL ({_TRIGGER}) trigger
    WHERE newest.seq IS NOT NULL OR (shares.partners IS NOT NULL AND {_EARNS})
    OFFSET 0)  -- or the hash would be computed twice, to be compared and to be told
SELECT input.id, input.currency, input.starts_on, input.ends_on, input.first_paid_on, input.owed_from, input.won_on,
    input.version_id, coalesce(input.days, '{{}}'), coalesce(input.levels, '{{}}'), coalesce(input.kinds, '{{}}'),
    coalesce(input.partners, '{{}}'), coalesce(input.points, '{{}}'), input.hash, coalesce(input.seq, 0),
    input.old_hash, input.is_tiered, input.plan_id, input.is_capped
FROM input WHERE %(all)s OR input.is_tiered OR input.is_capped OR input.old_hash IS DISTINCT FROM input.hash
ORDER BY input.id
"""


_SCAN_PAGE: Final = _scan(_IN_PAGE, _UNBILLED)
_SCAN_BILLED_PAGE: Final = _scan(_IN_PAGE)
_SCAN_GIVEN: Final = _scan(_GIVEN)
