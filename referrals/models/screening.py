"""What we know a company by, and where two of our records met."""

from collections.abc import Collection
from typing import ClassVar
from uuid import UUID

from django.db import models
from django.db.models import Count, Q

from elinkages.kernel.constraints import EveryMspAlike, one_of
from elinkages.kernel.match_keys import BLOCK_LENGTH
from elinkages.kernel.tenancy import TenantForeignKey, TenantManager, TenantModel, walls
from referrals.models.client import Client
from referrals.models.common_key import CommonKey
from referrals.models.referral import OPEN_STAGES, Referral


class KeyKind(models.TextChoices):
    """By what two records are found to be the same."""

    COMPANY = "company", "Company name"
    DOMAIN = "domain", "Web or mail domain"
    EMAIL = "email", "E-mail address"
    PHONE = "phone", "Phone number"
    SIMILAR = "similar", "Similar company name"


class MatchKeys(TenantModel):
    """All normalized keys (kernel.match_keys) of one referral or one client, "" for what it has not.

    One row, because an introduction has about eight keys: as rows of their own they were half of what it costs to
    write one down. From `begins` on they are blocks: names that share one are compared letter by letter. Only what
    can still be met has blocks: open introductions and clients.
    """

    referral = TenantForeignKey(Referral, models.CASCADE, null=True, related_name="match_keys")
    client = TenantForeignKey(Client, models.CASCADE, null=True, related_name="match_keys")
    company = models.CharField(max_length=160)
    website = models.CharField(max_length=254, blank=True, help_text="The domain of the website.")
    mail = models.CharField(max_length=254, blank=True, help_text="The domain of the address, if it is another one.")
    email = models.CharField(max_length=254, blank=True)
    phone = models.CharField(max_length=254, blank=True)
    begins = models.CharField(max_length=BLOCK_LENGTH, blank=True)
    word = models.CharField(max_length=BLOCK_LENGTH, blank=True)
    other_word = models.CharField(max_length=BLOCK_LENGTH, blank=True)
    tail = models.CharField(max_length=BLOCK_LENGTH, blank=True)
    sounds = models.CharField(max_length=BLOCK_LENGTH, blank=True)

    EXACT: ClassVar = {
        "company": KeyKind.COMPANY,
        "website": KeyKind.DOMAIN,
        "mail": KeyKind.DOMAIN,
        "email": KeyKind.EMAIL,
        "phone": KeyKind.PHONE,
    }
    """The columns that are met by being equal, and what is equal then."""
    BLOCKS: ClassVar = {"begins": "begins", "word": "word", "other_word": "word", "tail": "tail", "sounds": "sounds"}
    """The columns that are blocks, and which block: either word meets either word."""

    class Meta(TenantModel.Meta):
        verbose_name_plural = "match keys"
        constraints = [
            *walls("match_keys", references=("referral", "client"), key=False),
            EveryMspAlike(name="match_keys_every_msp_alike"),
            models.CheckConstraint(
                condition=Q(referral__isnull=True, client__isnull=False)
                | Q(referral__isnull=False, client__isnull=True),
                name="match_keys_of_one",
            ),
            models.UniqueConstraint(
                fields=["msp", "referral"], condition=Q(referral__isnull=False), name="match_keys_referral_once"
            ),
            models.UniqueConstraint(
                fields=["msp", "client"], condition=Q(client__isnull=False), name="match_keys_client_once"
            ),
        ]
        indexes = [
            models.Index(fields=["msp", "company"], name="match_keys_company"),
            models.Index(fields=["msp", "website"], condition=~Q(website=""), name="match_keys_website"),
            models.Index(fields=["msp", "mail"], condition=~Q(mail=""), name="match_keys_mail"),
            models.Index(fields=["msp", "email"], condition=~Q(email=""), name="match_keys_email"),
            models.Index(fields=["msp", "phone"], condition=~Q(phone=""), name="match_keys_phone"),
            models.Index(fields=["msp", "begins"], condition=~Q(begins=""), name="match_keys_begins"),
            models.Index(fields=["msp", "word"], condition=~Q(word=""), name="match_keys_word"),
            models.Index(fields=["msp", "other_word"], condition=~Q(other_word=""), name="match_keys_other_word"),
            models.Index(fields=["msp", "tail"], condition=~Q(tail=""), name="match_keys_tail"),
            models.Index(fields=["msp", "sounds"], condition=~Q(sounds=""), name="match_keys_sounds"),
        ]

    def __str__(self) -> str:
        return self.company


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

    def full(self, referral_ids: Collection[UUID], *, most: int) -> set[UUID]:
        """Those of some introductions that have so many undecided matches that there is no room for another."""
        undecided = self.filter(state=FindingState.OPEN, referral__any_of=list(referral_ids)).values("referral_id")
        return set(undecided.annotate(size=Count("pk")).filter(size__gte=most).values_list("referral_id", flat=True))


class Finding(TenantModel):
    """An exact match of a new referral with an older referral or a client, with its evidence.

    `common_key`: nobody looked at this one match; what it rests on was set aside.
    """

    referral = TenantForeignKey(Referral, models.CASCADE, related_name="findings")
    other_referral = TenantForeignKey(Referral, models.CASCADE, null=True, related_name="+")
    other_client = TenantForeignKey(Client, models.CASCADE, null=True, related_name="+")
    evidence = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=FindingState.choices, default=FindingState.OPEN)
    found_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True)
    decided_by_name = models.CharField(max_length=200, blank=True)
    decision_note = models.CharField(max_length=300, blank=True)
    common_key = TenantForeignKey(CommonKey, null=True, related_name="closed")

    objects: ClassVar = TenantManager.from_queryset(FindingQuerySet)()

    class Meta(TenantModel.Meta):
        constraints = [
            *walls("finding", references=("referral", "other_referral", "other_client", "common_key")),
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
        indexes = [
            models.Index(fields=["msp", "found_at"], condition=Q(state="open"), name="finding_open"),
            models.Index(
                fields=["msp", "common_key"], condition=Q(common_key__isnull=False), name="finding_of_common_key"
            ),
        ]

    def __str__(self) -> str:
        return f"Finding of {self.referral_id}"
