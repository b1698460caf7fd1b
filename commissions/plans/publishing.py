"""Plans are created, published version by version, and archived. A published version never changes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db import IntegrityError, transaction
from django.db.models import Max, Q

from commissions import terms as plan_terms
from commissions.accruals import preview
from commissions.models import Pin, Plan, PlanVersion, Versioning
from commissions.plans.refusals import Archived, EmptyPeriod, say_period
from commissions.terms import Terms, Tiered
from elinkages.accounts.models import Membership, Msp
from elinkages.audit import trail
from elinkages.kernel.actors import Actor, System
from elinkages.kernel.constraints import only
from elinkages.kernel.money import format_money
from elinkages.kernel.refusal import Refused
from elinkages.kernel.tenancy import current_msp_id
from elinkages.kernel.words import say_count, say_day


class NameTaken(Refused):
    """Two plans of one name."""


class StillApplies(Refused):
    """A plan that rules still lead to."""


class VersionsOverlap(Refused):
    """Two versions of one plan on one day."""


class NotPayable(Refused):
    """Terms that can be said but would not mean anything: publishing them would pay amounts that nobody expects."""


class BackDated(Refused):
    """A version that changes months that are over, before somebody has said that it may."""


class LowersEarned(Refused):
    """A version that takes back what was earned, before somebody has said that the agreements allow it."""


def create(*, name: str, versioning: str, terms: Terms, valid_from: date, by: Actor, at: datetime) -> Plan:
    """A new plan with its first version, in force from a day on. Raises NameTaken, NotPayable."""
    name = " ".join(name.split())[:120]
    if not name:
        raise NameTaken("Enter a name for the plan.")
    try:
        with transaction.atomic():
            plan = Plan.objects.create(name=name, versioning=Versioning(versioning), created_at=at)
    except IntegrityError as error:
        only("plan_name_once", error)
        raise NameTaken(f"There is already a plan named “{name}”. Choose another name.") from error
    trail.record("plan.created", plan, by=by, at=at, versioning=str(Versioning(versioning).label))
    publish(plan, terms=terms, valid_from=valid_from, by=by, at=at)
    return plan


def publish(
    plan: Plan,
    *,
    terms: Terms,
    valid_from: date,
    valid_until: date | None = None,
    is_for_all: bool = False,
    may_post_past: bool = False,
    may_lower: bool = False,
    by: Actor,
    at: datetime,
) -> PlanVersion:
    """Publish the next version of a plan; a version that was open-ended ends where this one begins.

    Pinned deals keep theirs unless the version `is_for_all`; floating ones follow in any case: for every month that
    begins on `valid_from` or later. `valid_until` is the first day on which it no longer applies. Differences for
    months that are over are posted only with `may_post_past`, and what was earned is taken back only with `may_lower`
    too: raises BackDated and LowersEarned without. Also VersionsOverlap when a version covers a day of it, Archived,
    EmptyPeriod, NotPayable.
    """
    _refuse_what_says_nothing(terms)
    plan = Plan.objects.select_for_update().get(pk=plan.pk)
    if plan.archived_at is not None:
        raise Archived(f"“{plan.name}” is archived. Restore it before you publish a version.")
    if valid_until is not None and valid_until <= valid_from:
        raise EmptyPeriod("A version applies for at least one day: it must end after it begins.")
    found = consequences(
        plan, terms=terms, valid_from=valid_from, valid_until=valid_until, is_for_all=is_for_all, at=at
    )
    _refuse_unconfirmed(found, may_post_past=may_post_past, may_lower=may_lower)
    version = _write(plan, terms, valid_from, valid_until, is_for_all=is_for_all, by=by, at=at)
    trail.record(
        "plan.version_published",
        plan,
        by=by,
        at=at,
        version=version.number,
        from_on=valid_from,
        until_on=valid_until,
        for_deals="all deals" if follows(plan, version) else "new deals",
        changes=found.in_words,
    )
    return version


def follows(plan: Plan, version: PlanVersion) -> bool:
    """Whether deals that were won before a version follow it."""
    return plan.versioning == Versioning.FLOATING or version.is_for_all


@dataclass(frozen=True, slots=True)
class Consequences:
    """What a version would change in months that are over."""

    differences: tuple[preview.Difference, ...]
    currency: str

    @property
    def lowered(self) -> int:
        """What is taken back in all, in minor units, as a positive number."""
        return -sum(one.minor for one in self.differences if one.minor < 0)

    @property
    def lowered_words(self) -> str:
        """What is taken back, as people write it."""
        return format_money(self.lowered, self.currency)

    @property
    def in_words(self) -> str:
        """For example “$75.00 for 1 partner, in 3 amounts”; empty without any."""
        if not self.differences:
            return ""
        whole = format_money(sum(one.minor for one in self.differences), self.currency)
        partners = say_count(len({one.partner_id for one in self.differences}), "partner")
        return f"{whole} for {partners}, in {say_count(len(self.differences), 'amount')}"


def _refuse_unconfirmed(found: Consequences, *, may_post_past: bool, may_lower: bool) -> None:
    """What reaches into months that are over happens only to whoever was told and said yes."""
    if found.differences and not may_post_past:
        raise BackDated(
            f"This changes months that are already over: {found.in_words}. Confirm that, or choose a later day."
        )
    if found.lowered and not may_lower:
        raise LowersEarned(
            f"This takes back {found.lowered_words} that was earned. Most agreements forbid that: confirm that yours"
            " do not, or choose a later day."
        )


class _Undo(Exception):
    """Everything was only to see what would happen."""


def consequences(
    plan: Plan, *, terms: Terms, valid_from: date, valid_until: date | None = None, is_for_all: bool, at: datetime
) -> Consequences:
    """What the version would change in months that are over: published, computed, and taken back again.

    Raises VersionsOverlap.
    """
    msp = Msp.objects.get(pk=current_msp_id())
    pinned_ids = list(Pin.objects.filter(plan_version__plan=plan).values_list("contract_id", flat=True))
    found: list[preview.Difference] = []
    if pinned_ids and (is_for_all or plan.versioning == Versioning.FLOATING) and valid_from <= msp.today(at):
        try:
            with transaction.atomic():
                late = preview.differences(pinned_ids, first=valid_from, today=msp.today(at))
                _write(plan, terms, valid_from, valid_until, is_for_all=is_for_all, by=System("Preview"), at=at)
                found = preview.differences(pinned_ids, first=valid_from, today=msp.today(at))
                raise _Undo
        except _Undo:
            found = preview.less(found, late)
    return Consequences(tuple(found), msp.currency)


def _write(
    plan: Plan,
    terms: Terms,
    valid_from: date,
    valid_until: date | None,
    *,
    is_for_all: bool,
    by: Actor,
    at: datetime,
) -> PlanVersion:
    plan.versions.filter(valid_until__isnull=True, valid_from__lt=valid_from).update(valid_until=valid_from)
    number = (plan.versions.aggregate(last=Max("number"))["last"] or 0) + 1
    try:
        with transaction.atomic():
            return PlanVersion.objects.create(
                plan=plan,
                number=number,
                terms=plan_terms.to_json(terms),
                terms_sha256=plan_terms.sha256(terms),
                valid_from=valid_from,
                valid_until=valid_until,
                is_for_all=is_for_all,
                published_at=at,
                published_by=by if isinstance(by, Membership) else None,
            )
    except IntegrityError as error:
        only("plan_version_no_overlap", error)
        raise VersionsOverlap(_overlap(plan, valid_from, valid_until)) from error


def _refuse_what_says_nothing(terms: Terms) -> None:
    for _, one in plan_terms.components(terms):
        if not isinstance(one, Tiered):
            continue
        if one.tier_base == "active_mrr" and one.base == "collected":
            raise NotPayable("Steps by active MRR pay on MRR. Count what was collected instead, or pay on MRR.")
        if one.rate == "locked" and one.mode == "marginal" and one.tier_base in ("active_mrr", "collected"):
            raise NotPayable(
                "With each part at its own rate a client has no rate of its own to keep. Choose everything at the rate"
                " reached, or count clients or new MRR."
            )
        if one.rate == "locked" and one.tier_base == "collected":
            raise NotPayable("What was collected moves on month by month: let the rate follow.")
        if one.tier_base == "collected" and one.base != "collected":
            raise NotPayable("Steps by what was collected pay on what was collected. Choose that base.")


def archive(plan: Plan, *, by: Actor, at: datetime) -> Plan:
    """Offer a plan no longer; deals that were won under it keep it.

    Raises StillApplies while a rule leads to it, Archived when it was archived before.
    """
    rules = plan.rules.filter(
        Q(valid_until__isnull=True) | Q(valid_until__gt=Msp.objects.get(pk=current_msp_id()).today(at))
    )
    if scopes := [rule.scope for rule in rules.select_related("partner", "service_line")]:
        raise StillApplies(f"“{plan.name}” still applies to {'; '.join(scopes)}. End these rules first.")
    if not Plan.objects.filter(pk=plan.pk, archived_at__isnull=True).update(archived_at=at):
        raise Archived(f"“{plan.name}” is already archived.")
    trail.record("plan.archived", plan, by=by, at=at)
    return plan


def restore(plan: Plan, *, by: Actor, at: datetime) -> Plan:
    """Offer an archived plan again."""
    if Plan.objects.filter(pk=plan.pk, archived_at__isnull=False).update(archived_at=None):
        trail.record("plan.restored", plan, by=by, at=at)
    return plan


def version_on(plan: Plan, day: date) -> PlanVersion | None:
    """The version of a plan in force on a day; None in a gap."""
    return versions_on([plan], day).get(plan.pk)


def versions_on(plans: Sequence[Plan], day: date) -> dict[object, PlanVersion]:
    """The versions of several plans in force on a day, by the plan's id, in one query."""
    found = PlanVersion.objects.filter(plan__in=plans, valid_from__lte=day).exclude(valid_until__lte=day)
    return {version.plan_id: version for version in found}


def pinned(plan: Plan) -> int:
    """How many contracts were won under a version of the plan."""
    return Pin.objects.filter(plan_version__plan=plan).count()


def _overlap(plan: Plan, valid_from: date, valid_until: date | None) -> str:
    others = plan.versions.exclude(valid_until__lte=valid_from)
    if valid_until is not None:
        others = others.filter(valid_from__lt=valid_until)
    other = others.order_by("-valid_from")[0]
    first = say_day(other.valid_until) if other.valid_until else f"the day after {say_day(other.valid_from)}"
    return (
        f"Version {other.number} is in force {say_period(other.valid_from, other.valid_until)}, and versions of one"
        f" plan never overlap. The first free day is {first}."
    )
