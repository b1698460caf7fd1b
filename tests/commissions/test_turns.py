"""Large MSPs give way between their pages: on a real queue, taken one message after the other by one worker."""

from contextlib import nullcontext
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.utils import timezone

from commissions import accruals, invariants, opening_balances, tasks
from commissions.accruals import month, passes, questions
from commissions.engine import add_months
from commissions.models import AccrualTurn, AccruedMonth, Entry, Place, Stage
from elinkages.accounts.models import Msp
from elinkages.accounts.rights import Role
from elinkages.kernel import tenancy
from referrals.models import Contract
from tests import builders, queue

pytestmark = pytest.mark.django_db(transaction=True)
CONTRACTS = 6


@pytest.fixture(autouse=True)
def _pages_of_two(monkeypatch: pytest.MonkeyPatch) -> None:
    """An MSP of six contracts is large: it has three pages a month, and may make one step a turn."""
    monkeypatch.setattr(month, "PAGE", 2)
    monkeypatch.setattr(month, "REVISED_PAGE", 2)
    monkeypatch.setattr(tasks, "TURN", timedelta(0), raising=False)
    queue.empty()


def an_msp_of(contracts: int, name: str) -> Msp:
    """Deals since the beginning of the last month but one; their holds have passed."""
    msp = builders.an_msp(name)
    with tenancy.use(msp.pk):
        petra = builders.a_partner()
        plan = builders.a_plan(for_everyone=False)
        for _ in range(contracts):
            builders.a_deal(petra, plan=plan, starts_on=_months_ago(2))
    return msp


def _months_ago(months: int) -> date:
    return add_months(timezone.now().date().replace(day=1), -months)


def accrued(msp: Msp) -> int:
    with tenancy.use(msp.pk):
        return Entry.objects.count()


def nudge(*msps: Msp) -> None:
    for msp in msps:
        tasks.accrue.delay(msp_id=str(msp.pk))


def take_all() -> list[str]:
    """Until nothing waits; whose turn it was, one after the other."""
    return list(iter(queue.take, ""))


def is_done(msp: Msp, contracts: int) -> bool:
    with tenancy.use(msp.pk):
        assert not AccrualTurn.objects.exists()
        assert invariants.check(today=timezone.now().date()) == []
        amounts = Entry.objects.exclude(stage=Stage.VOID).count()
        return amounts == 2 * contracts and AccruedMonth.objects.count() == 2


def test_a_small_msp_waits_for_one_step_of_each_large_one_and_not_for_their_months() -> None:
    large = [an_msp_of(CONTRACTS, name) for name in ("Large", "Larger")]
    small = an_msp_of(1, "Small")
    nudge(*large, small)
    whose = [queue.take() for _ in range(3)]
    assert whose == [str(msp.pk) for msp in (*large, small)]
    assert [accrued(msp) for msp in large] == [2, 2], "a page each"
    assert accrued(small) == 1, "its first step, when both large ones have given way"
    turns = take_all()
    assert turns[:3] == whose, "everybody in turn"
    assert all(is_done(msp, CONTRACTS) for msp in large)
    assert is_done(small, 1)


def test_a_nudge_while_it_waits_for_its_turn_adds_no_second_one() -> None:
    large = an_msp_of(CONTRACTS, "Large")
    nudge(large)
    queue.take()
    nudge(large, large)
    assert [queue.take(), queue.take(), queue.take()] == [str(large.pk)] * 3
    assert accrued(large) == 4, "two nudges too many did nothing, the turn did its step"
    assert len(queue.waiting(tasks.accrue)) == 1
    take_all()
    assert is_done(large, CONTRACTS)


def test_who_is_killed_goes_on_with_the_page_that_was_not_done(monkeypatch: pytest.MonkeyPatch) -> None:
    large = an_msp_of(CONTRACTS, "Large")
    nudge(large)
    queue.take()
    places = watched_places(monkeypatch)

    def killed(*_: object, **__: object) -> None:
        raise SystemExit(9)

    (message,) = queue.waiting(tasks.accrue)
    with monkeypatch.context() as dying:
        dying.setattr(month, "write", killed)
        with pytest.raises(SystemExit):
            queue.take()
    assert accrued(large) == 2
    tasks.accrue.delay(**message)  # as Redis gives it to the next worker
    take_all()
    assert is_done(large, CONTRACTS)
    assert places[0] == places[1], "the page in which it was killed, again"
    assert len(set(places)) == len(places) - 1, "and no other one twice"


def test_a_turn_whose_message_was_lost_is_taken_over_where_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    large = an_msp_of(CONTRACTS, "Large")
    nudge(large)
    queue.take()
    (lost,) = queue.waiting(tasks.accrue)
    queue.empty()
    nudge(large)
    queue.take()
    assert accrued(large) == 2, "it may still be on its way"
    with tenancy.use(large.pk):
        AccrualTurn.objects.update(moved_at=timezone.now() - passes.LOST - timedelta(seconds=1))
    places = watched_places(monkeypatch)
    nudge(large)
    queue.take()
    assert accrued(large) == 4
    assert places[0].after is not None, "not from the first contract again"
    queue.empty()
    tasks.accrue.delay(**lost)
    queue.take()
    assert accrued(large) == 4, "who was given up and comes all the same does nothing"


def test_two_who_take_over_at_once_are_one(monkeypatch: pytest.MonkeyPatch) -> None:
    large = an_msp_of(CONTRACTS, "Large")
    nudge(large)
    queue.take()
    with tenancy.use(large.pk):
        AccrualTurn.objects.update(moved_at=timezone.now() - passes.LOST - timedelta(seconds=1))
    queue.empty()
    nudge(large)
    real = questions.ask

    def asks_too_early(today: date) -> questions.Asked:
        asked = real(today)
        AccrualTurn.objects.all().delete()
        return asked

    monkeypatch.setattr(questions, "ask", asks_too_early)
    queue.take()
    assert accrued(large) == 2
    assert queue.waiting(tasks.accrue) == []


def test_who_was_taken_over_while_at_a_page_sends_no_second_message(monkeypatch: pytest.MonkeyPatch) -> None:
    large = an_msp_of(CONTRACTS, "Large")
    nudge(large)
    queue.take()
    real = month.accrue_page

    def slowly(*args: Any, **kwargs: Any) -> month.Done:
        done = real(*args, **kwargs)
        AccrualTurn.objects.all().delete()
        return done

    monkeypatch.setattr(month, "accrue_page", slowly)
    queue.take()
    assert accrued(large) == 4
    assert queue.waiting(tasks.accrue) == []


def test_a_month_that_ended_meanwhile_is_looked_through_from_its_first_contract() -> None:
    large = an_msp_of(CONTRACTS, "Large")
    with tenancy.use(large.pk):
        at = timezone.now()
        first = accruals.take_turn(today=_months_ago(1), at=at, unit=nullcontext, goes_on=lambda: False)
        turn = AccrualTurn.objects.get()
        assert (turn.pk, turn.month, turn.after is None) == (first, _months_ago(2), False)
        # As if it had looked at the last contract on the last day of the running month: nothing of it was due yet.
        AccrualTurn.objects.update(after=UUID(int=2**128 - 1), day=_months_ago(1) - timedelta(days=1))
    tasks.accrue.delay(msp_id=str(large.pk), turn_id=str(first))
    take_all()
    assert is_done(large, CONTRACTS)


def test_a_month_of_which_one_contract_failed_in_an_earlier_turn_is_not_complete() -> None:
    large = an_msp_of(CONTRACTS, "Large")
    with tenancy.use(large.pk), connection.cursor() as cursor:
        first = min(Contract.objects.values_list("pk", flat=True))
        cursor.execute("UPDATE referrals_contract SET currency = '???' WHERE id = %s", [first])
    nudge(large)
    take_all()
    with tenancy.use(large.pk):
        assert not AccruedMonth.objects.exists()
        assert Entry.objects.count() == 2 * (CONTRACTS - 1)


def test_opening_balances_alone_complete_no_month() -> None:
    msp = builders.an_msp()
    with tenancy.use(msp.pk):
        owner = builders.a_member(msp, Role.OWNER)
        for number in range(2):
            partner = builders.a_partner(f"Firm {number}")
            balance = opening_balances.Balance(partner, 5_000, _months_ago(2))
            opening_balances.record(balance, by=owner, at=timezone.now())
    nudge(msp)
    take_all()
    with tenancy.use(msp.pk):
        assert not AccruedMonth.objects.exists()
        assert not AccrualTurn.objects.exists()
        assert set(Entry.objects.values_list("stage", flat=True)) == {Stage.PAYABLE}


def watched_places(monkeypatch: pytest.MonkeyPatch) -> list[Place]:
    """Where pages begin, from now on."""
    real, places = month.accrue_page, list[Place]()

    def watched(place: Place, **rest: Any) -> month.Done:
        places.append(place)
        return real(place, **rest)

    monkeypatch.setattr(month, "accrue_page", watched)
    return places
