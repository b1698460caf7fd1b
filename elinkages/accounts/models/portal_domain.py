"""A host name of an MSP's own for its portal, as a row outside of the walls: it is asked before an MSP is known."""

from datetime import datetime, timedelta

from django.db import models
from django.db.models.functions import UUID7

from elinkages.kernel.constraints import one_of

PATIENCE = timedelta(days=3)
"""How long a name that stopped working keeps its place in links: a weekend of somebody else's trouble."""


class DomainState(models.TextChoices):
    """How far a name has come."""

    WAITING = "waiting", "Waiting for the DNS record"
    PROVED = "proved", "Verified, not pointing here yet"
    LIVE = "live", "In use"
    REMOVED = "removed", "Removed"


SERVED = (DomainState.PROVED, DomainState.LIVE)
"""The door answers to these, and a name is in one of them at one MSP only."""


class PortalDomain(models.Model):
    """Proved: its DNS carries our token, so the door answers to it. Live: it leads here, so links use it."""

    id = models.UUIDField(primary_key=True, db_default=UUID7(), editable=False)
    msp = models.ForeignKey("accounts.Msp", models.PROTECT, related_name="portal_domains")
    host = models.CharField(max_length=253)
    token = models.CharField(max_length=64)
    state = models.CharField(max_length=8, choices=DomainState.choices, default=DomainState.WAITING)
    added_at = models.DateTimeField()
    checked_at = models.DateTimeField(null=True)
    failing_since = models.DateTimeField(null=True)
    problem = models.CharField(max_length=300, blank=True)
    removed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["host"], condition=models.Q(state__in=SERVED), name="portal_domain_proved_once"
            ),
            models.UniqueConstraint(
                fields=["msp"], condition=~models.Q(state="removed"), name="portal_domain_one_per_msp"
            ),
            one_of("state", DomainState.values, name="portal_domain_state_known"),
            models.CheckConstraint(
                condition=models.Q(state="removed", removed_at__isnull=False)
                | ~models.Q(state="removed") & models.Q(removed_at__isnull=True),
                name="portal_domain_removed_at",
            ),
        ]

    def __str__(self) -> str:
        return self.host

    @property
    def record_name(self) -> str:
        """The name of the DNS record that proves it."""
        return f"_elinkages.{self.host}"

    @property
    def record_value(self) -> str:
        """What the record says."""
        return f"elinkages={self.token}"

    @property
    def is_served(self) -> bool:
        """Whether the door answers to it."""
        return self.state in SERVED

    def has_failed_for_good(self, at: datetime) -> bool:
        """Whether our patience with it is over."""
        return self.failing_since is not None and at - self.failing_since > PATIENCE
