"""What the page of one payout run shows."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.db.models import Count, Sum, Window
from django.db.models.functions import RowNumber
from django.utils import timezone

from commissions import payouts
from commissions.earnings import origins
from commissions.forms.payouts import ReferencesForm
from commissions.models import Payout, PayoutItem, PayoutRun, PayoutState, RunState
from commissions.statements import Line
from elinkages.accounts import msps
from elinkages.accounts.access import MspRequest
from elinkages.audit import trail
from elinkages.kernel.paging import paginate

ROWS = 25
LINES = 40
FEWEST_LINES = 8
LINES_OF_A_PAGE = 200
RECORDED_AT_ONCE = 100
TOLD = 100
"""Differences, and partners who are left out, that the page lists: the first of thousands."""
NOT_TOLD = ("entry__pool__explain", "entry__pool__input_sha256")
"""Of a computation, what only its own page tells."""


class NoQuestion(forms.Form):
    """A step that asks nothing but whether."""


@dataclass(frozen=True, slots=True)
class Row:
    """A payout with the first of the `count` lines that it is made of; all of them are on its own page."""

    payout: Payout
    lines: Sequence[Line]
    count: int


@dataclass(frozen=True, slots=True)
class Standing:
    """How many payouts of a run are in a state, and what they are worth."""

    state: str
    label: str
    count: int
    minor: int


def run_context(request: MspRequest, run: PayoutRun, *, references: ReferencesForm | None = None) -> dict[str, Any]:
    """Everything that the page shows; `references` is the form when it was refused."""
    counts = _counts(run)
    state = request.GET.get("state", "")
    shown = run.payouts.select_related("partner")
    if state in PayoutState.values:
        shown = shown.filter(state=state)
    rows = paginate(shown, request, order=("number", "pk"), size=ROWS)
    live = [one for one in counts if one.state != PayoutState.CANCELED]
    is_open = run.state in (RunState.DRAFT, RunState.APPROVED)
    if references is None and run.state == RunState.RELEASED and request.member.may("payouts.manage"):
        waiting = waiting_for_bank(run)
        references = ReferencesForm(payouts=waiting, today=request.msp.today(timezone.now())) if waiting else None
    differences = payouts.differences(run) if is_open else None
    moves = differences.largest_first if differences else []
    left_out = payouts.skipped(run) if run.state == RunState.DRAFT else []
    return {
        "run": run,
        "counts": counts,
        "state": state,
        "count": sum(one.count for one in live),
        "minor": sum(one.minor for one in live),
        "page": rows,
        "rows": rows_of(rows.items),
        "differences": differences,
        "moves": moves[:TOLD],
        "more_moves": max(0, len(moves) - TOLD),
        "left_out": left_out[:TOLD],
        "more_left_out": max(0, len(left_out) - TOLD),
        "references": references,
        "is_own": request.member.pk == run.opened_by_id,
        "may_waive": request.msp.one_person_approval_at is not None,
        "approvers": msps.approvers().exclude(pk=run.opened_by_id) if run.state == RunState.DRAFT else [],
        "events": trail.history(run),
    }


def rows_of(found: Sequence[Payout]) -> list[Row]:
    """Payouts with their lines: all of a few payouts, the first ones of many, in three queries for a page of them."""
    most = min(LINES, max(FEWEST_LINES, LINES_OF_A_PAGE // max(1, len(found))))
    order = ("entry__earning_month", "pk")
    items = (
        PayoutItem.objects.filter(payout__in=[payout.pk for payout in found])
        .annotate(
            place=Window(RowNumber(), partition_by="payout_id", order_by=order),
            count=Window(Count("pk"), partition_by="payout_id"),
        )
        .filter(place__lte=most)
        .select_related("entry__pool")
        .defer(*NOT_TOLD)
        .order_by(*order)
    )
    by_payout: dict[Any, list[Any]] = {}
    for item in items:
        by_payout.setdefault(item.payout_id, []).append(item)
    told = origins([item.entry for mine in by_payout.values() for item in mine])
    rows = []
    for payout in found:
        mine = by_payout.get(payout.pk, [])
        lines = [Line(item.entry, told[item.entry.pool_id], item.entry.pool.reason, item.minor) for item in mine]
        rows.append(Row(payout, lines, mine[0].count if mine else 0))
    return rows


def waiting_for_bank(run: PayoutRun) -> list[Payout]:
    """The first payouts that wait for the bank, as many as one form takes."""
    waiting = run.payouts.filter(state=PayoutState.SUBMITTED).select_related("partner").order_by("number")
    return list(waiting[:RECORDED_AT_ONCE])


def _counts(run: PayoutRun) -> list[Standing]:
    found = run.payouts.values("state").annotate(count=Count("pk"), minor=Sum("minor"))
    by_state = {row["state"]: row for row in found}
    return [
        Standing(state, label, by_state[state]["count"], int(by_state[state]["minor"]))
        for state, label in PayoutState.choices
        if state in by_state
    ]
