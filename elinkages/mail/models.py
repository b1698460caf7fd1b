"""Outgoing mail: a row first, then a sending that may be repeated."""

from django.db import models

from elinkages.kernel.tenancy import TenantModel, walls


class Message(TenantModel):
    """One e-mail to one address. `key` says what it is about, so that it is written once."""

    key = models.CharField(max_length=200)
    to = models.EmailField()
    subject = models.CharField(max_length=200)
    text = models.TextField()
    html = models.TextField()
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    tried_at = models.DateTimeField(null=True)
    error = models.TextField(blank=True)

    class Meta(TenantModel.Meta):
        constraints = [
            *walls("mail_message", key=False),
            models.UniqueConstraint(fields=["msp", "key"], name="mail_message_once"),
        ]
        indexes = [
            models.Index(
                fields=["msp", "created_at"], condition=models.Q(sent_at__isnull=True), name="mail_message_waiting"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.subject} to {self.to}"
