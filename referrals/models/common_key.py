"""What many companies share: a domain or a phone number that says nothing about one of them by itself."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from elinkages.accounts.models import Membership
from elinkages.kernel.constraints import one_of, paired
from elinkages.kernel.tenancy import TenantForeignKey, TenantManager, TenantModel, walls


class CommonKeyQuerySet(models.QuerySet["CommonKey"]):
    """Questions about many of them."""

    def in_force(self) -> "CommonKeyQuerySet":
        """Those that nobody has taken back."""
        return self.filter(taken_back_at__isnull=True)

    def keys(self) -> frozenset[tuple[str, str]]:
        """Kind and normalized text of each in force."""
        return frozenset(self.in_force().values_list("kind", "key"))


class CommonKey(TenantModel):
    """A domain or phone number that a person has set aside (ADR 55). One that was taken back stays, as history.

    What follows for the introductions that are here is done in steps: `reached` is the last of them, in the order of
    their ids, and `settled_at` says when there was none left.
    """

    class Kind(models.TextChoices):
        """Those of KeyKind that companies may share without being one."""

        DOMAIN = "domain", "Web or mail domain"
        PHONE = "phone", "Phone number"

    kind = models.CharField(max_length=10, choices=Kind.choices)
    key = models.CharField(max_length=254)
    set_aside_at = models.DateTimeField()
    set_aside_by = TenantForeignKey(Membership, related_name="+")
    taken_back_at = models.DateTimeField(null=True)
    taken_back_by = TenantForeignKey(Membership, null=True, related_name="+")
    reached = models.UUIDField(null=True)
    settled_at = models.DateTimeField(null=True)

    objects: ClassVar = TenantManager.from_queryset(CommonKeyQuerySet)()

    class Meta(TenantModel.Meta):
        constraints = [
            *walls("common_key", references=("set_aside_by", "taken_back_by")),
            one_of("kind", ["domain", "phone"], name="common_key_kind_known"),
            paired("taken_back", name="common_key_taken_back_paired"),
            models.UniqueConstraint(
                fields=["msp", "kind", "key"], condition=Q(taken_back_at__isnull=True), name="common_key_once"
            ),
        ]
        indexes = [models.Index(fields=["msp", "set_aside_at"], name="common_key_set_aside")]

    def __str__(self) -> str:
        return self.key

    @property
    def is_in_force(self) -> bool:
        """Whether it says nothing by itself now."""
        return self.taken_back_at is None
