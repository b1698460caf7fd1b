"""The list of what was earned."""

from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from typing import Any

from django import forms
from django.db.models import F

from commissions import holds
from commissions.engine import months_from
from commissions.listings.search import PARTNER, of_partners
from commissions.models import Entry, EntryKind, Hold, Stage
from commissions.totals import Totals, totals
from elinkages.accounts.models import Membership
from elinkages.kernel.actors import Actor
from elinkages.kernel.figures import day_html, full_month
from elinkages.kernel.icons import badge_html
from elinkages.kernel.markup import fill
from elinkages.kernel.money import format_money
from elinkages.kernel.refusal import Refused
from elinkages.lists import columns
from elinkages.lists.actions import Action
from elinkages.lists.columns import Column, Field, Kind, row_link, sub, together
from elinkages.lists.filters import Filter, Options, Order, Rows, Search, choices, equals, of_row
from elinkages.lists.listing import Listing, register
from elinkages.lists.scope import Scope
from referrals.models import Contract

STAGE_NAMES: dict[str, str] = dict(Stage.choices)
KIND_NAMES: dict[str, str] = dict(EntryKind.choices)
OPENING = "Opening balance"


def _totals(scope: Scope) -> Totals:
    if "totals" not in scope.kept:
        scope.kept["totals"] = totals(year=scope.today.year)
    found: Totals = scope.kept["totals"]
    return found


def _months(scope: Scope) -> Options:
    """Every month from the newest to the oldest that anything was earned in."""
    found = _totals(scope)
    return _between(found.first, found.last) if found.first and found.last else ()


@lru_cache(maxsize=256)
def _between(first: date, last: date) -> Options:
    return tuple((f"{month:%Y-%m}", full_month(month)) for month in reversed(list(months_from(first, last))))


def _month(text: str) -> date | None:
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError:
        return None


def _client(entry: Any) -> str:
    return entry.client_name or OPENING


def _service_line(entry: Any) -> str:
    return entry.service_line_name or ""


def _for(entry: Any, scope: Scope) -> str:
    line = _service_line(entry)
    return together(_client(entry), sub(line)) if line else _client(entry)


def _at_stage(entry: Entry, scope: Scope) -> str:
    badge = badge_html(STAGE_NAMES[entry.stage], entry.tone)
    if entry.stage != Stage.ACCRUED:
        return badge
    return badge + fill('<span class="sub nowrap">until {}</span>', day_html(entry.hold_until))


class NoContract(Refused):
    """The amount is an opening balance: only its partner can be put on hold."""


class HeldAlready(Refused):
    """Another amount of the same contract put it on hold, or somebody did before."""


class NotHeld(Refused):
    """Nothing keeps the amount back."""


class PutOnHold(Action):
    """Keep several amounts from being paid, by a hold on the contract of each."""

    name, label, verb, icon, tone = "hold", "Hold", "Hold", "pause", "danger"
    right = "payouts.manage"
    note = (
        "A hold is on the contract that an amount is for: all amounts of that contract wait, and keep accruing,"
        " until the hold is lifted. Nothing is voided."
    )
    can_undo = True

    def form(self, data: Any, scope: Scope) -> forms.Form:
        """Why."""
        return HoldForm(data)

    def do(self, row: Entry, facts: Mapping[str, Any], *, by: Membership, scope: Scope) -> dict[str, Any]:
        """The contract of one amount."""
        contract = _contract(row)
        if holds.active(contract):
            raise HeldAlready(f"{contract} of {contract.client} is already on hold.")
        return {"hold": str(holds.place(contract, reason=facts["reason"], by=by, at=scope.at).pk)}

    def undo(self, row: Entry, before: Mapping[str, Any], *, by: Actor, scope: Scope) -> None:
        """Lift the hold that was placed."""
        holds.lift(Hold.objects.get(pk=before["hold"]), by=scope.member, at=scope.at)

    def called(self, row: Any) -> str:
        """Whose it is, for what, and how much."""
        return _told(row)


class Release(Action):
    """Lift the holds on the contracts of several amounts."""

    name, label, verb, icon = "release", "Lift holds", "Lift the holds on", "play"
    right = "payouts.manage"
    note = "Holds on the contracts of these amounts are lifted. A hold on a partner as a whole stays."

    def do(self, row: Entry, facts: Mapping[str, Any], *, by: Membership, scope: Scope) -> dict[str, Any]:
        """The contract of one amount."""
        contract = _contract(row)
        found = holds.active(contract)
        if not found:
            raise NotHeld(f"Nothing is holding back {contract} of {contract.client}.")
        for hold in found:
            holds.lift(hold, by=by, at=scope.at)
        return {}

    def called(self, row: Any) -> str:
        """Whose it is, for what, and how much."""
        return _told(row)


class HoldForm(forms.Form):
    """Why several amounts wait."""

    reason = forms.CharField(
        label="Why",
        max_length=holds.REASON_LENGTH,
        help_text="Your team and the partners see it.",
        error_messages={"required": "Say why; your team and the partners see it."},
    )


def _contract(entry: Entry) -> Contract:
    if entry.pool.contract is None:
        raise NoContract("This is an opening balance. Put its partner on hold instead.")
    return entry.pool.contract


def _told(entry: Entry) -> str:
    contract = entry.pool.contract
    client = contract.client.name if contract else OPENING
    return f"{entry.partner}, {client}, {format_money(entry.minor, entry.currency)}"


class Entries(Listing):
    """Every amount that partners earned, newest month first."""

    name, title, noun, model = "commission-list", "Commissions", "amount", Entry
    columns = (
        Column(
            "partner",
            "Partner",
            lambda entry, scope: row_link(scope, "entry", entry.pk, entry.partner_name),
            (Field("Partner", lambda entry: entry.partner_name),),
        ),
        Column(
            "for",
            "For",
            _for,
            (Field("Client", _client), Field("Service line", lambda entry: entry.service_line_name or "")),
        ),
        columns.month("month", "Earned in", lambda entry: entry.earning_month, sorts=("newest", "oldest")),
        columns.text("kind", "Kind", lambda entry: KIND_NAMES[entry.kind]),
        Column(
            "stage",
            "Stage",
            _at_stage,
            (
                Field("Stage", lambda entry: STAGE_NAMES[entry.stage]),
                Field("Held until", lambda entry: entry.hold_until, Kind.DAY),
            ),
        ),
        columns.money("amount", "Amount", lambda entry: entry.minor, dash=False),
        columns.month("posted", "Posted in", lambda entry: entry.posting_month, is_extra=True),
        columns.text("in", "Paid in", lambda entry: entry.get_paid_in_display(), is_extra=True),
        columns.text("why", "Why", lambda entry: entry.reason, is_extra=True),
    )
    orders = (
        Order("newest", "Newest month first", ("-earning_month", "-pk")),
        Order("oldest", "Oldest month first", ("earning_month", "pk")),
    )
    filters = (
        Filter("stage", "Filter by stage", choices(Stage.choices), equals("stage"), shown="chips", everything="All"),
        Filter(
            "month",
            "Month",
            _months,
            lambda rows, value, _: rows.filter(earning_month=_month(value)),
            everything="Every month",
            accepts=lambda value, _: _month(value) is not None,
        ),
        Filter("kind", "Kind", choices(EntryKind.choices), equals("kind"), everything="Every kind"),
        PARTNER,
        of_row(
            "contract",
            "Contract",
            lambda: Contract.objects.select_related("client", "service_line"),
            "pool__contract",
        ),
    )
    search = Search("Partner", "Search by the beginning of a partner’s name", of_partners)
    actions = (PutOnHold(), Release())

    def rows(self, scope: Scope) -> Rows:
        """With whose and what for, in one query; what was computed of them stays where it is."""
        found = Entry.objects.annotate(
            partner_name=F("partner__name"),
            client_name=F("pool__contract__client__name"),
            service_line_name=F("pool__contract__service_line__name"),
            reason=F("pool__reason"),
        )
        return found.only(*_READ)

    def above(self, scope: Scope) -> dict[str, Any]:
        """What is not paid yet, by stage."""
        return {"sums": _totals(scope)}

    def narrow(self, rows: Rows, values: Mapping[str, str]) -> Rows:
        """Voided amounts are shown when they are asked for."""
        return rows if values["stage"] else rows.filter(voided_on__isnull=True)

    def row_name(self, line: Any) -> str:
        """Whose it is, for what, and how much."""
        return f"{line.partner_name}, {_client(line)}, {format_money(line.minor, line.currency)}"


_READ = (
    "msp_id",
    "kind",
    "earning_month",
    "posting_month",
    "minor",
    "currency",
    "hold_until",
    "paid_in",
    "stage",
)
ENTRIES = register(Entries())
