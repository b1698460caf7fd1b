"""Introductions without a login: the MSP's page, partners' links to it, what was sent, and where one stands."""

from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models import Q

from elinkages.kernel.constraints import one_of
from elinkages.kernel.tenancy import OWN_PARTNER, PARTNER, TenantForeignKey, TenantManager, TenantModel, walls
from partners.models import Partner
from referrals.models.referral import Referral


class ReferralPage(TenantModel):
    """What the MSP's public page says; off until the MSP turns it on."""

    is_on = models.BooleanField(default=False)
    intro = models.TextField(blank=True)
    consent = models.TextField()

    class Meta(TenantModel.Meta):
        constraints = [
            *walls("referral_page", portal="TRUE", key=False),
            models.UniqueConstraint(fields=["msp"], name="referral_page_once"),
        ]

    def __str__(self) -> str:
        return "Referral page"


class ReferralLinkQuerySet(models.QuerySet["ReferralLink"]):
    """Questions about many links."""

    def open(self) -> "ReferralLinkQuerySet":
        """Those that lead to the page."""
        return self.filter(closed_at__isnull=True)


class ReferralLink(TenantModel):
    """A partner's own address of the public page; whoever comes through it counts for the partner."""

    partner = TenantForeignKey(Partner, related_name="links")
    code = models.CharField(max_length=16)
    made_at = models.DateTimeField()
    made_by_name = models.CharField(max_length=200)
    closed_at = models.DateTimeField(null=True)

    objects: ClassVar = TenantManager.from_queryset(ReferralLinkQuerySet)()

    class Meta(TenantModel.Meta):
        constraints = [
            *walls("referral_link", portal=OWN_PARTNER, references=("partner",)),
            models.UniqueConstraint(fields=["msp", "code"], name="referral_link_code_once"),
            models.UniqueConstraint(
                fields=["msp", "partner"], condition=Q(closed_at__isnull=True), name="referral_link_one_open"
            ),
        ]
        indexes = [models.Index(fields=["msp", "made_at", "id"], name="referral_link_made")]

    def __str__(self) -> str:
        return self.code


class LinkDay(TenantModel):
    """How many visitors opened a link on a day; a network counts once a day."""

    link = TenantForeignKey(ReferralLink, related_name="days")
    on = models.DateField()
    clicks = models.PositiveIntegerField(default=0)

    class Meta(TenantModel.Meta):
        constraints = [
            *walls(
                "link_day",
                portal="EXISTS (SELECT 1 FROM referrals_referrallink l WHERE l.msp_id = referrals_linkday.msp_id"
                f" AND l.id = referrals_linkday.link_id AND l.partner_id = {PARTNER})",
                references=("link",),
                key=False,
            ),
            models.UniqueConstraint(fields=["msp", "link", "on"], name="link_day_once"),
        ]

    def __str__(self) -> str:
        return f"{self.clicks} on {self.on}"


class InquiryKind(models.TextChoices):
    """Who is to be called."""

    SOMEONE = "someone", "I know someone who should talk to you"
    MYSELF = "myself", "I would like to talk to you myself"


class Inquiry(TenantModel):
    """What somebody without a login sent. It becomes an introduction when they open the link in our letter.

    `consent` is the text that they agreed to. Unconfirmed ones are deleted when their link has expired.
    """

    link = TenantForeignKey(ReferralLink, null=True, related_name="inquiries")
    kind = models.CharField(max_length=8, choices=InquiryKind.choices)
    sender_name = models.CharField(max_length=120)
    sender_email = models.EmailField()
    company = models.CharField(max_length=160)
    contact_name = models.CharField(max_length=120, blank=True)
    contact_email = models.EmailField(blank=True)
    contact_phone = models.CharField(max_length=40, blank=True)
    website = models.CharField(max_length=200, blank=True)
    note = models.TextField(blank=True)
    consent = models.TextField()
    token_hash = models.CharField(max_length=64)
    sent_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True)
    referral = TenantForeignKey(Referral, null=True, related_name="inquiries")

    class Meta(TenantModel.Meta):
        constraints = [
            *walls("inquiry", references=("link", "referral")),
            one_of("kind", InquiryKind.values, name="inquiry_kind_known"),
            models.UniqueConstraint(fields=["msp", "token_hash"], name="inquiry_token_once"),
            models.CheckConstraint(
                condition=Q(confirmed_at__isnull=True, referral__isnull=True)
                | Q(confirmed_at__isnull=False, referral__isnull=False),
                name="inquiry_confirmed",
            ),
        ]
        indexes = [
            models.Index(fields=["msp", "sender_email", "sent_at"], name="inquiry_sender"),
            models.Index(fields=["msp", "sent_at"], condition=Q(confirmed_at__isnull=True), name="inquiry_unanswered"),
            models.Index(
                fields=["msp", "expires_at"], condition=Q(confirmed_at__isnull=True), name="inquiry_unconfirmed"
            ),
        ]

    def __str__(self) -> str:
        return self.company


class StatusLink(TenantModel):
    """Where an introduction stands, for whoever holds the link: no login, no names. Only the token's hash is kept."""

    referral = TenantForeignKey(Referral, related_name="status_links")
    email = models.EmailField()
    token_hash = models.CharField(max_length=64)
    issued_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    revoked_by_name = models.CharField(max_length=200, blank=True)

    class Meta(TenantModel.Meta):
        constraints = [
            *walls("status_link", references=("referral",)),
            models.UniqueConstraint(fields=["msp", "token_hash"], name="status_link_token_once"),
        ]
        indexes = [models.Index(fields=["msp", "referral", "issued_at"], name="status_link_referral")]

    def __str__(self) -> str:
        return f"Status of {self.referral_id}"

    def is_open(self, at: datetime) -> bool:
        """Whether it still shows something."""
        return self.revoked_at is None and at < self.expires_at
