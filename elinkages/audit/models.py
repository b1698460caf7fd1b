"""What was done, by whom, when: one append-only row for every change."""

from django.db import models

from elinkages.kernel.constraints import AppendOnly
from elinkages.kernel.tenancy import TenantModel, walls


class AuditEvent(TenantModel):
    """One thing that happened to one object. The actor is kept by id and name, without a foreign key."""

    action = models.CharField(max_length=60)
    target_type = models.CharField(max_length=60)
    target_id = models.UUIDField()
    target_name = models.CharField(max_length=200)
    actor_id = models.UUIDField(null=True)
    actor_name = models.CharField(max_length=200)
    at = models.DateTimeField()
    facts = models.JSONField(default=dict)

    class Meta(TenantModel.Meta):
        constraints = [*walls("audit_event", key=False), AppendOnly(name="audit_event_append_only")]
        indexes = [
            models.Index(fields=["msp", "target_type", "target_id", "-at"], name="audit_event_target"),
            models.Index(fields=["msp", "-at"], name="audit_event_at"),
            models.Index(fields=["msp", "actor_id", "-at"], name="audit_event_of_actor"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.target_name}"
