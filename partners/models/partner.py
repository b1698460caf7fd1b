"""A referral partner of an MSP, its people, and the invitations they got."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from django.db import models

from elinkages.accounts.models import Membership
from elinkages.kernel.constraints import OneMspAtFirst, Transitions, one_of
from elinkages.kernel.tenancy import OWN_PARTNER, PARTNER, TenantForeignKey, TenantManager, TenantModel, walls


class SourceKind(models.TextChoices):
    """The five kinds of source."""

    CLIENT = "client", "Happy client"
    VCIO = "vcio", "vCIO"
    CENTRE = "centre_of_influence", "Center of influence"
    PEER = "peer_msp", "Peer MSP"
    VENDOR = "vendor", "Vendor"


class PartnerState(models.TextChoices):
    """Where a partner stands. Only active partners get credit for new introductions in the portal."""

    PROSPECT = "prospect", "Not invited yet"
    INVITED = "invited", "Invited"
    ACTIVE = "active", "Active"
    SUSPENDED = "suspended", "Suspended"
    PARTED = "parted", "Parted ways"


class PartnerQuerySet(models.QuerySet["Partner"]):
    """Questions about many partners."""

    def active(self) -> "PartnerQuerySet":
        """Partners who can refer now."""
        return self.filter(state=PartnerState.ACTIVE)


class Partner(TenantModel):
    """A person or firm that introduces clients to the MSP.

    `name_key` is the normalized name (kernel.match_keys.company_key): unique lookups and prefix search reach an
    index under row security, `ILIKE` does not.
    """

    kind = models.CharField("kind of source", max_length=20, choices=SourceKind.choices)
    name = models.CharField(max_length=160)
    name_key = models.CharField(max_length=160, editable=False)
    email = models.EmailField(blank=True)
    phone = models.CharField(max_length=40, blank=True)
    website = models.CharField(max_length=200, blank=True)
    city = models.CharField(max_length=80, blank=True)
    note = models.TextField(blank=True)
    state = models.CharField(max_length=10, choices=PartnerState.choices, default=PartnerState.PROSPECT)
    owner = TenantForeignKey(Membership, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField()
    joined_at = models.DateTimeField(null=True)
    suspended_at = models.DateTimeField(null=True)
    suspended_reason = models.CharField(max_length=300, blank=True)
    external_id = models.CharField(max_length=120, blank=True)

    objects: ClassVar = TenantManager.from_queryset(PartnerQuerySet)()

    TONES: ClassVar[dict[str, str]] = {
        PartnerState.PROSPECT: "neutral",
        PartnerState.INVITED: "info",
        PartnerState.ACTIVE: "good",
        PartnerState.SUSPENDED: "warn",
        PartnerState.PARTED: "neutral",
    }

    class Meta(TenantModel.Meta):
        constraints = [
            *walls("partner", portal=f"id = {PARTNER}", references=("owner",)),
            OneMspAtFirst(name="partner_one_msp_at_first"),
            Transitions(
                name="partner_state",
                field="state",
                initial=("prospect", "invited", "active"),
                allowed={
                    "prospect": ("invited", "active", "parted"),
                    "invited": ("prospect", "active", "suspended", "parted"),
                    "active": ("suspended", "parted"),
                    "suspended": ("active", "parted"),
                    "parted": ("active",),
                },
            ),
            one_of("kind", SourceKind.values, name="partner_kind_known"),
            one_of("state", PartnerState.values, name="partner_state_known"),
        ]
        indexes = [
            models.Index(fields=["msp", "name_key", "id"], name="partner_name"),
            models.Index(fields=["msp", "created_at", "id"], name="partner_created"),
            models.Index(fields=["msp", "state", "name_key", "id"], name="partner_by_state"),
            models.Index(fields=["msp", "kind", "name_key", "id"], name="partner_by_kind"),
            models.Index(fields=["msp", "external_id"], condition=~models.Q(external_id=""), name="partner_external"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def tone(self) -> str:
        """The badge tone of the state."""
        return self.TONES[self.state]

    @property
    def is_active(self) -> bool:
        """Whether this partner can refer now."""
        return self.state == PartnerState.ACTIVE


class ContactQuerySet(models.QuerySet["Contact"]):
    """Questions about many people of partners."""

    def current(self) -> "ContactQuerySet":
        """Those who still belong to their partner."""
        return self.filter(removed_at__isnull=True)

    def by_voice(self) -> "ContactQuerySet":
        """Those with an address, in the order in which one writes to a firm: who speaks for it first, then by age."""
        return self.exclude(email="").order_by("-can_sign", "pk")


class Contact(TenantModel):
    """A person at a partner. In the portal, the one who acts.

    `can_sign`: speaks for the firm, and may sign the agreement. `sees_earnings`: reads amounts and statements.
    `wanted_email`: where they want their letters, until that mailbox confirms it.
    """

    partner = TenantForeignKey(Partner, related_name="contacts")
    name = models.CharField(max_length=120)
    email = models.EmailField(blank=True)
    wanted_email = models.EmailField(blank=True, db_default="")
    phone = models.CharField(max_length=40, blank=True)
    can_sign = models.BooleanField(default=True, db_default=True)
    sees_earnings = models.BooleanField(default=True, db_default=True)
    created_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True)

    objects: ClassVar = TenantManager.from_queryset(ContactQuerySet)()

    class Meta(TenantModel.Meta):
        constraints = [
            *walls("contact", portal=OWN_PARTNER, references=("partner",)),
            models.UniqueConstraint(
                fields=["msp", "email"],
                condition=models.Q(removed_at__isnull=True) & ~models.Q(email=""),
                name="contact_email_once",
            ),
        ]
        indexes = [models.Index(fields=["msp", "partner", "name"], name="contact_partner")]

    def __str__(self) -> str:
        return self.name

    @property
    def actor_id(self) -> UUID:
        """For history: this person."""
        return self.pk

    @property
    def actor_name(self) -> str:
        """For history: the person and the firm."""
        partner = self.partner.name
        return self.name if self.name == partner else f"{self.name}, {partner}"


class PartnerInvitationQuerySet(models.QuerySet["PartnerInvitation"]):
    """Questions about many invitations."""

    def waiting(self) -> "PartnerInvitationQuerySet":
        """Those that were neither accepted nor revoked; some may be too old."""
        return self.filter(accepted_at__isnull=True, revoked_at__isnull=True)


class PartnerInvitation(TenantModel):
    """An invitation to the portal, good once and until it expires. Only the token's hash is kept.

    It comes from somebody of the MSP (`invited_by`), or from a colleague who speaks for the firm.
    """

    contact = TenantForeignKey(Contact, related_name="invitations")
    token_hash = models.CharField(max_length=64)
    invited_at = models.DateTimeField()
    invited_by = TenantForeignKey(Membership, null=True, related_name="+")
    invited_by_colleague = TenantForeignKey(Contact, null=True, related_name="+")
    message = models.TextField(blank=True)
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    objects: ClassVar = TenantManager.from_queryset(PartnerInvitationQuerySet)()

    class Meta(TenantModel.Meta):
        constraints = [
            *walls("partner_invitation", references=("contact", "invited_by", "invited_by_colleague")),
            models.CheckConstraint(
                condition=models.Q(invited_by__isnull=True) ^ models.Q(invited_by_colleague__isnull=True),
                name="partner_invitation_from_one",
            ),
            models.UniqueConstraint(fields=["msp", "token_hash"], name="partner_invitation_token_once"),
            models.UniqueConstraint(
                fields=["msp", "contact"],
                condition=models.Q(accepted_at__isnull=True, revoked_at__isnull=True),
                name="partner_invitation_one_open",
            ),
        ]
        indexes = [
            models.Index(fields=["msp", "contact"], name="partner_invitation_contact"),
            models.Index(
                fields=["msp", "invited_at"],
                condition=models.Q(accepted_at__isnull=True, revoked_at__isnull=True),
                name="partner_invitation_waiting",
            ),
        ]

    def __str__(self) -> str:
        return f"Invitation of {self.contact_id}"

    @property
    def inviter(self) -> Membership | Contact | None:
        """Who sent it; the database keeps it to exactly one of the two."""
        return self.invited_by or self.invited_by_colleague

    def is_open(self, at: datetime) -> bool:
        """Whether it can still be accepted."""
        return self.accepted_at is None and self.revoked_at is None and at < self.expires_at
