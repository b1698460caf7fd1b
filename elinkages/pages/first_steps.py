"""The way from an empty MSP to the first introduction, ticked off by what is there."""

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.db.models import Exists, Q, QuerySet
from django.urls import reverse

from commissions.models import PlanRule, PlanVersion
from elinkages.accounts.models import Membership, Msp
from elinkages.kernel.prepared import PreparedValues
from elinkages.pages.ui.places import address
from partners.models import Partner, PartnerState
from referrals.models import Referral

FIRST = 5
"""How many partners are a beginning: few enough to call each of them."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step: what, why, whether it is done, the button that does it ("" for who may not), and another way."""

    title: str
    why: str
    is_done: bool
    url: str
    label: str
    other_url: str = ""
    other_label: str = ""


def first_steps(msp: Msp, member: Membership, today: date) -> list[Step]:
    """The steps in their order, from one query; an empty list once all of them are done."""
    done = _done(msp, today)
    steps = [
        Step(
            "Bring your partners",
            "Add the people who already send you business, or import the spreadsheet you keep them in.",
            done["partners"],
            address("dashboard:partner-new") if member.may("partners.manage") else "",
            "Add a partner",
            address("dashboard:import-new") if member.may("imports.manage") else "",
            "Import a spreadsheet",
        ),
        Step(
            "Say what an introduction is worth",
            "Your plan is ready. It pays nobody until you say whose introductions it applies to."
            if done["published"]
            else "A plan turns a won client into a commission, and partners can read its terms.",
            done["plan"],
            address("dashboard:plan-rule-new" if done["published"] else "dashboard:plan-list")
            if member.may("plans.manage")
            else "",
            "Say where it applies" if done["published"] else "Set a plan",
        ),
        Step(
            "Invite the first five",
            "Five partners who answer are worth more than fifty who do not. Each gets their own portal.",
            done["invited"],
            reverse("dashboard:partner-list") if member.may("partners.manage") else "",
            "Choose whom to invite",
        ),
        Step(
            "Log the first introduction",
            "Someone called about a company? Log it while you remember who sent it.",
            done["referral"],
            address("dashboard:referral-new") if member.may("referrals.manage") else "",
            "Log an introduction",
        ),
        Step(
            "Let a second person approve payouts",
            "Money goes out only when two people agree. Give a colleague the finance role.",
            done["second"],
            address("dashboard:team") if member.may("team.manage") else "",
            "Invite a colleague",
        ),
    ]
    return [] if all(step.is_done for step in steps) else steps


def _done(msp: Msp, today: date) -> dict[str, bool]:
    ((partners, published, plan, invited, referral, second),) = _there(msp=msp.pk, today=today)
    return {
        "partners": partners,
        "published": published,
        "plan": plan,
        "invited": invited,
        "referral": referral,
        "second": second or msp.one_person_approval_at is not None,
    }


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
