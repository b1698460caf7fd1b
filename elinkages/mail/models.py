"""Outgoing mail: a row first, then a sending that may be repeated."""

from datetime import datetime, timedelta

from django.db import models
from django.db.models.functions import UUID7

from elinkages.kernel.constraints import one_of
from elinkages.kernel.tenancy import PARTNER, TenantModel, walls

PATIENCE = tuple(timedelta(minutes=minutes) for minutes in (2, 5, 15, 60, 180, 360, 720))
"""How long to wait after the first, second … attempt: eight attempts in about a day."""
MOST_ATTEMPTS = len(PATIENCE) + 1


class Handling(models.TextChoices):
    """When a letter leaves: at once, inside the next daily summary, or not at all because its reader said so."""

    AT_ONCE = "at_once", "At once"
    DAILY = "daily", "Once a day, together"
    NEVER = "never", "Never"


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
    handling = models.CharField(max_length=8, choices=Handling.choices, default=Handling.AT_ONCE)
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
        """Sent, Parked or Waiting, in a word or two."""
        if self.sent_at:
            return "Sent"
        if self.handling != Handling.AT_ONCE:
            return "Turned off" if self.handling == Handling.NEVER else "In the next summary"
        return "Parked" if self.parked_at else "Waiting"


class Message(Letter, TenantModel):
    """A letter of one MSP. `key` says what it is about, so that it is written once; `kind` is one of mail.kinds."""

    key = models.CharField(max_length=200)
    kind = models.CharField(max_length=40, blank=True)
    reply_to = models.EmailField(blank=True)

    class Meta(TenantModel.Meta):
        constraints = [
            *walls("mail_message", key=False),
            models.UniqueConstraint(fields=["msp", "key"], name="mail_message_once"),
            one_of("handling", Handling.values, name="mail_message_handling_known"),
        ]
        indexes = [
            models.Index(
                fields=["msp", "to", "created_at"],
                condition=models.Q(sent_at__isnull=True, handling="daily"),
                name="mail_message_in_digest",
            ),
            models.Index(
                fields=["msp", "created_at"],
                condition=models.Q(sent_at__isnull=True, parked_at__isnull=True, handling="at_once"),
                name="mail_message_waiting",
            ),
        ]


class Preference(TenantModel):
    """How an address at an MSP wants one kind of letter; without a row, at once.

    `of_partner` is the partner whose person chose: the portal shows them their own choices by it.
    """

    address = models.EmailField()
    kind = models.CharField(max_length=40)
    choice = models.CharField(max_length=8, choices=Handling.choices)
    of_partner = models.UUIDField(null=True)
    changed_at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        constraints = [
            *walls("mail_preference", portal=f"of_partner = {PARTNER}", key=False),
            models.UniqueConstraint(fields=["msp", "address", "kind"], name="mail_preference_once"),
            one_of("choice", Handling.values, name="mail_preference_choice_known"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} to {self.address}: {self.choice}"


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
                condition=models.Q(sent_at__isnull=True, parked_at__isnull=True, handling="at_once"),
                name="account_letter_waiting",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.about} to {self.to}"


def waiting() -> models.Q:
    """Letters that are to leave at once, and have neither left nor been given up."""
    return models.Q(sent_at__isnull=True, parked_at__isnull=True, handling=Handling.AT_ONCE)


def due(at: datetime) -> models.Q:
    """Waiting letters whose patience is over: the n-th attempt may follow the last one after PATIENCE[n]."""
    condition = models.Q(attempts=0)
    for attempts, pause in enumerate((*PATIENCE, PATIENCE[-1]), start=1):
        condition |= models.Q(attempts=attempts, tried_at__lte=at - pause)
    return waiting() & condition
