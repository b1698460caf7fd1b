"""Two partners say that they introduced the same company: a case, their claims, the evidence, the decision."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from elinkages.kernel.constraints import AppendOnly, one_of
from elinkages.kernel.tenancy import OWN_PARTNER, PARTNER, TenantForeignKey, TenantManager, TenantModel, walls
from partners.models import Partner
from referrals.models.referral import Referral


class Outcome(models.TextChoices):
    """How a case ended."""

    OPEN = "", "Open"
    KEEP = "keep", "The credit stays"
    TRANSFER = "transfer", "The credit passes on"
    SPLIT = "split", "The credit is shared"
    WITHDRAWN = "withdrawn", "The claim was withdrawn"


class CaseQuerySet(models.QuerySet["Case"]):
    """Questions about many cases."""

    def open(self) -> "CaseQuerySet":
        """Nobody has decided."""
        return self.filter(decided_at__isnull=True)


class Case(TenantModel):
    """The credit of one introduction is contested. While it is open, nothing of the deal is paid."""

    referral = TenantForeignKey(Referral, related_name="cases")
    company = models.CharField(max_length=160)
    opened_at = models.DateTimeField()
    opened_by_name = models.CharField(max_length=200)
    due_on = models.DateField("to decide by")
    outcome = models.CharField(max_length=10, choices=Outcome.choices, blank=True, default=Outcome.OPEN)
    decided_at = models.DateTimeField(null=True)
    decided_by_name = models.CharField(max_length=200, blank=True)
    decision = models.TextField("the reason", blank=True)

    objects: ClassVar = TenantManager.from_queryset(CaseQuerySet)()

    class Meta(TenantModel.Meta):
        constraints = [
            *walls(
                "case",
                portal="EXISTS (SELECT 1 FROM referrals_claim c WHERE c.msp_id = referrals_case.msp_id"
                f" AND c.case_id = referrals_case.id AND c.partner_id = {PARTNER})",
                references=("referral",),
            ),
            one_of("outcome", Outcome.values, name="case_outcome_known"),
            models.CheckConstraint(
                condition=Q(outcome="", decided_at__isnull=True)
                | ~Q(outcome="") & Q(decided_at__isnull=False) & ~Q(decision=""),
                name="case_decided_with_a_reason",
            ),
            models.UniqueConstraint(
                fields=["msp", "referral"], condition=Q(decided_at__isnull=True), name="case_one_open"
            ),
        ]
        indexes = [
            models.Index(fields=["msp", "due_on"], condition=Q(decided_at__isnull=True), name="case_open"),
            models.Index(fields=["msp", "opened_at", "id"], name="case_opened"),
        ]

    def __str__(self) -> str:
        return f"Case about {self.company}"

    @property
    def is_open(self) -> bool:
        """Whether nobody has decided."""
        return self.decided_at is None

    @property
    def tone(self) -> str:
        """The badge tone of the outcome."""
        return "warn" if self.is_open else "neutral"


class Claim(TenantModel):
    """One partner of a case: the holder of the credit, or somebody who says it is theirs."""

    case = TenantForeignKey(Case, related_name="claims")
    partner = TenantForeignKey(Partner, related_name="+")
    is_holder = models.BooleanField(default=False)
    own_referral = TenantForeignKey(Referral, null=True, related_name="+")
    statement = models.TextField(blank=True)
    claimed_at = models.DateTimeField()
    claimed_by_name = models.CharField(max_length=200)

    class Meta(TenantModel.Meta):
        constraints = [
            *walls("claim", portal=OWN_PARTNER, references=("case", "partner", "own_referral")),
            models.UniqueConstraint(fields=["msp", "case", "partner"], name="claim_once"),
        ]
        indexes = [models.Index(fields=["msp", "partner"], name="claim_of_partner")]

    def __str__(self) -> str:
        return f"{self.partner_id} in {self.case_id}"


class CaseNote(TenantModel):
    """A piece of evidence. With `partner`, that partner wrote it; without, the team did, for the team. Append-only."""

    case = TenantForeignKey(Case, related_name="notes")
    partner = TenantForeignKey(Partner, null=True, related_name="+")
    text = models.TextField()
    at = models.DateTimeField()
    by_name = models.CharField(max_length=200)

    class Meta(TenantModel.Meta):
        constraints = [
            *walls("case_note", portal=OWN_PARTNER, references=("case", "partner"), key=False),
            AppendOnly(name="case_note_append_only"),
        ]
        indexes = [models.Index(fields=["msp", "case", "at"], name="case_note_case")]

    def __str__(self) -> str:
        return f"Note of {self.by_name}"
