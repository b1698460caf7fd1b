"""The invoices of contracts with all that happened to them, as the engine wants them."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, Final
from uuid import UUID

from django.db import connection

from commissions.engine import Billed, Deal, Event, Exchange, Invoice, receipts
from commissions.terms import Recurring, Single, Tiered
from elinkages.kernel.tenancy import current_msp_id

type Invoices = dict[UUID, list[Invoice]]


def needs_invoices(terms: Single) -> bool:
    """Whether a reward depends on what was collected."""
    return isinstance(terms, Recurring) and (
        terms.base == "collected" or (isinstance(terms, Tiered) and terms.tier_base == "collected")
    )


def with_receipts(deal: Deal, terms: Recurring, contract_id: UUID, invoices: Iterable[Invoice]) -> Deal:
    """The deal with what was collected of the lines that count under these terms.

    A contract that was paid before the invoices that are known here keeps the first of its months.
    """
    only, without = ({line_id for line_id, _ in lines} for lines in (terms.only_lines, terms.except_lines))

    def counts(line: Billed) -> bool:
        return (
            line.kind in terms.counts and (not only or line.service_line in only) and line.service_line not in without
        )

    found = receipts(list(invoices), contract_id, counts, deal.currency)
    first_paid = min((one.paid_on for one in found if one.eligible_minor > 0), default=None)
    is_older = first_paid is not None and deal.first_paid_on is not None and deal.first_paid_on < first_paid
    return deal._replace(receipts=found, first_invoice_on=deal.first_paid_on if is_older else None)


def load(contract_ids: Sequence[UUID]) -> Invoices:
    """The invoices that bill these contracts, by contract, with every line and event; three queries."""
    if not contract_ids:
        return {}
    params = {"msp": current_msp_id(), "contracts": list(contract_ids)}
    lines: dict[UUID, list[Billed]] = defaultdict(list)
    exchanges: dict[UUID, Exchange | None] = {}
    for fact_id, currency, rate, *line in _rows(_LINES, params):
        lines[fact_id].append(_billed(*line))
        exchanges[fact_id] = Exchange(currency, rate) if rate else None
    taken: dict[UUID, list[tuple[Any, ...]]] = defaultdict(list)
    for fact_id, *line, _position in _rows(_CREDITED, params):
        taken[fact_id].append(tuple(line))
    events: dict[UUID, list[Event]] = defaultdict(list)
    for invoice_id, fact_id, on, kind, key, minor in _rows(_EVENTS, params):
        said = tuple(_credited(lines[invoice_id], *line) for line in taken.get(fact_id, ()))
        events[invoice_id].append(Event(on, kind, key, minor, said))
    wanted = set(contract_ids)
    found: Invoices = defaultdict(list)
    for fact_id, billed in lines.items():
        invoice = Invoice(tuple(billed), tuple(events.get(fact_id, ())), exchanges[fact_id])
        for contract_id in wanted & {line.contract for line in billed}:
            found[contract_id].append(invoice)
    return found


def _billed(contract_id: UUID | None, kind: str, line_id: UUID | None, minor: int, first: date, until: Any) -> Billed:
    return Billed(contract_id, kind, str(line_id or ""), minor, first, until)


def _credited(
    billed: Sequence[Billed], contract_id: UUID | None, kind: str, line_id: UUID | None, minor: int
) -> Billed:
    """A line of a credit note as the line of the invoice that it takes back; alone when there is none."""
    named = str(line_id or "")
    same = [one for one in billed if (one.contract, one.kind, one.service_line) == (contract_id, kind, named)]
    same = same or [one for one in billed if one.kind == kind and not named]
    if same:
        return same[0]._replace(minor=minor)
    return Billed(None, kind, named, minor, date.min)


def _rows(query: str, params: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query, params)
        return list(cursor.fetchall())


_WANTED: Final = """
WITH wanted AS MATERIALIZED (
    SELECT DISTINCT fact.id, fact.source, fact.external_id, fact.dated_on, fact.service_from, fact.service_until,
        fact.currency, fact.rate_millionths
    FROM commissions_billingline line JOIN commissions_billingfact fact ON fact.msp_id = %(msp)s
        AND fact.id = line.fact_id AND fact.kind = 'invoice' AND fact.is_current AND NOT fact.is_void
    WHERE line.msp_id = %(msp)s AND line.contract_id = ANY(%(contracts)s))"""

_HAPPENED: Final = """
    FROM wanted
    JOIN commissions_billingapplication application ON application.msp_id = %(msp)s
        AND application.source = wanted.source AND application.invoice_external_id = wanted.external_id
    JOIN commissions_billingfact fact ON fact.msp_id = %(msp)s AND fact.id = application.fact_id
        AND fact.is_current AND NOT fact.is_void AND fact.currency = wanted.currency"""

_LINES: Final = f"""{_WANTED}
SELECT wanted.id, wanted.currency, wanted.rate_millionths, line.contract_id, line.kind,
    coalesce(line.service_line_id, contract.service_line_id), line.minor,
    coalesce(line.service_from, wanted.service_from, wanted.dated_on),
    CASE WHEN line.service_from IS NULL THEN wanted.service_until ELSE line.service_until END
FROM wanted JOIN commissions_billingline line ON line.msp_id = %(msp)s AND line.fact_id = wanted.id
    LEFT JOIN referrals_contract contract ON contract.msp_id = %(msp)s AND contract.id = line.contract_id
ORDER BY wanted.id, line.position
"""

_EVENTS: Final = f"""{_WANTED}
SELECT wanted.id, fact.id, fact.dated_on, fact.kind, fact.external_id, application.minor {_HAPPENED}
ORDER BY wanted.id, fact.dated_on, fact.kind, fact.external_id
"""

_CREDITED: Final = f"""{_WANTED}
SELECT DISTINCT line.fact_id, line.contract_id, line.kind, coalesce(line.service_line_id, contract.service_line_id),
    line.minor, line.position {_HAPPENED} AND fact.kind = 'credit_note'
    JOIN commissions_billingline line ON line.msp_id = %(msp)s AND line.fact_id = fact.id
    LEFT JOIN referrals_contract contract ON contract.msp_id = %(msp)s AND contract.id = line.contract_id
ORDER BY line.fact_id, line.position
"""
