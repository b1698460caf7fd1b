"""Who works here: MSPs, people, and who may do what at which MSP."""

from datetime import datetime
from functools import cached_property
from typing import Any, ClassVar
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.core.validators import MinValueValidator, RegexValidator
from django.db import models
from django.db.models.functions import UUID7, Now

from elinkages.accounts.rights import RIGHTS, Role
from elinkages.kernel.constraints import one_of, paired
from elinkages.kernel.tenancy import TenantForeignKey, TenantModel, walls

slug_validator = RegexValidator(
    r"^[a-z0-9](?:[a-z0-9-]{1,38}[a-z0-9])\Z",
    "Use 3 to 40 lower-case letters, digits or hyphens, starting and ending with a letter or digit.",
)


class UserManager(BaseUserManager["User"]):
    """People are known by their e-mail address, kept in lower case."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Create a person; without a password they cannot log in until they set one."""
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Create a person of the operations staff."""
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> "User":
        """Find by e-mail, whatever its case."""
        return self.get(email=(username or "").strip().lower())


class User(AbstractBaseUser, PermissionsMixin):
    """A person. One person may work at several MSPs and be a partner of others."""

    id = models.UUIDField(primary_key=True, db_default=UUID7(), editable=False)
    email = models.EmailField(unique=True)
    name = models.CharField(max_length=120, blank=True)
    is_staff = models.BooleanField("operations staff", default=False)
    is_active = models.BooleanField(default=True)
    date_joined = models.DateTimeField(db_default=Now(), editable=False)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    def __str__(self) -> str:
        return self.name or self.email

    def get_full_name(self) -> str:
        """The name, or the address before it is known."""
        return str(self)

    @property
    def actor_id(self) -> UUID:
        """For history: this person, as operations staff."""
        return self.pk

    @property
    def actor_name(self) -> str:
        """For history: the name, marked as ours."""
        return f"{self} (Elinkages)"


class UserSession(models.Model):
    """Where a person is logged in; belongs to the person, not to an MSP."""

    id = models.UUIDField(primary_key=True, db_default=UUID7(), editable=False)
    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    session_key = models.CharField(max_length=40, unique=True)
    address = models.GenericIPAddressField(null=True)
    program = models.CharField(max_length=300, blank=True)
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.user} since {self.started_at:%Y-%m-%d}"


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
    contact_email = models.EmailField("answers go to", blank=True)
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

    def today(self, at: datetime) -> Any:
        """The calendar day at the MSP at an instant."""
        return at.astimezone(self.zone).date()


class MembershipQuerySet(models.QuerySet["Membership"]):
    """Questions about people at MSPs; not walled, because the login asks before any MSP is entered."""

    def active(self) -> "MembershipQuerySet":
        """People who still work there."""
        return self.filter(deactivated_at__isnull=True, user__is_active=True)


class Membership(models.Model):
    """A person's job at one MSP. Deactivated, never deleted: history names it."""

    id = models.UUIDField(primary_key=True, db_default=UUID7(), editable=False)
    msp = models.ForeignKey(Msp, models.PROTECT, db_index=False, related_name="memberships")
    user = models.ForeignKey(User, models.PROTECT, related_name="memberships")
    role = models.CharField(max_length=12, choices=Role.choices)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    deactivated_at = models.DateTimeField(null=True, blank=True)

    objects = MembershipQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["msp", "id"], name="membership_tenant_key"),
            models.UniqueConstraint(fields=["msp", "user"], name="membership_once"),
            one_of("role", Role.values, name="membership_role_known"),
        ]

    def __str__(self) -> str:
        return str(self.user)

    @property
    def actor_id(self) -> UUID:
        """For history: this membership."""
        return self.pk

    @property
    def actor_name(self) -> str:
        """For history: the person's name."""
        return str(self.user)

    @property
    def is_owner(self) -> bool:
        """Whether this person can do everything."""
        return self.role == Role.OWNER

    def may(self, right: str) -> bool:
        """Whether this person's role has a right of `rights.RIGHTS`; KeyError for a right that does not exist."""
        return self.deactivated_at is None and self.role in RIGHTS[right]

    @cached_property
    def can(self) -> dict[str, bool]:
        """Every right for templates: `can.payouts_manage`."""
        return {right.replace(".", "_"): self.may(right) for right in RIGHTS}


class Invitation(TenantModel):
    """An offer to join the MSP's team, good once and until it expires. Only the token's hash is kept."""

    email = models.EmailField()
    role = models.CharField(max_length=12, choices=Role.choices)
    token_hash = models.CharField(max_length=64)
    invited_at = models.DateTimeField()
    resent_at = models.DateTimeField(null=True)
    resends = models.PositiveSmallIntegerField(default=0)
    invited_by = TenantForeignKey(Membership, related_name="+")
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        constraints = [
            *walls("invitation", references=("invited_by",)),
            models.UniqueConstraint(fields=["msp", "token_hash"], name="invitation_token_once"),
            models.UniqueConstraint(
                fields=["msp", "email"],
                condition=models.Q(accepted_at__isnull=True, revoked_at__isnull=True),
                name="invitation_one_open_per_address",
            ),
            one_of("role", Role.values, name="invitation_role_known"),
        ]

    def __str__(self) -> str:
        return self.email

    def is_open(self, at: datetime) -> bool:
        """Whether it can still be accepted."""
        return self.accepted_at is None and self.revoked_at is None and at < self.expires_at


class OwnershipTransfer(TenantModel):
    """An owner's offer to make another member the owner in their place; it takes both of them."""

    offered_by = TenantForeignKey(Membership, related_name="+")
    offered_to = TenantForeignKey(Membership, related_name="+")
    role_after = models.CharField(max_length=12, choices=Role.choices, blank=True)
    offered_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        constraints = [
            *walls("ownership_transfer", references=("offered_by", "offered_to"), key=False),
            models.UniqueConstraint(
                fields=["msp"],
                condition=models.Q(accepted_at__isnull=True, ended_at__isnull=True),
                name="ownership_transfer_one_open",
            ),
            models.CheckConstraint(
                condition=~models.Q(offered_by=models.F("offered_to")), name="ownership_transfer_of_two"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.offered_by} to {self.offered_to}"

    def is_open(self, at: datetime) -> bool:
        """Whether it can still be accepted."""
        return self.accepted_at is None and self.ended_at is None and at < self.expires_at


class Submission(TenantModel):
    """A form that was sent once: a second copy is shown the first one's result instead of doing it again."""

    key = models.UUIDField()
    path = models.CharField(max_length=300)
    location = models.CharField(max_length=600, blank=True)
    at = models.DateTimeField(db_default=Now())

    class Meta(TenantModel.Meta):
        constraints = [
            *walls("submission", key=False),
            models.UniqueConstraint(fields=["msp", "key"], name="submission_once"),
        ]

    def __str__(self) -> str:
        return str(self.key)


from elinkages.accounts.brand import Branding, Paper  # noqa: E402 - rows beside these, in a room of their own
from elinkages.accounts.portal_domain import DomainState, PortalDomain  # noqa: E402

__all__ = [
    "Branding",
    "DomainState",
    "Invitation",
    "Membership",
    "Msp",
    "Paper",
    "PortalDomain",
    "Submission",
    "User",
    "UserManager",
    "slug_validator",
]
