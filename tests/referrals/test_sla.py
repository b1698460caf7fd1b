"""First contact within a business day; nothing open stays quiet for two weeks."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as some

from referrals import sla
from referrals.models import Referral, Stage
from tests.builders import a_referral
from tests.referrals.conftest import House

ZONE = ZoneInfo("America/New_York")


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


@pytest.mark.parametrize(
    ("registered", "due"),
    [
        ("2026-11-18T09:30", "2026-11-19T09:30"),  # Wednesday
        ("2026-11-20T15:00", "2026-11-23T15:00"),  # Friday → Monday
        ("2026-11-21T11:00", "2026-11-24T00:00"),  # Saturday counts as the beginning of Monday
        ("2026-11-22T23:59", "2026-11-24T00:00"),  # Sunday too
        ("2026-10-30T10:00", "2026-11-02T10:00"),  # over the end of summer time
    ],
)
def test_first_contact_is_due_on_the_next_business_day(registered: str, due: str) -> None:
    assert sla.first_contact_due(local(registered), ZONE) == local(due)


@pytest.mark.parametrize(
    ("due", "day"), [("2026-11-19T09:30", date(2026, 11, 19)), ("2026-11-24T00:00", date(2026, 11, 23))]
)
def test_what_is_due_at_midnight_is_due_on_the_day_that_ends(due: str, day: date) -> None:
    assert sla.last_day(local(due)) == day


@given(
    some.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31)),
    some.timedeltas(timedelta(0), timedelta(days=9)),
)
def test_late_is_exactly_what_is_past_its_due_time(registered: datetime, waited: timedelta) -> None:
    at, registered_at = registered + waited, registered.replace(tzinfo=ZONE)
    is_past_due = sla.first_contact_due(registered_at, ZONE).replace(tzinfo=None) < at
    cut = sla.late_before(at.replace(tzinfo=ZONE), ZONE).replace(tzinfo=None)
    on_the_dot = sla.first_contact_due(registered_at, ZONE).replace(tzinfo=None) == at
    assert on_the_dot or (registered < cut) == is_past_due


def test_the_lists_of_what_needs_someone(inside: House) -> None:
    at = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
    old, today = at - timedelta(days=20), inside.msp.today(at)
    fresh = a_referral(inside.harbor, registered_at=at, active_at=at)
    late = a_referral(inside.harbor, registered_at=at - timedelta(days=3), active_at=at)
    quiet = a_referral(inside.harbor, stage=Stage.PROPOSAL, touched_at=old, active_at=old, registered_at=old)
    due = a_referral(inside.harbor, touched_at=at, active_at=at, next_action_on=today - timedelta(days=1))
    a_referral(inside.harbor, touched_at=at, active_at=at, next_action_on=today)
    closed: dict[str, Any] = {"lost_reason": "price", "active_at": old, "next_action_on": today - timedelta(days=9)}
    a_referral(inside.harbor, stage=Stage.LOST, **closed)
    assert set(Referral.objects.untouched()) == {fresh, late}
    assert set(Referral.objects.late(sla.late_before(at, inside.msp.zone))) == {late}
    assert set(Referral.objects.stale(sla.stale_before(at))) == {quiet}
    assert set(Referral.objects.overdue(today)) == {due}
    warnings = [sla.warning(referral, at=at, zone=inside.msp.zone) for referral in (fresh, late, quiet, due)]
    assert warnings == ["", "First contact is late", "Nothing has happened for 20 days", ""]
