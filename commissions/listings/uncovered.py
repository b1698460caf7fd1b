"""The list of contracts without a plan, and giving it to many of them at once."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django import forms

from commissions import uncovered
from commissions.terms import describe, from_json
from commissions.uncovered import Uncovered
from elinkages.accounts.models import Membership
from elinkages.kernel.markup import fill
from elinkages.kernel.words import say_count
from elinkages.lists import columns
from elinkages.lists.actions import Action, Outlook
from elinkages.lists.columns import Column, Field, muted, row_link, sentence, sub, together
from elinkages.lists.filters import Filter, Options, Order, Rows, equals
from elinkages.lists.listing import Listing, register
from elinkages.lists.scope import Scope
from referrals import service_lines
from referrals.models import Contract


class RulesSeenForm(forms.Form):
    """The rules that the person looked at. When they are others by now, the person looks at these first."""

    rules = forms.CharField(widget=forms.HiddenInput)

    def __init__(self, data: Any) -> None:
        self.now = uncovered.rules_seen()
        super().__init__(data, initial={"rules": self.now})

    def clean(self) -> dict[str, Any]:
        """Raises ValidationError when somebody has changed the rules."""
        if self.cleaned_data.get("rules") != self.now:
            self.data = {"rules": self.now}
            raise forms.ValidationError("The rules have changed since you looked. Look at what each gets now.")
        return self.cleaned_data


class Cover(Action):
    """Give contracts the plan that the rules lead to, each in its own unit: a pin is for good."""

    name, label, verb, icon = "cover", "Give the plan", "Give the plan to", "percent"
    right = "plans.manage"
    note = (
        "A plan stays with its contract for good: if one should get a different plan, choose that on its own page"
        " first. Commission follows within ten minutes."
    )

    def form(self, data: Any, scope: Scope) -> forms.Form:
        """Nothing but whether; the rules come along unseen."""
        return RulesSeenForm(data)

    def outlook(self, chosen: Sequence[UUID], scope: Scope) -> Outlook:
        """Those that a rule covers, and how many get which version."""
        rows = uncovered.with_choices(_contracts().filter(pk__any_of=chosen).order_by("pk"))
        covered = [(row.contract.pk, version) for row in rows if (version := row.choice.version)]
        notes = [
            f"{say_count(count, 'contract')}: {version} ({describe(from_json(version.terms), scope.msp.currency)})"
            for version, count in Counter(version for _, version in covered).most_common()
        ]
        if left := len(chosen) - len(covered):
            notes.append(f"{say_count(left, 'contract')} left out: no rule covers {'it' if left == 1 else 'them'}.")
        return Outlook([pk for pk, _ in covered], notes)

    def do(self, row: Contract, facts: Mapping[str, Any], *, by: Membership, scope: Scope) -> dict[str, Any]:
        """One contract."""
        uncovered.cover(row, seen=facts["rules"], by=by, at=scope.at)
        return {}


def _client(line: Uncovered, scope: Scope) -> str:
    link = row_link(scope, "client", line.contract.client_id, line.contract.client.name)
    return link + sub(line.contract.service_line.name)


def _plan(line: Uncovered, scope: Scope) -> str:
    version = line.choice.version
    if version is not None:
        return together(str(version), sentence(describe(from_json(version.terms), scope.msp.currency)))
    why = muted(f"{line.choice.why}.")
    if not scope.member.may("plans.manage"):
        return why
    choose = fill('<a href="{}">Choose the plan</a>', scope.url("contract-plan", line.contract.pk))
    return together(why, " ", choose)


def _version(line: Uncovered) -> str:
    return str(line.choice.version or "")


def _contracts() -> Rows:
    return Contract.objects.without_plan().select_related("client__referral__partner", "service_line")


def _service_lines(scope: Scope) -> Options:
    return [(str(line.pk), line.name) for line in service_lines.every()]


class UncoveredContracts(Listing):
    """Running contracts of introduced clients that nobody earns anything on, the oldest first."""

    name, title, noun, model = "plan-uncovered", "Contracts without a plan", "contract", Contract
    columns = (
        Column(
            "client",
            "Client",
            _client,
            (
                Field("Client", lambda line: line.contract.client.name),
                Field("Service line", lambda line: line.contract.service_line.name),
            ),
        ),
        columns.text("introduced", "Introduced by", lambda line: line.referral.partner.name),
        columns.day("won", "Won on", lambda line: line.won_on),
        columns.day("owed", "Owed from", lambda line: line.contract.owed_from),
        Column(
            "plan",
            "Plan it gets",
            _plan,
            (Field("Plan it gets", _version), Field("Why", lambda line: line.choice.why)),
        ),
    )
    orders = (Order("oldest", "Oldest first", ("pk",)),)
    filters = (Filter("line", "Service line", _service_lines, equals("service_line"), everything="Every service line"),)
    actions = (Cover(),)

    def rows(self, scope: Scope) -> Rows:
        """Of introduced clients who are still here."""
        return _contracts()

    def lines(self, rows: Sequence[Contract], scope: Scope) -> Sequence[Uncovered]:
        """With what the rules say now."""
        return uncovered.with_choices(rows)

    def row_name(self, line: Uncovered) -> str:
        """The client and what they buy."""
        return str(line.contract)


UNCOVERED = register(UncoveredContracts())
