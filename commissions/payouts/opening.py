"""Opening a run: everyone who is owed enough, in two statements."""

from datetime import date, datetime
from typing import Final, NamedTuple

from django.db import connection, transaction
from django.db.models import Max

from commissions import gates, ledger
from commissions.models import Payout, PayoutRun, Rail, RunState
from commissions.payouts.due import ENTRIES, Owed, due, in_words, minimum_of, refuse_if_parked
from elinkages.accounts.models import Membership, Msp
from elinkages.audit import trail
from elinkages.kernel.refusal import Refused
from elinkages.kernel.tenancy import current_msp_id

_FILL: Final = f"""
    WITH entry AS MATERIALIZED ({ENTRIES}),
         closed AS MATERIALIZED ({gates.CLOSED}),
         owed AS (
            SELECT partner_id, sum(minor)::bigint AS minor, array_agg(id) AS entries, array_agg(minor) AS minors
            FROM entry GROUP BY partner_id HAVING sum(minor) > 0 AND sum(minor) >= %(minimum)s),
         payee AS MATERIALIZED (
            SELECT uuidv7() AS id, owed.*, p.name, row_number() OVER (ORDER BY p.name_key, p.id) AS place
            FROM owed JOIN partners_partner p ON p.msp_id = %(msp)s AND p.id = owed.partner_id
            WHERE owed.partner_id NOT IN (SELECT partner_id FROM closed)),
         made AS (
            INSERT INTO commissions_payout
                (msp_id, id, run_id, partner_id, number, payee, minor, currency, paid_in, state, reference,
                    ended_reason)
            SELECT %(msp)s, id, %(run)s, partner_id, %(last)s + place, name, minor, %(currency)s, %(paid_in)s, 'draft',
                '', '' FROM payee
            RETURNING minor),
         items AS (
            INSERT INTO commissions_payoutitem (msp_id, payout_id, entry_id, minor)
            SELECT %(msp)s, payee.id, part.* FROM payee, unnest(payee.entries, payee.minors) part)
    SELECT count(*), coalesce(sum(minor), 0)::bigint FROM made"""
"""Arrays instead of a join: of rows that are new in this transaction Postgres has no statistics, and would compare
every payout with every entry."""


class DraftWaiting(Refused):
    """A run of this rail waits for its approval already."""


class NothingToPay(Refused):
    """Nobody is owed enough."""


class BadCutoff(Refused):
    """The day is not one that has come."""


class Opened(NamedTuple):
    """A new run, and who is owed something and is not in it."""

    run: PayoutRun
    left_out: list[Owed]


@transaction.atomic
def open_run(*, cutoff_on: date, rail: Rail = Rail.MANUAL, by: Membership, at: datetime) -> Opened:
    """Propose to pay every partner what was payable over this rail on `cutoff_on`, what they owe back netted.

    Left out are balances below the MSP's minimum or not above zero, and partners behind a closed gate. Raises
    Parked, DraftWaiting, BadCutoff or NothingToPay; nothing is kept then.
    """
    msp = Msp.objects.get(pk=current_msp_id())
    refuse_if_parked(msp)
    if cutoff_on > msp.today(at):
        raise BadCutoff("Choose today or an earlier day: a run pays what is already payable.")
    ledger.lock_entries()
    if waiting := PayoutRun.objects.filter(state=RunState.DRAFT, rail=rail).first():
        raise DraftWaiting(f"Payout run {waiting.number} is waiting for approval. Approve or cancel it first.")
    number = (PayoutRun.objects.aggregate(last=Max("number"))["last"] or 0) + 1
    run = PayoutRun.objects.create(
        number=number, rail=rail, currency=msp.currency, cutoff_on=cutoff_on, opened_at=at, opened_by=by
    )
    count, total = _fill(run, msp)
    left_out = due(cutoff_on, on=msp.today(at), rail=rail)
    if not count:
        told = f" ({in_words(left_out)})" if left_out else ""
        owed = "any service credit" if rail == Rail.CREDIT else "enough to be paid"
        raise NothingToPay(f"Nobody is owed {owed} on that day{told}. No run was opened.")
    facts = {"payouts": count, "total_minor": total, "left_out": len(left_out) or None, "cutoff_on": cutoff_on}
    trail.record("payout_run.opened", run, by=by, at=at, **facts)
    return Opened(run, left_out)


def _fill(run: PayoutRun, msp: Msp) -> tuple[int, int]:
    """Make the payouts and their items; how many payouts, and their sum in minor units."""
    parameters = {
        "msp": msp.pk,
        "run": run.pk,
        "currency": msp.currency,
        "cutoff": run.cutoff_on,
        "on": msp.today(run.opened_at),
        "paid_in": Rail(run.rail).paid_in,
        "minimum": minimum_of(msp, Rail(run.rail)),
        "last": Payout.objects.aggregate(last=Max("number"))["last"] or 0,
    }
    with connection.cursor() as cursor:
        cursor.execute(_FILL, parameters)
        count, total = cursor.fetchone()
    return count, total
