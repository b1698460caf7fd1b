"""Which plan a deal gets, and the win that pins it (docs/algorithms/precedence.md)."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Q

from commissions import facts
from commissions.models import Pin, PlanRule, PlanVersion
from elinkages.accounts.models import Msp
from elinkages.audit import trail
from elinkages.kernel import locks
from elinkages.kernel.actors import Actor, System
from elinkages.kernel.constraints import only
from elinkages.kernel.refusal import Refused
from elinkages.kernel.tenancy import current_msp_id
from elinkages.kernel.words import say_day
from partners.models import Partner, SourceKind
from referrals import clients, contracts, pipeline, screening
from referrals.models import Client, Contract, Referral, ServiceLine, Stage

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


class Rulebook:
    """The rules and plan versions that deals of some partners may get, in two queries."""

    def __init__(self, partners: Iterable[Partner]) -> None:
        rules = PlanRule.objects.filter(Q(partner__in=set(partners)) | Q(partner__isnull=True))
        self._rules = list(rules.select_related("plan", "partner", "service_line"))
        self._versions: dict[UUID, list[PlanVersion]] = defaultdict(list)
        for version in PlanVersion.objects.filter(plan__in={rule.plan_id for rule in self._rules}):
            self._versions[version.plan_id].append(version)

    def choose(self, partner: Partner, source_kind: str, service_line: ServiceLine, on: date) -> Choice:
        """The version that a deal gets, as `choose` below says."""
        rules = [
            rule
            for rule in self._rules
            if rule.partner_id in (None, partner.pk)
            and rule.service_line_id in (None, service_line.pk)
            and rule.source_kind in ("", source_kind)
            and rule.is_valid(on)
        ]
        rules.sort(key=lambda rule: -rule.specificity)
        if not rules:
            what = f"{partner.name}, {SourceKind(source_kind).label}, {service_line.name} on that day"
            return Choice(None, None, (), f"No plan applies: no rule covers {what}")
        rule, losing = rules[0], tuple(_lost(other) for other in rules[1:])
        version = next((one for one in self._versions[rule.plan_id] if one.is_valid(on)), None)
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


def choose(partner: Partner, source_kind: str, service_line: ServiceLine, on: date) -> Choice:
    """The version that a deal won on a day gets: the most specific rule wins whole, not field by field.

    Without a rule, or when the winning plan has no version on that day, there is no version and `why` says so.
    """
    return Rulebook([partner]).choose(partner, source_kind, service_line, on)


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
    return win_all([Win(referral, client_name, contracts, won_on, website)], by=by, at=at)[0]


@dataclass(frozen=True, slots=True)
class Win:
    """An introduction that becomes a client; see `win`."""

    referral: Referral
    client_name: str
    contracts: Sequence[NewContract]
    won_on: date
    website: str = ""


def win_all(wins: Sequence[Win], *, by: Actor, at: datetime) -> list[Client]:
    """Win introductions in few statements, each as `win` would, all of them or none. Raises what `win` raises."""
    today = Msp.objects.get(pk=current_msp_id()).today(at)
    for one in wins:
        if not one.contracts:
            raise NoContracts("Add at least one contract: what they buy and for how much a month.")
        if one.won_on > today:
            raise NotYet("The day of the win has not come yet. Choose today or an earlier day.")
    with transaction.atomic():
        screening.one_at_a_time()
        current = Referral.objects.select_related("partner").in_bulk([one.referral.pk for one in wins])
        pipeline.advance([pipeline.Step(current[one.referral.pk], Stage.WON, at) for one in wins], by=by)
        new = [
            clients.NewClient(
                one.client_name, min(sold.starts_on for sold in one.contracts), one.website, current[one.referral.pk]
            )
            for one in wins
        ]
        made = clients.create_all(new, by=by, at=at)
        rows = zip(made, wins, strict=True)
        add_all([(client, sold, one.won_on) for client, one in rows for sold in one.contracts], by=by, at=at)
    return made


def add(client: Client, sold: NewContract, *, won_on: date, by: Actor, at: datetime) -> Contract:
    """Sign one more contract; a referred client's gets the plan version of the day it was won, if a rule gives one.

    Raises what contracts.sign refuses.
    """
    return add_all([(client, sold, won_on)], by=by, at=at)[0]


def add_all(new: Sequence[tuple[Client, NewContract, date]], *, by: Actor, at: datetime) -> list[Contract]:
    """The same for many in few statements: what was sold to whom, and on which day it was won; all or none."""
    signed = contracts.sign_all(
        [
            contracts.Signing(
                client,
                sold.service_line,
                sold.mrr_minor,
                sold.starts_on,
                sold.owed_from,
                sold.first_paid_on,
                sold.external_id,
                won_on,
            )
            for client, sold, won_on in new
        ],
        by=by,
        at=at,
    )
    facts.rematch_all([client for client, _, _ in new], by=by, at=at)
    referred = [
        (contract, client.referral, won_on)
        for contract, (client, _, won_on) in zip(signed, new, strict=True)
        if client.referral is not None
    ]
    if referred:
        pin_all(referred, by, at)
    return signed


def pin_all(new: Sequence[tuple[Contract, Referral, date]], by: Actor, at: datetime) -> None:
    """Pin contracts, each with its introduction and the day of its win; one that no plan applies to is left without."""
    rulebook = Rulebook([referral.partner for _, referral, _ in new])
    pins, events = [], []
    for contract, referral, won_on in new:
        choice = rulebook.choose(referral.partner, referral.source_kind, contract.service_line, won_on)
        if choice.version is None:
            told = {"contract": contract.service_line.name, "reason": f"{choice.why}."}
            events.append(trail.event("contract.no_plan", contract.client, by=by, at=at, **told))
            continue
        pins.append(_pin(contract, choice.version, choice.as_json(), won_on, at))
        events.append(_pinned(pins[-1], by=by, at=at))
    Pin.objects.bulk_create(pins)
    trail.record_all(events)


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
    locks.hold("pins")
    referral = contract.client.referral
    if referral is None:
        raise NotReferred(f"Nobody introduced {contract.client.name}, so no commission plan applies.")
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
            found = _pin(contract, version, chosen, won_on, at)
            found.save(force_insert=True)
    except IntegrityError as error:
        only("pin_once", error)
        raise AlreadyPinned(
            f"{contract.service_line.name} already has its plan. What was pinned at the win stays."
        ) from error
    trail.record_all([_pinned(found, by=by, at=at)])
    return found


def _pin(contract: Contract, version: PlanVersion, chosen: dict[str, Any], won_on: date, at: datetime) -> Pin:
    return Pin(contract=contract, plan_version=version, chosen=chosen, won_on=won_on, pinned_at=at)


def _pinned(pin: Pin, *, by: Actor, at: datetime) -> trail.Event:
    told = {"contract": pin.contract.service_line.name, "plan": str(pin.plan_version), "won_on": pin.won_on}
    client = pin.contract.client
    return trail.event("contract.plan_pinned", client, by=by, at=at, **told, reason=pin.chosen["why"])


def _lost(rule: PlanRule) -> str:
    return f"“{rule.plan.name}” for {rule.scope}: less specific"
