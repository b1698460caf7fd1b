"""The lists of what is paid: payouts, and the runs that they are in."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count, F, Sum

from commissions.listings.search import PARTNER, of_partners
from commissions.models import PaidIn, Payout, PayoutRun, PayoutState, RunState
from elinkages.kernel.figures import day_html
from elinkages.kernel.icons import badge_html
from elinkages.kernel.markup import fill
from elinkages.lists import columns
from elinkages.lists.columns import Column, Field, Kind, row_link, sub
from elinkages.lists.filters import Filter, Order, Rows, Search, choices, equals, of_row
from elinkages.lists.listing import Listing, register
from elinkages.lists.scope import Scope


def _reference(rows: Rows, text: str, scope: Scope) -> Rows:
    """By number (`ELK-12`, `12`), by the bank's reference, or by how the partner's name begins."""
    number = text.upper().removeprefix("ELK-")
    if number.isascii() and number.isdigit() and len(number) < 10:
        return rows.filter(number=int(number))
    if any(letter.isdigit() for letter in text) and (found := rows.filter(reference=text)).exists():
        return found
    return of_partners(rows, text, scope)


class Payouts(Listing):
    """Every payout of every run, newest first."""

    name, title, noun, model = "payout-list", "All payouts", "payout", Payout
    columns = (
        Column(
            "payout",
            "Payout",
            lambda payout, scope: row_link(scope, "payout", payout.pk, payout.code),
            (Field("Payout", lambda payout: payout.code),),
            sorts=("newest", "oldest"),
        ),
        columns.text("partner", "Partner", lambda payout: payout.partner_name),
        Column(
            "state",
            "Status",
            lambda payout, _: badge_html(payout.state_name, payout.tone),
            (Field("Status", lambda payout: payout.state_name),),
        ),
        Column(
            "run",
            "Run",
            lambda payout, _: f"Run\N{NO-BREAK SPACE}{payout.run_number}",
            (Field("Run", lambda payout: f"Run {payout.run_number}"),),
        ),
        columns.text("in", "Paid in", lambda payout: payout.get_paid_in_display()),
        columns.day("paid", "Paid on", lambda payout: payout.paid_on),
        columns.text("reference", "Bank reference", lambda payout: payout.reference),
        columns.money("amount", "Amount", lambda payout: payout.minor, dash=False),
        columns.text("ended", "Why it ended", lambda payout: payout.ended_reason, is_extra=True),
    )
    orders = (
        Order("newest", "Newest first", ("-number", "-pk")),
        Order("oldest", "Oldest first", ("number", "pk")),
    )
    filters = (
        Filter("state", "Status", choices(PayoutState.choices), equals("state"), shown="chips", everything="All"),
        Filter("in", "Paid in", choices(PaidIn.choices), equals("paid_in"), everything="Money and credit"),
        PARTNER,
        of_row("run", "Run", PayoutRun.objects.all, "run"),
    )
    search = Search(
        "Number, reference or partner", "Search by number, bank reference or the beginning of a name", _reference
    )

    def rows(self, scope: Scope) -> Rows:
        """With whose and of which run."""
        found = Payout.objects.annotate(partner_name=F("partner__name"), run_number=F("run__number"))
        return found.only(
            "msp_id",
            "number",
            "minor",
            "currency",
            "paid_in",
            "state",
            "paid_on",
            "reference",
            "ended_reason",
        )


PAYOUTS = register(Payouts())


# Runs


@dataclass(frozen=True, slots=True)
class RunLine:
    """A run, how many payouts it has, and what they are worth in minor units."""

    run: PayoutRun
    count: int
    minor: int


def run_lines(runs: Sequence[PayoutRun]) -> list[RunLine]:
    """Runs with what they pay, in one query; what was canceled of them is no part of it."""
    live = Payout.objects.filter(run__in=[run.pk for run in runs]).exclude(state=PayoutState.CANCELED)
    sums = live.order_by().values_list("run_id").annotate(total=Count("*"), worth=Sum("minor"))
    found = {run_id: (count, int(minor)) for run_id, count, minor in sums}
    return [RunLine(run, *found.get(run.pk, (0, 0))) for run in runs]


RUN_STATE_NAMES: dict[str, str] = dict(RunState.choices)


def _run(line: RunLine, scope: Scope) -> str:
    link = row_link(scope, "payout-run", line.run.pk, str(line.run))
    what = "Service credit, payable by {}" if line.run.is_credit else "Payable by {}"
    return link + sub(fill(what, day_html(line.run.cutoff_on)))


class Runs(Listing):
    """Every payout run, newest first."""

    name, title, noun, model = "run-list", "Payout runs", "run", PayoutRun
    columns = (
        Column(
            "run",
            "Run",
            _run,
            (
                Field("Run", lambda line: line.run.number, Kind.COUNT),
                Field("Payable by", lambda line: line.run.cutoff_on, Kind.DAY),
            ),
            sorts=("newest", "oldest"),
        ),
        Column(
            "state",
            "Status",
            lambda line, _: badge_html(RUN_STATE_NAMES[line.run.state], line.run.tone),
            (Field("Status", lambda line: RUN_STATE_NAMES[line.run.state]),),
        ),
        columns.instant("opened", "Opened", lambda line: line.run.opened_at),
        columns.text("by", "Opened by", lambda line: str(line.run.opened_by)),
        columns.text("approved", "Approved by", lambda line: str(line.run.approved_by or "")),
        columns.count("payouts", "Payouts", lambda line: line.count),
        columns.money("total", "Total", lambda line: line.minor, dash=False),
        columns.instant("released", "Released", lambda line: line.run.released_at, is_extra=True),
        columns.text("ended", "Why it was canceled", lambda line: line.run.ended_reason, is_extra=True),
    )
    orders = (
        Order("newest", "Newest first", ("-number", "-pk")),
        Order("oldest", "Oldest first", ("number", "pk")),
    )
    filters = (Filter("state", "Status", choices(RunState.choices), equals("state"), shown="chips", everything="All"),)

    def rows(self, scope: Scope) -> Rows:
        """With who opened and approved them."""
        return PayoutRun.objects.select_related("opened_by__user", "approved_by__user")

    def lines(self, rows: Sequence[PayoutRun], scope: Scope) -> Sequence[RunLine]:
        """With what they pay."""
        return run_lines(rows)

    def row_name(self, line: RunLine) -> str:
        """Its number."""
        return str(line.run)


RUNS = register(Runs())
