"""The tenant."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.core.validators import MinValueValidator, RegexValidator
from django.db import models
from django.db.models.functions import UUID7, Now

from elinkages.kernel.constraints import paired

slug_validator = RegexValidator(
    r"^[a-z0-9](?:[a-z0-9-]{1,38}[a-z0-9])\Z",
    "Use 3 to 40 lower-case letters, digits or hyphens, starting and ending with a letter or digit.",
)


class MspQuerySet(models.QuerySet["Msp"]):
    """Questions about MSPs."""

    def open(self, at: datetime) -> "MspQuerySet":
        """Those that are not closed."""
        return self.filter(models.Q(closes_at=None) | models.Q(closes_at__gt=at))


class Msp(models.Model):
    """The tenant: a managed service provider that runs a referral program here."""

    id = models.UUIDField(primary_key=True, db_default=UUID7(), editable=False)
    name = models.CharField(max_length=120)
    slug = models.CharField("address", max_length=40, unique=True, validators=[slug_validator])
    time_zone = models.CharField(max_length=64, default="America/New_York")
    currency = models.CharField(max_length=3, default="USD")
    contact_email = models.EmailField("replies go to", blank=True)
    portal_host = models.CharField(max_length=253, blank=True, editable=False)
    minimum_payout_minor = models.BigIntegerField("minimum payout", default=5_000, validators=[MinValueValidator(0)])
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    parked_at = models.DateTimeField(null=True, blank=True, editable=False)
    parked_reason = models.TextField(blank=True, editable=False)
    one_person_approval_at = models.DateTimeField(null=True, blank=True, editable=False)
    one_person_approval_by = models.ForeignKey(
        "accounts.User", models.PROTECT, null=True, blank=True, editable=False, related_name="+"
    )
    second_factor_required_at = models.DateTimeField(null=True, blank=True, editable=False)
    second_factor_grace_days = models.PositiveSmallIntegerField(default=7, editable=False)
    closes_at = models.DateTimeField(null=True, blank=True, editable=False)
    closing_reason = models.CharField(max_length=300, blank=True, editable=False)
    is_closed_by_us = models.BooleanField(default=False, editable=False)

    objects = MspQuerySet.as_manager()

    class Meta:
        verbose_name = "MSP"
        verbose_name_plural = "MSPs"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(minimum_payout_minor__gte=0), name="msp_minimum_payout_not_negative"
            ),
            paired("one_person_approval", name="msp_one_person_approval_paired"),
            models.CheckConstraint(
                condition=models.Q(closes_at=None, closing_reason="")
                | (~models.Q(closes_at=None) & ~models.Q(closing_reason="")),
                name="msp_closing_has_a_reason",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def zone(self) -> ZoneInfo:
        """The zone in which this MSP's days begin and end."""
        return ZoneInfo(self.time_zone)

    @property
    def is_parked(self) -> bool:
        """Whether its books failed a check, so that no money may move until a person has looked."""
        return self.parked_at is not None

    def is_closed(self, at: datetime) -> bool:
        """Whether nobody can enter it anymore."""
        return self.closes_at is not None and self.closes_at <= at

    def today(self, at: datetime) -> date:
        """The calendar day at the MSP at an instant."""
        return at.astimezone(self.zone).date()
