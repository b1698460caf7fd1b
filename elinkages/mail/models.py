"""Outgoing mail: a row first, then a sending that may be repeated."""

from datetime import datetime, timedelta

from django.db import models
from django.db.models.functions import UUID7

from elinkages.kernel.tenancy import TenantModel, walls

PATIENCE = tuple(timedelta(minutes=minutes) for minutes in (2, 5, 15, 60, 180, 360, 720))
"""How long to wait after the first, second … attempt: eight attempts in about a day."""
MOST_ATTEMPTS = len(PATIENCE) + 1


class Letter(models.Model):
    """One e-mail to one address, and how far its sending has come.

    `is_secret`: it carries a link or code that opens something, so its body is erased once it has left.
    Parked: eight attempts failed, or the address was refused for good; `error` says why.
    """

    to = models.EmailField()
    subject = models.CharField(max_length=200)
    text = models.TextField(blank=True)
    html = models.TextField(blank=True)
    is_secret = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    tried_at = models.DateTimeField(null=True)
    parked_at = models.DateTimeField(null=True)
    error = models.TextField(blank=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.subject} to {self.to}"

    @property
    def state(self) -> str:
        """Sent, Parked or Waiting, in a word."""
        if self.sent_at:
            return "Sent"
        return "Parked" if self.parked_at else "Waiting"


class Message(Letter, TenantModel):
    """A letter of one MSP. `key` says what it is about, so that it is written once."""

    key = models.CharField(max_length=200)
    reply_to = models.EmailField(blank=True)

    class Meta(TenantModel.Meta):
        constraints = [
            *walls("mail_message", key=False),
            models.UniqueConstraint(fields=["msp", "key"], name="mail_message_once"),
        ]
        indexes = [
            models.Index(
                fields=["msp", "created_at"],
                condition=models.Q(sent_at__isnull=True, parked_at__isnull=True),
                name="mail_message_waiting",
            ),
        ]


class AccountLetter(Letter):
    """A letter about a person's login: a code, a reset link. It belongs to the person, not to an MSP.

    Outside of the walls like the person's account. Its body is always secret (see Letter), and so is its subject,
    which may carry the code; `about` is what our staff sees instead.
    """

    about = models.CharField(max_length=100)
    id = models.UUIDField(primary_key=True, db_default=UUID7(), editable=False)

    class Meta:
        indexes = [
            models.Index(
                fields=["created_at"],
                condition=models.Q(sent_at__isnull=True, parked_at__isnull=True),
                name="account_letter_waiting",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.about} to {self.to}"


def waiting() -> models.Q:
    """Letters that have neither left nor been given up."""
    return models.Q(sent_at__isnull=True, parked_at__isnull=True)


def due(at: datetime) -> models.Q:
    """Waiting letters whose patience is over: the n-th attempt may follow the last one after PATIENCE[n]."""
    condition = models.Q(attempts=0)
    for attempts, pause in enumerate((*PATIENCE, PATIENCE[-1]), start=1):
        condition |= models.Q(attempts=attempts, tried_at__lte=at - pause)
    return waiting() & condition
