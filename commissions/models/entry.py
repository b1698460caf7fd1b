"""What was computed (Pool), whose it is (Entry), and what keeps it back (Hold)."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from commissions.models.plan import PlanVersion
from elinkages.accounts.models import Membership
from elinkages.kernel.constraints import AppendOnly, OneMspAtFirst, Transitions, one_of, paired
from elinkages.kernel.tenancy import OWN_PARTNER, PARTNER, KeptReference, TenantForeignKey, TenantModel, walls
from partners.models import Partner
from referrals.models import Contract


class EntryKind(models.TextChoices):
    """Why an amount came to be."""

    ACCRUAL = "accrual", "Commission"
    ADJUSTMENT = "adjustment", "Adjustment"
    CLAWBACK = "clawback", "Clawback"
    OPENING = "opening", "Opening balance"


class PaidIn(models.TextChoices):
    """What an amount is paid in: decided when the first amount of its key is posted, and kept by every correction."""

    MONEY = "money", "Money"
    CREDIT = "credit", "Service credit"


class Pool(TenantModel):
    """One computation: what a contract's component is worth for one earning month.

    `amount_minor` is the whole target, `shared_minor` the part that goes to partners (the rest of the credit
    is the MSP's). A later computation of the same key is the next `seq`; its entries are the differences, so that
    per key and partner the sum of unvoided entries is the partner's share of the newest target.
    `input_sha256` is over everything that the engine was given: a rerun compares it in SQL and touches only what
    changed. `recompute_on` is the day on which the target has to be looked at again although nothing changed: the
    period of its tiers is over then, and the tier that was reached in the end holds for all of it.
    """

    contract = TenantForeignKey(Contract, null=True, related_name="pools")
    component = models.CharField(max_length=40, default="commission")
    earning_month = models.DateField()
    seq = models.PositiveIntegerField()
    plan_version = TenantForeignKey(PlanVersion, null=True, related_name="+")
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField()
    shared_minor = models.BigIntegerField()
    input_sha256 = models.BinaryField(max_length=32)
    reason = models.TextField()
    explain = models.JSONField()
    computed_at = models.DateTimeField()
    recompute_on = models.DateField(null=True)

    class Meta(TenantModel.Meta):
        constraints = [
            *walls(
                "pool",
                portal="EXISTS (SELECT 1 FROM commissions_entry e WHERE e.msp_id = commissions_pool.msp_id"
                f" AND e.pool_id = commissions_pool.id AND e.partner_id = {PARTNER})",
                references=("contract",),
            ),
            KeptReference(field="plan_version", name="pool_version_kept"),
            AppendOnly(name="pool_append_only"),
            OneMspAtFirst(name="pool_one_msp_at_first"),
            models.UniqueConstraint(fields=["msp", "earning_month", "contract", "component", "seq"], name="pool_once"),
            models.CheckConstraint(condition=Q(seq__gte=1), name="pool_seq_from_one"),
            models.CheckConstraint(condition=Q(earning_month__day=1), name="pool_month_first_day"),
        ]
        indexes = [
            models.Index(fields=["msp", "contract", "earning_month"], name="pool_of_contract"),
            models.Index(
                fields=["msp", "recompute_on"], condition=Q(recompute_on__isnull=False), name="pool_to_recompute"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.component} of {self.contract_id} for {self.earning_month:%Y-%m}"


class Stage(models.TextChoices):
    """Where an amount stands."""

    ACCRUED = "accrued", "Accrued"
    PAYABLE = "payable", "Payable"
    RESERVED = "reserved", "Being paid"
    PAID = "paid", "Paid"
    VOID = "void", "Voided"


class Entry(TenantModel):
    """An amount for one partner: the share of a pool, or the difference to what was posted before.

    Only `stage` ever changes, and `voided_on` with it; postings, holds and the audit trail are its history
    (decisions 9).
    `hold_until` is the first day on which it may become payable.
    """

    pool = TenantForeignKey(Pool, related_name="entries")
    partner = TenantForeignKey(Partner, related_name="entries")
    kind = models.CharField(max_length=10, choices=EntryKind.choices)
    earning_month = models.DateField()
    posting_month = models.DateField()
    minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    hold_until = models.DateField()
    paid_in = models.CharField(max_length=6, choices=PaidIn.choices, default=PaidIn.MONEY)
    stage = models.CharField(max_length=8, choices=Stage.choices, default=Stage.ACCRUED)
    voided_on = models.DateField(null=True)
    created_at = models.DateTimeField()

    TONES: ClassVar[dict[str, str]] = {
        Stage.ACCRUED: "neutral",
        Stage.PAYABLE: "info",
        Stage.RESERVED: "info",
        Stage.PAID: "good",
        Stage.VOID: "neutral",
    }

    class Meta(TenantModel.Meta):
        verbose_name_plural = "entries"
        constraints = [
            *walls("entry", portal=OWN_PARTNER, references=("partner",)),
            KeptReference(field="pool", alike=("earning_month", "currency"), name="entry_pool_kept"),
            AppendOnly(name="entry_append_only", mutable=("stage", "voided_on")),
            OneMspAtFirst(name="entry_one_msp_at_first"),
            Transitions(
                name="entry_stage",
                field="stage",
                initial=("accrued",),
                allowed={
                    "accrued": ("payable", "void"),
                    "payable": ("reserved", "void"),
                    "reserved": ("payable", "paid"),
                    "paid": ("payable",),
                },
            ),
            one_of("stage", Stage.values, name="entry_stage_known"),
            one_of("kind", EntryKind.values, name="entry_kind_known"),
            one_of("paid_in", PaidIn.values, name="entry_paid_in_known"),
            models.CheckConstraint(
                condition=Q(stage="void", voided_on__isnull=False) | ~Q(stage="void") & Q(voided_on__isnull=True),
                name="entry_voided_on",
            ),
            models.CheckConstraint(condition=~Q(minor=0), name="entry_not_zero"),
            models.CheckConstraint(condition=Q(minor__lt=0) | ~Q(kind="clawback"), name="entry_clawback_negative"),
            models.CheckConstraint(
                condition=Q(earning_month__day=1, posting_month__day=1), name="entry_months_first_day"
            ),
            models.UniqueConstraint(
                fields=["msp", "partner"], condition=Q(kind="opening") & ~Q(stage="void"), name="entry_opening_once"
            ),
        ]
        indexes = [
            models.Index(fields=["msp", "pool"], name="entry_pool"),
            models.Index(fields=["msp", "partner", "earning_month", "id"], name="entry_of_partner"),
            # By the day of voiding, not by the stage: one stage would be looked for in it, and has an index of its own.
            models.Index(
                fields=["msp", "earning_month", "id"], condition=Q(voided_on__isnull=True), name="entry_by_month"
            ),
            models.Index(fields=["msp", "stage", "earning_month", "id"], name="entry_by_stage"),
            models.Index(
                fields=["msp", "hold_until"], include=["minor"], condition=Q(stage="accrued"), name="entry_on_hold"
            ),
            models.Index(
                fields=["msp", "paid_in", "partner"],
                include=["minor"],
                condition=Q(stage="payable"),
                name="entry_payable",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.minor} {self.currency} for {self.earning_month:%Y-%m}"

    @property
    def tone(self) -> str:
        """The badge tone of the stage."""
        return self.TONES[self.stage]


class Hold(TenantModel):
    """Something that keeps amounts from being paid until a person lifts it: on a partner or on a contract."""

    partner = TenantForeignKey(Partner, null=True, blank=True, related_name="holds")
    contract = TenantForeignKey(Contract, null=True, blank=True, related_name="holds")
    reason = models.CharField(max_length=300)
    placed_at = models.DateTimeField()
    placed_by_name = models.CharField(max_length=200)
    lifted_at = models.DateTimeField(null=True)
    lifted_by = TenantForeignKey(Membership, null=True, related_name="+")

    class Meta(TenantModel.Meta):
        constraints = [
            *walls("hold", portal=OWN_PARTNER, references=("partner", "contract", "lifted_by"), key=False),
            models.CheckConstraint(
                condition=Q(partner__isnull=False, contract__isnull=True)
                | Q(partner__isnull=True, contract__isnull=False),
                name="hold_of_one",
            ),
            paired("lifted", name="hold_lifted_paired"),
        ]
        indexes = [
            models.Index(fields=["msp", "partner"], condition=Q(lifted_at__isnull=True), name="hold_partner"),
            models.Index(fields=["msp", "contract"], condition=Q(lifted_at__isnull=True), name="hold_contract"),
        ]

    def __str__(self) -> str:
        return self.reason
