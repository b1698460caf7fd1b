"""From a proposal to instructions: approved by a second person, then released."""

from datetime import datetime
from typing import Any, Final, NamedTuple

from django.db import connection, transaction

from commissions import gates, ledger
from commissions.models import (
    Payout,
    PayoutAttempt,
    PayoutRun,
    PayoutState,
    Rail,
    RunState,
    Stage,
)
from commissions.payouts import outcomes
from commissions.payouts.due import ENTRIES, refuse_if_parked
from commissions.payouts.steps import RESERVE, move_entries, post, release_items
from commissions.rails import Answer, rail_of
from elinkages.accounts import msps
from elinkages.accounts.models import Membership, Msp
from elinkages.audit import trail
from elinkages.kernel.actors import Actor
from elinkages.kernel.refusal import Refused
from elinkages.kernel.tenancy import current_msp_id

NAMES_SHOWN: Final = 3

_CHANGED: Final = """
    SELECT (SELECT p.name FROM partners_partner p WHERE p.msp_id = o.msp_id AND p.id = o.partner_id) AS name
    FROM commissions_payout o CROSS JOIN LATERAL (
        SELECT sum(i.minor) AS minor, bool_and((
            SELECT (e.stage, e.minor, e.partner_id) = ('payable', i.minor, o.partner_id)
            FROM commissions_entry e WHERE e.msp_id = i.msp_id AND e.id = i.entry_id)) AS is_payable
        FROM commissions_payoutitem i
        WHERE i.msp_id = o.msp_id AND i.payout_id = o.id AND i.released_at IS NULL) live
    WHERE o.msp_id = %(msp)s AND o.run_id = %(run)s AND o.state IN ('draft', 'approved')
      AND (live.minor IS DISTINCT FROM o.minor OR live.is_payable IS NOT TRUE)
    ORDER BY name"""

_HELD: Final = f"""
    SELECT p.name FROM commissions_payout o
    JOIN partners_partner p ON p.msp_id = o.msp_id AND p.id = o.partner_id
    WHERE o.msp_id = %(msp)s AND o.run_id = %(run)s AND o.state IN ('draft', 'approved')
      AND (o.partner_id IN (SELECT partner_id FROM ({gates.CLOSED}) closed)
        OR o.id IN (
            SELECT i.payout_id FROM ({gates.HELD_POOLS}) held
            JOIN commissions_entry e ON e.msp_id = %(msp)s AND e.pool_id = held.id
            JOIN commissions_payoutitem i ON i.msp_id = %(msp)s AND i.entry_id = e.id AND i.released_at IS NULL))
    ORDER BY p.name"""


_OWING: Final = f"""
    SELECT p.name FROM commissions_payout o
    JOIN partners_partner p ON p.msp_id = o.msp_id AND p.id = o.partner_id
    WHERE o.msp_id = %(msp)s AND o.run_id = %(run)s AND o.state IN ('draft', 'approved')
      AND o.partner_id IN (SELECT partner_id FROM ({ENTRIES}) entry GROUP BY partner_id HAVING sum(minor) < 0)
    ORDER BY p.name"""
"""Who has come to owe something back since the run was opened: paying them the old sum would be too much."""

_DOUBTS: Final = (
    (_CHANGED, "What is owed to {} has changed. Cancel this run and open a new one."),
    (_HELD, "{} cannot be paid now. Leave that payout out of the run, or lift its hold."),
    (_OWING, "Since the run was opened, {} came to owe something back. Leave that payout out; the next run nets it."),
)


class NotDraft(Refused):
    """The run is past its approval."""


class NotApproved(Refused):
    """The run has not been approved, or has been released."""


class SelfApproval(Refused):
    """Who opened a run does not approve it."""


class Changed(Refused):
    """What the run would pay is no longer what it was opened for."""


class Release(NamedTuple):
    """A released run: how many payouts were instructed, and their sum in minor units."""

    run: PayoutRun
    payouts: int
    minor: int


@transaction.atomic
def approve(run: PayoutRun, *, by: Membership, at: datetime, one_person_reason: str = "") -> PayoutRun:
    """Agree to a run: from here on its amounts can only be paid or canceled.

    Raises SelfApproval for who opened it, unless the MSP's owner has allowed one-person approval and a reason is
    given, which is kept; NotDraft when it was approved or canceled before; Changed when its entries have moved;
    Parked while the books are in doubt.
    """
    refuse_if_parked(Msp.objects.get(pk=current_msp_id()))
    ledger.lock_entries()
    reason = _waiver(run, by, one_person_reason.strip())
    claimed = PayoutRun.objects.filter(pk=run.pk, state=RunState.DRAFT).update(
        state=RunState.APPROVED, approved_at=at, approved_by=by, one_person_reason=reason
    )
    run.refresh_from_db()
    if not claimed:
        raise NotDraft(f"This run is already {run.get_state_display().lower()}. Nothing was changed.")
    _refuse_if_changed(run, at)
    drafts = Payout.objects.filter(run=run, state=PayoutState.DRAFT)
    facts = {"total_minor": sum(payout.minor for payout in drafts), "payouts": len(drafts)}
    drafts.update(state=PayoutState.APPROVED)
    trail.record("payout_run.approved", run, by=by, at=at, **facts, reason=reason)
    return run


@transaction.atomic
def release(run: PayoutRun, *, by: Membership, at: datetime) -> Release:
    """Reserve the money of every approved payout and give its instruction to the rail; service credit is given at once.

    Raises NotApproved unless the run waits for its release, Changed when its entries have moved, Parked while the
    books are in doubt.
    """
    msp = Msp.objects.get(pk=current_msp_id())
    refuse_if_parked(msp)
    ledger.lock_entries()
    ledger.lock()
    claimed = PayoutRun.objects.filter(pk=run.pk, state=RunState.APPROVED).update(
        state=RunState.RELEASED, released_at=at, released_by=by
    )
    run.refresh_from_db()
    if not claimed:
        raise NotApproved(f"Only an approved run can be released; this one is {run.get_state_display().lower()}.")
    _refuse_if_changed(run, at)
    payouts = list(Payout.objects.filter(run=run, state=PayoutState.APPROVED).order_by("number"))
    Payout.objects.filter(run=run, state=PayoutState.APPROVED).update(state=PayoutState.RESERVED)
    move_entries(payouts, Stage.PAYABLE, Stage.RESERVED)
    if not run.is_credit:
        post(payouts, "reserve", [RESERVE], effective_on=msp.today(at), by=by, at=at)
    _instruct(run, payouts, at)
    total = sum(payout.minor for payout in payouts)
    trail.record("payout_run.released", run, by=by, at=at, total_minor=total, payouts=len(payouts))
    if run.is_credit:
        outcomes.give(payouts, by=by, at=at)
    return Release(run, len(payouts), total)


@transaction.atomic
def cancel(run: PayoutRun, *, reason: str, by: Actor, at: datetime) -> PayoutRun:
    """Give up a run that was not released: its entries are payable in the next one. Raises NotDraft afterwards."""
    ledger.lock_entries()
    claimed = PayoutRun.objects.filter(pk=run.pk, state__in=[RunState.DRAFT, RunState.APPROVED]).update(
        state=RunState.CANCELED, ended_at=at, ended_reason=reason
    )
    run.refresh_from_db()
    if not claimed:
        raise NotDraft(f"This run is {run.get_state_display().lower()} and can no longer be canceled as a whole.")
    open_payouts = Payout.objects.filter(run=run, state__in=[PayoutState.DRAFT, PayoutState.APPROVED])
    release_items(list(open_payouts), at)
    open_payouts.update(state=PayoutState.CANCELED, ended_reason=reason)
    trail.record("payout_run.canceled", run, by=by, at=at, reason=reason)
    return run


def _waiver(run: PayoutRun, by: Membership, reason: str) -> str:
    if by.pk != run.opened_by_id:
        return ""
    if Msp.objects.get(pk=current_msp_id()).one_person_approval_at is None:
        raise SelfApproval(
            "You opened this run, so someone else must approve it."
            " An owner who works alone can allow one-person approval in Settings."
        )
    if other := msps.approvers().exclude(pk=by.pk).first():
        raise SelfApproval(f"You opened this run, and {other} can approve it. Ask them.")
    if not reason:
        raise SelfApproval("You opened this run. To approve it yourself, say why nobody else can. Your reason is kept.")
    return reason


def _refuse_if_changed(run: PayoutRun, at: datetime) -> None:
    parameters: dict[str, Any] = {
        "msp": current_msp_id(),
        "run": run.pk,
        "currency": run.currency,
        "paid_in": Rail(run.rail).paid_in,
        "cutoff": run.cutoff_on,
        "on": run.msp.today(at),
    }
    for query, sentence in _DOUBTS:
        with connection.cursor() as cursor:
            cursor.execute(query, parameters)
            if names := [name for (name,) in cursor.fetchall()]:
                raise Changed(sentence.format(_listed(names)))


def _listed(names: list[str]) -> str:
    shown = names[:NAMES_SHOWN]
    more = len(names) - len(shown)
    if more:
        return f"{', '.join(shown)} and {more} more"
    return " and ".join([", ".join(shown[:-1]), shown[-1]]) if len(shown) > 1 else shown[0]


def _instruct(run: PayoutRun, payouts: list[Payout], at: datetime) -> None:
    """Intent, call, record: the key and the request are written before the rail is asked (docs/adr/0003)."""
    rail = rail_of(run.rail)
    attempts = PayoutAttempt.objects.bulk_create(
        PayoutAttempt(
            payout=payout,
            number=1,
            rail=run.rail,
            key=f"elp_{payout.pk}_1",
            request=rail.request(payout),
            intended_at=at,
        )
        for payout in payouts
    )
    answers: dict[Answer, list[PayoutAttempt]] = {}
    for attempt in attempts:
        answers.setdefault(rail.send(attempt), []).append(attempt)
    for answer, answered in answers.items():
        PayoutAttempt.objects.filter(pk__in=[attempt.pk for attempt in answered]).update(
            state=answer.state, sent_at=at, provider_reference=answer.reference
        )
        submitted = [attempt.payout_id for attempt in answered]
        Payout.objects.filter(pk__in=submitted, state=PayoutState.RESERVED).update(state=PayoutState.SUBMITTED)
