"""What is promised: plans, their immutable versions, where each applies, and what was pinned at the win."""

from datetime import date

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeOperators
from django.db import models
from django.db.models import F, Func, Q, Value
from django.db.models.functions import Coalesce

from elinkages.accounts.models import Membership
from elinkages.kernel.constraints import AppendOnly, one_of
from elinkages.kernel.tenancy import MSP, PARTNER, TenantForeignKey, TenantModel, walls
from partners.models import Partner, SourceKind
from referrals.models import Contract, ServiceLine
from referrals.models.revision import Revises, RevisesAndCovers

# A partner reads the plans that rules give to them: they stand beside the agreement that is signed in the portal.
RULES_OF_MINE = (
    f"(partner_id IS NULL OR partner_id = {PARTNER}) AND (source_kind = '' OR source_kind IN"
    f" (SELECT p.kind FROM partners_partner p WHERE p.msp_id = {MSP} AND p.id = {PARTNER}))"
)
PLANS_OF_MINE = f"(SELECT r.plan_id FROM commissions_planrule r WHERE r.msp_id = {MSP} AND {RULES_OF_MINE})"
NOBODY = Value("00000000-0000-0000-0000-000000000000", output_field=models.UUIDField())


class DateRange(Func):
    """[first day, last day + 1): half-open, so that two periods can meet without overlapping."""

    function = "DATERANGE"
    output_field = DateRangeField()

    def __init__(self, lower: str, upper: str) -> None:
        super().__init__(F(lower), F(upper))


class Versioning(models.TextChoices):
    """Whether a won deal keeps the version it was won under."""

    PINNED = "pinned", "Deals keep the version they were won under"
    FLOATING = "floating", "Deals follow the version in force each month"


class Plan(TenantModel):
    """A named reward. What it says is in its versions."""

    name = models.CharField(max_length=120)
    versioning = models.CharField(max_length=8, choices=Versioning.choices, default=Versioning.PINNED)
    created_at = models.DateTimeField()
    archived_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        constraints = [
            *walls("plan", portal=f"id IN {PLANS_OF_MINE}"),
            models.UniqueConstraint(fields=["msp", "name"], name="plan_name_once"),
            one_of("versioning", Versioning.values, name="plan_versioning_known"),
        ]

    def __str__(self) -> str:
        return self.name


class PlanVersion(TenantModel):
    """The terms of a plan from one day on. Written once; only its last day may be set later.

    `terms` is the JSON of commissions.terms, `terms_sha256` its hash in hex. `is_for_all`: deals that were won under
    an earlier version follow this one too, for every month that begins in force (floating plans always do).
    """

    plan = TenantForeignKey(Plan, related_name="versions")
    number = models.PositiveIntegerField()
    terms = models.JSONField()
    terms_sha256 = models.CharField(max_length=64)
    valid_from = models.DateField()
    valid_until = models.DateField(null=True, help_text="The first day on which it no longer applies.")
    is_for_all = models.BooleanField(default=False)
    published_at = models.DateTimeField()
    published_by = TenantForeignKey(Membership, null=True, related_name="+")

    class Meta(TenantModel.Meta):
        constraints = [
            *walls("plan_version", portal=f"plan_id IN {PLANS_OF_MINE}", references=("plan", "published_by")),
            AppendOnly(name="plan_version_append_only", mutable=("valid_until",)),
            models.UniqueConstraint(fields=["msp", "plan", "number"], name="plan_version_number_once"),
            models.CheckConstraint(
                condition=Q(valid_until__isnull=True) | Q(valid_until__gt=F("valid_from")),
                name="plan_version_not_empty",
            ),
            Revises(
                name="plan_version_revises",
                contracts="SELECT DISTINCT i.msp_id, i.contract_id AS id FROM added JOIN commissions_planversion v"
                " ON v.msp_id = added.msp_id AND v.plan_id = added.plan_id"
                " JOIN commissions_pin i ON i.msp_id = v.msp_id AND i.plan_version_id = v.id",
                events=("INSERT", "UPDATE"),
            ),
            ExclusionConstraint(
                name="plan_version_no_overlap",
                expressions=[
                    ("msp", RangeOperators.EQUAL),
                    ("plan", RangeOperators.EQUAL),
                    (DateRange("valid_from", "valid_until"), RangeOperators.OVERLAPS),
                ],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.plan.name}, version {self.number}"

    def is_valid(self, on: date) -> bool:
        """Whether the version is in force on a day."""
        return self.valid_from <= on and (self.valid_until is None or on < self.valid_until)


class PlanRule(TenantModel):
    """Where a plan applies: the more it names, the more specific it is (docs/algorithms/precedence.md).

    Precedence: partner and service line, partner, kind of source and service line, kind of source,
    service line, everyone. Two rules of the same scope on the same day are refused by the database.
    """

    plan = TenantForeignKey(Plan, related_name="rules")
    partner = TenantForeignKey(Partner, null=True, blank=True, related_name="plan_rules")
    source_kind = models.CharField(max_length=20, choices=SourceKind.choices, blank=True)
    service_line = TenantForeignKey(ServiceLine, null=True, blank=True, related_name="+")
    valid_from = models.DateField()
    valid_until = models.DateField(null=True, blank=True)
    created_at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        constraints = [
            *walls("plan_rule", portal=RULES_OF_MINE, references=("plan", "partner", "service_line")),
            one_of("source_kind", ["", *SourceKind.values], name="plan_rule_kind_known"),
            models.CheckConstraint(
                condition=Q(partner__isnull=True) | Q(source_kind=""), name="plan_rule_partner_or_kind"
            ),
            models.CheckConstraint(
                condition=Q(valid_until__isnull=True) | Q(valid_until__gt=F("valid_from")), name="plan_rule_not_empty"
            ),
            ExclusionConstraint(
                name="plan_rule_one_per_scope",
                expressions=[
                    ("msp", RangeOperators.EQUAL),
                    (Coalesce("partner", NOBODY), RangeOperators.EQUAL),
                    ("source_kind", RangeOperators.EQUAL),
                    (Coalesce("service_line", NOBODY), RangeOperators.EQUAL),
                    (DateRange("valid_from", "valid_until"), RangeOperators.OVERLAPS),
                ],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.plan.name} for {self.scope}"

    @property
    def scope(self) -> str:
        """The scope in words, for lists and for the reason of a choice."""
        who = self.partner.name if self.partner else self.get_source_kind_display() if self.source_kind else "everyone"
        return f"{who}, {self.service_line.name}" if self.service_line else who

    @property
    def specificity(self) -> int:
        """Higher wins (docs/algorithms/precedence.md)."""
        return 4 * bool(self.partner_id) + 2 * bool(self.source_kind) + bool(self.service_line_id)

    def is_valid(self, on: date) -> bool:
        """Whether the rule applies on a day."""
        return self.valid_from <= on and (self.valid_until is None or on < self.valid_until)


class Pin(TenantModel):
    """The version that a contract was won under, and how it was chosen. Written once, by `deals.win`."""

    contract = TenantForeignKey(Contract, related_name="pins")
    plan_version = TenantForeignKey(PlanVersion, related_name="pins")
    chosen = models.JSONField(help_text="The winning rule and the losing candidates, in words.")
    won_on = models.DateField()
    pinned_at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        constraints = [
            *walls("pin", references=("contract", "plan_version"), key=False),
            AppendOnly(name="pin_append_only"),
            RevisesAndCovers(name="pin_revises", contracts="SELECT DISTINCT msp_id, contract_id AS id FROM added"),
            models.UniqueConstraint(fields=["msp", "contract"], name="pin_once"),
        ]

    def __str__(self) -> str:
        return f"Pin of {self.contract_id}"
