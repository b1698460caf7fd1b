"""What we know a company by, and where two of our records met."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from elinkages.kernel.constraints import EveryMspAlike, one_of
from elinkages.kernel.tenancy import TenantForeignKey, TenantManager, TenantModel, walls
from referrals.models.client import Client
from referrals.models.referral import OPEN_STAGES, Referral


class KeyKind(models.TextChoices):
    """By what two records are found to be the same."""

    COMPANY = "company", "Company name"
    DOMAIN = "domain", "Web or mail domain"
    EMAIL = "email", "E-mail address"
    PHONE = "phone", "Phone number"
    SIMILAR = "similar", "Similar company name"


class MatchKey(TenantModel):
    """One normalized key (kernel.match_keys) of one referral or one client.

    A `similar` key is a block: names that share one are compared letter by letter. Only what can still be met has
    blocks: open introductions and clients.
    """

    kind = models.CharField(max_length=8, choices=KeyKind.choices)
    key = models.CharField(max_length=254)
    referral = TenantForeignKey(Referral, models.CASCADE, null=True, related_name="match_keys")
    client = TenantForeignKey(Client, models.CASCADE, null=True, related_name="match_keys")

    class Meta(TenantModel.Meta):
        constraints = [
            *walls("match_key", references=("referral", "client"), key=False),
            EveryMspAlike(name="match_key_every_msp_alike"),
            one_of("kind", KeyKind.values, name="match_key_kind_known"),
            models.CheckConstraint(
                condition=Q(referral__isnull=True, client__isnull=False)
                | Q(referral__isnull=False, client__isnull=True),
                name="match_key_of_one",
            ),
            models.UniqueConstraint(
                fields=["msp", "kind", "key", "referral"],
                condition=Q(referral__isnull=False),
                name="match_key_referral_once",
            ),
            models.UniqueConstraint(
                fields=["msp", "kind", "key", "client"], condition=Q(client__isnull=False), name="match_key_client_once"
            ),
        ]
        indexes = [
            models.Index(fields=["msp", "referral"], name="match_key_of_referral"),
            models.Index(fields=["msp", "client"], name="match_key_of_client"),
        ]

    def __str__(self) -> str:
        return f"{self.kind}:{self.key}"


class FindingState(models.TextChoices):
    """What a person decided about a match."""

    OPEN = "open", "To decide"
    SAME = "same", "The same company"
    DIFFERENT = "different", "A different company"


class FindingQuerySet(models.QuerySet["Finding"]):
    """Questions about many matches."""

    def waiting(self) -> "FindingQuerySet":
        """Nobody has decided, and the introduction is still open."""
        return self.filter(state=FindingState.OPEN, referral__stage__in=OPEN_STAGES)


class Finding(TenantModel):
    """An exact match of a new referral with an older referral or a client, with its evidence."""

    referral = TenantForeignKey(Referral, models.CASCADE, related_name="findings")
    other_referral = TenantForeignKey(Referral, models.CASCADE, null=True, related_name="+")
    other_client = TenantForeignKey(Client, models.CASCADE, null=True, related_name="+")
    evidence = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=FindingState.choices, default=FindingState.OPEN)
    found_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True)
    decided_by_name = models.CharField(max_length=200, blank=True)
    decision_note = models.CharField(max_length=300, blank=True)

    objects: ClassVar = TenantManager.from_queryset(FindingQuerySet)()

    class Meta(TenantModel.Meta):
        constraints = [
            *walls("finding", references=("referral", "other_referral", "other_client")),
            one_of("state", FindingState.values, name="finding_state_known"),
            models.CheckConstraint(
                condition=Q(other_referral__isnull=True, other_client__isnull=False)
                | Q(other_referral__isnull=False, other_client__isnull=True),
                name="finding_of_one",
            ),
            models.CheckConstraint(
                condition=Q(state="open", decided_at__isnull=True) | ~Q(state="open") & Q(decided_at__isnull=False),
                name="finding_decided",
            ),
            models.UniqueConstraint(
                fields=["msp", "referral", "other_referral"],
                condition=Q(other_referral__isnull=False),
                name="finding_referral_once",
            ),
            models.UniqueConstraint(
                fields=["msp", "referral", "other_client"],
                condition=Q(other_client__isnull=False),
                name="finding_client_once",
            ),
        ]
        indexes = [models.Index(fields=["msp", "found_at"], condition=Q(state="open"), name="finding_open")]

    def __str__(self) -> str:
        return f"Finding of {self.referral_id}"
