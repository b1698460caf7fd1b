"""Which plan a deal gets, and the win that pins it (money.md 2.2; docs/algorithms/precedence.md)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q

from commissions import facts
from commissions.models import Pin, PlanRule, PlanVersion
from commissions.plans import versions_on
from elinkages.accounts.models import Msp
from elinkages.audit import trail
from elinkages.kernel.actors import Actor, System
from elinkages.kernel.refusal import Refused
from elinkages.kernel.tenancy import current_msp_id
from elinkages.kernel.words import say_day
from partners.models import Partner, SourceKind
from referrals import clients, contracts, pipeline, screening
from referrals.models import Client, Contract, Referral, ServiceLine

SYSTEM = System("Plan rules")


class NoContracts(Refused):
    """A win without anything sold."""


class NotReferred(Refused):
    """A contract of a client that nobody introduced."""


class NoPlan(Refused):
    """No rule leads to a plan for this deal."""


class AlreadyPinned(Refused):
    """The contract has its plan; it never changes."""


class NotYet(Refused):
    """A win on a day that has not come."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The plan version for a deal, and why: the winning rule and those that lost to it, in words."""

    version: PlanVersion | None
    rule: PlanRule | None
    losing: tuple[str, ...]
    why: str

    def as_json(self) -> dict[str, Any]:
        """What a pin keeps of it for good."""
        return {"rule": self.rule.scope if self.rule else "", "why": self.why, "losing": list(self.losing)}


@dataclass(frozen=True, slots=True)
class NewContract:
    """What was sold for one service line; `mrr_minor` in minor units of the MSP's currency."""

    service_line: ServiceLine
    mrr_minor: int
    starts_on: date
    first_paid_on: date | None = None
    owed_from: date | None = None
    external_id: str = ""


def choose(partner: Partner, source_kind: str, service_line: ServiceLine, on: date) -> Choice:
    """The version that a deal won on a day gets: the most specific rule wins whole, not field by field.

    Without a rule, or when the winning plan has no version on that day, there is no version and `why` says so.
    """
    rules = sorted(_candidates(partner, source_kind, service_line, on), key=lambda rule: -rule.specificity)
    if not rules:
        return Choice(None, None, (), f"No plan applies: no rule covers {_what(partner, source_kind, service_line)}")
    rule, losing = rules[0], tuple(_lost(other) for other in rules[1:])
    version = versions_on([rule.plan], on).get(rule.plan_id)
    if version is None:
        return Choice(
            None,
            rule,
            losing,
            f"No plan applies: the rule for {rule.scope} leads to “{rule.plan.name}”,"
            f" which has no version in force on {say_day(on)}",
        )
    version.plan = rule.plan
    why = f"“{rule.plan.name}”, version {version.number}, by the rule for {rule.scope}"
    if losing:
        why += ", the most specific one that applies"
    return Choice(version, rule, losing, why)


def win(
    referral: Referral,
    *,
    client_name: str,
    website: str = "",
    contracts: Sequence[NewContract],
    won_on: date,
    by: Actor,
    at: datetime,
) -> Client:
    """An introduction becomes a client with its contracts, each with the plan version of that day pinned.

    A contract that no plan applies to is left without a pin: `pin` can follow. Raises NoContracts, NotYet and
    whatever pipeline.win, clients.create and contracts.sign refuse; then nothing has happened.
    """
    sold = contracts
    if not sold:
        raise NoContracts("Add at least one contract: what they buy and for how much a month.")
    if won_on > Msp.objects.get(pk=current_msp_id()).today(at):
        raise NotYet("The day of the win has not come yet. Choose today or an earlier day.")
    with transaction.atomic():
        screening.one_at_a_time()
        current = Referral.objects.select_related("partner").get(pk=referral.pk)
        pipeline.win(current, by=by, at=at)
        since_on = min(contract.starts_on for contract in sold)
        client = clients.create(name=client_name, website=website, referral=current, since_on=since_on, by=by, at=at)
        for contract in sold:
            add(client, contract, won_on=won_on, by=by, at=at)
    return client


def add(client: Client, sold: NewContract, *, won_on: date, by: Actor, at: datetime) -> Contract:
    """Sign one more contract; a referred client's gets the plan version of the day it was won, if a rule gives one.

    Raises what contracts.sign refuses.
    """
    contract = contracts.sign(
        client,
        service_line=sold.service_line,
        mrr_minor=sold.mrr_minor,
        starts_on=sold.starts_on,
        owed_from=sold.owed_from,
        first_paid_on=sold.first_paid_on,
        external_id=sold.external_id,
        by=by,
        at=at,
    )
    facts.rematch(client, by=by, at=at)
    if client.referral_id is None:
        return contract
    try:
        pin(contract, won_on=won_on, by=by, at=at)
    except NoPlan as refusal:
        trail.record("contract.no_plan", client, by=by, at=at, contract=sold.service_line.name, reason=refusal.message)
    return contract


def pin(
    contract: Contract,
    *,
    won_on: date,
    at: datetime,
    by: Actor = SYSTEM,
    version: PlanVersion | None = None,
    note: str = "",
) -> Pin:
    """Pin the version that the contract earns by, for good: the one of its rules, or `version` chosen by a person.

    Raises NotReferred, NoPlan (with the reason), or AlreadyPinned.
    """
    referral = contract.client.referral
    if referral is None:
        raise NotReferred(f"Nobody introduced {contract.client.name}, so there is no commission to plan.")
    if version is None:
        choice = choose(referral.partner, referral.source_kind, contract.service_line, won_on)
        version, chosen = choice.version, choice.as_json()
        if version is None:
            raise NoPlan(f"{choice.why}.")
    else:
        chosen = {
            "rule": "",
            "why": f"Chosen by {by.actor_name}: {note.strip() or 'no reason given'}".rstrip("."),
            "losing": [],
        }
    try:
        with transaction.atomic():
            found = Pin.objects.create(
                contract=contract, plan_version=version, chosen=chosen, won_on=won_on, pinned_at=at
            )
    except IntegrityError as error:
        if "pin_once" not in str(error):
            raise
        raise AlreadyPinned(
            f"{contract.service_line.name} has its plan already. What was pinned at the win stays."
        ) from error
    trail.record(
        "contract.plan_pinned",
        contract.client,
        by=by,
        at=at,
        contract=contract.service_line.name,
        plan=str(version),
        won_on=won_on,
        reason=chosen["why"],
    )
    return found


def _candidates(partner: Partner, source_kind: str, service_line: ServiceLine, on: date) -> list[PlanRule]:
    rules = PlanRule.objects.filter(
        Q(partner=partner) | Q(partner__isnull=True),
        Q(service_line=service_line) | Q(service_line__isnull=True),
        source_kind__in=["", source_kind],
        valid_from__lte=on,
    ).exclude(valid_until__lte=on)
    return list(rules.select_related("plan", "partner", "service_line"))


def _lost(rule: PlanRule) -> str:
    return f"“{rule.plan.name}” for {rule.scope}: less specific"


def _what(partner: Partner, source_kind: str, service_line: ServiceLine) -> str:
    return f"{partner.name}, {SourceKind(source_kind).label}, {service_line.name} on that day"
