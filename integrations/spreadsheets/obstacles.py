"""Why rows of an import cannot be taken back: what money, people or other rows have built on them since.

What the rows made and changed is unfolded once into a temporary table, and each question is one statement about all of
it: the page asks about ten thousand rows, the worker about the few that it takes back next (ADR 53).
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet

from commissions.models import BillingFact, Entry, Stage
from elinkages.accounts.models import Membership, Msp
from elinkages.audit.models import AuditEvent
from elinkages.audit.sentences import describe
from elinkages.kernel.tenancy import current_msp_id
from elinkages.kernel.words import say_day
from integrations.models import Import, ImportKind, ImportRow, Undo
from integrations.spreadsheets.rules import importer
from partners.models import Partner
from referrals import retraction
from referrals.models import OPEN_STAGES, Client, Contract, Referral, ServiceLine

PARTNER, REFERRAL, CLIENT = (model._meta.label_lower for model in (Partner, Referral, Client))
CONTRACT, LINE, ENTRY, FACT = (model._meta.label_lower for model in (Contract, ServiceLine, Entry, BillingFact))
NOT_RESTORABLE: Final = {
    "status": "It changed the partner’s status. Change it back on their page.",
    "document": "It changed a document that was here. Bring the document as it was before.",
    "first_paid": "It noted the first payment of a contract that was here. Correct that on the client’s page.",
}
"""What a row may have changed whose way back is a person's to choose."""


class Obstacle(NamedTuple):
    """Why a row stays: a sentence, or what somebody did since, which `reasons` puts into words."""

    sentence: str = ""
    event_id: UUID | None = None


type Obstacles = dict[UUID, Obstacle]
"""Row → why it stays."""


def waiting(batch: Import) -> QuerySet[ImportRow]:
    """Rows that came to something and are not decided about yet."""
    found: QuerySet[ImportRow] = batch.rows.filter(written_at__isnull=False, undo=Undo.NONE)
    return found


def made(row: ImportRow, *labels: str) -> list[UUID]:
    """The ids of what came of a row, of some models or of all."""
    return [UUID(pk) for label in labels or row.made for pk in row.made.get(label, ())]


def obstacles(batch: Import, by: Membership, row_ids: Sequence[UUID] | None = None) -> Obstacles:
    """Which of these rows stay, or of all that wait: money first, then what people did since, then what stands on it.

    A client stays with a contract that stays; it is asked last, because nothing else asks about other rows.
    """
    given = _given(batch, by, row_ids)
    _run(_TABLE)
    _run(_UNFOLD, given)
    if row_ids is None:
        _run("ANALYZE taken_back")  # of few rows nothing needs to be known
    found: Obstacles = {}
    for row_id, obstacle in _in_turn(batch, given):
        found.setdefault(row_id, obstacle)
    for row_id, name in _run(_OTHER_CONTRACT, {**given, "staying": list(found)}):
        found.setdefault(row_id, Obstacle(f"It has another contract, for {name}."))
    return found


def _in_turn(batch: Import, given: Mapping[str, Any]) -> Iterator[tuple[UUID, Obstacle]]:
    """What each question finds; of two answers about a row, the first is told."""
    for row_id, number in _run(_PAID, given):
        yield row_id, Obstacle(f"What was earned with it is in payout {number}.")
    for row_id, reason in _not_restorable(batch, given["rows"]):
        yield row_id, Obstacle(reason)
    for row_id, event_id in _run(_WORKED_ON, given):
        yield row_id, Obstacle(event_id=event_id)
    for (row_id,) in _run(_MOVED, given):
        yield row_id, Obstacle("The MRR of its contract was changed since.")
    for row_id, number in _run(_BILLED, given):
        yield row_id, Obstacle(f"Document {number} bills it. Take that back first.")
    if batch.kind == ImportKind.PARTNERS:
        for row_id, reason in _of_partners(given):
            yield row_id, Obstacle(reason)


def reasons(found: Mapping[UUID, Obstacle]) -> dict[UUID, str]:
    """Row → why it stays, in words."""
    msp = Msp.objects.get(pk=current_msp_id())
    asked = [one.event_id for one in found.values() if one.event_id]
    told: dict[UUID | None, str] = {
        event.pk: f"{describe(event, currency=msp.currency)}, {say_day(msp.today(event.at))}."
        for event in (AuditEvent.objects.filter(pk__any_of=asked) if asked else ())
    }
    return {row_id: one.sentence or told[one.event_id] for row_id, one in found.items()}


def _given(batch: Import, by: Membership, row_ids: Sequence[UUID] | None) -> dict[str, Any]:
    """What the statements are asked with. `subjects`: what people may have worked on; `changed`: what rows changed."""
    is_of_partners = batch.kind == ImportKind.PARTNERS
    return {
        "msp": current_msp_id(),
        "batch": batch.pk,
        "rows": None if row_ids is None else list(row_ids),
        "subjects": [PARTNER] if is_of_partners else [REFERRAL, CLIENT],
        "changed": {ImportKind.PARTNERS: PARTNER, ImportKind.REFERRALS: REFERRAL}.get(ImportKind(batch.kind), ""),
        "importer": importer(batch.started_by).actor_name if batch.started_by else "",
        "finished_at": batch.finished_at,
        "undoer": importer(by).actor_name,
        "undone_at": batch.undone_at,
        **{label.rpartition(".")[2]: label for label in (PARTNER, CLIENT, CONTRACT, ENTRY, FACT)},
    }


def _run(sql: str, given: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, given)
        return cursor.fetchall() if cursor.description else []


def _not_restorable(batch: Import, row_ids: Sequence[UUID] | None) -> list[tuple[UUID, str]]:
    """Rows that changed something whose way back is a person's to choose."""
    rows = waiting(batch).filter(changed__has_any_keys=[*NOT_RESTORABLE, "stage"])
    if row_ids is not None:
        rows = rows.filter(pk__any_of=row_ids)
    found = []
    for row_id, changed, made_by in rows.values_list("pk", "changed", "made"):
        found += [(row_id, reason) for name, reason in NOT_RESTORABLE.items() if name in changed]
        if "stage" in changed and changed["stage"][1] not in OPEN_STAGES and REFERRAL not in made_by:
            found.append((row_id, "It closed an introduction that was here. Look at that one on its page."))
    return found


def _of_partners(given: Mapping[str, Any]) -> list[tuple[UUID, str]]:
    """Partners who are owed something, or sent something."""
    rows = {pk: row_id for row_id, pk in _run(_NEW_PARTNERS, given)}
    owed = Entry.objects.filter(partner__any_of=list(rows)).exclude(stage=Stage.VOID)
    found = [
        (rows[pk], "They are owed commission, or were paid it.")
        for pk in owed.order_by().values_list("partner", flat=True).distinct()
    ]
    sent = retraction.standing().filter(partner__any_of=list(rows)).order_by("partner", "pk").distinct("partner")
    return found + [(rows[pk], f"They introduced {company}.") for pk, company in sent.values_list("partner", "company")]


# What Postgres expects of JSON is a thousand times too much, and compiling for it costs more than all of this.
_TABLE: Final = """
SET LOCAL jit = off;
CREATE TEMPORARY TABLE IF NOT EXISTS taken_back (
    row_id uuid, written_at timestamptz, label text, id uuid, is_made boolean) ON COMMIT DELETE ROWS;
DELETE FROM taken_back
"""
_UNFOLD: Final = """
WITH row AS MATERIALIZED (
    SELECT id, written_at, made, changed, target_id FROM integrations_importrow
    WHERE msp_id = %(msp)s AND batch_id = %(batch)s AND undo = '' AND written_at IS NOT NULL
        AND (%(rows)s::uuid[] IS NULL OR id = ANY(%(rows)s)))
INSERT INTO taken_back
SELECT row.id, written_at, made.key, pk::uuid, true
FROM row, jsonb_each(made) made, jsonb_array_elements_text(made.value) pk
UNION ALL
SELECT row.id, written_at, %(contract)s, (changed #>> '{mrr,0}')::uuid, false FROM row WHERE changed ? 'mrr'
UNION ALL
SELECT row.id, written_at, %(changed)s, target_id, false FROM row
WHERE changed <> '{}' AND target_id IS NOT NULL AND %(changed)s <> ''
"""
# Everything is looked up by its key, and nothing joined at once: Postgres guesses that there are few of the rows that
# were written a moment ago, and would compare all with all. The newest months come first: one that is paid is enough.
_PAID: Final = """
SELECT row_id, max(number) FROM (
    SELECT earning.row_id, paid.number
    FROM (
        SELECT row_id, id AS contract_id, '-infinity'::timestamptz AS since FROM taken_back WHERE label = %(contract)s
        UNION ALL
        SELECT document.row_id, line.contract_id, document.written_at
        FROM taken_back document, LATERAL (
            SELECT application.source, application.invoice_external_id FROM commissions_billingapplication application
            WHERE application.msp_id = %(msp)s AND application.fact_id = document.id OFFSET 0) application, LATERAL (
            SELECT invoice.id FROM commissions_billingfact invoice
            WHERE invoice.msp_id = %(msp)s AND invoice.source = application.source AND invoice.kind = 'invoice'
                AND invoice.external_id = application.invoice_external_id OFFSET 0) invoice, LATERAL (
            SELECT line.contract_id FROM commissions_billingline line
            WHERE line.msp_id = %(msp)s AND line.fact_id = invoice.id AND line.contract_id IS NOT NULL OFFSET 0) line
        WHERE document.label = %(billingfact)s
        UNION ALL
        SELECT document.row_id, line.contract_id, document.written_at
        FROM taken_back document, LATERAL (
            SELECT line.contract_id FROM commissions_billingline line
            WHERE line.msp_id = %(msp)s AND line.fact_id = document.id AND line.contract_id IS NOT NULL OFFSET 0) line
        WHERE document.label = %(billingfact)s
    ) earning, LATERAL (
        SELECT item.number
        FROM (
            SELECT pool.id FROM commissions_pool pool
            WHERE pool.msp_id = %(msp)s AND pool.contract_id = earning.contract_id
            ORDER BY pool.earning_month DESC OFFSET 0) pool, LATERAL (
            SELECT entry.id FROM commissions_entry entry
            WHERE entry.msp_id = %(msp)s AND entry.pool_id = pool.id AND entry.created_at >= earning.since
            OFFSET 0) entry, LATERAL (
            SELECT payout.number FROM commissions_payoutitem item
            JOIN commissions_payout payout ON payout.msp_id = item.msp_id AND payout.id = item.payout_id
            WHERE item.msp_id = %(msp)s AND item.entry_id = entry.id AND item.released_at IS NULL OFFSET 0) item
        LIMIT 1) paid
    UNION ALL
    SELECT balance.row_id, item.number
    FROM taken_back balance, LATERAL (
        SELECT payout.number FROM commissions_payoutitem item
        JOIN commissions_payout payout ON payout.msp_id = item.msp_id AND payout.id = item.payout_id
        WHERE item.msp_id = %(msp)s AND item.entry_id = balance.id AND item.released_at IS NULL OFFSET 0) item
    WHERE balance.label = %(entry)s
) paid GROUP BY row_id
"""
# Every verb writes a history, so that a new one is seen here without being listed. The import's own events are not
# somebody's work, nor those of its taking back.
_WORKED_ON: Final = """
SELECT DISTINCT ON (thing.row_id) thing.row_id, event.id
FROM taken_back thing, LATERAL (
    SELECT event.id, event.at FROM audit_auditevent event
    WHERE event.msp_id = %(msp)s AND event.target_type = thing.label AND event.target_id = thing.id
        AND event.at > thing.written_at
        AND NOT CASE WHEN %(finished_at)s::timestamptz IS NOT NULL AND event.actor_name = %(importer)s
            THEN event.at <= %(finished_at)s
            ELSE coalesce(event.actor_name = %(undoer)s AND event.at >= %(undone_at)s, false) END
    ORDER BY event.at DESC, event.id DESC LIMIT 1) event
WHERE thing.label = ANY(%(subjects)s)
ORDER BY thing.row_id, event.at DESC, event.id DESC
"""
_MOVED: Final = """
SELECT DISTINCT contract.row_id
FROM taken_back contract, LATERAL (
    SELECT FROM referrals_mrrmovement movement
    WHERE movement.msp_id = %(msp)s AND movement.contract_id = contract.id AND movement.at > contract.written_at
    LIMIT 1) movement
WHERE contract.label = %(contract)s
"""
_BILLED: Final = """
SELECT DISTINCT ON (contract.row_id) contract.row_id, fact.number
FROM taken_back contract, LATERAL (
    SELECT line.fact_id FROM commissions_billingline line
    WHERE line.msp_id = %(msp)s AND line.contract_id = contract.id OFFSET 0) line, LATERAL (
    SELECT fact.id, fact.number FROM commissions_billingfact fact
    WHERE fact.msp_id = %(msp)s AND fact.id = line.fact_id AND fact.is_current AND NOT fact.is_void OFFSET 0) fact
WHERE contract.label = %(contract)s AND contract.is_made
ORDER BY contract.row_id, fact.id
"""
_NEW_PARTNERS: Final = "SELECT row_id, id FROM taken_back WHERE label = %(partner)s AND is_made"
_OTHER_CONTRACT: Final = """
SELECT DISTINCT ON (client.row_id) client.row_id, line.name
FROM taken_back client, LATERAL (
    SELECT contract.id, contract.service_line_id FROM referrals_contract contract
    WHERE contract.msp_id = %(msp)s AND contract.client_id = client.id
        AND contract.ends_on IS DISTINCT FROM contract.starts_on OFFSET 0) contract
JOIN referrals_serviceline line ON line.msp_id = %(msp)s AND line.id = contract.service_line_id
WHERE client.label = %(client)s AND client.is_made AND NOT EXISTS (
    SELECT FROM taken_back leaving WHERE leaving.id = contract.id AND leaving.is_made
        AND leaving.row_id <> ALL(%(staying)s::uuid[]))
ORDER BY client.row_id, contract.id
"""
