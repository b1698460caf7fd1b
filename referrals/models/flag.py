"""Signs that somebody refers themselves: they hold the commission until a person has looked, and void nothing."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from elinkages.accounts.models import Membership
from elinkages.kernel.constraints import one_of, paired
from elinkages.kernel.tenancy import TenantForeignKey, TenantManager, TenantModel, walls
from referrals.models.referral import Referral


class FlagKind(models.TextChoices):
    """What is the same, or odd."""

    EMAIL = "email", "Same e-mail address"
    PHONE = "phone", "Same phone number"
    DOMAIN = "domain", "Same web or mail domain"
    COMPANY = "company", "Same company name"
    PERSON = "person", "Same person's name"
    DISPOSABLE = "disposable", "Disposable e-mail address"


class FlagSide(models.TextChoices):
    """Whom the prospect, or the partner, coincides with."""

    PARTNER = "partner", "The partner"
    STAFF = "staff", "Your team"
    PARTNER_IS_STAFF = "partner_staff", "The partner and your team"
    NOBODY = "", "Nobody"


class FlagQuerySet(models.QuerySet["Flag"]):
    """Questions about many flags."""

    def waiting(self) -> "FlagQuerySet":
        """Nobody has released them."""
        return self.filter(released_at__isnull=True)


class Flag(TenantModel):
    """One sign at one introduction: both texts, and who released it. Commissions of the deal wait until then.

    `is_upheld`: released because it was right, and the sender's credit was withheld.
    """

    referral = TenantForeignKey(Referral, related_name="flags")
    kind = models.CharField(max_length=12, choices=FlagKind.choices)
    side = models.CharField(max_length=16, choices=FlagSide.choices, blank=True)
    ours = models.CharField(max_length=254)
    theirs = models.CharField(max_length=254, blank=True)
    whose = models.CharField(max_length=200, blank=True)
    raised_at = models.DateTimeField()
    released_at = models.DateTimeField(null=True)
    released_by = TenantForeignKey(Membership, null=True, related_name="+")
    note = models.CharField(max_length=300, blank=True)
    is_upheld = models.BooleanField(default=False, db_default=False)

    objects: ClassVar = TenantManager.from_queryset(FlagQuerySet)()

    class Meta(TenantModel.Meta):
        constraints = [
            *walls("flag", references=("referral", "released_by")),
            one_of("kind", FlagKind.values, name="flag_kind_known"),
            one_of("side", FlagSide.values, name="flag_side_known"),
            paired("released", name="flag_released_paired"),
            models.CheckConstraint(
                condition=Q(released_at__isnull=True) | ~Q(note=""), name="flag_released_with_a_reason"
            ),
            models.CheckConstraint(
                condition=Q(is_upheld=False) | Q(released_at__isnull=False), name="flag_upheld_by_one"
            ),
            models.UniqueConstraint(fields=["msp", "referral", "kind", "side", "ours", "theirs"], name="flag_once"),
        ]
        indexes = [
            models.Index(fields=["msp", "referral"], condition=Q(released_at__isnull=True), name="flag_waiting"),
        ]

    def __str__(self) -> str:
        return str(self.get_kind_display())
