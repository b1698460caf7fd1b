"""What needs this person today, read from the rows themselves: a line is gone when its cause is gone.

One query a kind of work, each on an index made for it and cut off after a few rows, so that home costs the same
with ten introductions and with a hundred thousand.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, Sum
from django.urls import NoReverseMatch, reverse

from commissions.models import PayoutRun, PayoutState, Pin, RunState
from elinkages.accounts.models import Membership, Msp
from elinkages.kernel.money import format_money
from elinkages.pages.ui.figures import days_away, full_day
from partners.models import PartnerInvitation
from referrals.models import ClientState, Contract, Finding, FindingState, Referral, Stage
from referrals.sla import late_before

SHOWN = 3
UNANSWERED_AFTER = timedelta(days=7)
UNSETTLED = (PayoutState.APPROVED, PayoutState.RESERVED, PayoutState.SUBMITTED)


@dataclass(frozen=True, slots=True)
class Task:
    """One line of the list: what to do, why now, and the button that does it."""

    icon: str
    title: str
    detail: str
    url: str
    label: str
    is_late: bool = False


def tasks(msp: Msp, member: Membership, at: datetime) -> list[Task]:
    """Everything that this person can do something about, the most pressing kinds first."""
    found: list[Task] = []
    for right, source in _SOURCES:
        if member.may(right):
            found += source(msp, member, at)
    return found


def _runs(msp: Msp, member: Membership, at: datetime) -> Iterator[Task]:
    """Payout runs that wait for an approval that this person may give, for release, or for a reference."""
    runs = PayoutRun.objects.filter(state__in=[RunState.DRAFT, RunState.APPROVED, RunState.RELEASED]).order_by("number")
    counted = runs.select_related("opened_by__user").annotate(
        payouts_count=Count("payouts"),
        total=Sum("payouts__minor"),
        unsettled=Count("payouts", filter=Q(payouts__state__in=UNSETTLED)),
    )
    for run in counted:
        money = format_money(getattr(run, "total", 0) or 0, run.currency)
        count = _counted(getattr(run, "payouts_count", 0), "payout")
        url = _to("dashboard:payout-run", run.pk)
        opened = f"Opened by {run.opened_by} {_ago(run.opened_at, msp, at)}."
        if run.state == RunState.APPROVED:
            yield Task("banknote", f"Release {run}", f"{count}, {money}. Approved and ready.", url, "Release the run")
        elif run.state == RunState.RELEASED:
            unsettled = _counted(getattr(run, "unsettled", 0), "payout")
            detail = f"{unsettled} of {count} without a reference."
            yield Task("banknote", f"Record the payments of {run}", detail, url, "Record payments")
        elif run.opened_by_id != member.pk or msp.one_person_approval_at:
            yield Task("banknote", f"Approve {run}", f"{count}, {money}. {opened}", url, "Review the run")


def _untouched(msp: Msp, member: Membership, at: datetime) -> Iterator[Task]:
    """Introductions that nobody has answered, the oldest first."""
    waiting = Referral.objects.filter(touched_at__isnull=True, stage=Stage.REGISTERED).order_by("registered_at")
    rows = list(waiting.select_related("partner")[: SHOWN + 1])
    for referral in rows[:SHOWN]:
        age = (msp.today(at) - msp.today(referral.registered_at)).days
        yield Task(
            "phone",
            f"Make first contact with {referral.company}",
            f"{referral.partner} introduced them {days_away(age)}. Nobody has been in touch yet.",
            _to("dashboard:referral", referral.pk),
            "Open referral",
            is_late=referral.registered_at < late_before(at, msp.zone),
        )
    yield from _more(rows, "phone", "More introductions wait for a first touch", "dashboard:referral-list", "?needs=untouched")


def _due(msp: Msp, member: Membership, at: datetime) -> Iterator[Task]:
    """Next actions that are due today or overdue."""
    today: date = msp.today(at)
    unanswered = Q(stage=Stage.REGISTERED, touched_at__isnull=True)
    due = Referral.objects.open().filter(~unanswered, next_action_on__lte=today).order_by("next_action_on")
    rows = list(due.select_related("owner__user")[: SHOWN + 1])
    for referral in rows[:SHOWN]:
        overdue = (today - (referral.next_action_on or today)).days
        owner = f"{referral.owner}, due" if referral.owner else "Due"
        yield Task(
            "clock",
            f"{referral.next_action or 'Next action'}: {referral.company}",
            f"{owner} {days_away(overdue)}.",
            _to("dashboard:referral", referral.pk),
            "Open referral",
            is_late=overdue > 0,
        )
    yield from _more(rows, "clock", "More next actions are due", "dashboard:referral-list", "?needs=overdue")


def _findings(msp: Msp, member: Membership, at: datetime) -> Iterator[Task]:
    """Matches that a person has to decide: two people are not paid for one client."""
    undecided = Finding.objects.filter(state=FindingState.OPEN).order_by("found_at")
    rows = list(undecided.select_related("referral", "other_referral", "other_client")[: SHOWN + 1])
    for finding in rows[:SHOWN]:
        if finding.other_client:
            other = f"your client {finding.other_client}"
        else:
            other = f"an introduction of {finding.other_referral} from before"
        yield Task(
            "scale",
            f"Is {finding.referral} the same company?",
            f"It matches {other}. Credit depends on your decision.",
            _to("dashboard:referral", finding.referral_id),
            "Decide",
        )
    yield from _more(rows, "scale", "More matches wait for a decision", "dashboard:referral-list", "?needs=undecided")


def _unpinned(msp: Msp, member: Membership, at: datetime) -> Iterator[Task]:
    """Contracts of referred clients that no commission plan covers: nothing is earned on them."""
    pins = Pin.objects.filter(contract=OuterRef("pk"))
    running = Contract.objects.filter(client__state=ClientState.ACTIVE, client__referral__isnull=False)
    bare = running.filter(~Exists(pins), ends_on__isnull=True).select_related("client", "service_line")
    rows = list(bare.order_by("pk")[: SHOWN + 1])
    for contract in rows[:SHOWN]:
        yield Task(
            "percent",
            f"No commission plan covers {contract.client}",
            f"{contract.service_line} since {full_day(contract.starts_on)}. The partner earns nothing on it so far.",
            _to("dashboard:client", contract.client_id),
            "Open client",
        )
    yield from _more(rows, "percent", "More contracts have no plan", "dashboard:client-list")


def _unanswered(msp: Msp, member: Membership, at: datetime) -> Iterator[Task]:
    """Invitations that nobody has answered for a week."""
    waiting = PartnerInvitation.objects.filter(
        accepted_at__isnull=True, revoked_at__isnull=True, invited_at__lte=at - UNANSWERED_AFTER
    )
    rows = list(waiting.order_by("invited_at").select_related("contact__partner")[: SHOWN + 1])
    for invitation in rows[:SHOWN]:
        contact, partner = invitation.contact, invitation.contact.partner
        whom = contact.name if contact.name == partner.name else f"{contact.name} of {partner.name}"
        over = "" if invitation.is_open(at) else " The link has expired."
        yield Task(
            "mail",
            f"Ask {whom} about the invitation",
            f"Sent {_ago(invitation.invited_at, msp, at)}, not answered.{over}",
            _to("dashboard:partner", partner.pk),
            "Open partner",
        )
    yield from _more(rows, "mail", "More invitations are unanswered", "dashboard:partner-list", "?state=invited")


_SOURCES: tuple[tuple[str, Callable[[Msp, Membership, datetime], Iterator[Task]]], ...] = (
    ("payouts.manage", _runs),
    ("referrals.manage", _untouched),
    ("referrals.manage", _due),
    ("referrals.manage", _findings),
    ("clients.manage", _unpinned),
    ("partners.manage", _unanswered),
)


def _more(rows: Sequence[Any], icon: str, title: str, name: str, query: str = "") -> Iterator[Task]:
    if len(rows) > SHOWN:
        yield Task(icon, title, "The oldest are shown above.", _to(name) + query, "See all")


def _to(name: str, *args: Any) -> str:
    try:
        return reverse(name, args=args)
    except NoReverseMatch:
        return ""


def _ago(moment: datetime, msp: Msp, at: datetime) -> str:
    return days_away((msp.today(at) - msp.today(moment)).days)


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
