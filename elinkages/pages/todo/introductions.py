"""Introductions that wait for somebody: to be called, to be moved on, to be decided."""

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import Q, QuerySet

from elinkages.kernel.figures import days_away
from elinkages.kernel.prepared import PreparedValues
from elinkages.kernel.words import say_day
from elinkages.pages.todo.desk import COUNTED, Desk, Task, cut
from referrals.models import Case, Finding, Referral, Stage
from referrals.protection import REMIND_BEFORE
from referrals.sla import late_before, stale_before


class Introduction(NamedTuple):
    """What a line about an introduction tells; `at` is the instant or day that the line is about."""

    pk: UUID
    company: str
    partner: str
    at: Any


def _told(rows: QuerySet[Referral], at: str) -> QuerySet[Referral, tuple[Any, ...]]:
    return rows.order_by(at).values_list("pk", "company", "partner__name", at)[:COUNTED]


_untouched_rows = PreparedValues(lambda: _told(Referral.objects.untouched(), "registered_at"))
_quiet_rows = PreparedValues(
    lambda before: _told(
        Referral.objects.stale(before).filter(touched_at__isnull=False, next_action_on__isnull=True), "active_at"
    ),
    before=datetime,
)
_ending_rows = PreparedValues(
    lambda by, today: _told(Referral.objects.ending(by).filter(protected_until__gte=today), "protected_until"),
    by=date,
    today=date,
)


def untouched(desk: Desk) -> Iterator[Task]:
    """Introductions that nobody has answered, the oldest first."""
    rows = [Introduction(*row) for row in _untouched_rows()]
    late = late_before(desk.at, desk.msp.zone)

    def line(one: Introduction) -> Task:
        detail = f"{one.partner} introduced them {desk.ago(one.at)}. Nobody has called yet."
        return _of(desk, one.pk, "phone", f"Make first contact with {one.company}", detail, is_late=one.at < late)

    yield from desk.together(
        rows,
        line,
        "introductions are waiting for first contact",
        lambda: f"The oldest is {rows[0].company}, sent by {rows[0].partner} {desk.ago(rows[0].at)}.",
        "referral-list",
        "?needs=untouched",
    )


def due(desk: Desk) -> Iterator[Task]:
    """Next actions that are due today or overdue; a first contact has its own line."""
    unanswered = Q(stage=Stage.REGISTERED, touched_at__isnull=True)
    waiting = Referral.objects.due(desk.today).filter(~unanswered).order_by("next_action_on")
    rows = cut(waiting.select_related("owner__user"))

    def line(referral: Referral) -> Task:
        overdue = (desk.today - (referral.next_action_on or desk.today)).days
        detail = f"{referral.owner}, due {days_away(overdue)}." if referral.owner else f"Due {days_away(overdue)}."
        title = f"{referral.next_action}: {referral.company}"
        return _of(desk, referral.pk, "clock", title, detail, is_late=overdue > 0)

    yield from desk.together(
        rows, line, "next actions are due", _first(lambda: line(rows[0])), "referral-list", "?needs=overdue"
    )


def quiet(desk: Desk) -> Iterator[Task]:
    """Open introductions in which nothing has happened for two weeks and nothing is planned."""
    rows = [Introduction(*row) for row in _quiet_rows(before=stale_before(desk.at))]

    def line(one: Introduction) -> Task:
        detail = f"Nothing has happened since {say_day(desk.day(one.at))}, and no next action is set."
        return _of(desk, one.pk, "clock", f"Move {one.company} forward", detail)

    yield from desk.together(
        rows,
        line,
        "introductions have been quiet for two weeks",
        lambda: f"The longest: {rows[0].company} from {rows[0].partner}.",
        "referral-list",
        "?needs=stale",
    )


def ending(desk: Desk) -> Iterator[Task]:
    """Introductions whose protection ends within days: win them, or extend it with a reason."""
    soon = _ending_rows(by=desk.today + timedelta(days=max(REMIND_BEFORE)), today=desk.today)
    rows = [Introduction(*row) for row in soon]

    def line(one: Introduction) -> Task:
        detail = f"{one.partner}’s introduction is protected until {say_day(one.at)}."
        return _of(desk, one.pk, "hourglass", f"Extend the protection of {one.company}, or close it", detail)

    yield from desk.together(
        rows,
        line,
        "protections end soon",
        lambda: f"The first: {rows[0].company} from {rows[0].partner}.",
        "referral-list",
        "?needs=ending",
    )


def findings(desk: Desk) -> Iterator[Task]:
    """Matches that a person has to decide: two people are not paid for one client."""
    undecided = Finding.objects.waiting().order_by("found_at")
    rows = cut(undecided.select_related("referral", "other_referral", "other_client"))

    def line(finding: Finding) -> Task:
        earlier = f"an earlier introduction of {finding.other_referral}"
        other = f"your client {finding.other_client}" if finding.other_client else earlier
        return Task(
            "scale",
            f"Is {finding.referral} the same company?",
            f"It matches {other}. The credit depends on your decision.",
            desk.url("referral", finding.referral_id),
            "Decide",
        )

    yield from desk.together(
        rows,
        line,
        "matches are waiting for a decision",
        _first(lambda: line(rows[0])),
        "referral-list",
        "?needs=undecided",
    )


def cases(desk: Desk) -> Iterator[Task]:
    """Competing claims that nobody has decided: money waits for each."""
    rows = cut(Case.objects.open().order_by("due_on"))

    def line(case: Case) -> Task:
        due = days_away((desk.today - case.due_on).days)
        return Task(
            "gavel",
            f"Decide who introduced {case.company}",
            f"More than one partner claims it, due {due}. Its commissions are held.",
            desk.url("case", case.pk),
            "Open the case",
            is_late=case.due_on < desk.today,
        )

    yield from desk.together(
        rows,
        line,
        "cases are waiting for a decision",
        lambda: f"The most urgent: {rows[0].company}, by {say_day(rows[0].due_on)}.",
        "case-list",
    )


def flags(desk: Desk) -> Iterator[Task]:
    """Introductions with a sign that a partner refers themselves: their commissions are held."""
    rows = cut(Referral.objects.filter(review_waits=True, flags__released_at__isnull=True).distinct().order_by("pk"))

    def line(referral: Referral) -> Task:
        return Task(
            "shield-alert",
            f"Look at {referral.company}",
            f"{referral.partner} may be referring themselves. The commission is held until you say it is all right.",
            desk.url("referral", referral.pk) + "#flags",
            "Look at it",
        )

    yield from desk.together(
        rows,
        line,
        "introductions have a sign of self-dealing",
        lambda: f"Among them {rows[0].company} from {rows[0].partner}. Their commissions are held.",
        "referral-list",
        "?needs=review",
    )


def _of(desk: Desk, pk: UUID, icon: str, title: str, detail: str, *, is_late: bool = False) -> Task:
    return Task(icon, title, detail, desk.url("referral", pk), "Open referral", is_late)


def _first(line: Callable[[], Task]) -> Callable[[], str]:
    """The oldest one in its own words."""

    def told() -> str:
        first = line()
        return f"The oldest: {first.title}{'' if first.title.endswith('?') else '.'} {first.detail}"

    return told
