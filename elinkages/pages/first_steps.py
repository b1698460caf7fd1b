"""The way from an empty MSP to the first introduction, ticked off by what is there."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.db.models import Exists, Q, QuerySet

from commissions.models import PlanRule, PlanVersion
from elinkages.accounts.models import Membership, Msp
from elinkages.accounts.rights import RIGHTS, Role
from elinkages.kernel.prepared import PreparedValues
from elinkages.pages.ui.places import address
from partners.models import Partner, PartnerState
from referrals.models import Referral

FIRST = 5
"""How many partners are a beginning: few enough to call each of them."""


@dataclass(frozen=True, slots=True)
class Way:
    """A button that does a step: the URL name of its page, its words, and the right it takes."""

    name: str
    label: str
    right: str

    @property
    def url(self) -> str:
        """Where it leads."""
        return address(self.name)


@dataclass(frozen=True, slots=True)
class Step:
    """One step: what, why, and the ways to do it, the usual one last."""

    title: str
    why: str
    ways: tuple[Way, ...]


@dataclass(frozen=True, slots=True)
class Shown:
    """A step as one person sees it: with the ways that are open to them, or who else does it."""

    title: str
    why: str
    is_done: bool
    ways: Sequence[Way]
    others: str


PARTNERS = Step(
    "Bring your partners",
    "Add the people who already send you business, or import the spreadsheet you keep them in.",
    (
        Way("dashboard:import-new", "Import a spreadsheet", "imports.manage"),
        Way("dashboard:partner-new", "Add a partner", "partners.manage"),
    ),
)
PLAN = Step(
    "Say what an introduction is worth",
    "A plan turns a won client into a commission, and partners can read its terms.",
    (Way("dashboard:plan-list", "Set a plan", "plans.manage"),),
)
RULE = Step(
    PLAN.title,
    "Your plan is ready. It pays nobody until you say whose introductions it applies to.",
    (Way("dashboard:plan-rule-new", "Say where it applies", "plans.manage"),),
)
INVITATIONS = Step(
    "Invite the first five",
    "Five partners who answer are worth more than fifty who do not. Each gets their own portal.",
    (Way("dashboard:partner-list", "Choose whom to invite", "partners.manage"),),
)
INTRODUCTION = Step(
    "Log the first introduction",
    "Someone called about a company? Log it while you remember who sent it.",
    (Way("dashboard:referral-new", "Log an introduction", "referrals.manage"),),
)
SECOND_PERSON = Step(
    "Let a second person approve payouts",
    "Money goes out only when two people agree. Give a colleague the finance role.",
    (Way("dashboard:team", "Invite a colleague", "team.manage"),),
)


def first_steps(msp: Msp, member: Membership, today: date) -> list[Shown]:
    """The steps in their order, from one query; an empty list once nothing is left that this person can do."""
    ((partners, published, ruled, invited, referral, second),) = _there(msp=msp.pk, today=today)
    steps = [
        _shown(PARTNERS, partners, member),
        _shown(RULE if published else PLAN, ruled, member),
        _shown(INVITATIONS, invited, member),
        _shown(INTRODUCTION, referral, member),
        _shown(SECOND_PERSON, second or msp.one_person_approval_at is not None, member),
    ]
    return steps if any(step.ways and not step.is_done for step in steps) else []


def _shown(step: Step, is_done: bool, member: Membership) -> Shown:
    ways = [way for way in step.ways if member.may(way.right)]
    may = [role.label.lower() for role in Role if any(role in RIGHTS[way.right] for way in step.ways)]
    others = "" if ways else f"An {' or '.join(may)} does this."
    return Shown(step.title, step.why, is_done, ways, others)


def _what_is_there(msp: UUID, today: date) -> QuerySet[Msp, tuple[Any, ...]]:
    in_force = Q(valid_from__lte=today) & (Q(valid_until__isnull=True) | Q(valid_until__gt=today))
    published = PlanVersion.objects.filter(in_force)
    ruled = PlanRule.objects.filter(in_force, plan__in=published.values("plan"))
    asked = Partner.objects.filter(state__in=[PartnerState.INVITED, PartnerState.ACTIVE]).order_by("pk")
    payers = Membership.objects.active().filter(msp=msp, role__in=["owner", "finance"])
    return Msp.objects.filter(pk=msp).values_list(
        Exists(Partner.objects.all()),
        Exists(published),
        Exists(ruled),
        Exists(asked[FIRST - 1 : FIRST]),
        Exists(Referral.objects.all()),
        Exists(payers.order_by("pk")[1:2]),
    )


_there = PreparedValues(_what_is_there, msp=UUID, today=date)
