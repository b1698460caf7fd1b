"""Service credit after it was given: what of it was applied to which invoice of the partner (ADR 34)."""

from django.db import models
from django.db.models import F, Q

from commissions.models.payout import Payout
from elinkages.accounts.models import Membership
from elinkages.kernel.constraints import AppendOnly, paired
from elinkages.kernel.tenancy import OWN_PARTNER, PARTNER, TenantForeignKey, TenantModel, walls
from partners.models import Partner


class CreditApplication(TenantModel):
    """Service credit of a partner that was applied to one of their invoices, in part or in full.

    `reference` is the invoice's number in the MSP's books. One that was recorded by mistake is undone, never deleted;
    the credit is open again from then on.
    """

    partner = TenantForeignKey(Partner, related_name="credit_applications")
    number = models.PositiveIntegerField()
    minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    reference = models.CharField(max_length=140)
    applied_on = models.DateField()
    applied_at = models.DateTimeField()
    applied_by = TenantForeignKey(Membership, related_name="+")
    undone_at = models.DateTimeField(null=True)
    undone_by = TenantForeignKey(Membership, null=True, related_name="+")
    undone_reason = models.CharField(max_length=300, blank=True)

    class Meta(TenantModel.Meta):
        constraints = [
            *walls("credit_application", portal=OWN_PARTNER, references=("partner", "applied_by", "undone_by")),
            AppendOnly(name="credit_application_append_only", mutable=("undone_at", "undone_by", "undone_reason")),
            models.UniqueConstraint(fields=["msp", "number"], name="credit_application_number_once"),
            models.CheckConstraint(condition=Q(minor__gt=0), name="credit_application_positive"),
            models.CheckConstraint(condition=~Q(reference=""), name="credit_application_referenced"),
            models.CheckConstraint(
                condition=Q(undone_at__isnull=True) | Q(undone_at__gte=F("applied_at")),
                name="credit_application_undone_later",
            ),
            paired("undone", name="credit_application_undone_paired"),
        ]
        indexes = [models.Index(fields=["msp", "partner", "number"], name="credit_application_of_partner")]

    def __str__(self) -> str:
        return f"Credit applied to invoice {self.reference}"

    @property
    def is_undone(self) -> bool:
        """Whether it was taken back."""
        return self.undone_at is not None


class CreditUse(TenantModel):
    """The part of an application that comes out of one credit; the oldest credit is used first."""

    application = TenantForeignKey(CreditApplication, related_name="uses")
    payout = TenantForeignKey(Payout, related_name="credit_uses")
    minor = models.BigIntegerField()

    class Meta(TenantModel.Meta):
        constraints = [
            *walls(
                "credit_use",
                portal="EXISTS (SELECT 1 FROM commissions_payout p WHERE p.msp_id = commissions_credituse.msp_id"
                f" AND p.id = commissions_credituse.payout_id AND p.partner_id = {PARTNER})",
                references=("application", "payout"),
                key=False,
            ),
            AppendOnly(name="credit_use_append_only"),
            models.UniqueConstraint(fields=["msp", "application", "payout"], name="credit_use_once"),
            models.CheckConstraint(condition=Q(minor__gt=0), name="credit_use_positive"),
        ]
        indexes = [models.Index(fields=["msp", "payout"], name="credit_use_of_payout")]

    def __str__(self) -> str:
        return f"{self.minor} out of {self.payout_id}"
