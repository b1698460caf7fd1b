"""Who works at an MSP, who is asked to, and who takes whose place."""

from datetime import datetime
from functools import cached_property
from uuid import UUID

from django.db import models
from django.db.models.functions import UUID7, Now

from elinkages.accounts.models.msp import Msp
from elinkages.accounts.models.user import User
from elinkages.accounts.rights import RIGHTS, Role
from elinkages.kernel.constraints import one_of
from elinkages.kernel.tenancy import TenantForeignKey, TenantModel, walls


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
