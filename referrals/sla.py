"""How fast we answer: first contact within a business day, and no open introduction without news for two weeks.

Days begin and end in the MSP's zone. A Saturday or Sunday counts as the beginning of Monday.
"""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from referrals.models import Referral, Stage

STALE_AFTER = timedelta(days=14)
ONE_DAY = timedelta(days=1)
SATURDAY = 5


def first_contact_due(registered_at: datetime, zone: ZoneInfo) -> datetime:
    """By when somebody should have spoken to the prospect: the same time on the next business day."""
    local = _at_work(registered_at.astimezone(zone))
    return datetime.combine(next_business_day(local.date()), local.time(), zone)


def last_day(due: datetime) -> date:
    """The last day on which something due then is in time: midnight is the end of the day before."""
    return (due - timedelta(microseconds=1)).date()


def late_before(at: datetime, zone: ZoneInfo) -> datetime:
    """What was registered before this instant and has not been touched is late at `at`."""
    local = at.astimezone(zone)
    if local.weekday() >= SATURDAY:
        saturday = local.date() - timedelta(days=local.weekday() - SATURDAY)
        local = datetime.combine(saturday, time.min, zone)
    day = local.date() - ONE_DAY
    while day.weekday() >= SATURDAY:
        day -= ONE_DAY
    return datetime.combine(day, local.time(), zone)


def stale_before(at: datetime) -> datetime:
    """An open introduction in which nothing happened since this instant is stale at `at`."""
    return at - STALE_AFTER


def next_business_day(day: date) -> date:
    """The first day after `day` that is not a Saturday or Sunday."""
    day += ONE_DAY
    while day.weekday() >= SATURDAY:
        day += ONE_DAY
    return day


def warning(referral: Referral, *, at: datetime, zone: ZoneInfo) -> str:
    """What is wrong with our response in a few words, "" when nothing is."""
    if not referral.is_open:
        return ""
    if referral.touched_at is None and referral.stage == Stage.REGISTERED:
        is_late = referral.registered_at < late_before(at, zone)
        return "First contact is late" if is_late else ""
    if referral.active_at < stale_before(at):
        return f"Nothing has happened for {(at - referral.active_at).days} days"
    return ""


def _at_work(local: datetime) -> datetime:
    if local.weekday() < SATURDAY:
        return local
    monday = local.date() + timedelta(days=7 - local.weekday())
    return datetime.combine(monday, time.min, local.tzinfo)
