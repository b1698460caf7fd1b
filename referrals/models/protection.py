"""How long an introduction is safe from later ones, and when that was extended."""

from django.db import models
from django.db.models import Q

from elinkages.kernel.constraints import AppendOnly, one_of
from elinkages.kernel.tenancy import TenantForeignKey, TenantModel, walls
from partners.models import SourceKind
from referrals.models.referral import Referral

LONGEST_PROTECTION = 1_095
"""Days: three years."""


class ProtectionRule(TenantModel):
    """For how many days introductions of a kind of source are protected; without a kind, those of all others."""

    source_kind = models.CharField(max_length=20, choices=SourceKind.choices, blank=True)
    days = models.PositiveSmallIntegerField()

    class Meta(TenantModel.Meta):
        constraints = [
            *walls("protection_rule", key=False),
            models.UniqueConstraint(fields=["msp", "source_kind"], name="protection_rule_once"),
            one_of("source_kind", ["", *SourceKind.values], name="protection_rule_kind_known"),
            models.CheckConstraint(
                condition=Q(days__gte=1, days__lte=LONGEST_PROTECTION), name="protection_rule_days_in_range"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.days} days for {self.source_kind or 'every other kind'}"


class ProtectionExtension(TenantModel):
    """The MSP gave an introduction more time, and why; its partner reads both. Append-only."""

    referral = TenantForeignKey(Referral, related_name="extensions")
    from_on = models.DateField()
    until_on = models.DateField()
    reason = models.CharField(max_length=300)
    at = models.DateTimeField()
    by_name = models.CharField(max_length=200)

    class Meta(TenantModel.Meta):
        constraints = [
            *walls(
                "protection_extension",
                portal="EXISTS (SELECT 1 FROM referrals_referral r"
                " WHERE r.msp_id = referrals_protectionextension.msp_id"
                " AND r.id = referrals_protectionextension.referral_id)",
                references=("referral",),
                key=False,
            ),
            AppendOnly(name="protection_extension_append_only"),
            models.CheckConstraint(
                condition=Q(until_on__gt=models.F("from_on")), name="protection_extension_gives_time"
            ),
        ]
        indexes = [models.Index(fields=["msp", "referral", "at"], name="protection_extension_referral")]

    def __str__(self) -> str:
        return f"until {self.until_on}"
