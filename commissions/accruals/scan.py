"""Which contracts need a month computed, and everything the engine is to be told about them.

One query per page of contracts. It hashes what the engine would be given and leaves out every contract whose
newest pool for the month carries the same hash, so that a rerun of an unchanged month reads and writes nothing more.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any, Final, NamedTuple
from uuid import UUID

from django.db import connection

from commissions.models import PlanVersion
from elinkages.kernel.tenancy import current_msp_id


class Due(NamedTuple):
    """A contract whose month is to be computed. `seq` is the number of its newest pool of the month, 0 for none."""

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


class Revised(NamedTuple):
    """A contract that changed since it was last computed, and the first month that it could earn in."""

    contract_id: UUID
    revision: int
    first_month: date


def revised(*, size: int) -> list[Revised]:
    """Up to `size` contracts whose newest revision has not been computed, oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(_REVISED, [current_msp_id(), size])
        return [Revised(*row) for row in cursor.fetchall()]


def mark_computed(contracts: Sequence[Revised]) -> None:
    """Note the revisions that were computed; a change made meanwhile keeps its contract due."""
    with connection.cursor() as cursor:
        cursor.execute(
            _MARK, [[row.contract_id for row in contracts], [row.revision for row in contracts], current_msp_id()]
        )


def first_open_month() -> date | None:
    """The month from which every contract is scanned: the newest one that has pools, else the first that could earn.

    Earlier months are complete, except for contracts that were revised since.
    """
    with connection.cursor() as cursor:
        cursor.execute(_FIRST_OPEN, {"msp": current_msp_id()})
        found: date | None = cursor.fetchone()[0]
        return found


def pays_at_once() -> bool:
    """Whether any plan pays on the day of its trigger instead of after the month."""
    return PlanVersion.objects.filter(terms__kind__in=["flat", "mrr_multiple", "combined"]).exists()


def _page(month: date, after: UUID | None, size: int, extra: dict[str, Any]) -> Found:
    """Find where the page ends first: with its bounds written into the query, every table is read by range."""
    first: dict[str, Any] = {"msp": current_msp_id(), "after": after or UUID(int=0), "size": size}
    with connection.cursor() as cursor:
        cursor.execute(_BOUNDS, first)
        names = [column.name for column in cursor.description or ()]
        bounds = dict(zip(names, cursor.fetchone() or (), strict=True))
    if not bounds["count"]:
        return Found([], None)
    due = _read(_SCAN_PAGE, month, {**first, **bounds, **extra})
    return Found(due, bounds["last"] if bounds["count"] == size else None)


def _read(query: str, month: date, params: dict[str, Any]) -> list[Due]:
    with connection.cursor() as cursor:
        cursor.execute(query, {"msp": current_msp_id(), "month": month, **params})
        return [Due._make((*row[:-1], row[-1] or 0)) for row in cursor.fetchall()]


# Candidates: running in the month, owed, and not past what the plan could pay. A one-time reward may be earned
# before service starts: a deal won in February, an invoice paid ahead. A pause may prolong the term, so a contract
# with one is never left out; the engine decides.
_EARNS: Final = """
    CASE version.terms ->> 'kind'
        WHEN 'none' THEN false
        WHEN 'flat' THEN date_trunc('month', trigger.day)::date = %(month)s
        WHEN 'mrr_multiple' THEN date_trunc('month', trigger.day)::date = %(month)s
        WHEN 'combined' THEN trigger.day IS NOT NULL
        ELSE NOT %(once_only)s AND trigger.day IS NOT NULL AND (
            version.terms ->> 'months' IS NULL
            OR %(month)s <= trigger.day + make_interval(months => (version.terms ->> 'months')::int)
            OR 'pause' = ANY(moves.kinds))
    END"""

_BOUNDS: Final = """
WITH page AS MATERIALIZED (
    SELECT c.id, c.client_id, client.referral_id FROM referrals_contract c
        JOIN referrals_client client ON client.msp_id = %(msp)s AND client.id = c.client_id
    WHERE c.msp_id = %(msp)s AND c.id > %(after)s ORDER BY c.id LIMIT %(size)s)
SELECT count(*) AS count,
    (SELECT id FROM page ORDER BY id DESC LIMIT 1) AS last,
    (SELECT client_id FROM page ORDER BY client_id LIMIT 1) AS first_client,
    (SELECT client_id FROM page ORDER BY client_id DESC LIMIT 1) AS last_client,
    (SELECT referral_id FROM page ORDER BY referral_id LIMIT 1) AS first_referral,
    (SELECT referral_id FROM page ORDER BY referral_id DESC NULLS LAST LIMIT 1) AS last_referral
FROM page
"""


class _Rows(NamedTuple):
    """How a query names the rows of its contracts: conditions on a contract's, a client's and a referral's id."""

    contract: str
    client: str
    referral: str


_IN_PAGE: Final = _Rows(
    "{} > %(after)s AND {} <= %(last)s",
    "{} BETWEEN %(first_client)s AND %(last_client)s",
    "{} BETWEEN %(first_referral)s AND %(last_referral)s",
)
_GIVEN: Final = _Rows("{} = ANY(%(contracts)s)", "true", "true")


def _scan(rows: _Rows) -> str:
    """The query over the contracts that `rows` names."""

    def of(column: str, condition: str = rows.contract) -> str:
        return condition.replace("{}", column)

    return f"""
WITH bounds AS (SELECT %(month)s::date AS first, (%(month)s::date + interval '1 month')::date AS next),
page AS MATERIALIZED (
    SELECT c.* FROM referrals_contract c WHERE c.msp_id = %(msp)s AND {of("c.id")}),
moves AS (
    SELECT m.contract_id, array_agg(m.effective_on ORDER BY m.effective_on, m.id) AS days,
        array_agg(m.mrr_minor ORDER BY m.effective_on, m.id) AS levels,
        array_agg(m.kind::text ORDER BY m.effective_on, m.id) AS kinds
    FROM page JOIN referrals_mrrmovement m ON m.msp_id = %(msp)s AND m.contract_id = page.id, bounds
    WHERE {of("m.contract_id")} AND m.effective_on < bounds.next GROUP BY m.contract_id),
shares AS (
    SELECT page.id AS contract_id, array_agg(credit.partner_id ORDER BY credit.partner_id) AS partners,
        array_agg(credit.basis_points ORDER BY credit.partner_id) AS points
    FROM page JOIN referrals_client client ON client.msp_id = %(msp)s AND client.id = page.client_id
        JOIN referrals_credit credit ON credit.msp_id = %(msp)s AND credit.referral_id = client.referral_id
    WHERE {of("client.id", rows.client)} AND {of("credit.referral_id", rows.referral)}
    GROUP BY page.id),
last AS (
    SELECT DISTINCT ON (pool.contract_id) pool.contract_id, pool.seq, pool.input_sha256
    FROM page JOIN commissions_pool pool ON pool.msp_id = %(msp)s AND pool.contract_id = page.id
    WHERE {of("pool.contract_id")} AND pool.earning_month = %(month)s
    ORDER BY pool.contract_id, pool.seq DESC, pool.component),
input AS (
    SELECT page.id, page.currency, page.starts_on, page.ends_on, page.first_paid_on, page.owed_from, pin.won_on,
        version.id AS version_id, moves.days, moves.levels, moves.kinds, shares.partners, shares.points,
        sha256(convert_to(concat_ws('|', coalesce(version.terms_sha256, '-'), page.currency, page.starts_on,
            coalesce(page.ends_on::text, '-'), coalesce(page.first_paid_on::text, '-'), page.owed_from, pin.won_on,
            moves.days::text, moves.levels::text, moves.kinds::text, shares.partners::text, shares.points::text
        ), 'UTF8')) AS hash, last.seq, last.input_sha256 AS old_hash
    FROM page
        CROSS JOIN bounds
        JOIN commissions_pin pin ON pin.msp_id = %(msp)s AND pin.contract_id = page.id AND {of("pin.contract_id")}
        JOIN commissions_planversion pinned ON pinned.msp_id = %(msp)s AND pinned.id = pin.plan_version_id
        JOIN commissions_plan plan ON plan.msp_id = %(msp)s AND plan.id = pinned.plan_id
        LEFT JOIN commissions_planversion floating ON plan.versioning = 'floating' AND floating.msp_id = %(msp)s
            AND floating.plan_id = plan.id AND floating.valid_from <= greatest(bounds.first, pin.won_on)
            AND (floating.valid_until IS NULL OR greatest(bounds.first, pin.won_on) < floating.valid_until)
        LEFT JOIN commissions_planversion version ON version.msp_id = %(msp)s
            AND version.id = CASE plan.versioning WHEN 'floating' THEN floating.id ELSE pinned.id END
        LEFT JOIN moves ON moves.contract_id = page.id
        LEFT JOIN shares ON shares.contract_id = page.id
        LEFT JOIN last ON last.contract_id = page.id
        CROSS JOIN LATERAL (SELECT CASE version.terms ->> 'trigger' WHEN 'won' THEN pin.won_on
            WHEN 'service_start' THEN page.starts_on ELSE page.first_paid_on END AS day) trigger
    WHERE last.seq IS NOT NULL OR (
        shares.partners IS NOT NULL
        AND (version.terms ->> 'kind' IN ('flat', 'mrr_multiple')
            OR page.starts_on < bounds.next AND page.owed_from < bounds.next
            AND (page.ends_on IS NULL OR page.ends_on > bounds.first))
        AND {_EARNS}))
SELECT input.id, input.currency, input.starts_on, input.ends_on, input.first_paid_on, input.owed_from, input.won_on,
    input.version_id, coalesce(input.days, '{{}}'), coalesce(input.levels, '{{}}'), coalesce(input.kinds, '{{}}'),
    coalesce(input.partners, '{{}}'), coalesce(input.points, '{{}}'), input.hash, input.seq
FROM input WHERE %(all)s OR input.old_hash IS DISTINCT FROM input.hash ORDER BY input.id
"""


_SCAN_PAGE: Final = _scan(_IN_PAGE)
_SCAN_GIVEN: Final = _scan(_GIVEN)

_REVISED: Final = """
SELECT c.id, c.revision, date_trunc('month', least(c.starts_on, pin.won_on, c.first_paid_on,
    (SELECT min(pool.earning_month) FROM commissions_pool pool WHERE pool.msp_id = c.msp_id AND pool.contract_id = c.id)
    ))::date
FROM referrals_contract c
    JOIN commissions_pin pin ON pin.msp_id = c.msp_id AND pin.contract_id = c.id
WHERE c.msp_id = %s AND c.revision <> c.accrued_revision ORDER BY c.id LIMIT %s FOR UPDATE OF c
"""

_MARK: Final = """
UPDATE referrals_contract c SET accrued_revision = seen.revision
FROM unnest(%s::uuid[], %s::int[]) AS seen (id, revision)
WHERE c.msp_id = %s AND c.id = seen.id AND c.revision = seen.revision
"""

_FIRST_OPEN: Final = """
SELECT coalesce(
    (SELECT max(earning_month) FROM commissions_pool WHERE msp_id = %(msp)s),
    (SELECT date_trunc('month', min(least(starts_on, first_paid_on, owed_from)))::date
     FROM referrals_contract WHERE msp_id = %(msp)s))
"""
