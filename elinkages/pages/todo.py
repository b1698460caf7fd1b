"""What needs this person today, read from the rows themselves: a line is gone when its cause is gone.

One query a kind of work, each on an index made for it and cut off after a few rows, so that home costs the same
with ten introductions and with a hundred thousand.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import Count, Exists, Model, OuterRef, Q, QuerySet, Sum

from commissions.models import PayoutRun, PayoutState, Pin, RunState
from elinkages.accounts import doors
from elinkages.accounts.models import Membership, Msp
from elinkages.kernel.figures import days_away
from elinkages.kernel.money import format_money
from elinkages.kernel.prepared import PreparedValues
from elinkages.kernel.words import say_count, say_day
from partners import agreements
from partners.models import AgreementVersion, Application, Partner, PartnerInvitation, PartnerState
from referrals.models import Case, ClientState, Contract, Finding, Referral, Stage
from referrals.protection import REMIND_BEFORE
from referrals.sla import late_before, stale_before

SHOWN = 2
COUNTED = 100
"""Beyond this many the number is not told: counting further would cost more than it says."""
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
    rows = runs.select_related("opened_by__user").annotate(
        payouts_count=Count("payouts"),
        total=Sum("payouts__minor"),
        unsettled=Count("payouts", filter=Q(payouts__state__in=UNSETTLED)),
    )
    for run in rows:
        money = format_money(run.total or 0, run.currency)
        count = say_count(run.payouts_count, "payout")
        url = doors.url("dashboard", msp, "dashboard:payout-run", run.pk)
        name = f"payout run {run.number}"
        opened = f"Opened by {run.opened_by} {_ago(run.opened_at, msp, at)}."
        if run.state == RunState.APPROVED:
            yield Task("banknote", f"Release {name}", f"{count}, {money}. Approved and ready.", url, "Release the run")
        elif run.state == RunState.RELEASED:
            detail = f"{run.unsettled} of {count} without a reference."
            yield Task("banknote", f"Record the payments of {name}", detail, url, "Record payments")
        elif run.opened_by_id != member.pk or msp.one_person_approval_at:
            yield Task("banknote", f"Approve {name}", f"{count}, {money}. {opened}", url, "Review the run")


def _untouched(msp: Msp, member: Membership, at: datetime) -> Iterator[Task]:
    """Introductions that nobody has answered, the oldest first."""
    rows = [Introduction(*row) for row in _untouched_rows()]
    late = late_before(at, msp.zone)

    def line(one: Introduction) -> Task:
        return Task(
            "phone",
            f"Make first contact with {one.company}",
            f"{one.partner} introduced them {_ago(one.at, msp, at)}. Nobody has called yet.",
            doors.url("dashboard", msp, "dashboard:referral", one.pk),
            "Open referral",
            is_late=one.at < late,
        )

    yield from _together(
        msp,
        rows,
        line,
        f"{_many(rows)} introductions wait for first contact",
        lambda: f"The oldest is {rows[0].company}, sent by {rows[0].partner} {_ago(rows[0].at, msp, at)}.",
        "dashboard:referral-list",
        "?needs=untouched",
    )


def _due(msp: Msp, member: Membership, at: datetime) -> Iterator[Task]:
    """Next actions that are due today or overdue; a first contact has its own line."""
    today = msp.today(at)
    unanswered = Q(stage=Stage.REGISTERED, touched_at__isnull=True)
    due = Referral.objects.open().filter(~unanswered, next_action_on__lte=today).order_by("next_action_on")
    rows = _cut(due.select_related("owner__user"))

    def line(referral: Referral) -> Task:
        overdue = (today - (referral.next_action_on or today)).days
        detail = f"{referral.owner}, due {days_away(overdue)}." if referral.owner else f"Due {days_away(overdue)}."
        title = f"{referral.next_action}: {referral.company}"
        url = doors.url("dashboard", msp, "dashboard:referral", referral.pk)
        return Task("clock", title, detail, url, "Open referral", is_late=overdue > 0)

    yield from _together(
        msp,
        rows,
        line,
        f"{_many(rows)} next actions are due",
        lambda: f"The oldest: {line(rows[0]).title}. {line(rows[0]).detail}",
        "dashboard:referral-list",
        "?needs=overdue",
    )


def _quiet(msp: Msp, member: Membership, at: datetime) -> Iterator[Task]:
    """Open introductions in which nothing has happened for two weeks and nothing is planned."""
    rows = [Introduction(*row) for row in _quiet_rows(before=stale_before(at))]

    def line(one: Introduction) -> Task:
        return Task(
            "clock",
            f"Move {one.company} on",
            f"Nothing has happened since {say_day(msp.today(one.at))}, and no next action is set.",
            doors.url("dashboard", msp, "dashboard:referral", one.pk),
            "Open referral",
        )

    yield from _together(
        msp,
        rows,
        line,
        f"{_many(rows)} introductions have been quiet for two weeks",
        lambda: f"The longest: {rows[0].company} from {rows[0].partner}.",
        "dashboard:referral-list",
        "?needs=stale",
    )


def _findings(msp: Msp, member: Membership, at: datetime) -> Iterator[Task]:
    """Matches that a person has to decide: two people are not paid for one client."""
    undecided = Finding.objects.waiting().order_by("found_at")
    rows = _cut(undecided.select_related("referral", "other_referral", "other_client"))

    def line(finding: Finding) -> Task:
        earlier = f"an earlier introduction of {finding.other_referral}"
        other = f"your client {finding.other_client}" if finding.other_client else earlier
        return Task(
            "scale",
            f"Is {finding.referral} the same company?",
            f"It matches {other}. Credit depends on your decision.",
            doors.url("dashboard", msp, "dashboard:referral", finding.referral_id),
            "Decide",
        )

    yield from _together(
        msp,
        rows,
        line,
        f"{_many(rows)} matches wait for a decision",
        lambda: f"The oldest: {line(rows[0]).title} {line(rows[0]).detail}",
        "dashboard:referral-list",
        "?needs=undecided",
    )


def _cases(msp: Msp, member: Membership, at: datetime) -> Iterator[Task]:
    """Competing claims that nobody has decided: money waits for each."""
    today = msp.today(at)
    rows = _cut(Case.objects.open().order_by("due_on"))

    def line(case: Case) -> Task:
        return Task(
            "gavel",
            f"Decide who introduced {case.company}",
            f"More than one partner claims it, due {days_away((today - case.due_on).days)}. Its commissions are held.",
            doors.url("dashboard", msp, "dashboard:case", case.pk),
            "Open the case",
            is_late=case.due_on < today,
        )

    yield from _together(
        msp,
        rows,
        line,
        f"{_many(rows)} cases wait for a decision",
        lambda: f"The most urgent: {rows[0].company}, by {say_day(rows[0].due_on)}.",
        "dashboard:case-list",
    )


def _flags(msp: Msp, member: Membership, at: datetime) -> Iterator[Task]:
    """Introductions with a sign that a partner refers themselves: their commissions are held."""
    rows = _cut(Referral.objects.filter(review_waits=True, flags__released_at__isnull=True).distinct().order_by("pk"))

    def line(referral: Referral) -> Task:
        return Task(
            "shield-alert",
            f"Look at {referral.company}",
            f"{referral.partner} may be referring themselves. The commission is held until you say it is all right.",
            doors.url("dashboard", msp, "dashboard:referral", referral.pk) + "#flags",
            "Look at it",
        )

    yield from _together(
        msp,
        rows,
        line,
        f"{_many(rows)} introductions have a sign of self-dealing",
        lambda: f"Among them {rows[0].company} from {rows[0].partner}. Their commissions are held.",
        "dashboard:referral-list",
        "?needs=review",
    )


def _ending(msp: Msp, member: Membership, at: datetime) -> Iterator[Task]:
    """Introductions whose protection ends within days: win them, or extend it with a reason."""
    today = msp.today(at)
    soon = _ending_rows(by=today + timedelta(days=max(REMIND_BEFORE)), today=today)
    rows = [Introduction(*row) for row in soon]

    def line(one: Introduction) -> Task:
        return Task(
            "hourglass",
            f"Extend the protection of {one.company}, or close it",
            f"{one.partner}’s introduction is protected until {say_day(one.at)}.",
            doors.url("dashboard", msp, "dashboard:referral", one.pk),
            "Open referral",
        )

    yield from _together(
        msp,
        rows,
        line,
        f"{_many(rows)} protections end soon",
        lambda: f"The first: {rows[0].company} from {rows[0].partner}.",
        "dashboard:referral-list",
        "?needs=ending",
    )


def _unpinned(msp: Msp, member: Membership, at: datetime) -> Iterator[Task]:
    """Contracts of referred clients that no commission plan covers: nothing is earned on them."""
    pins = Pin.objects.filter(contract=OuterRef("pk"))
    running = Contract.objects.filter(client__state=ClientState.ACTIVE, client__referral__isnull=False)
    bare = running.filter(~Exists(pins), ends_on__isnull=True).select_related("client", "service_line")
    rows = _cut(bare.order_by("pk"))

    def line(contract: Contract) -> Task:
        return Task(
            "percent",
            f"No commission plan covers {contract.client}",
            f"{contract.service_line} since {say_day(contract.starts_on)}. Nobody earns anything on it so far.",
            doors.url("dashboard", msp, "dashboard:client", contract.client_id),
            "Open client",
        )

    yield from _together(
        msp,
        rows,
        line,
        f"{_many(rows)} contracts have no commission plan",
        lambda: f"Among them {rows[0].client} and {rows[1].client}. Nobody earns anything on them so far.",
        "dashboard:client-list",
    )


def _applications(msp: Msp, member: Membership, at: datetime) -> Iterator[Task]:
    """Applications of the join page that this person may decide: on their own list, or on everyone's."""
    mine = Q(assigned_to=member) | Q(assigned_to__isnull=True)
    rows = _cut(Application.objects.waiting().filter(mine).order_by("sent_at"))

    def line(application: Application) -> Task:
        return Task(
            "user-plus",
            f"{application.name} wants to become a partner",
            f"{application.contact_name} applied {_ago(application.sent_at, msp, at)}.",
            doors.url("dashboard", msp, "dashboard:application", application.pk),
            "Read application",
        )

    yield from _together(
        msp,
        rows,
        line,
        f"{_many(rows)} firms want to become partners",
        lambda: f"The oldest application: {rows[0].name}, {_ago(rows[0].sent_at, msp, at)}.",
        "dashboard:application-list",
    )


def _unsigned(msp: Msp, member: Membership, at: datetime) -> Iterator[Task]:
    """Active partners whose days to sign the agreement are over: nothing is paid out to them."""
    late = AgreementVersion.objects.in_force().filter(is_required=True, sign_by__lt=msp.today(at))
    for version in late.order_by("kind"):
        rows = _cut(agreements.unsigned(version).filter(state=PartnerState.ACTIVE).order_by("name_key", "pk"))
        if not rows:
            continue
        count = "1 partner has" if len(rows) == 1 else f"{_many(rows)} partners have"
        names = ", ".join(partner.name for partner in rows[:SHOWN]) + (" and others" if len(rows) > SHOWN else "")
        detail = f"{names}. Nothing is paid out to them until they do; a call helps."
        url = doors.url("dashboard", msp, "dashboard:agreement-version", version.pk)
        yield Task("file-pen", f"{count} not signed “{version.title}”", detail, url, "See who")


def _unanswered(msp: Msp, member: Membership, at: datetime) -> Iterator[Task]:
    """Invitations that nobody has answered for a week."""
    waiting = PartnerInvitation.objects.waiting().filter(invited_at__lte=at - UNANSWERED_AFTER)
    rows = _cut(waiting.order_by("invited_at").select_related("contact__partner"))

    def line(invitation: PartnerInvitation) -> Task:
        contact, partner = invitation.contact, invitation.contact.partner
        whom = contact.name if contact.name == partner.name else f"{contact.name} of {partner.name}"
        over = "" if invitation.is_open(at) else " The link has expired."
        detail = f"Sent {_ago(invitation.invited_at, msp, at)}, not answered.{over}"
        url = doors.url("dashboard", msp, "dashboard:partner", partner.pk)
        return Task("mail", f"Ask {whom} about the invitation", detail, url, "Open partner")

    yield from _together(
        msp,
        rows,
        line,
        f"{_many(rows)} invitations are unanswered",
        lambda: f"{rows[0].contact.partner} was invited {_ago(rows[0].invited_at, msp, at)}. A call helps.",
        "dashboard:partner-list",
        "?state=invited",
    )


def _not_invited(msp: Msp, member: Membership, at: datetime) -> Iterator[Task]:
    """Partners who were entered and never asked."""
    prospects = Partner.objects.filter(state=PartnerState.PROSPECT, created_at__lt=at - timedelta(days=1))
    rows = _cut(prospects.order_by("created_at"))

    def line(partner: Partner) -> Task:
        return Task(
            "user-plus",
            f"Invite {partner}",
            f"Added {_ago(partner.created_at, msp, at)} and not invited yet.",
            doors.url("dashboard", msp, "dashboard:partner-invitation", partner.pk),
            "Write the invitation",
        )

    yield from _together(
        msp,
        rows,
        line,
        f"{_many(rows)} partners are not invited yet",
        lambda: f"{rows[0]} was added {_ago(rows[0].created_at, msp, at)}.",
        "dashboard:partner-list",
        "?state=prospect",
    )


_SOURCES: tuple[tuple[str, Callable[[Msp, Membership, datetime], Iterator[Task]]], ...] = (
    ("payouts.manage", _runs),
    ("referrals.manage", _untouched),
    ("referrals.manage", _due),
    ("referrals.manage", _cases),
    ("referrals.manage", _flags),
    ("referrals.manage", _findings),
    ("referrals.manage", _ending),
    ("referrals.manage", _quiet),
    ("clients.manage", _unpinned),
    ("partners.manage", _applications),
    ("settings.manage", _unsigned),
    ("partners.manage", _unanswered),
    ("partners.manage", _not_invited),
)


def _cut[Row: Model](rows: QuerySet[Row]) -> list[Row]:
    return list(rows[:COUNTED])


def _many(rows: Sequence[object]) -> str:
    return f"{COUNTED - 1}+" if len(rows) == COUNTED else str(len(rows))


def _together[Row](
    msp: Msp,
    rows: Sequence[Row],
    line: Callable[[Row], Task],
    title: str,
    detail: Callable[[], str],
    name: str,
    query: str = "",
) -> Iterator[Task]:
    """A line each while they are few; one line that leads to the list when they are many, late when the first one is.

    The rows come with the most urgent one first.
    """
    if len(rows) <= SHOWN:
        yield from map(line, rows)
        return
    first, url = line(rows[0]), doors.url("dashboard", msp, name) + query
    yield Task(first.icon, title, detail(), url, "Work through them", first.is_late)


def _ago(moment: datetime, msp: Msp, at: datetime) -> str:
    return days_away((msp.today(at) - msp.today(moment)).days)
