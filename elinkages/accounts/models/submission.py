"""Receipts of forms (docs/adr/0008)."""

from django.db import models
from django.db.models.functions import Now

from elinkages.kernel.tenancy import TenantModel, walls


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
